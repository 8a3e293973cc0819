/* Address lists: it ends, every address is one, and what was no address is told in clean words. */
#include "mail/addrlist.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addrlist l;
    struct address a, again;
    char *text = malloc(size + 1);
    size_t found = 0, bad = 0;
    int r;

    memcpy(text, data, size);
    addrlist_start(&l, text, size);
    while ((r = addrlist_next(&l, &a)) != 0) {
        MUST(r == 1 || r == -1);
        found += r == 1;
        bad += r == -1;
        MUST(found + bad <= size);
        if (r == 1)
            MUST(a.len && address_mailbox(a.text, a.len, &again) == ADDRESS_OK && again.at == a.at);
    }
    MUST(l.p == l.end);
    MUST(bad || !l.bad[0]);
    for (const char *p = l.bad; *p; p++)
        MUST(*p >= ' ' && *p <= '~');
    free(text);
    return 0;
}
