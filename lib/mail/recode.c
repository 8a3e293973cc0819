/* From BINARYMIME to lines: see recode.h. */
#include "mail/recode.h"

#include "base/str.h"

#include <string.h>

#define BLANKS    " \t\r\n"
#define COLUMNS   76                 /* RFC 2045 6.8 */
#define NAME_MOST 200                /* bytes of a field's name, and of a line that may be a delimiter */

static void fail(struct recode *r, enum recode_result why)
{
    if (r->fault == RECODE_GOOD)
        r->fault = why;
}

static void put(struct recode *r, const char *text, size_t n)
{
    memcpy(r->out + r->made, text, n);
    r->made += n;
}

/* ---- base64 */

static void put_three(struct recode *r)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned long v = (unsigned long)r->three[0] << 16 | (unsigned long)r->three[1] << 8 | r->three[2];

    if (r->column == COLUMNS) {
        put(r, "\r\n", 2);
        r->column = 0;
    }
    for (int shift = 18; shift >= 0; shift -= 6)
        r->out[r->made++] = digits[v >> shift & 63];
    r->column += 4;
    r->waiting = 0;
}

/* The body's last bytes. Its last line is left without an end: a delimiter brings its own. */
static void end_base64(struct recode *r)
{
    unsigned n = r->waiting;

    if (n == 0)
        return;
    memset(r->three + n, 0, 3 - n);
    put_three(r);
    memset(r->out + r->made - (3 - n), '=', 3 - n);
}

/* Bytes of a body, of whichever kind. */
static void put_data(struct recode *r, const char *data, size_t n)
{
    if (!r->binary) {
        put(r, data, n);
        return;
    }
    while (n--) {
        r->three[r->waiting++] = (unsigned char)*data++;
        if (r->waiting == 3)
            put_three(r);
    }
}

/* ---- header sections */

/* A header section begins; a part of a digest that does not say what it is, is a message (RFC 2046 5.1.5). */
static void start_section(struct recode *r, bool in_digest)
{
    r->state = RECODE_LINE;
    r->type = in_digest ? RECODE_MESSAGE : RECODE_LEAF;
    r->encoding = RECODE_NONE;
    r->any_field = r->has_type = r->binary = false;
    r->field = RECODE_OTHER;
    r->hold_n = 0;
}

static void start_body(struct recode *r)
{
    r->state = RECODE_BODY_LINE;
    r->hold_n = r->skip = 0;
    r->waiting = r->column = 0;
}

void recode_start(struct recode *r, bool binary)
{
    r->fault = RECODE_GOOD;
    r->depth = 0;
    start_section(r, false);
    if (!binary)
        start_body(r);
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && str_case_eqn(text, word, n);
}

static void judge_encoding(struct recode *r, const char *value)
{
    size_t n = strcspn(value, BLANKS ";(");

    if (r->encoding != RECODE_NONE)
        fail(r, RECODE_BROKEN);
    if (is_word(value, n, "binary"))
        r->encoding = RECODE_BINARY;
    else
        r->encoding = is_word(value, n, "7bit") || is_word(value, n, "8bit") ? RECODE_IDENTITY : RECODE_ENCODED;
}

/* Steps to behind the next semicolon that is in no quoted string, and blanks; to the end when there is none. */
static const char *next_parameter(const char *p)
{
    for (bool quoted = false; *p && (quoted || *p != ';'); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '\\' && quoted && p[1])
            p++;
    }
    p += *p == ';';
    return p + strspn(p, BLANKS);
}

/* Reads the boundary of a Content-Type. Returns its length, 0 when there is none that is allowed. */
static unsigned read_boundary(const char *p, char boundary[RECODE_BOUNDARY])
{
    unsigned n = 0;

    do {
        p = next_parameter(p);
        if (!*p)
            return 0;
    } while (!is_word(p, strcspn(p, BLANKS "=;"), "boundary"));
    p += strlen("boundary");
    p += strspn(p, BLANKS);
    if (*p++ != '=')
        return 0;
    p += strspn(p, BLANKS);
    bool quoted = *p == '"';
    for (p += quoted; *p && !strchr(quoted ? "\"" : BLANKS ";(", *p); p++) {
        if (quoted && *p == '\\' && p[1])
            p++;
        if (n == RECODE_BOUNDARY || *p < ' ' || *p > '~')
            return 0;
        boundary[n++] = *p;
    }
    return quoted && !*p ? 0 : n;
}

static void judge_type(struct recode *r, const char *value)
{
    size_t n = strcspn(value, BLANKS ";(");

    if (r->has_type)
        fail(r, RECODE_BROKEN);
    r->has_type = true;
    r->type = RECODE_LEAF;
    if (n > 10 && str_case_eqn(value, "multipart/", 10)) {
        r->type = RECODE_MULTIPART;
        if (r->depth == RECODE_DEPTH) {
            fail(r, RECODE_DEEP);
            return;
        }
        struct recode_multipart *m = &r->multipart[r->depth];
        m->digest = is_word(value, n, "multipart/digest");
        m->n = read_boundary(value, m->boundary);
        if (m->n == 0)
            fail(r, RECODE_BROKEN);
    } else if (n > 8 && str_case_eqn(value, "message/", 8)) {
        bool walked = is_word(value, n, "message/rfc822") || is_word(value, n, "message/global");
        r->type = walked ? RECODE_MESSAGE : RECODE_OPAQUE_MESSAGE;
    }
}

/* A field that was held is whole: it leaves unless it says binary. */
static void field_done(struct recode *r)
{
    if (r->field == RECODE_OTHER)
        return;
    r->hold[r->hold_n] = '\0';
    const char *value = r->hold + r->value_at;
    value += strspn(value, BLANKS);
    if (r->field == RECODE_TYPE)
        judge_type(r, value);
    else
        judge_encoding(r, value);
    if (r->field == RECODE_TYPE || r->encoding != RECODE_BINARY)
        put(r, r->hold, r->hold_n);
    r->field = RECODE_OTHER;
    r->hold_n = 0;
}

/* A field's name is in hold, its colon last. */
static void name_done(struct recode *r)
{
    size_t n = r->hold_n - 1;

    while (n && (r->hold[n - 1] == ' ' || r->hold[n - 1] == '\t'))
        n--;
    r->value_at = r->hold_n;
    r->state = RECODE_FIELD;
    if (is_word(r->hold, n, "Content-Type")) {
        r->field = RECODE_TYPE;
    } else if (is_word(r->hold, n, "Content-Transfer-Encoding")) {
        r->field = RECODE_CODING;
    } else {
        put(r, r->hold, r->hold_n);
        r->hold_n = 0;
    }
}

static void field_byte(struct recode *r, char c)
{
    if (r->field == RECODE_OTHER)
        put(r, &c, 1);
    else if (r->hold_n < RECODE_HOLD)
        r->hold[r->hold_n++] = c;
    else
        fail(r, RECODE_BROKEN);
}

static void section_done(struct recode *r)
{
    static const char base64[] = "Content-Transfer-Encoding: base64\r\n",
                      eight[] = "Content-Transfer-Encoding: 8bit\r\n";

    if (r->encoding == RECODE_BINARY) {
        r->binary = r->type == RECODE_LEAF;
        put(r, r->binary ? base64 : eight, r->binary ? sizeof base64 - 1 : sizeof eight - 1);
    }
    put(r, "\r\n", 2);
    if (r->type == RECODE_MESSAGE && r->encoding != RECODE_ENCODED) {
        start_section(r, false);
        return;
    }
    if (r->type == RECODE_MULTIPART)
        r->depth++;
    start_body(r);
}

static void header_byte(struct recode *r, char c)
{
    if (r->state == RECODE_LINE) {
        bool folded = c == ' ' || c == '\t';
        if (folded && !r->any_field)
            fail(r, RECODE_BROKEN);
        if (!folded)
            field_done(r);
        r->any_field = true;
        r->state = folded ? RECODE_FIELD : c == '\r' ? RECODE_END_CR : RECODE_NAME;
        if (c == '\r')
            return;
    }
    if (c == '\0' || (c == '\n') != (r->state == RECODE_FIELD_CR || r->state == RECODE_END_CR)) {
        fail(r, RECODE_BARE);
    } else if (r->state == RECODE_END_CR) {
        section_done(r);
    } else if (r->state == RECODE_NAME) {
        if (c == '\r' || r->hold_n == NAME_MOST)
            fail(r, RECODE_BROKEN);
        r->hold[r->hold_n++] = c;
        if (c == ':')
            name_done(r);
    } else {
        field_byte(r, c);
        r->state = c == '\r' ? RECODE_FIELD_CR : c == '\n' ? RECODE_LINE : RECODE_FIELD;
    }
}

/* ---- bodies */

/* Is the line in hold a delimiter? Then *level says of which multipart, counted from outside, and *last whether it is
 * the last one. */
static bool is_delimiter(const struct recode *r, size_t n, unsigned *level, bool *last)
{
    const char *line = r->hold + r->skip;

    n -= r->skip;
    for (unsigned i = r->depth; i-- > 0;) {
        const struct recode_multipart *m = &r->multipart[i];
        size_t at = 2 + m->n;
        if (n < at || memcmp(line, "--", 2) != 0 || memcmp(line + 2, m->boundary, m->n) != 0)
            continue;
        *last = n >= at + 2 && memcmp(line + at, "--", 2) == 0;
        for (at += *last ? 2 : 0; at < n && (line[at] == ' ' || line[at] == '\t'); at++)
            ;
        *level = i;
        if (at == n)
            return true;
    }
    return false;
}

/* What was held is no delimiter. */
static void release(struct recode *r, size_t n)
{
    put_data(r, r->hold, n);
    r->hold_n = 0;
}

/* A line that might be a delimiter is whole, up to its CR. */
static void line_done(struct recode *r)
{
    unsigned level;
    bool last;

    if (!is_delimiter(r, r->hold_n - 1, &level, &last)) {
        release(r, r->hold_n - 1);
        memcpy(r->hold, "\r\n", 2);
        r->hold_n = r->skip = 2;
        r->state = RECODE_BODY_LINE;
        return;
    }
    if (r->binary)
        end_base64(r);
    r->binary = false;
    put(r, r->hold, r->hold_n);
    put(r, "\n", 1);
    r->depth = level + !last;
    if (last)
        start_body(r);               /* nobody's text, up to the next delimiter of the multipart around it */
    else
        start_section(r, r->multipart[level].digest);
}

static void body_byte(struct recode *r, char c)
{
    size_t n = r->hold_n - r->skip;

    if (r->state == RECODE_BODY_CR) {
        if (c == '\n') {
            line_done(r);
            return;
        }
        if (!r->binary) {
            fail(r, RECODE_BARE);
            return;
        }
        release(r, r->hold_n);
    } else if (r->state == RECODE_BODY_LINE) {
        if (c == '\r' || (r->depth && n < NAME_MOST && c && c != '\n' && (n > 1 || c == '-'))) {
            r->hold[r->hold_n++] = c;
            r->state = c == '\r' ? RECODE_BODY_CR : RECODE_BODY_LINE;
            return;
        }
        release(r, r->hold_n);
    }
    r->state = RECODE_BODY;
    if (c == '\r') {
        r->hold[0] = c;
        r->hold_n = 1;
        r->skip = 0;
        r->state = RECODE_BODY_CR;
    } else if (!r->binary && (c == '\n' || c == '\0')) {
        fail(r, RECODE_BARE);
    } else {
        put_data(r, &c, 1);
    }
}

/* How many bytes are within a line of a body and nothing but text or data. */
static size_t plain_run(const struct recode *r, const char *in, size_t n)
{
    static const char stops[] = "\r\n";

    for (const char *stop = stops; stop < stops + (r->binary ? 1 : sizeof stops); stop++) {
        const char *p = memchr(in, *stop, n);
        n = p ? (size_t)(p - in) : n;
    }
    return n;
}

enum recode_result recode_take(struct recode *r, const char *in, size_t n, char *out, size_t *made)
{
    r->out = out;
    r->made = 0;
    for (size_t i = 0; i < n && r->fault == RECODE_GOOD;) {
        size_t run = r->state == RECODE_BODY ? plain_run(r, in + i, n - i) : 0;
        if (run)
            put_data(r, in + i, run);
        else if (r->state < RECODE_BODY_LINE)
            header_byte(r, in[i]);
        else
            body_byte(r, in[i]);
        i += run ? run : 1;
    }
    *made = r->made;
    return r->fault;
}

enum recode_result recode_finish(struct recode *r, char *out, size_t *made)
{
    unsigned level;
    bool last;

    r->out = out;
    r->made = 0;
    /* The last delimiter may lack its line end. */
    if (r->fault == RECODE_GOOD && r->state == RECODE_BODY_LINE && is_delimiter(r, r->hold_n, &level, &last)) {
        body_byte(r, '\r');
        body_byte(r, '\n');
    }
    if (r->state < RECODE_BODY_LINE)
        fail(r, RECODE_BROKEN);
    else if (r->state == RECODE_BODY_CR && !r->binary)
        fail(r, RECODE_BARE);
    if (r->fault == RECODE_GOOD) {
        bool open = r->state == RECODE_BODY || r->hold_n > r->skip;
        release(r, r->hold_n);
        if (r->binary)
            end_base64(r);
        if (r->binary ? r->column : open)
            put(r, "\r\n", 2);
    }
    *made = r->made;
    return r->fault;
}
