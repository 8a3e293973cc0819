/* What dot_next must give, told the plain way: a line at a time over the whole text. */
#ifndef TESTS_UNIT_DOT_PLAIN_H
#define TESTS_UNIT_DOT_PLAIN_H

#include "mail/dot.h"

#include <string.h>

struct dot_plain {
    enum dot_result result;
    enum dot_fault fault;
    size_t used, made;
};

/* Takes in[0..n) into out, which has room for 2 * n bytes. */
__attribute__((unused))
static struct dot_plain dot_plain(const char *in, size_t n, bool mend, bool chunks, char *out)
{
    struct dot_plain t = { .result = DOT_MORE, .used = n };

    for (size_t at = 0; at < n;) {
        size_t end = at, skip = !chunks && in[at] == '.';
        while (end < n && !memchr("\r\n", in[end], 3))
            end++;
        memcpy(out + t.made, in + at + skip, end - at - skip);
        t.made += end - at - skip;
        bool cr = end < n && in[end] == '\r', lone_dot = skip && end == at + 1;
        end += cr;
        if (end == n)
            break;
        if (in[end] != '\n')
            t.fault = in[end] == '\0' ? DOT_NUL : DOT_BARE_CR;
        else if (!cr && !mend)
            t.fault = DOT_BARE_LF;
        at = t.used = end + 1;
        if (t.fault || lone_dot) {
            t.result = t.fault ? DOT_BAD : DOT_END;
            return t;
        }
        memcpy(out + t.made, "\r\n", 2);
        t.made += 2;
    }
    t.used = n;
    return t;
}

#endif
