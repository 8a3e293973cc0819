/* Addresses: strict reading, the canonical text, prefixes. */
#include "mail/net.h"

#include "test.h"

/* Reads text and writes it again; "-" when it is no address. */
static const char *again(const char *text)
{
    static char out[NET_TEXT];
    struct net_addr a;

    if (net_parse(text, strlen(text), &a))
        return a.family == NET_NONE ? "-" : "refused, but left an address behind";
    net_format(&a, out);
    return out;
}

static void reads_and_writes_addresses(void)
{
    static const char *const rows[][2] = {
        { "0.0.0.0", "0.0.0.0" }, { "127.0.0.1", "127.0.0.1" }, { "255.255.255.255", "255.255.255.255" },
        { "::", "::" }, { "::1", "::1" }, { "1::", "1::" }, { "2001:db8::1", "2001:db8::1" },
        { "2001:DB8:0:0:0:0:0:1", "2001:db8::1" }, { "fe80:0000::0001", "fe80::1" },
        { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" }, { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
        { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },                      /* RFC 5952 4.2.2: no `::` for one group */
        { "1:0:0:2:0:0:0:3", "1:0:0:2::3" },                           /* 4.2.3: the longest */
        { "1:0:0:2:3:0:0:4", "1::2:3:0:0:4" },                         /* the first of equals */
        { "abcd:ef01:2345:6789:abcd:ef01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789" },
        { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
        { "::ffff:192.0.2.1", "192.0.2.1" }, { "::ffff:c000:201", "192.0.2.1" },
        { "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4" }, { "::1.2.3.4", "::102:304" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(again(rows[i][0]), rows[i][1]);
}

static void refuses_what_is_no_address(void)
{
    static const char *const rows[] = {
        "",
        ".",
        "1",
        "1.2",
        "1.2.3",
        "1.2.3.",
        ".1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1..2.3",
        "256.1.1.1",
        "1.2.3.999",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.4 ",
        " 1.2.3.4",
        "+1.2.3.4",
        "-1.2.3.4",
        "0x1.2.3.4",
        "1.2.3.4/8",
        "a.b.c.d",
        "4294967297.0.0.1",
        ":",
        ":::",
        "1:",
        ":1",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "[::1]",
        "::1/128",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4:8",
        "::1.2.3",
        "::1.2.3.256",
        "::01.2.3.4",
        "1.2.3.4::",
        "::-1",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(again(rows[i]), "-");
}

static void reads_exactly_n_bytes(void)
{
    struct net_addr a;

    CHECK_EQ(net_parse("10.0.0.12", 8, &a), 0);
    CHECK_EQ(a.byte[3], 1);
    CHECK_EQ(net_parse("1.2.3.4\0", 8, &a), -1);
    CHECK_EQ(net_parse("::1]", 3, &a), 0);
}

static void octets_of_a_prefix(void)
{
    uint8_t b[4];

    CHECK_EQ(net_parse_octets("192.168", 7, b), 2);
    CHECK_EQ(b[0] == 192 && b[1] == 168 && b[2] == 0 && b[3] == 0, 1);
    CHECK_EQ(net_parse_octets("0", 1, b), 1);
    CHECK_EQ(net_parse_octets("00", 2, b), -1);
    CHECK_EQ(net_parse_octets("1.2.3.4.5", 9, b), -1);
    CHECK_EQ(net_parse_octets("", 0, b), -1);
}

static struct net_addr addr(const char *text)
{
    struct net_addr a;

    net_parse(text, strlen(text), &a);
    return a;
}

static void prefixes(void)
{
    static const struct { const char *a, *prefix; unsigned bits; bool in;
    } rows[] = {
        { "10.1.2.3", "10.0.0.0", 8, true },
        { "11.1.2.3", "10.0.0.0", 8, false },
        { "11.1.2.3", "10.0.0.0", 7, true },
        { "1.2.3.4", "1.2.3.4", 32, true },
        { "1.2.3.5", "1.2.3.4", 32, false },
        { "1.2.3.5", "1.2.3.4", 31, true },
        { "1.2.3.4", "9.9.9.9", 0, true },
        { "1.2.3.4", "1.2.3.4", 33, false },
        { "::1", "::", 0, true },
        { "2001:db8::1", "2001:db8::", 32, true },
        { "2001:db9::1", "2001:db8::", 32, false },
        { "2001:db9::1", "2001:db8::", 31, true },
        { "::1", "::1", 128, true },
        { "::1", "::1", 129, false },
        { "1.2.3.4", "::", 0, false },
        { "::1", "0.0.0.0", 0, false },
        { "::ffff:10.0.0.1", "10.0.0.0", 8, true },
        { "", "0.0.0.0", 0, false },
        { "", "", 0, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_addr a = addr(rows[i].a), p = addr(rows[i].prefix);
        if (net_in_prefix(&a, &p, rows[i].bits) != rows[i].in)
            test_fail(__FILE__, __LINE__, "%s in %s/%u", rows[i].a, rows[i].prefix, rows[i].bits);
    }
}

static void equality_and_loopback(void)
{
    struct net_addr none = { NET_NONE, { 0 } }, a = addr("::ffff:1.2.3.4"), b = addr("1.2.3.4"), six = addr("::1");
    struct net_addr eight = addr("127.8.8.8"), other = addr("128.0.0.1"), two = addr("::2"), zero = addr("0.0.0.1");

    CHECK(net_equal(&a, &b));
    CHECK(!net_equal(&a, &six));
    CHECK(!net_equal(&none, &none));
    CHECK(net_is_loopback(&six) && net_is_loopback(&eight));
    CHECK(!net_is_loopback(&other) && !net_is_loopback(&two) && !net_is_loopback(&zero) && !net_is_loopback(&none));
}

static void nothing_is_written_as_unknown(void)
{
    struct net_addr none = { NET_NONE, { 0 } };
    char text[NET_TEXT];

    net_format(&none, text);
    CHECK_STR(text, "unknown");
}

static void source_routes(void)
{
    static const struct { const char *bytes; size_t n; bool yes; } rows[] = {
        { "", 0, false }, { "\x01\x01\x00", 3, false }, { "\x83\x07\x04\x7f\0\0\x01", 7, true },
        { "\x01\x89\x07\x04", 4, true }, { "\x07\x0b\x04\0\0\0\0\0\0\0\0\x83", 12, true },
        { "\x07\x0b\x04\x83\0\0\0\0\0\0\0", 11, false }, { "\x00\x83", 2, false }, { "\x07", 1, false },
        { "\x07\x00\x83", 3, false }, { "\x07\xff\x83", 3, false }, { "\x83", 1, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (net_has_source_route((const uint8_t *)rows[i].bytes, rows[i].n) != rows[i].yes)
            test_fail(__FILE__, __LINE__, "row %zu", i);
}

int main(void)
{
    RUN(reads_and_writes_addresses);
    RUN(refuses_what_is_no_address);
    RUN(reads_exactly_n_bytes);
    RUN(octets_of_a_prefix);
    RUN(prefixes);
    RUN(equality_and_loopback);
    RUN(nothing_is_written_as_unknown);
    RUN(source_routes);
    TEST_DONE();
}
