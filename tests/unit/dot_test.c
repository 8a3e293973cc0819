/* The end of data in both directions: CASES A at every split of the bytes, and B2, B3. */
#include "mail/dot.h"

#include "dot_plain.h"
#include "dot_take.h"
#include "test.h"

#include <stdlib.h>

/* How one text was taken: as it came out, and where it ended. */
struct taken {
    enum dot_result result;
    enum dot_fault fault;
    size_t used, made;
    char out[600];
};

static struct dot d;

/* Feeds one piece from blocks of the very size that the contract asks for. */
static void feed(struct taken *t, const char *in, size_t n)
{
    char *piece = malloc(n ? n : 1), *out = malloc(2 * n + 2);
    size_t used, made;

    if (t->result == DOT_MORE) {
        memcpy(piece, in, n);
        t->result = dot_take(&d, piece, n, out, &used, &made);
        CHECK(made <= 2 * n + 2 && used <= n);
        CHECK(t->result != DOT_MORE || used == n);
        CHECK(t->made + made < sizeof t->out);
        memcpy(t->out + t->made, out, made);
        t->made += made;
        t->used += used;
        t->fault = d.fault;
    }
    free(piece);
    free(out);
}

/* In pieces: up to a, up to b, the rest. step cuts all into pieces of that size instead. */
static struct taken take(const char *in, size_t n, bool mend, size_t a, size_t b, size_t step)
{
    struct taken t = { .result = DOT_MORE };

    dot_start(&d, mend);
    for (size_t at = 0; step && at < n; at += step)
        feed(&t, in + at, n - at < step ? n - at : step);
    if (!step) {
        feed(&t, in, a);
        feed(&t, in + a, b - a);
        feed(&t, in + b, n - b);
    }
    t.out[t.made] = '\0';
    return t;
}

static bool same(const struct taken *x, const struct taken *y)
{
    return x->result == y->result && x->fault == y->fault && x->made == y->made && memcmp(x->out, y->out, x->made) == 0
           && (x->result != DOT_END || x->used == y->used);
}

static struct taken check_splits(const char *in, size_t n, bool mend)
{
    struct taken whole = take(in, n, mend, n, n, 0);
    char quoted[200];

    for (size_t a = 0; a <= n; a++) {
        for (size_t b = a; b <= n; b++) {
            struct taken cut = take(in, n, mend, a, b, 0);
            if (!same(&whole, &cut))
                test_fail(__FILE__, __LINE__, "%s cut at %u and %u gives another end",
                          test_quote(quoted, sizeof quoted, in), (unsigned)a, (unsigned)b);
        }
    }
    for (size_t step = 1; step <= 3; step++) {
        struct taken cut = take(in, n, mend, 0, 0, step);
        CHECK(same(&whole, &cut));
    }
    return whole;
}

struct row {
    const char *in;
    size_t n;
    enum dot_result result;
    enum dot_fault fault;
    const char *out;                 /* NULL: does not matter, the text is bad */
    const char *rest;                /* what must be left */
};
#define IN(text) text, sizeof text - 1
#define GOOD(out, rest) DOT_END, DOT_GOOD, out, rest
#define REFUSED(why) DOT_BAD, why, NULL, NULL
#define OPEN(out) DOT_MORE, DOT_GOOD, out, ""

static void check_rows(const struct row *rows, size_t n, bool mend)
{
    char quoted[200];

    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct taken t = check_splits(r->in, r->n, mend);
        if (t.result != r->result || t.fault != r->fault)
            test_fail(__FILE__, __LINE__, "row %d, %s: result %d, fault %d", (int)i,
                      test_quote(quoted, sizeof quoted, r->in), t.result, t.fault);
        if (!r->out)
            continue;
        CHECK_EQ(t.made, strlen(r->out));
        CHECK_STR(t.out, r->out);
        CHECK_STR(r->in + t.used, r->rest);
    }
}
#define CHECK_ROWS(rows, mend) check_rows(rows, sizeof rows / sizeof *rows, mend)

/* Each stands in a text, with a command of the attacker behind it and the true end behind that. */
#define SMUGGLE(end) IN("a" end "RSET\r\n.\r\n")

static void a1_to_a10_no_bare_cr_or_lf_ends_it(void)
{
    static const struct row rows[] = {
        { SMUGGLE("\n.\n"), REFUSED(DOT_BARE_LF) }, { SMUGGLE("\n.\r\n"), REFUSED(DOT_BARE_LF) },
        { SMUGGLE("\r\n.\n"), REFUSED(DOT_BARE_LF) }, { SMUGGLE("\r.\r"), REFUSED(DOT_BARE_CR) },
        { SMUGGLE("\r.\n"), REFUSED(DOT_BARE_CR) }, { SMUGGLE("\r.\r\n"), REFUSED(DOT_BARE_CR) },
        { SMUGGLE("\n.\r"), REFUSED(DOT_BARE_LF) }, { SMUGGLE("\r\n.\r"), REFUSED(DOT_BARE_CR) },
        { SMUGGLE("\r\n.\r\r\n"), REFUSED(DOT_BARE_CR) }, { SMUGGLE("\r\r\n.\r\r\n"), REFUSED(DOT_BARE_CR) },
        { SMUGGLE("\r\r\n"), REFUSED(DOT_BARE_CR) }, { SMUGGLE("\n\r\n"), REFUSED(DOT_BARE_LF) },
    };

    CHECK_ROWS(rows, false);
}

static void a11_to_a17_nul_anywhere_is_refused(void)
{
    static const struct row rows[] = {
        { SMUGGLE("\0\r\n.\r\n"), REFUSED(DOT_NUL) }, { SMUGGLE("\r\0\n.\r\n"), REFUSED(DOT_NUL) },
        { SMUGGLE("\r\n\0.\r\n"), REFUSED(DOT_NUL) }, { SMUGGLE("\r\n.\0\r\n"), REFUSED(DOT_NUL) },
        { SMUGGLE("\r\n.\r\0\n"), REFUSED(DOT_NUL) }, { SMUGGLE("\0"), REFUSED(DOT_NUL) },
        { IN("\0\r\n.\r\n"), REFUSED(DOT_NUL) }, { IN("a\r\n.\r\n\0"), GOOD("a\r\n", "") },
    };

    check_rows(rows, sizeof rows / sizeof *rows, false);
    CHECK_ROWS(rows, true);
}

static void a19_an_empty_message(void)
{
    static const struct row rows[] = {
        { IN(".\r\n"), GOOD("", "") }, { IN(".\r\nQUIT\r\n"), GOOD("", "QUIT\r\n") },
        { IN("\r\n.\r\n"), GOOD("\r\n", "") },
    };

    check_rows(rows, sizeof rows / sizeof *rows, true);
    CHECK_ROWS(rows, false);
}

static void a20_one_dot_is_taken_off(void)
{
    static const struct row rows[] = {
        { IN("..\r\n.\r\n"), GOOD(".\r\n", "") }, { IN("...\r\n.\r\n"), GOOD("..\r\n", "") },
        { IN(".x\r\n.\r\n"), GOOD("x\r\n", "") }, { IN("..x\r\n.\r\n"), GOOD(".x\r\n", "") },
        { IN("x.\r\n.\r\n"), GOOD("x.\r\n", "") }, { IN("x..\r\n.\r\n"), GOOD("x..\r\n", "") },
        { IN(". \r\n.\r\n"), GOOD(" \r\n", "") }, { IN("a\r\n..\r\nb\r\n.\r\nc"), GOOD("a\r\n.\r\nb\r\n", "c") },
    };

    CHECK_ROWS(rows, false);
}

static void an_open_text_asks_for_more(void)
{
    static const struct row rows[] = {
        { IN(""), OPEN("") }, { IN("a"), OPEN("a") }, { IN("a\r"), OPEN("a") }, { IN("a\r\n"), OPEN("a\r\n") },
        { IN("a\r\n."), OPEN("a\r\n") }, { IN("a\r\n.\r"), OPEN("a\r\n") }, { IN("a.\r\n"), OPEN("a.\r\n") },
        { IN("\xff\xfe\r\n"), OPEN("\xff\xfe\r\n") },
    };

    CHECK_ROWS(rows, false);
}

static void mended_bare_lf_is_a_line_end(void)
{
    static const struct row rows[] = {
        { IN("a\n.\nQUIT"), GOOD("a\r\n", "QUIT") }, { IN("a\nb\r\n.\r\n"), GOOD("a\r\nb\r\n", "") },
        { IN("a\r\n.\nx"), GOOD("a\r\n", "x") }, { IN("a\n.\r\nx"), GOOD("a\r\n", "x") }, { IN(".\n"), GOOD("", "") },
        { IN("\n\n.\n"), GOOD("\r\n\r\n", "") }, { IN("..\n.\n"), GOOD(".\r\n", "") },
        { IN("\n\n\n\n"), OPEN("\r\n\r\n\r\n\r\n") },
    };

    CHECK_ROWS(rows, true);
}

static void mended_bare_cr_is_still_refused(void)
{
    static const struct row rows[] = {
        { IN("a\rb\n.\n"), REFUSED(DOT_BARE_CR) }, { IN("a\r.\r\n"), REFUSED(DOT_BARE_CR) },
        { IN("a\r\n.\r.\n"), REFUSED(DOT_BARE_CR) }, { IN("a\r\r\n.\r\n"), REFUSED(DOT_BARE_CR) },
    };

    CHECK_ROWS(rows, true);
}

/* CASES A22: near the places where a buffer may end, in every block that large reads come in. */
static void a22_the_verdict_does_not_depend_on_buffers(void)
{
    static char text[9000], out[2 * sizeof text + 2];
    static const size_t blocks[] = { 1023, 1024, 1025, 4095, 4096, 4097, 8191, 8192, 8193 };
    static const struct { char c; enum dot_fault fault; } wrong[] = {
        { '\r', DOT_BARE_CR }, { '\n', DOT_BARE_LF }, { '\0', DOT_NUL },
    };

    for (size_t w = 0; w < 3; w++) {
        for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
            enum dot_result r = DOT_MORE;
            size_t used, made, at = 0;
            memset(text, 'x', sizeof text);
            text[blocks[b]] = wrong[w].c;
            dot_start(&d, false);
            for (size_t part; at < sizeof text && r == DOT_MORE; at += part) {
                part = blocks[(b + w) % 9];
                if (part > sizeof text - at)
                    part = sizeof text - at;
                r = dot_take(&d, text + at, part, out, &used, &made);
            }
            CHECK_EQ(r, DOT_BAD);
            CHECK_EQ(d.fault, wrong[w].fault);
        }
    }
}

/* ---- against the plain way */

/* All of in[0..n) in pieces of `step` bytes by dot_next, each in a block of its very size. */
static struct dot_plain by_pieces(const char *in, size_t n, bool mend, bool chunks, size_t step, char *out)
{
    struct dot_plain t = { .result = DOT_MORE };

    (chunks ? dot_start_chunks : dot_start)(&d, mend);
    while (t.used < n && t.result == DOT_MORE) {
        size_t part = n - t.used < step ? n - t.used : step;
        char *piece = malloc(part);
        memcpy(piece, in + t.used, part);
        for (size_t at = 0, used, made; at < part && t.result == DOT_MORE; at += used) {
            const char *text;
            t.result = dot_next(&d, piece + at, part - at, &used, &text, &made);
            CHECK(used > 0 && used <= part - at);
            memcpy(out + t.made, text, made);
            t.made += made;
            t.used += used;
        }
        free(piece);
    }
    t.fault = d.fault;
    return t;
}

static void check_plain(const char *in, size_t n, size_t step)
{
    static char want[4000], got[4000];
    char quoted[200];

    for (int way = 0; way < 4; way++) {
        struct dot_plain w = dot_plain(in, n, way & 1, way & 2, want);
        struct dot_plain g = by_pieces(in, n, way & 1, way & 2, step, got);
        if (w.result != g.result || w.fault != g.fault || w.used != g.used || w.made != g.made
            || memcmp(want, got, w.made) != 0)
            test_fail(__FILE__, __LINE__, "%s by %u, way %d: result %d, fault %d, used %u, made %u: \"%.*s\"",
                      test_quote(quoted, sizeof quoted, in), (unsigned)step, way, g.result, g.fault, (unsigned)g.used,
                      (unsigned)g.made, (int)g.made, got);
    }
}

/* Every text of up to six of these bytes, at every place of a word: behind nothing, and behind a run. */
static void every_short_text_as_the_plain_way(void)
{
    static const char bytes[] = { '\r', '\n', '.', 'x', '\0', '\t' };
    char in[64];

    for (size_t n = 1; n <= 6; n++) {
        size_t texts = 1;
        for (size_t i = 0; i < n; i++)
            texts *= sizeof bytes;
        for (size_t pick = 0; pick < texts; pick++) {
            size_t run = pick % 23;
            memset(in, 'y', run);
            for (size_t i = 0, rest = pick; i < n; i++, rest /= sizeof bytes)
                in[run + i] = bytes[rest % sizeof bytes];
            in[run + n] = '\0';
            check_plain(in, run + n, run + n);
            check_plain(in, run + n, 1 + pick % (run + n));
        }
    }
}

static unsigned random_state = 1;

static unsigned draw(unsigned below)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 16) % below;
}

/* Lines of all lengths, mostly good ones, bytes of all values. */
static void long_texts_as_the_plain_way(void)
{
    static const char *const ends[] = { "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n.", "\r\n..", "\n", "\r" };
    static char in[2000];

    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        while (n < sizeof in - 120) {
            for (unsigned len = draw(100); len; len--)
                in[n++] = (char)(draw(40) ? 32 + draw(224) : draw(round % 7 ? 9 : 256) + 1);
            const char *end = ends[draw(round % 3 ? 7 : 10)];
            memcpy(in + n, end, strlen(end));
            n += strlen(end);
        }
        check_plain(in, n, 1 + draw((unsigned)n));
    }
}

static void a_text_in_chunks_has_its_end_counted(void)
{
    static const struct { const char *in; enum dot_result result; const char *more; } rows[] = {
        { "a\r\n.\r\n", DOT_END, "" }, { "a", DOT_END, "\r\n" }, { "a\r\n.", DOT_END, "\r\n" }, { "", DOT_END, "" },
        { "a\r", DOT_BAD, NULL }, { "\r", DOT_BAD, NULL },
    };
    char out[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text;
        size_t n = strlen(rows[i].in), made;
        struct dot_plain t = by_pieces(rows[i].in, n, false, true, 1, out);
        CHECK_EQ(t.result, DOT_MORE);
        CHECK_EQ(t.used, n);
        CHECK_EQ(dot_last(&d, &text, &made), rows[i].result);
        if (rows[i].more) {
            CHECK_EQ(made, strlen(rows[i].more));
            CHECK_MEM(text, rows[i].more, made);
            CHECK_MEM(out, rows[i].in, n);
        } else {
            CHECK_EQ(d.fault, DOT_BARE_CR);
        }
    }
}

/* ---- sending */

/* Stuffs in pieces up to a, up to b, the rest, and ends it. */
static size_t stuff(const char *in, size_t n, size_t a, size_t b, char *to)
{
    size_t cuts[] = { 0, a, b, n }, made = 0;
    struct dot_out o;

    dot_out_start(&o);
    for (int i = 0; i < 3; i++) {
        size_t part = cuts[i + 1] - cuts[i];
        char *piece = malloc(part ? part : 1), *out = malloc(part ? 2 * part : 1);
        memcpy(piece, in + cuts[i], part);
        size_t got = dot_out_put(&o, piece, part, out);
        CHECK(got <= 2 * part);
        memcpy(to + made, out, got);
        made += got;
        free(piece);
        free(out);
    }
    char *end = malloc(5);
    size_t got = dot_out_end(&o, end);
    CHECK(got <= 5);
    memcpy(to + made, end, got);
    free(end);
    to[made + got] = '\0';
    return made + got;
}

static void b2_b3_dots_are_doubled_and_the_last_line_ended(void)
{
    static const char *const rows[][2] = {
        { "", ".\r\n" }, { "a\r\n", "a\r\n.\r\n" }, { "a", "a\r\n.\r\n" }, { ".", "..\r\n.\r\n" },
        { ".\r\n", "..\r\n.\r\n" },
        { ".a\r\n..b\r\nc.\r\n", "..a\r\n...b\r\nc.\r\n.\r\n" }, { "a\r\n.", "a\r\n..\r\n.\r\n" },
        { "a\r", "a\r\n.\r\n" },
        { "\r\n", "\r\n.\r\n" }, { "\r\n.\r\n", "\r\n..\r\n.\r\n" },
        { "a\r\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n" },
        { "...", "....\r\n.\r\n" },
    };
    char out[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i][0]);
        for (size_t a = 0; a <= n; a++)
            for (size_t b = a; b <= n; b++) {
                stuff(rows[i][0], n, a, b, out);
                CHECK_STR(out, rows[i][1]);
            }
    }
}

/* All texts of up to five lines' worth of these pieces: what is stuffed is read back as it was. */
static void what_is_sent_is_what_is_received(void)
{
    static const char *const parts[] = { "", ".", "..", "x", ".x", "\r\n" };
    char in[100], out[200];

    for (unsigned pick = 0; pick < 6 * 6 * 6 * 6 * 6; pick++) {
        size_t n = 0;
        for (unsigned rest = pick, i = 0; i < 5; i++, rest /= 6) {
            strcpy(in + n, parts[rest % 6]);
            n += strlen(in + n);
        }
        if (n && in[n - 1] != '\n') {
            strcpy(in + n, "\r\n");
            n += 2;
        }
        size_t sent = stuff(in, n, n / 3, n / 2, out);
        struct taken t = take(out, sent, false, sent / 2, sent, 0);
        if (t.result != DOT_END || t.used != sent || t.made != n || memcmp(t.out, in, n) != 0)
            test_fail(__FILE__, __LINE__, "text %u does not come back", pick);
    }
}

int main(void)
{
    RUN(a1_to_a10_no_bare_cr_or_lf_ends_it);
    RUN(a11_to_a17_nul_anywhere_is_refused);
    RUN(a19_an_empty_message);
    RUN(a20_one_dot_is_taken_off);
    RUN(an_open_text_asks_for_more);
    RUN(mended_bare_lf_is_a_line_end);
    RUN(mended_bare_cr_is_still_refused);
    RUN(a22_the_verdict_does_not_depend_on_buffers);
    RUN(every_short_text_as_the_plain_way);
    RUN(long_texts_as_the_plain_way);
    RUN(a_text_in_chunks_has_its_end_counted);
    RUN(b2_b3_dots_are_doubled_and_the_last_line_ended);
    RUN(what_is_sent_is_what_is_received);
    TEST_DONE();
}
