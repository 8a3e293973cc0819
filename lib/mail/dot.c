/* The dot machine: see dot.h. */
#include "mail/dot.h"

#include <string.h>

void dot_start(struct dot *d, bool mend)
{
    *d = (struct dot){ .state = DOT_LINE_START, .mend = mend };
}

void dot_start_chunks(struct dot *d, bool mend)
{
    dot_start(d, mend);
    d->chunks = true;
}

#define ONES (~0ul / 255)            /* 1 in each byte of a word */

/* Has the word at text a byte under 14? CR, LF and NUL are, and hardly any other in mail. */
static bool has_low(const char *text)
{
    unsigned long word;

    memcpy(&word, text, sizeof word);
    return (word - ONES * 14) & ~word & ONES * 128;
}

static bool is_plain(char c)
{
    return c != '\n' && c != '\r' && c != '\0';
}

/* How many bytes at in come before the first CR, LF or NUL. */
static size_t plain_run(const char *in, size_t n)
{
    const size_t step = sizeof(unsigned long);
    size_t i = 0, end;

    do {
        while (n - i >= 2 * step && !has_low(in + i) && !has_low(in + i + step))
            i += 2 * step;
        for (end = n - i < 2 * step ? n : i + 2 * step; i < end && is_plain(in[i]); i++)
            ;
    } while (i == end && i < n);
    return i;
}

/* How many bytes at in are text as it stands: up to a line's first dot, or to what step must look at. Most messages are
 * one such run from end to end, and are never copied here. */
static size_t text_run(struct dot *d, const char *in, size_t n)
{
    size_t i = 0;

    if (d->state == DOT_LINE_START && in[0] == '.' && !d->chunks)
        return 0;
    for (;;) {
        size_t run = plain_run(in + i, n - i);
        i += run;
        if (run)
            d->state = DOT_TEXT;
        if (n - i < 2 || in[i] != '\r' || in[i + 1] != '\n')
            return i;
        i += 2;
        d->state = DOT_LINE_START;
        if (i == n || (in[i] == '.' && !d->chunks))
            return i;
    }
}

static enum dot_result bad(struct dot *d, enum dot_fault why)
{
    d->fault = why;
    return DOT_BAD;
}

/* The byte at *in is CR, LF, NUL, the first dot of a line, or stands behind such a dot or a CR. */
static enum dot_result step(struct dot *d, const char *in, const char **text, size_t *made)
{
    bool behind_cr = d->state == DOT_CR || d->state == DOT_DOT_CR;
    bool behind_dot = d->state == DOT_DOT || d->state == DOT_DOT_CR;

    if (*in == '\0')
        return bad(d, DOT_NUL);
    if (behind_cr && *in != '\n')
        return bad(d, DOT_BARE_CR);
    if (*in == '\n') {
        if (!behind_cr && !d->mend)
            return bad(d, DOT_BARE_LF);
        d->state = DOT_LINE_START;
        if (behind_dot)
            return DOT_END;
        *text = "\r\n";
        *made = 2;
    } else if (*in == '\r') {
        d->state = behind_dot ? DOT_DOT_CR : DOT_CR;
    } else if (behind_dot) {
        d->state = DOT_TEXT;
        *text = in;
        *made = 1;
    } else {
        d->state = DOT_DOT;
    }
    return DOT_MORE;
}

enum dot_result dot_next(struct dot *d, const char *in, size_t n, size_t *used, const char **text, size_t *made)
{
    enum dot_result r = DOT_MORE;
    size_t at = 0;

    *text = in;
    *made = 0;
    while (at < n && *made == 0 && r == DOT_MORE) {
        *made = d->state == DOT_LINE_START || d->state == DOT_TEXT ? text_run(d, in + at, n - at) : 0;
        if (*made) {
            *text = in + at;
            at += *made;
        } else {
            r = step(d, in + at++, text, made);
        }
    }
    *used = at;
    return r;
}

enum dot_result dot_last(struct dot *d, const char **text, size_t *made)
{
    *text = "\r\n";
    *made = d->state == DOT_LINE_START ? 0 : 2;
    return d->state == DOT_CR ? bad(d, DOT_BARE_CR) : DOT_END;
}

static size_t put(char *out, const char *text, size_t n)
{
    memcpy(out, text, n);
    return n;
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
