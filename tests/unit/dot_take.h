/* All that dot_next gives of a piece of text, in one buffer, for tests to compare. */
#ifndef TESTS_UNIT_DOT_TAKE_H
#define TESTS_UNIT_DOT_TAKE_H

#include "mail/dot.h"

#include <string.h>

/* Takes in[0..n), n may be 0, and writes the text to out, which has room for 2 * n + 2 bytes. DOT_MORE: all was
 * taken. */
static enum dot_result dot_take(struct dot *d, const char *in, size_t n, char *out, size_t *used, size_t *made)
{
    enum dot_result r = DOT_MORE;

    *used = *made = 0;
    while (*used < n && r == DOT_MORE) {
        size_t taken, part;
        const char *text;
        r = dot_next(d, in + *used, n - *used, &taken, &text, &part);
        memcpy(out + *made, text, part);
        *made += part;
        *used += taken;
    }
    return r;
}

#endif
