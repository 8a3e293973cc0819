/* Lines of hosts.allow and hosts.deny: how they are joined, numbered and divided. */
#include "mail/rule.h"

#include "base/str.h"
#include "test.h"

static struct rule_reader r;
static char all[400];

/* All lines of a text as `NUMBER<line>`; `!` for one that the original does not read whole. */
static const char *lines(const char *text)
{
    struct rule_span line;
    struct str s;
    int got;

    r.at = text;
    r.end = text + strlen(text);
    r.next = 1;
    str_init(&s, all, sizeof all);
    while ((got = rule_next(&r, &line)) != 0) {
        str_addu(&s, r.line);
        str_addc(&s, got > 0 ? '<' : '!');
        str_addn(&s, line.p, line.n < 30 ? line.n : 30);
        str_addc(&s, '>');
    }
    return all;
}

static void lines_are_joined_and_numbered(void)
{
    CHECK_STR(lines(""), "");
    CHECK_STR(lines("\n\n"), "");
    CHECK_STR(lines("a"), "1!a>");
    CHECK_STR(lines("a\nb\n"), "1<a>2<b>");
    CHECK_STR(lines("# x\n\n \t\n\r\n a\n"), "5< a>");
    CHECK_STR(lines("a\\\nb\\\nc\nd\n"), "1<abc>4<d>");
    CHECK_STR(lines("# x\\\nb\nc\n"), "3<c>");
    CHECK_STR(lines("a\\\n# b\n"), "1<a# b>");
    CHECK_STR(lines("a\\"), "1!a\\>");
    CHECK_STR(lines("a\\\n"), "1!a>");
    CHECK_STR(lines("\\\n\\\n\nb\n"), "4<b>");
    CHECK_STR(lines("a\\ \nb\n"), "1<a\\ >2<b>");
    CHECK_STR(lines("a\r\n"), "1<a\r>");
    CHECK_STR(lines("a\n#b"), "1<a>2!#b>");
    CHECK_STR(r.wrong, "the last line does not end: put a newline there, without a backslash before it");
    CHECK_STR(lines("a\n#b\\\n"), "1<a>2!#b>");
    CHECK_STR(lines("a\n "), "1<a>2! >");
}

/* libwrap's fgets ends at the NUL, so that the next line becomes a part of the comment. */
static void nul_in_a_comment(void)
{
    static const char text[] = "# a\0b\nALL: ALL\n";
    struct rule_span line;

    r.at = text;
    r.end = text + sizeof text - 1;
    r.next = 1;
    CHECK_EQ(rule_next(&r, &line), -1);
    CHECK_EQ(r.line, 1);
    CHECK_STR(r.wrong, "a NUL byte: save the file as plain ASCII text");
}

/* The parts as `daemons|clients|options`, or what is wrong. */
static const char *parts(const char *text)
{
    struct rule_span line = { text, strlen(text) };
    struct rule rule;
    struct str s;
    const char *wrong = rule_split(&line, &rule);

    if (wrong)
        return wrong;
    str_init(&s, all, sizeof all);
    str_addn(&s, rule.daemons.p, rule.daemons.n);
    str_addc(&s, '|');
    str_addn(&s, rule.clients.p, rule.clients.n);
    if (rule.has_options) {
        str_addc(&s, '|');
        str_addn(&s, rule.options.p, rule.options.n);
    }
    return all;
}

static void lines_are_divided_at_colons_outside_of_brackets(void)
{
    CHECK_STR(parts("a: b"), "a| b");
    CHECK_STR(parts("a:b:c:d"), "a|b|c:d");
    CHECK_STR(parts(":"), "|");
    CHECK_STR(parts("a:b:"), "a|b|");
    CHECK_STR(parts("a@[::1]:[fe80::]/10:deny"), "a@[::1]|[fe80::]/10|deny");
    CHECK_STR(parts("a: 10.0.0.1:deny"), "a| 10.0.0.1|deny");
    CHECK_STR(parts("a: fe80::1:deny"), "an IPv6 address stands in brackets: [2001:db8::1]");
    CHECK_STR(parts("a: ::"), "an IPv6 address stands in brackets: [2001:db8::1]");
    CHECK_STR(parts("a b"), "no colon between daemons and clients: write `daemon: client`");
    CHECK_STR(parts("  # a b"), "a comment has its # in the first column: take out what stands before it");
}

static void items(void)
{
    struct rule_span list = { " ,a, b\t,,c ", 11 }, item;
    int n = 0;

    for (; rule_item(&list, &item); n++) {
        CHECK_EQ(item.n, 1);
        CHECK_EQ(*item.p, "abc"[n]);
    }
    CHECK_EQ(n, 3);
    CHECK_EQ(list.n, 0);
}

int main(void)
{
    RUN(lines_are_joined_and_numbered);
    RUN(nul_in_a_comment);
    RUN(lines_are_divided_at_colons_outside_of_brackets);
    RUN(items);
    TEST_DONE();
}
