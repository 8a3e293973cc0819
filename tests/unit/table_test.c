/* The access table: lines and what is wrong with them, the keys that are looked for and their order, verdicts. */
#include "mail/table.h"

#include "test.h"

static struct table_line line;
static char fault[TABLE_FAULT];

static int parse(const char *text)
{
    return table_line_parse(text, strlen(text), &line, fault);
}

/* ---- lines */

static void canonical_keys(void)
{
    static const char *const rows[][2] = {
        { "Connect:10", "connect:10.0.0.0/8" }, { "connect:10.1", "connect:10.1.0.0/16" },
        { "10.1.2", "any:10.1.2.0/24" }, { "CONNECT:10.1.2.3", "connect:10.1.2.3/32" },
        { "Connect:10.0.0.0/7", "connect:10.0.0.0/7" }, { "0.0.0.0/0", "any:0.0.0.0/0" },
        { "Connect:IPv6:2001:db8::1", "connect:2001:db8::1/128" }, { "IPv6:2001:DB8", "any:2001:db8::/32" },
        { "Connect:IPv6:2002:c0a8:02c7", "connect:2002:c0a8:2c7::/48" },
        { "Connect:IPv6:1:2:3:4:5:6:7", "connect:1:2:3:4:5:6:7:0/112" },
        { "Connect:IPv6:1:2:3:4:5:6:7:8", "connect:1:2:3:4:5:6:7:8/128" },
        { "Connect:[2001:db8::]/32", "connect:2001:db8::/32" }, { "[2001:db8::]/32", "any:2001:db8::/32" },
        { "Connect:[IPv6:2001:db8::1]", "connect:2001:db8::1/128" },
        { "Connect:2001:db8::1", "connect:2001:db8::1/128" },
        { "Connect:2001:db8::/33", "connect:2001:db8::/33" }, { "Connect:dead:beef::1", "connect:dead:beef::1/128" },
        { "Connect:[127.0.0.3]", "connect:127.0.0.3/32" }, { "Connect:::1", "connect:::1/128" },
        { "Connect:::/0", "connect:::/0" }, { "Connect:IPv6:::1", "connect:::1/128" },
        { "Connect:IPv6:::ffff:10.0.0.1", "connect:10.0.0.1/32" },
        { "Connect:[::ffff:10.0.0.0]/104", "connect:10.0.0.0/8" },
        { "Example.ORG", "any:example.org" }, { "From:example.org", "from:example.org" }, { "To:tld", "to:tld" },
        { "Connect:.Example.org", "connect:.example.org" },
        { "Connect:host-1.example.org", "connect:host-1.example.org" },
        { "User@Example.org", "any:user@example.org" }, { "to:a+b@x", "to:a+b@x" },
        { "From:FREE.MAILER@", "from:free.mailer@" },
        { "From:\"quoted\"@example.org", "from:quoted@example.org" }, { "From:\"a@b\"@c", "from:a@b@c" },
        { "From:user@[192.0.2.1]", "from:user@[192.0.2.1]" }, { "From:[192.0.2.1]", "from:[192.0.2.1]" },
        { "To:[IPv6:2001:DB8:0::1]", "to:[2001:db8::1]" }, { "From:<>", "from:<>" }, { "<>", "any:<>" },
        { "12/3@x.example", "any:12/3@x.example" }, { "a/b@", "any:a/b@" },
        { "from:fromage.example", "from:fromage.example" }, { "from.example", "any:from.example" },
    };
    char text[200];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "%s \t OK \t", rows[i][0]);
        if (parse(text) != 1 || strcmp(line.key, rows[i][1]) != 0 || line.n != strlen(line.key))
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i][0], parse(text) == 1 ? line.key : fault);
        CHECK_EQ(line.action, TABLE_OK);
    }
}

static void values(void)
{
    static const struct { const char *text; enum table_action action; const char *reply; } rows[] = {
        { "ok", TABLE_OK, "" }, { "RELAY", TABLE_RELAY, "" }, { "Reject", TABLE_REJECT, "" },
        { "DISCARD", TABLE_DISCARD, "" }, { "skip", TABLE_SKIP, "" },
        { "ERROR:5.7.1:550 Go away", TABLE_REPLY, "550 5.7.1 Go away" },
        { "ERROR:5.7.1:\"550 Go away\"", TABLE_REPLY, "550 5.7.1 Go away" },
        { "ERROR:\"550 Go away\"", TABLE_REPLY, "550 5.7.1 Go away" },
        { "ERROR:550 Go away", TABLE_REPLY, "550 5.7.1 Go away" },
        { "error:450 mailbox full", TABLE_REPLY, "450 4.7.1 mailbox full" },
        { "ERROR:4.2.2:450 mailbox full", TABLE_REPLY, "450 4.2.2 mailbox full" },
        { "550 Go away", TABLE_REPLY, "550 5.7.1 Go away" }, { "\"550 Go away\"", TABLE_REPLY, "550 5.7.1 Go away" },
        { "550 5.1.1 Go # away", TABLE_REPLY, "550 5.1.1 Go # away" },
        { "550", TABLE_REPLY, "550 5.7.1 access denied" },
        { "421 4.7.0", TABLE_REPLY, "421 4.7.0 access denied" },
        { "ERROR:5.7.1:554", TABLE_REPLY, "554 5.7.1 access denied" },
        { "550 We don't \"like\" it", TABLE_REPLY, "550 5.7.1 We don't \"like\" it" },
        { "550 5.7 is no code", TABLE_REPLY, "550 5.7.1 5.7 is no code" },
        { "550 5.123.456 x", TABLE_REPLY, "550 5.123.456 x" },
    };
    char text[200];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "Connect:example.org %s", rows[i].text);
        if (parse(text) != 1)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].text, fault);
        CHECK_EQ(line.action, rows[i].action);
        CHECK_STR(line.reply, rows[i].reply);
    }
}

static void faults(void)
{
    static const char *const rows[][2] = {       /* a line, a part of what is said of it */
        { "example.org", "no value" }, { "Connect: 10.0.0.1 REJECT", "no key behind the tag" },
        { " example.org OK", "blanks in front" }, { "example.org OK # mine", "comment has a line of its own" },
        { "example.org PERMIT", "no such value" }, { "example.org QUARANTINE:spam", "no quarantine" },
        { "example.org REJECT\r", "CR" }, { "ex\xc3\xa4mple.org OK", "ASCII" }, { "\xef\xbb\xbf# x", "byte order" },
        { "Spam:example.org OK", "no such tag" }, { "TLS_Srv:example.org OK", "no such tag" },
        { "Connect:10.0.0.1/8 OK", "beyond the prefix" }, { "10.0/16 OK", "the address is whole" },
        { "10.0.0. OK", "dot at its end" }, { "example.org. OK", "dot at its end" },
        { "10.0.0.0/33 OK", "prefix length" },
        { "10.0.0.0/08 OK", "prefix length" }, { "10.0.0.0/ OK", "prefix length" },
        { "10.0.0.0/255.0.0.0 OK", "prefix length" }, { "300.0.0.1 OK", "without leading zeros" },
        { "010.0.0.1 OK", "without leading zeros" }, { "1.2.3.4.5 OK", "one to four numbers" },
        { "IPv6:2001:db8:: OK", "/128" }, { "IPv6:2001:db8::1::2 OK", "IPv6" }, { "IPv6:20011 OK", "IPv6" },
        { "[2001:db8::]/129 OK", "prefix length" }, { "[::ffff:10.0.0.0]/64 OK", "prefix length" },
        { "Connect:IPv6:1:2:3:4:5:6:7:8:9 OK", "IPv6" }, { "[192.0.2.1] OK", "Connect:, From: or To:" },
        { "Connect:user@example.org OK", "no mail address" }, { "Connect:user@ OK", "no mail address" },
        { "Connect:<> OK", "no mail address" }, { "From:10.0 OK", "write Connect:" },
        { "To:IPv6:2001:db8 OK", "write Connect:" },
        { "To:<> OK", "From:<>" }, { "@example.org OK", "without the @" }, { "<a@b> OK", "without brackets" },
        { "\"a b\"@example.org OK", "with a blank" }, { "a@b@c OK", "no address" }, { "exa_mple..org OK", "no key" },
        { "a/b OK", "prefix length" }, { "*.example.org OK", "no key" }, { ". OK", "no key" },
        { ".[10.0.0.1] OK", "no key" },
        { "From:example.org RELAY", "anyone can write" }, { "abuse@ RELAY", "in every domain" },
        { "To:abuse@ RELAY", "in every domain" }, { "<> RELAY", "anyone can write" },
        { "example.org 250 fine", "no reply" }, { "example.org 650 x", "no reply" }, { "example.org 5500", "no reply" },
        { "example.org ERROR:", "no reply" }, { "example.org ERROR:5.7.1:", "no reply" },
        { "example.org ERROR:go away", "no reply" }, { "example.org ERROR:4.7.1:550 x", "another class" },
        { "example.org 450 5.7.1 x", "another class" }, { "example.org ERROR:5.7.1:550 5.7.1 x", "two enhanced" },
        { "example.org \"550 x", "quote" }, { "example.org ERROR:5.7.1:\"550 x\" y", "quote" },
        { "example.org 550 a\tb", "tab" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int r = parse(rows[i][0]);
        if (r != -1 || !strstr(fault, rows[i][1]))
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i][0], r == -1 ? fault : "no fault");
    }
    CHECK_EQ(table_line_parse("a.b\0 OK", 7, &line, fault), -1);
    CHECK(strstr(fault, "NUL"));
}

static void what_says_nothing(void)
{
    CHECK_EQ(parse(""), 0);
    CHECK_EQ(parse(" \t "), 0);
    CHECK_EQ(parse("# Connect:10 OK"), 0);
    CHECK_EQ(parse("   # so"), 0);
    CHECK_EQ(parse("# \xc3\xa4"), 0);
}

static void the_longest(void)
{
    char text[2000];

    memset(text, 'x', sizeof text);
    memcpy(text, "a@b 550 ", 8);
    text[8 + 500] = '\0';            /* `550 5.7.1 ` and 500 are the 510 that a line has before CR LF */
    CHECK_EQ(parse(text), 1);
    CHECK_EQ(strlen(line.reply), 510);
    text[8 + 500] = 'x';
    text[8 + 501] = '\0';
    CHECK_EQ(parse(text), -1);
    CHECK(strstr(fault, "512 bytes"));
    text[8 + 501] = 'x';
    text[TABLE_LINE + 1] = '\0';
    CHECK_EQ(parse(text), -1);
    CHECK(strstr(fault, "1024 bytes"));
}

/* ---- keys */

static struct table_kinds all_kinds(void)
{
    struct table_kinds k = { 15, 15, ~0ull, { ~0ull, ~0ull, ~0ull } };

    return k;
}

static void check_keys(int at, const struct table_query *q, const struct table_kinds *kinds, const char *want)
{
    char got[4096] = "";
    struct table_keys k;

    table_keys_start(&k, q, kinds);
    while (table_keys_next(&k)) {
        strcat(got, *got ? " " : "");
        strncat(got, k.key, k.n);
    }
    if (strcmp(got, want) != 0)
        test_fail(__FILE__, at, "%s", got);
}

static const struct address *address(const char *text)
{
    static struct address a;

    memset(&a, 0, sizeof a);
    if (*text && address_mailbox(text, strlen(text), &a) != ADDRESS_OK)
        test_fail(__FILE__, __LINE__, "the test has a bad address: %s", text);
    return &a;
}

static void keys_of_addresses(void)
{
    static const char *const rows[][2] = {
        { "User@A.b.example",
          "to:user@a.b.example any:user@a.b.example to:user@ any:user@ to:a.b.example any:a.b.example "
          "to:.b.example any:.b.example to:b.example any:b.example to:.example any:.example to:example any:example" },
        { "u+d@x", "to:u+d@x any:u+d@x to:u@x any:u@x to:u+d@ any:u+d@ to:u@ any:u@ to:x any:x" },
        { "+d@x", "to:+d@x any:+d@x to:+d@ any:+d@ to:x any:x" },
        { "\"u\"@x", "to:u@x any:u@x to:u@ any:u@ to:x any:x" },
        { "\"a\\@b\"@x", "to:a@b@x any:a@b@x to:a@b@ any:a@b@ to:x any:x" },
        { "u@[IPv6:2001:db8:0::1]", "to:u@[2001:db8::1] any:u@[2001:db8::1] to:u@ any:u@ to:[2001:db8::1] "
          "any:[2001:db8::1]" },
        { "postmaster", "to:postmaster@mx any:postmaster@mx to:postmaster@ any:postmaster@ to:mx any:mx" },
        { "", "to:<> any:<>" },
    };
    struct table_kinds kinds = all_kinds();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct table_query q = { .tag = TABLE_TO, .address = address(rows[i][0]), .hostname = "mx" };
        check_keys(__LINE__, &q, &kinds, rows[i][1]);
    }
    struct table_query q = { .tag = TABLE_FROM, .address = address("u@x"), .hostname = "mx" };
    kinds.tags = 1u << TABLE_FROM | 1u << TABLE_TO;
    check_keys(__LINE__, &q, &kinds, "from:u@x from:u@ from:x");
    kinds.tags = 0;
    check_keys(__LINE__, &q, &kinds, "");
}

static struct table_query client(const char *addr, enum access_name state, const char *name)
{
    struct table_query q = { .tag = TABLE_CONNECT, .state = state, .name = name };

    if (net_parse(addr, strlen(addr), &q.client))
        test_fail(__FILE__, __LINE__, "the test has a bad address: %s", addr);
    return q;
}

static void keys_of_clients(void)
{
    struct table_kinds kinds = { 1u << TABLE_CONNECT, 1u << TABLE_CONNECT, 0, { 0, 0, 0 } };
    struct table_query q = client("10.1.2.3", ACCESS_NAME_KNOWN, "Mx.example.org");

    kinds.v4 = 1ull << 32 | 1ull << 24 | 1ull << 9 | 1;
    check_keys(__LINE__, &q, &kinds, "connect:10.1.2.3/32 connect:mx.example.org connect:.example.org "
               "connect:example.org connect:.org connect:org connect:10.1.2.0/24 connect:10.0.0.0/9 connect:0.0.0.0/0");
    q.state = ACCESS_NAME_PARANOID;
    check_keys(__LINE__, &q, &kinds, "connect:10.1.2.3/32 connect:10.1.2.0/24 connect:10.0.0.0/9 connect:0.0.0.0/0");
    q.state = ACCESS_NAME_KNOWN;
    kinds.names = 1u << TABLE_FROM;
    check_keys(__LINE__, &q, &kinds, "connect:10.1.2.3/32 connect:10.1.2.0/24 connect:10.0.0.0/9 connect:0.0.0.0/0");
    q = client("2001:db8:ffff::1", ACCESS_NAME_UNKNOWN, "");
    kinds.tags |= 1u << TABLE_ANY;
    kinds.v6[0] = 1ull << 33 | 1;
    kinds.v6[2] = 1;
    check_keys(__LINE__, &q, &kinds, "connect:2001:db8:ffff::1/128 any:2001:db8:ffff::1/128 connect:2001:db8:8000::/33 "
               "any:2001:db8:8000::/33 connect:::/0 any:::/0");
    q.client.family = NET_NONE;
    check_keys(__LINE__, &q, &kinds, "");
}

/* ---- verdicts */

static struct table_text table;
static char told[1000];

static void tell(void *context, unsigned number, const char *what)
{
    char one[400];

    (void)context;
    snprintf(one, sizeof one, "%u:%s;", number, what);
    strcat(told, one);
}

static int load(const char *text)
{
    told[0] = '\0';
    return table_text_read(&table, text, strlen(text), 42, tell, NULL);
}

static struct table_answer answer;

static const char *decide(const struct table_query *q)
{
    static const char *const actions[] = { "OK", "RELAY", "REJECT", "REPLY", "DISCARD", "SKIP" };
    struct table_source source = table_text_source(&table);

    switch (table_find(&source, q, &answer)) {
    case TABLE_NOTHING:  return "-";
    case TABLE_ASK_NAME: return "?";
    case TABLE_BROKEN:   return "!";
    default:             return actions[answer.action];
    }
}

static const char *from(const char *text)
{
    struct table_query q = { .tag = TABLE_FROM, .address = address(text), .hostname = "mx.example.org" };

    return decide(&q);
}

static const char *to(const char *text)
{
    struct table_query q = { .tag = TABLE_TO, .address = address(text), .hostname = "mx.example.org" };

    return decide(&q);
}

static const char *connect_from(const char *addr, enum access_name state, const char *name)
{
    struct table_query q = client(addr, state, name);

    return decide(&q);
}

static void the_narrowest_key_decides(void)
{
    CHECK_EQ(load("# whom we know\n\nspam.example\tREJECT\nFrom:good@spam.example OK\nTo:good.spam.example  RELAY\n"
                  "abuse@ OK\nTo:.net.example REJECT\nTo:net.example OK\n<> 451 later\n"
                  "To:x@y.example ERROR:5.1.1:550 gone\n"
                  "a.example REJECT\nFrom:a.example OK\nTo:sub.a.example SKIP"), 0);
    CHECK_STR(from("bad@spam.example"), "REJECT");
    CHECK_EQ(answer.line, 3);
    CHECK_STR(answer.rule, "spam.example REJECT");
    CHECK_STR(from("bad@SUB.spam.example"), "REJECT");
    CHECK_STR(from("GOOD@spam.example"), "OK");
    CHECK_EQ(answer.line, 4);
    CHECK_STR(to("good@spam.example"), "REJECT");
    CHECK_STR(to("a@good.spam.example"), "RELAY");
    CHECK_STR(from("a@good.spam.example"), "REJECT");
    CHECK_STR(from("a@xspam.example"), "-");
    CHECK_STR(from("abuse@spam.example"), "OK");
    CHECK_STR(from("abuse+1@spam.example"), "OK");
    CHECK_STR(to("a@net.example"), "OK");
    CHECK_STR(to("a@b.net.example"), "REJECT");
    CHECK_STR(from(""), "REPLY");
    CHECK_STR(answer.reply, "451 4.7.1 later");
    CHECK_STR(to("X+detail@y.example"), "REPLY");
    CHECK_STR(answer.reply, "550 5.1.1 gone");
    CHECK_STR(from("b@a.example"), "OK");
    CHECK_STR(to("b@a.example"), "REJECT");
    CHECK_STR(to("b@c.sub.a.example"), "-");
    CHECK_STR(from("b@c.sub.a.example"), "OK");
    CHECK_STR(to("b@elsewhere.example"), "-");
    table_text_free(&table);
}

static void clients(void)
{
    CHECK_EQ(load("Connect:10 REJECT\nConnect:10.0.0.5 OK\nConnect:10.0.0 RELAY\npartner.example OK\n"
                  "Connect:bad.partner.example REJECT\nConnect:192.0.2.0/24 DISCARD\n"), 0);
    CHECK_STR(connect_from("10.0.0.5", ACCESS_NAME_UNASKED, NULL), "OK");        /* no name is needed */
    CHECK(!answer.past_name);
    CHECK_STR(connect_from("10.0.0.6", ACCESS_NAME_UNASKED, NULL), "?");
    CHECK_STR(connect_from("10.0.0.6", ACCESS_NAME_UNKNOWN, NULL), "RELAY");
    CHECK(answer.past_name);
    CHECK_STR(connect_from("10.9.0.6", ACCESS_NAME_PARANOID, "mx.partner.example"), "REJECT");
    CHECK_STR(connect_from("10.9.0.6", ACCESS_NAME_KNOWN, "mx.partner.example"), "OK");
    CHECK(!answer.past_name);
    CHECK_STR(connect_from("10.9.0.6", ACCESS_NAME_KNOWN, "a.bad.partner.example"), "REJECT");
    CHECK_STR(connect_from("192.0.2.9", ACCESS_NAME_UNKNOWN, NULL), "DISCARD");
    CHECK_STR(connect_from("198.51.100.1", ACCESS_NAME_UNKNOWN, NULL), "-");
    CHECK_STR(from("u@10.example"), "-");
    table_text_free(&table);
}

static void no_name_is_asked_for_without_need(void)
{
    CHECK_EQ(load("Connect:10 REJECT\nFrom:spam.example REJECT\nTo:user@ OK\nuser@spam.example OK\n"), 0);
    CHECK_STR(connect_from("10.0.0.6", ACCESS_NAME_UNASKED, NULL), "REJECT");
    CHECK(!answer.past_name);
    CHECK_STR(connect_from("192.0.2.1", ACCESS_NAME_UNASKED, NULL), "-");
    table_text_free(&table);
    CHECK_EQ(load("To:x REJECT\nspam.example REJECT\n"), 0);
    CHECK_STR(connect_from("192.0.2.1", ACCESS_NAME_UNASKED, NULL), "?");
    table_text_free(&table);
}

static void faults_are_told_by_line(void)
{
    CHECK_EQ(load("# fine\nConnect:10 REJECT\nexample.org\n\nConnect:10.0.0.0/8 OK\nbad PERHAPS\n"), 1);
    CHECK_STR(told, "3:`example.org`: the key has no value: write OK, RELAY, REJECT, DISCARD, SKIP or ERROR:...;"
              "5:`connect:10.0.0.0/8`: the key stands on line 2 already: keep one of the two;"
              "6:`PERHAPS`: no such value: write OK, RELAY, REJECT, DISCARD, SKIP, ERROR:5.7.1:550 text or 550 text;");
    table_text_free(&table);
    CHECK_EQ(load(""), 0);
    CHECK_STR(from("a@b"), "-");
    table_text_free(&table);
}

/* ---- other sources */

static int wrong_line(const void *context, const char *key, size_t n, const char **text, size_t *text_n,
                      unsigned *number)
{
    (void)key;
    (void)n;
    *text = context;
    *text_n = *text ? strlen(context) : 0;
    *number = 7;
    return *text ? 1 : -1;
}

static void a_source_is_not_believed(void)
{
    struct table_query q = { .tag = TABLE_FROM, .address = address("a@b"), .hostname = "mx" };
    struct table_source s = { .kinds = all_kinds(), .get = wrong_line, .context = "From:a@c OK" };

    CHECK_EQ(table_find(&s, &q, &answer), TABLE_BROKEN);
    CHECK(strstr(answer.fault, "anew"));
    CHECK_EQ(answer.line, 7);
    s.context = "From:a@ OK";            /* the front of the key is not the key */
    CHECK_EQ(table_find(&s, &q, &answer), TABLE_BROKEN);
    s.context = "From:a@b OK";
    CHECK_EQ(table_find(&s, &q, &answer), TABLE_FOUND);
    s.context = NULL;
    CHECK_EQ(table_find(&s, &q, &answer), TABLE_BROKEN);
    s.fault = "not to be read";
    s.fault_line = 3;
    CHECK_EQ(table_find(&s, &q, &answer), TABLE_BROKEN);
    CHECK_STR(answer.fault, "not to be read");
    CHECK_EQ(answer.line, 3);
}

static void what_an_administrator_asks(void)
{
    static const struct { enum table_tag tag; const char *text, *fault; } rows[] = {
        { TABLE_CONNECT, "192.0.2.1", "" }, { TABLE_CONNECT, "2001:db8::1", "" }, { TABLE_FROM, "<>", "" },
        { TABLE_TO, "user@example.org", "" }, { TABLE_CONNECT, "192.0.2", "no address of a client" },
        { TABLE_CONNECT, "a@b", "no address of a client" }, { TABLE_TO, "<>", "no mail address" },
        { TABLE_FROM, "", "no mail address" }, { TABLE_FROM, "a@b@c", "no mail address" },
    };
    struct table_query q;
    struct address a;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int r = table_query_read(&q, &a, rows[i].tag, rows[i].text, fault);
        if (*rows[i].fault ? r != -1 || !strstr(fault, rows[i].fault) : r != 0)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].text, r ? fault : "no fault");
    }
    CHECK_EQ(load("To:example.org REJECT\n"), 0);
    CHECK_EQ(table_query_read(&q, &a, TABLE_TO, "u@example.org", fault), 0);
    CHECK_STR(decide(&q), "REJECT");
    table_text_free(&table);
}

int main(void)
{
    RUN(canonical_keys);
    RUN(values);
    RUN(faults);
    RUN(what_says_nothing);
    RUN(the_longest);
    RUN(keys_of_addresses);
    RUN(keys_of_clients);
    RUN(the_narrowest_key_decides);
    RUN(clients);
    RUN(no_name_is_asked_for_without_need);
    RUN(faults_are_told_by_line);
    RUN(a_source_is_not_believed);
    RUN(what_an_administrator_asks);
    TEST_DONE();
}
