/* Answers by RFC 1413: a user is taken from an answer to the question alone, and is fit to be logged. */
#include "mail/ident.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memmem(const void *, size_t, const void *, size_t);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char user[IDENT_USER], again[IDENT_USER];
    char *line = malloc(size + 1);

    MUST(line);
    memcpy(line, data, size);
    if (ident_read(line, size, 1025, 25, user) == 0) {
        MUST(*user && strlen(user) < sizeof user && !strchr(user, '@'));
        for (const char *p = user; *p; p++)
            MUST(*p > ' ' && *p <= '~');
        MUST(memmem(line, size, "25", 2));
        MUST(ident_read(line, size, 1026, 25, again) && ident_read(line, size, 1025, 26, again));
    } else {
        MUST(!*user);
    }
    free(line);
    return 0;
}
