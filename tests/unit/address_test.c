/* Mailboxes and paths: RFC 5321 4.1.2 row by row, the limits byte by byte, and CASES D3 to D12. */
#include "mail/address.h"

#include "base/str.h"
#include "test.h"

#include <stdlib.h>

enum { OK = ADDRESS_OK, BAD = ADDRESS_BAD, LONG = ADDRESS_LONG, EIGHT = ADDRESS_8BIT, ROUTED = ADDRESS_ROUTED };

static struct address a;
static size_t used;

/* Each reads a copy that ends where it ends, so that the sanitised build sees a byte too many. */
static int path_n(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    memset(&a, 0x55, sizeof a);
    used = 9999;
    int r = address_path(copy, n, &a, &used);
    free(copy);
    return r;
}

static int path(const char *text)
{
    return path_n(text, strlen(text));
}

static int mailbox(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    memset(&a, 0x55, sizeof a);
    int r = address_mailbox(copy, n, &a);
    free(copy);
    return r;
}

struct row {
    const char *text;
    int want;
};

static void check_paths(const struct row *rows, size_t n)
{
    char quoted[300];

    for (size_t i = 0; i < n; i++) {
        int got = path(rows[i].text);
        if (got != rows[i].want)
            test_fail(__FILE__, __LINE__, "%s: %d, not %d", test_quote(quoted, sizeof quoted, rows[i].text), got,
                      rows[i].want);
    }
}
#define CHECK_PATHS(rows) check_paths(rows, sizeof rows / sizeof *rows)

static void what_is_stored(void)
{
    CHECK_EQ(path("<User@Example.ORG> SIZE=1"), OK);
    CHECK_STR(a.text, "User@Example.ORG");
    CHECK_EQ(a.len, 16);
    CHECK_EQ(a.at, 4);
    CHECK_EQ(used, 18);
    CHECK_STR(address_domain(&a), "Example.ORG");
    CHECK(!address_is_null(&a));
    CHECK_EQ(path("<\"a b\"@d.example>"), OK);
    CHECK_STR(a.text, "\"a b\"@d.example");
    CHECK_EQ(a.at, 5);
}

static void d5_brackets(void)
{
    static const struct row rows[] = {
        { "a@b", BAD }, { "< a@b>", BAD }, { "<a@b", BAD }, { "<<a@b>>", BAD }, { "<a@b >", BAD }, { "<a @b>", BAD },
        { "<a@ b>", BAD }, { " <a@b>", BAD }, { "", BAD }, { "<", BAD }, { ">", BAD }, { "a@b>", BAD },
        { "[a@b]", BAD },
        { "<a@b>x", OK }, { "<a@b>>", OK }, { "<a@b> x", OK },
    };

    CHECK_PATHS(rows);
    path("<a@b>x");
    CHECK_EQ(used, 5);               /* what follows is the caller's */
}

static void d6_open_quotes_and_brackets(void)
{
    static const struct row rows[] = {
        { "<\"a@b>", BAD }, { "<a\"@b>", BAD }, { "<\"a\\\"@b>", BAD }, { "<\"a\\", BAD }, { "<a@[1.2.3.4>", BAD },
        { "<a@1.2.3.4]>", BAD }, { "<\"a\"b@c>", BAD }, { "<a\"b\"@c>", BAD }, { "<\"a\">", OK }, { "<\"a>b\"@c>", OK },
        { "<\"", BAD }, { "<\"\\>", BAD },
    };

    CHECK_PATHS(rows);
}

static void d7_quoted_local_parts(void)
{
    static const struct row rows[] = {
        { "<\"a b\"@d>", OK }, { "<\"\"@d>", OK }, { "<\"a\\\"b\"@d>", OK }, { "<\"a\\ b\"@d>", OK },
        { "<\"a..b\"@d>", OK },
        { "<\"a<b>\"@d>", OK }, { "<\"\\\\\"@d>", OK }, { "<\"a\tb\"@d>", BAD }, { "<\"a\x7f\"@d>", BAD },
        { "<\"a\\\x01\"@d>", BAD },
        { "<\"a\"@>", BAD }, { "<\"a\" @d>", BAD },
    };

    CHECK_PATHS(rows);
}

static void dot_strings(void)
{
    static const struct row rows[] = {
        { "<a.b.c@d>", OK }, { "<.a@d>", BAD }, { "<a.@d>", BAD }, { "<a..b@d>", BAD }, { "<.@d>", BAD },
        { "<@d>", BAD },
        { "<a#$&'*+-/=?^_`{|}~@d>", OK }, { "<a,b@d>", BAD }, { "<a;b@d>", BAD }, { "<a:b@d>", BAD },
        { "<a(c)@d>", BAD },
        { "<a\\b@d>", BAD }, { "<a[b@d>", BAD }, { "<0@d>", OK }, { "<->", OK }, { "<a>", OK }, { "<a@>", BAD },
    };

    CHECK_PATHS(rows);
}

static void d8_a_source_route_is_dropped(void)
{
    static const struct row rows[] = {
        { "<@a.example:u@d>", OK }, { "<@a,@b.c,@d:u@e>", OK }, { "<@:u@d>", BAD }, { "<@a:>", BAD },
        { "<@a,:u@d>", BAD },
        { "<@a,b:u@d>", BAD }, { "<@a,,@b:u@d>", BAD }, { "<@a u@d>", BAD }, { "<@a:u@d", BAD }, { "<a:u@d>", BAD },
        { "<@a_b:u@d>", OK }, { "<@-a:u@d>", BAD }, { "<@[1.2.3.4]:u@d>", BAD }, { "<@a@b:u@d>", BAD },
        { "<@a:@b:u@d>", BAD },
    };

    CHECK_PATHS(rows);
    CHECK_EQ(path("<@relay.example,@next.example:u@d>"), OK);
    CHECK_STR(a.text, "u@d");
    CHECK_EQ(used, 34);
}

static void d9_an_address_in_the_address_is_refused(void)
{
    static const struct row rows[] = {
        { "<u@d@us>", ROUTED }, { "<u@d@>", ROUTED }, { "<u%d@e@us>", ROUTED }, { "<\"u\"@d@us>", ROUTED },
        { "<@a:u@d@us>", ROUTED },
    };

    CHECK_PATHS(rows);
}

static void d9_a_route_in_the_local_part_is_seen(void)
{
    static const struct { const char *text; bool routed; } rows[] = {
        { "u%d@us", true }, { "\"u%d\"@us", true }, { "d!u", true }, { "d!u@us", true },
        { "\"u@d\"@[192.0.2.1]", true },
        { "u%d", true }, { "%@us", true }, { "\"d\\!u\"@us", true }, { "\"u\\@d\"@us", true }, { "\"u%d\"", true },
        { "\"\\%\"@us", true }, { "u@us", false }, { "\"u\"@us", false }, { "u", false }, { "\"\"@us", false },
        { "\"u d\"@us", false }, { "u#d@us", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(mailbox(rows[i].text), OK);
        if (address_has_route(&a) != rows[i].routed)
            test_fail(__FILE__, __LINE__, "%s: not %d", rows[i].text, rows[i].routed);
    }
    CHECK_EQ(path("<>"), OK);
    CHECK(!address_has_route(&a));
}

static void d10_address_literals(void)
{
    static const struct row rows[] = {
        { "<a@[127.0.0.1]>", OK }, { "<a@[IPv6:::1]>", OK }, { "<a@[ipv6:2001:db8::1]>", OK },
        { "<a@[IPv6:::ffff:127.0.0.1]>", OK }, { "<a@[IPv6:2001:db8:1:2:3:4:5:6]>", OK },
        { "<a@[0177.0.0.1]>", BAD }, { "<a@[1.2.3]>", BAD }, { "<a@[1.2.3.4.5]>", BAD }, { "<a@[256.1.1.1]>", BAD },
        { "<a@[0x7f.0.0.1]>", BAD }, { "<a@[2130706433]>", BAD }, { "<a@[]>", BAD }, { "<a@[>", BAD }, { "<a@]>", BAD },
        { "<a@[::1]>", BAD }, { "<a@[IPv6:]>", BAD }, { "<a@[IPv6:1.2.3.4]>", BAD }, { "<a@[IPv6:::1%eth0]>", BAD },
        { "<a@[IPv6:1::2::3]>", BAD }, { "<a@[IPv6:12345::]>", BAD }, { "<a@[ 1.2.3.4]>", BAD },
        { "<a@[1.2.3.4]x>", BAD },
        { "<a@x[1.2.3.4]>", BAD }, { "<a@[[1.2.3.4]]>", BAD }, { "<a@[x-tag:1]>", BAD },
    };

    CHECK_PATHS(rows);
}

static void d12_null_and_postmaster(void)
{
    CHECK_EQ(path("<>"), OK);
    CHECK(address_is_null(&a));
    CHECK_EQ(used, 2);
    CHECK_STR(a.text, "");
    CHECK_STR(address_domain(&a), "");
    CHECK_EQ(path("<postmaster>"), OK);
    CHECK_STR(address_domain(&a), "");
    CHECK_EQ(a.at, a.len);
    CHECK(address_local_is(&a, "postmaster"));
    CHECK_EQ(mailbox(""), BAD);
}

static void d1_control_characters_and_eight_bit(void)
{
    char text[] = "<axb@example.org>";

    for (int c = 0; c < 256; c++) {
        text[2] = (char)c;
        int r = path_n(text, sizeof text - 1);
        if (c >= 0x80)
            CHECK_EQ(r, EIGHT);
        else if (c < ' ' || c == 0x7f)
            CHECK_EQ(r, BAD);
        text[2] = 'x';
        text[8] = (char)c;
        r = path_n(text, sizeof text - 1);
        if (c >= 0x80)
            CHECK_EQ(r, EIGHT);
        else if (r == OK)
            CHECK(str_is_alnum((char)c) || strchr("-._>", c));
        text[8] = 'm';
    }
}

static int path_utf8(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    memset(&a, 0x55, sizeof a);
    int r = address_path_utf8(copy, n, &a, &used);
    free(copy);
    return r;
}

static void utf8_where_it_may_stand(void)
{
    static const struct row rows[] = {
        { "<m\xc3\xbcller@b\xc3\xbc" "cher.example>", OK }, { "<\xe6\x97\xa5.\xf0\x9f\x93\xac@x.example>", OK },
        { "<\"\xc3\xbc b\"@x>", OK }, { "<u@\xe6\x97\xa5\xe6\x9c\xac>", OK }, { "<\xc3\xbc>", OK }, { "<>", OK },
        { "<a@b>", OK }, { "<@\xc3\xbc.example:u@d>", OK }, { "<u@a-\xc3\xbc-b.c>", OK },
        /* not UTF-8, and controls */
        { "<\xff@x>", BAD }, { "<\xc3@x>", BAD }, { "<\xc0\xaf@x>", BAD }, { "<\xed\xa0\x80@x>", BAD },
        { "<\xf4\x90\x80\x80@x>", BAD }, { "<u@\xc3>", BAD }, { "<\xc2\x85@x>", BAD }, { "<\"\xc2\x80\"@x>", BAD },
        { "<@\xff:u@d>", BAD },
        /* the grammar as ever: RFC 6531 3.3 lets no quoted pair of it through, nor a literal */
        { "<\"\\\xc3\xbc\"@x>", BAD }, { "<u@[\xc3\xbc]>", BAD }, { "<.\xc3\xbc@x>", BAD }, { "<\xc3\xbc.@x>", BAD },
        { "<u@\xc3\xbc..x>", BAD }, { "<u@-\xc3\xbc>", BAD }, { "<\xc3\xbc@d@us>", ROUTED }, { "<\xc3\xbc @d>", BAD },
        { "<\xc3\xbc\x01@d>", BAD },
    };
    char quoted[300];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int got = path_utf8(rows[i].text);
        if (got != rows[i].want)
            test_fail(__FILE__, __LINE__, "%s: %d, not %d", test_quote(quoted, sizeof quoted, rows[i].text), got,
                      rows[i].want);
        bool wide = false;
        for (const char *p = rows[i].text; *p; p++)
            wide = wide || *p & 0x80;
        if (got == OK)
            CHECK_EQ(address_is_utf8(&a), wide && !strchr(rows[i].text, ':'));
        CHECK_EQ(path(rows[i].text), wide ? EIGHT : rows[i].want);
    }
    CHECK_EQ(path_utf8("<m\xc3\xbcller@b\xc3\xbc" "cher.example>"), OK);
    CHECK_STR(a.text, "m\xc3\xbcller@b\xc3\xbc" "cher.example");
    CHECK_STR(address_domain(&a), "b\xc3\xbc" "cher.example");
    CHECK(!address_is_domain("b\xc3\xbc" "cher.example", 15));      /* for HELO and whoever else asks, it is none */
}

static void utf8_counts_by_bytes(void)
{
    char text[400], *p = text;

    *p++ = '<';
    for (int i = 0; i < 32; i++)
        p += sprintf(p, "\xc3\xbc");
    strcpy(p, "@x>");
    CHECK_EQ(path_utf8(text), OK);
    strcpy(p, "u@x>");
    CHECK_EQ(path_utf8(text), LONG);
    p = text + sprintf(text, "<u@");
    for (int i = 0; i < 31; i++)
        p += sprintf(p, "\xc3\xbc");
    strcpy(p, "l>");
    CHECK_EQ(path_utf8(text), OK);
    strcpy(p, "ll>");
    CHECK_EQ(path_utf8(text), BAD);              /* a label of 64 */
}

static void d11_no_folder_is_beyond_ascii(void)
{
    char folder[LIMIT_LOCAL_PART + 1], local[LIMIT_LOCAL_PART + 1];

    CHECK_EQ(path_utf8("<m\xc3\xbcller@x>"), OK);
    CHECK_EQ(address_folder(&a, folder), -1);
    CHECK_EQ(address_local(&a, local), 7);
    CHECK_EQ(path_utf8("<\xc3\xbc@x>"), OK);
    CHECK_EQ(address_folder(&a, folder), -1);
    CHECK_EQ(path_utf8("<user@\xc3\xbc>"), OK);
    CHECK_EQ(address_folder(&a, folder), 0);     /* whose domain it is, is another question */
    CHECK_EQ(path_utf8("<\xc3\xbc%d@x>"), OK);
    CHECK(address_has_route(&a));
    CHECK_EQ(address_mailbox_utf8("\xc3\xbc@x", 4, &a), OK);
    CHECK(address_is_utf8(&a));
    CHECK_EQ(address_mailbox_utf8("\xc3@x", 3, &a), BAD);
    CHECK_EQ(address_mailbox("\xc3\xbc@x", 4, &a), EIGHT);
}

static void local_parts_as_they_are_meant(void)
{
    static const char *const rows[][2] = {
        { "u@x", "u" }, { "U+d", "U+d" }, { "\"u\"@x", "u" }, { "\"a b\"@x", "a b" }, { "\"a\\@\\\"b\"@x", "a@\"b" },
        { "\"\"@x", "" },
    };
    char local[LIMIT_LOCAL_PART + 1];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(mailbox(rows[i][0]), OK);
        CHECK_EQ(address_local(&a, local), strlen(rows[i][1]));
        CHECK_STR(local, rows[i][1]);
    }
}

static char *times(char *p, char c, int n)
{
    memset(p, c, (size_t)n);
    return p + n;
}

/* `local@` and labels of 63 up to n bytes of domain. */
static const char *build(int local, int domain)
{
    static char text[1000];
    char *p = text;

    *p++ = '<';
    p = times(p, 'l', local);
    *p++ = '@';
    for (int i = 0; i < domain; i++)
        *p++ = i % 64 == 63 && i + 1 < domain ? '.' : 'd';
    strcpy(p, ">");
    return text;
}

static void d3_lengths(void)
{
    CHECK_EQ(path(build(64, 5)), OK);
    CHECK_EQ(path(build(65, 5)), LONG);
    CHECK_EQ(path(build(1, 63)), OK);
    CHECK_EQ(path(build(1, 252)), OK);           /* 1 + 1 + 252 and two brackets: 256 */
    CHECK_EQ(used, 256);
    CHECK_EQ(a.len, LIMIT_ADDRESS);
    CHECK_EQ(path(build(2, 252)), LONG);
    CHECK_EQ(path(build(64, 189)), OK);
    CHECK_EQ(path(build(64, 190)), LONG);
    CHECK_EQ(mailbox("a@" "0123456789012345678901234567890123456789012345678901234567890123"), BAD);
    CHECK_EQ(mailbox("a@" "012345678901234567890123456789012345678901234567890123456789012"), OK);
}

static void d3_a_route_counts_for_the_path(void)
{
    char text[600];

    /* 2 bytes, n of the route, 11 of `:u@example>`. */
    for (int n = 240; n <= 246; n++) {
        char *p = text;
        *p++ = '<';
        *p++ = '@';
        for (int i = 0; i < n; i++)
            *p++ = i % 60 == 59 && i < 239 ? '.' : 'r';
        strcpy(p, ":u@example>");
        CHECK_EQ(path(text), n + 13 <= 256 ? OK : LONG);
    }
}

static void d3_quotes_count_for_the_local_part(void)
{
    char text[200], *p = text;

    *p++ = '"';
    p = times(p, 'q', 62);
    strcpy(p, "\"@d");
    CHECK_EQ(mailbox(text), OK);
    strcpy(p, "q\"@d");
    CHECK_EQ(mailbox(text), LONG);
}

static void domains(void)
{
    static const struct row rows[] = {
        { "example.org", 1 }, { "localhost", 1 }, { "a-b.c", 1 }, { "1.2.3.4", 1 }, { "xn--bcher-kva.example", 1 },
        { "a_b", 1 },
        { "", 0 }, { ".", 0 }, { ".a", 0 }, { "a.", 0 }, { "a..b", 0 }, { "-a", 0 }, { "a-", 0 }, { "a-.b", 0 },
        { "a.-b", 0 },
        { "a b", 0 }, { "a/b", 0 }, { "a@b", 0 }, { "[1.2.3.4]", 0 }, { "a\n", 0 }, { "b\xc3\xbc", 0 }, { "a:25", 0 },
        { "*.a", 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (address_is_domain(rows[i].text, strlen(rows[i].text)) != (rows[i].want == 1))
            test_fail(__FILE__, __LINE__, "%s: not %d", rows[i].text, rows[i].want);
}

static void d3_a_domain_of_255_and_256(void)
{
    char text[300];

    for (int i = 0; i < 300; i++)
        text[i] = i % 64 == 63 ? '.' : 'd';
    CHECK(address_is_domain(text, 255));
    text[255] = 'd';
    text[254] = '.';
    CHECK(!address_is_domain(text, 256));
}

static void the_local_part_as_a_word(void)
{
    CHECK_EQ(mailbox("PostMaster@example.org"), OK);
    CHECK(address_local_is(&a, "postmaster"));
    CHECK(!address_local_is(&a, "postmaste"));
    CHECK(!address_local_is(&a, "postmasters"));
    CHECK_EQ(mailbox("\"post\\master\"@example.org"), OK);
    CHECK(address_local_is(&a, "postmaster"));
    CHECK_EQ(mailbox("\"\"@example.org"), OK);
    CHECK(address_local_is(&a, ""));
}

static void d11_folders_are_safe_file_names(void)
{
    static const char *const rows[][2] = {
        { "user@d", "user" }, { "USER@d", "user" }, { "\"User\"@d", "user" }, { "a.b_c+d-e@d", "a.b_c+d-e" },
        { "1@d", "1" },
        { "postmaster", "postmaster" }, { "\"u\\s\\er\"@d", "user" }, { "\"a..b\"@d", "a..b" },
        { "-rf@d", NULL }, { "\"../x\"@d", NULL }, { "/etc/x@d", NULL }, { "\".\"@d", NULL }, { "\"..\"@d", NULL },
        { "\".a\"@d", NULL }, { "a/b@d", NULL }, { "a|b@d", NULL }, { "\"a;b\"@d", NULL }, { "a$b@d", NULL },
        { "\"a(b\"@d", NULL },
        { "a`b@d", NULL }, { "\"\"@d", NULL }, { "\"a b\"@d", NULL }, { "_a@d", NULL }, { "+a@d", NULL },
        { "a~@d", NULL },
        { "\"\\\\\"@d", NULL }, { "a*@d", NULL }, { "a?@d", NULL }, { "\"a:2,S\"@d", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char folder[LIMIT_LOCAL_PART + 1] = "";
        CHECK_EQ(mailbox(rows[i][0]), OK);
        int r = address_folder(&a, folder);
        if (r != (rows[i][1] ? 0 : -1))
            test_fail(__FILE__, __LINE__, "%s: %d %s", rows[i][0], r, folder);
        else if (rows[i][1])
            CHECK_STR(folder, rows[i][1]);
    }
}

static void d11_a_folder_of_64_letters(void)
{
    char folder[LIMIT_LOCAL_PART + 1];

    CHECK_EQ(path(build(64, 1)), OK);
    CHECK_EQ(address_folder(&a, folder), 0);
    CHECK_EQ(strlen(folder), 64);
}

int main(void)
{
    RUN(what_is_stored);
    RUN(d5_brackets);
    RUN(d6_open_quotes_and_brackets);
    RUN(d7_quoted_local_parts);
    RUN(dot_strings);
    RUN(d8_a_source_route_is_dropped);
    RUN(d9_an_address_in_the_address_is_refused);
    RUN(d9_a_route_in_the_local_part_is_seen);
    RUN(d10_address_literals);
    RUN(d12_null_and_postmaster);
    RUN(utf8_where_it_may_stand);
    RUN(utf8_counts_by_bytes);
    RUN(d11_no_folder_is_beyond_ascii);
    RUN(local_parts_as_they_are_meant);
    RUN(d1_control_characters_and_eight_bit);
    RUN(d3_lengths);
    RUN(d3_a_route_counts_for_the_path);
    RUN(d3_quotes_count_for_the_local_part);
    RUN(domains);
    RUN(d3_a_domain_of_255_and_256);
    RUN(the_local_part_as_a_word);
    RUN(d11_folders_are_safe_file_names);
    RUN(d11_a_folder_of_64_letters);
    TEST_DONE();
}
