/* The parameters of RFC 3461: what is accepted is kept as it came, within its limits, and stands for no control. */
#include "mail/dsn.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void check_xtext(const char *text, size_t n)
{
    char *out = malloc(n + 1), *again = malloc(3 * n + 1), *back = malloc(3 * n + 1);
    int len = dsn_xtext_decode(text, n, out);

    if (len >= 0) {
        MUST((size_t)len <= n && strlen(out) == (size_t)len && utf8_is_text(out, (size_t)len));
        size_t coded = dsn_xtext_encode(out, (size_t)len, again);
        MUST(coded <= n && strlen(again) == coded);
        MUST(dsn_xtext_decode(again, coded, back) == len && strcmp(back, out) == 0);
    }
    free(out);
    free(again);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dsn_rcpt r = { .notify = 0 };
    struct dsn_mail m = { .ret = DSN_RET_NONE };
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    if (dsn_notify(text, size, &r) == 0)
        MUST(r.notify && r.notify < 16 && (r.notify == DSN_NEVER || !(r.notify & DSN_NEVER)));
    if (dsn_ret(text, size, &m) == 0)
        MUST(size == 4 && m.ret);
    if (dsn_envid(text, size, &m) == 0)
        MUST(size && size <= LIMIT_ENVID && strlen(m.envid) == size && memcmp(m.envid, text, size) == 0);
    for (int utf8 = 0; utf8 < 2; utf8++) {
        if (dsn_orcpt(text, size, utf8, &r))
            continue;
        MUST(size <= LIMIT_ORCPT && strlen(r.orcpt) == size && memcmp(r.orcpt, text, size) == 0);
        MUST(utf8_is_text(text, size) && strchr(r.orcpt, ';') && !strchr(r.orcpt, ' ') && !strchr(r.orcpt, '='));
        for (size_t i = 0; i < size; i++)
            MUST(utf8 || !(data[i] & 0x80));
    }
    check_xtext(text, size);
    free(text);
    return 0;
}
