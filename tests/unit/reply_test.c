/* Replies of servers: what is one, how many lines it has, and which status code it gives. */
#include "mail/reply.h"

#include "mail/limits.h"
#include "test.h"

#include <stdlib.h>

static struct reply r;

static enum reply_result line_n(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    enum reply_result result = reply_line(&r, copy, n);
    free(copy);
    return result;
}

static enum reply_result line(const char *text)
{
    return line_n(text, strlen(text));
}

static void single_lines(void)
{
    static const struct { const char *text; enum reply_result want; int code; const char *kept; } rows[] = {
        { "250 ok", REPLY_DONE, 250, "ok" }, { "250", REPLY_DONE, 250, "" }, { "250 ", REPLY_DONE, 250, "" },
        { "250-ok", REPLY_MORE, 250, "ok" }, { "250-", REPLY_MORE, 250, "" },
        { "421 4.3.2 bye", REPLY_DONE, 421, "4.3.2 bye" },
        { "599 x", REPLY_DONE, 599, "x" }, { "354  go", REPLY_DONE, 354, " go" },
        { "250 a\rb\x01\xff", REPLY_DONE, 250, "a?b??" },
        { "", REPLY_BAD, 0, "" }, { "2", REPLY_BAD, 0, "" }, { "25", REPLY_BAD, 0, "" }, { "25x ok", REPLY_BAD, 0, "" },
        { "199 ok", REPLY_BAD, 0, "" }, { "600 ok", REPLY_BAD, 0, "" }, { "2500 ok", REPLY_BAD, 0, "" },
        { "250ok", REPLY_BAD, 0, "" },
        { " 250 ok", REPLY_BAD, 0, "" }, { "250\tok", REPLY_BAD, 0, "" }, { "250_ok", REPLY_BAD, 0, "" },
        { "ok", REPLY_BAD, 0, "" },
        { "+25 ok", REPLY_BAD, 0, "" }, { "HTTP/1.1 400 Bad", REPLY_BAD, 0, "" }, { "2\xb2\xb2 ok", REPLY_BAD, 0, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reply_start(&r);
        enum reply_result got = line(rows[i].text);
        if (got != rows[i].want || (got != REPLY_BAD && (r.code != rows[i].code || strcmp(r.text, rows[i].kept) != 0)))
            test_fail(__FILE__, __LINE__, "row %d: %d, %d, %s", (int)i, got, r.code, r.text);
    }
}

static void a_nul_in_a_line(void)
{
    reply_start(&r);
    CHECK_EQ(line_n("250 a\0b", 7), REPLY_DONE);
    CHECK_STR(r.text, "a?b");
    reply_start(&r);
    CHECK_EQ(line_n("25\0 ok", 6), REPLY_BAD);
}

static void several_lines_keep_the_last_text(void)
{
    reply_start(&r);
    CHECK_EQ(line("250-first"), REPLY_MORE);
    CHECK_EQ(line("250-second"), REPLY_MORE);
    CHECK_EQ(line("250 last"), REPLY_DONE);
    CHECK_EQ(r.lines, 3);
    CHECK_STR(r.text, "last");
}

static void another_code_within_is_bad(void)
{
    reply_start(&r);
    line("250-first");
    CHECK_EQ(line("550 no"), REPLY_BAD);
    reply_start(&r);
    line("250-first");
    CHECK_EQ(line("garbage"), REPLY_BAD);
}

static void c9_a_million_lines(void)
{
    unsigned n = 0;

    reply_start(&r);
    while (n < 1000000 && line("250-x") == REPLY_MORE)
        n++;
    CHECK_EQ(n, LIMIT_REPLY_LINES);
}

static void c9_a_line_of_any_length(void)
{
    static char text[100000];

    memset(text, 'y', sizeof text);
    memcpy(text, "550 ", 4);
    reply_start(&r);
    CHECK_EQ(line_n(text, sizeof text), REPLY_DONE);
    CHECK_EQ(strlen(r.text), sizeof r.text - 1);
}

static void enhanced_codes(void)
{
    static const struct { const char *line, *want; } rows[] = {
        { "250 2.1.5 ok", "2.1.5" }, { "250 2.1.5", "2.1.5" }, { "550 5.7.999 no", "5.7.999" },
        { "450 4.123.456 x", "4.123.456" },
        { "250 ok", "2.0.0" }, { "550 no", "5.0.0" }, { "450", "4.0.0" }, { "354 go", "2.0.0" },
        { "354 2.0.0 go", "2.0.0" },
        { "550 2.1.5 ok", "5.0.0" },             /* a stale one: the class does not fit */
        { "450 5.1.1 x", "4.0.0" }, { "250 5.0.0 x", "2.0.0" }, { "550 5.1 x", "5.0.0" }, { "550 5.1.1x", "5.0.0" },
        { "550 5.1.1.1 x", "5.0.0" }, { "550 5.1234.1 x", "5.0.0" }, { "550 5.1.1234 x", "5.0.0" },
        { "550 5..1 x", "5.0.0" },
        { "550 5.1. x", "5.0.0" }, { "550 3.1.1 x", "5.0.0" }, { "550 55.1.1 x", "5.0.0" }, { "550  5.1.1 x", "5.0.0" },
        { "550 -5.1.1 x", "5.0.0" }, { "550 5", "5.0.0" }, { "550 5.", "5.0.0" },
    };
    char code[12];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reply_start(&r);
        line(rows[i].line);
        reply_enhanced(&r, code);
        if (strcmp(code, rows[i].want) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].line, code);
    }
}

static void without_a_reply_it_is_temporary(void)
{
    char code[12];

    reply_start(&r);
    reply_enhanced(&r, code);
    CHECK_STR(code, "4.0.0");
}

int main(void)
{
    RUN(single_lines);
    RUN(a_nul_in_a_line);
    RUN(several_lines_keep_the_last_text);
    RUN(another_code_within_is_bad);
    RUN(c9_a_million_lines);
    RUN(c9_a_line_of_any_length);
    RUN(enhanced_codes);
    RUN(without_a_reply_it_is_temporary);
    TEST_DONE();
}
