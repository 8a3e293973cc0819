/* Mailboxes and paths: what is accepted is clean, keeps the limits, and reads back as the same. */
#include "mail/address.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void check_folder(const struct address *a)
{
    char folder[LIMIT_LOCAL_PART + 1];

    if (address_folder(a, folder))
        return;
    size_t n = strlen(folder);
    MUST(n >= 1 && n <= LIMIT_LOCAL_PART && strspn(folder, "abcdefghijklmnopqrstuvwxyz0123456789._+-") == n);
    MUST(folder[0] != '.' && folder[0] != '-');
}

static void check_accepted(const struct address *a, bool utf8)
{
    char path[LIMIT_PATH + 1];
    struct address again;
    size_t used;

    MUST(a->len <= LIMIT_ADDRESS && strlen(a->text) == a->len && a->at <= a->len && a->at <= LIMIT_LOCAL_PART);
    for (size_t i = 0; i < a->len; i++)
        MUST(utf8 || !(a->text[i] & 0x80));
    MUST(utf8_is_text(a->text, a->len));
    MUST(address_is_utf8(a) == str_has_8bit(a->text, a->len));
    MUST(a->at == a->len || a->text[a->at] == '@');
    const char *domain = address_domain(a);
    MUST(!*domain || str_has_8bit(domain, strlen(domain)) || address_is_domain(domain, strlen(domain))
         || address_is_literal(domain, strlen(domain)));
    path[0] = '<';
    memcpy(path + 1, a->text, a->len);
    path[a->len + 1] = '>';
    MUST(address_path_utf8(path, a->len + 2, &again, &used) == ADDRESS_OK);
    MUST(address_path(path, a->len + 2, &again, &used) == (address_is_utf8(a) ? ADDRESS_8BIT : ADDRESS_OK));
    MUST(address_path_utf8(path, a->len + 2, &again, &used) == ADDRESS_OK);
    MUST(used == a->len + 2 && again.at == a->at && strcmp(again.text, a->text) == 0);
    (void)address_has_route(a);
    (void)address_local_is(a, "postmaster");
    check_folder(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address a, b;
    size_t used = 0;
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    for (int utf8 = 0; utf8 < 2; utf8++) {
        if ((utf8 ? address_path_utf8 : address_path)(text, size, &a, &used) == ADDRESS_OK) {
            MUST(used >= 2 && used <= size && used <= LIMIT_PATH && text[0] == '<' && text[used - 1] == '>');
            check_accepted(&a, utf8);
            MUST(address_is_null(&a) == (used == 2));
        }
        if ((utf8 ? address_mailbox_utf8 : address_mailbox)(text, size, &b) == ADDRESS_OK) {
            MUST(b.len == size && memcmp(b.text, text, size) == 0);
            check_accepted(&b, utf8);
        }
    }
    MUST(!address_is_domain(text, size) || (size <= LIMIT_DOMAIN && size > 0));
    (void)address_is_literal(text, size);
    free(text);
    return 0;
}
