/* Rules read one by one: see index.h. */
#include "mail/index.h"

#include <string.h>

#define RAW_FIRST 512                            /* few rules are longer */

static bool is_whole(const char *raw, long n)
{
    const char *end = raw + n, *at = raw;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        if (at == raw || at[-1] != '\\')
            return true;
        at++;
    }
    return false;
}

bool index_line_read(const struct access_index *index, int source, uint32_t offset, struct index_line *l)
{
    long n = index->fetch(index->context, source, offset, l->raw, RAW_FIRST);

    if (n == RAW_FIRST && !is_whole(l->raw, n))
        n = index->fetch(index->context, source, offset, l->raw, sizeof l->raw);
    if (n <= 0)
        return false;
    rule_start(&l->reader, l->raw, (size_t)n);
    return rule_next(&l->reader, &l->line) == 1 && l->reader.start == l->raw;
}
