/* Address lists of header fields (RFC 5322 3.4): names, comments, groups, folds, and entries that are none. */
#include "mail/addrlist.h"

#include "test.h"

#include <stdlib.h>

static struct addrlist l;

/* All entries as `a@b|c@d`, `!` for one that is no address. */
static const char *read_n(const char *text, size_t n)
{
    static char all[2000];
    static char *copy;
    struct address a;
    int r;

    free(copy);
    copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    all[0] = '\0';
    addrlist_start(&l, copy, n);
    while ((r = addrlist_next(&l, &a)) != 0 && strlen(all) < sizeof all - 300) {
        if (*all)
            strcat(all, "|");
        strcat(all, r == 1 ? a.text : "!");
    }
    CHECK_EQ(addrlist_next(&l, &a), 0);
    return all;
}

static void check_rows(const char *const rows[][2], size_t n)
{
    char p[300], q[300];

    for (size_t i = 0; i < n; i++) {
        const char *got = read_n(rows[i][0], strlen(rows[i][0]));
        if (strcmp(got, rows[i][1]) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s", test_quote(p, sizeof p, rows[i][0]), test_quote(q, sizeof q, got));
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void plain_lists(void)
{
    static const char *const rows[][2] = {
        { "", "" }, { " ", "" }, { "a@b", "a@b" }, { " a@b , c@d ", "a@b|c@d" }, { "a@b,,c@d,", "a@b|c@d" },
        { ",", "" },
        { "<a@b>", "a@b" }, { "<a@b>,<c@d>", "a@b|c@d" }, { "root", "root" }, { "a@b;c@d", "a@b|c@d" },
        { "a @ b . c", "a@b.c" },
        { "< a@b >", "a@b" },
    };

    CHECK_ROWS(rows);
}

static void names_and_quotes(void)
{
    static const char *const rows[][2] = {
        { "Ann Example <a@b>", "a@b" }, { "\"Example, Ann\" <a@b>, c@d", "a@b|c@d" }, { "\"<x@y>\" <a@b>", "a@b" },
        { "\"a\\\"b, c\" <a@b>", "a@b" }, { "\"a b\"@c", "\"a b\"@c" }, { "<\"a,b\"@c>", "\"a,b\"@c" },
        { "=?utf-8?q?J=C3=BCrgen?= <a@b>", "a@b" }, { "J\xc3\xbcrgen <a@b>", "a@b" }, { "A. B. Example <a@b>", "a@b" },
        { "\"open <a@b>", "!" }, { "\"\" <a@b>", "a@b" }, { "\"\\", "!" }, { "\"a;b\" <c@d>", "c@d" },
    };

    CHECK_ROWS(rows);
}

static void comments(void)
{
    static const char *const rows[][2] = {
        { "a@b (Ann)", "a@b" }, { "(Ann) a@b", "a@b" }, { "a@b (x, y), c@d", "a@b|c@d" },
        { "a@b (x (y) z), c@d", "a@b|c@d" },
        { "a@b (\\)), c@d", "a@b|c@d" }, { "a(x)@b", "a@b" }, { "<a@(x)b>", "a@b" }, { "(only)", "" },
        { "(open, a@b", "" },
        { "a@b (", "a@b" }, { "a@b (\\", "a@b" }, { "(((((a@b", "" }, { "a@b)", "!" },
    };

    CHECK_ROWS(rows);
}

static void groups(void)
{
    static const char *const rows[][2] = {
        { "undisclosed-recipients:;", "" }, { "Team: a@b, c@d;", "a@b|c@d" }, { "Team: a@b;, e@f", "a@b|e@f" },
        { "Team: Ann <a@b>, c@d; , x@y", "a@b|c@d|x@y" }, { "A:;,B:;", "" }, { "\"A, B\": a@b;", "a@b" },
    };

    CHECK_ROWS(rows);
}

static void folded_lines(void)
{
    static const char *const rows[][2] = {
        { "a@b,\r\n c@d", "a@b|c@d" }, { "a@b,\r\n\tc@d\r\n", "a@b|c@d" }, { "Ann\r\n <a@b>", "a@b" },
        { "a@b,\n c@d\n", "a@b|c@d" },
        { "\"a\r\n b\" <c@d>", "c@d" },
    };

    CHECK_ROWS(rows);
}

static void source_routes(void)
{
    static const char *const rows[][2] = { { "<@x,@y:a@b>", "a@b" }, { "Ann <@x:a@b>, c@d", "a@b|c@d" } };

    CHECK_ROWS(rows);
}

static void what_is_no_address(void)
{
    static const char *const rows[][2] = {
        { "a@", "!" }, { "@b", "!" }, { "<>", "!" }, { "<a@b", "!" }, { "a@b@c, d@e", "!|d@e" },
        { "a@b, x y@, c@d", "a@b|!|c@d" },
        { "a..b@c", "!" }, { "\xff", "!" }, { "a@b\xe9", "!" }, { "<a\x01@b>", "!" },
        { ">", "" },
    };

    CHECK_ROWS(rows);
}

/* Two words are two words: joined they would be somebody else's address. */
static void words_are_never_joined(void)
{
    static const char *const rows[][2] = {
        { "foo bar@example.org", "!" }, { "foo@example.org bar", "!" }, { "a@b c@d", "!" },
        { "<foo bar@example.org>", "!" },
        { "foo\r\n bar@example.org", "!" }, { "foo(x)bar@example.org", "!" }, { "root admin", "!" },
    };

    CHECK_ROWS(rows);
}

/* A colon within brackets begins no group. */
static void address_literals(void)
{
    static const char *const rows[][2] = {
        { "a@[192.0.2.1]", "a@[192.0.2.1]" }, { "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]" },
        { "a@[IPv6:2001:db8::1], c@d", "a@[IPv6:2001:db8::1]|c@d" },
    };

    CHECK_ROWS(rows);
}

static void the_first_bad_one_is_told(void)
{
    read_n("a@b, x..y@c, z..@d", 18);
    CHECK_STR(l.bad, "x..y@c");
    read_n("a@b", 3);
    CHECK_STR(l.bad, "");
    read_n("\x01\xff@x", 4);
    CHECK_STR(l.bad, "??@x");
}

static void a_nul_ends_nothing(void)
{
    CHECK_STR(read_n("a\0@b, c@d", 9), "!|c@d");
}

static void long_ones_are_refused_and_bounded(void)
{
    static char text[5000];

    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 8, "@b, c@d", 7);
    text[sizeof text - 1] = '\0';
    CHECK_STR(read_n(text, strlen(text)), "!|c@d");
    CHECK(strlen(l.bad) < sizeof l.bad);
    memset(text, ' ', sizeof text);
    memcpy(text + sizeof text - 8, "<a@b>  ", 7);
    CHECK_STR(read_n(text, sizeof text - 1), "a@b");
    memset(text, 'N', sizeof text - 8);                  /* a name may be as long as it likes */
    CHECK_STR(read_n(text, sizeof text - 1), "a@b");
    memset(text, '(', sizeof text);
    CHECK_STR(read_n(text, sizeof text), "");
}

int main(void)
{
    RUN(plain_lists);
    RUN(names_and_quotes);
    RUN(comments);
    RUN(groups);
    RUN(folded_lines);
    RUN(source_routes);
    RUN(what_is_no_address);
    RUN(words_are_never_joined);
    RUN(address_literals);
    RUN(the_first_bad_one_is_told);
    RUN(a_nul_ends_nothing);
    RUN(long_ones_are_refused_and_bounded);
    TEST_DONE();
}
