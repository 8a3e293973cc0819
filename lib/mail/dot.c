/* The dot machine: see dot.h. */
#include "mail/dot.h"

#include <string.h>

void dot_start(struct dot *d, bool mend)
{
    d->state = DOT_LINE_START;
    d->fault = DOT_GOOD;
    d->mend = mend;
    d->whole = false;
}

/* How many bytes at in are plain: no CR, LF or NUL. Whole runs are copied at once, which is what makes large messages
 * cheap; a word at a time is looked through for bytes under 14, which those three are and hardly any other. */
static size_t plain_run(const char *in, size_t n)
{
    unsigned long word, ones = ~0ul / 255;
    size_t i = 0;

    for (; i < n; i++) {
        while (n - i >= sizeof word) {
            memcpy(&word, in + i, sizeof word);
            if ((word - ones * 14) & ~word & ones * 128)
                break;
            i += sizeof word;
        }
        if (i == n || in[i] == '\n' || in[i] == '\r' || in[i] == '\0')
            break;
    }
    return i;
}

static enum dot_result bad(struct dot *d, enum dot_fault why)
{
    d->fault = why;
    return DOT_BAD;
}

static size_t put(char *out, const char *text, size_t n)
{
    memcpy(out, text, n);
    return n;
}

/* One byte that is CR, LF, NUL, or the first of a line, or behind a dot or CR. */
static enum dot_result step(struct dot *d, char c, char *out, size_t *made)
{
    bool behind_cr = d->state == DOT_CR || d->state == DOT_DOT_CR;
    bool behind_dot = d->state == DOT_DOT || d->state == DOT_DOT_CR;

    if (c == '\0')
        return bad(d, DOT_NUL);
    if (behind_cr && c != '\n')
        return bad(d, DOT_BARE_CR);
    if (c == '\n') {
        if (!behind_cr && !d->mend)
            return bad(d, DOT_BARE_LF);
        d->state = DOT_LINE_START;
        if (behind_dot)
            return DOT_END;
        *made += put(out + *made, "\r\n", 2);
    } else if (c == '\r') {
        d->state = behind_dot ? DOT_DOT_CR : DOT_CR;
    } else if (d->state == DOT_LINE_START && c == '.' && !d->whole) {
        d->state = DOT_DOT;
    } else {
        d->state = DOT_TEXT;
        out[(*made)++] = c;
    }
    return DOT_MORE;
}

enum dot_result dot_take(struct dot *d, const char *in, size_t n, char *out, size_t *used, size_t *made)
{
    enum dot_result r = DOT_MORE;

    *used = *made = 0;
    while (*used < n && r == DOT_MORE) {
        size_t run = d->state == DOT_TEXT ? plain_run(in + *used, n - *used) : 0;
        if (run) {
            *made += put(out + *made, in + *used, run);
            *used += run;
        } else {
            r = step(d, in[(*used)++], out, made);
        }
    }
    return r;
}

enum dot_result dot_finish(struct dot *d, char *out, size_t *made)
{
    *made = 0;
    if (d->state == DOT_CR)
        return bad(d, DOT_BARE_CR);
    if (d->state == DOT_TEXT)
        *made = put(out, "\r\n", 2);
    return DOT_END;
}

void dot_out_start(struct dot_out *d)
{
    d->line_start = true;
    d->last_cr = false;
}

size_t dot_out_put(struct dot_out *d, const char *in, size_t n, char *out)
{
    size_t made = 0, at = 0;

    while (at < n) {
        if (d->line_start && in[at] == '.')
            out[made++] = '.';
        const char *lf = memchr(in + at, '\n', n - at);
        size_t run = lf ? (size_t)(lf - (in + at)) + 1 : n - at;
        made += put(out + made, in + at, run);
        at += run;
        d->line_start = lf != NULL;
    }
    if (n)
        d->last_cr = in[n - 1] == '\r';
    return made;
}

size_t dot_out_end(struct dot_out *d, char *out)
{
    size_t made = 0;

    if (!d->line_start)
        made += put(out, d->last_cr ? "\n" : "\r\n", d->last_cr ? 1 : 2);
    return made + put(out + made, ".\r\n", 3);
}
