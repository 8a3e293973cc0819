/* Blocklists: whom to ask about, and what answers mean. */
#include "mail/dnsbl.h"

#include "test.h"

static bool may_ask(const char *text)
{
    struct net_addr a;

    CHECK_EQ(net_parse(text, strlen(text), &a), 0);
    return dnsbl_may_ask(&a);
}

static void who_is_of_the_internet(void)
{
    static const char *const inner[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.2",
        "127.255.255.255", "169.254.0.1", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.2", "192.168.0.0",
        "192.168.255.255", "198.18.0.0", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "64:ff9b::1", "4000::1", "::ffff:10.0.0.1"
    };
    static const char *const outer[] = {
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.2.1", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.100.1", "203.0.113.1", "223.255.255.255",
        "2001:db8::1", "2a00::1", "3fff:ffff::1", "::ffff:192.0.2.1"
    };
    struct net_addr none = { NET_NONE, { 0 } };

    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if (may_ask(inner[i]))
            test_fail(__FILE__, __LINE__, "%s is asked about", inner[i]);
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        if (!may_ask(outer[i]))
            test_fail(__FILE__, __LINE__, "%s is not asked about", outer[i]);
    CHECK(!dnsbl_may_ask(&none));
}

/* Of up to two addresses; `deciding` is the one that must be told. */
static void reads(enum dnsbl_answer want, const char *first, const char *second, const char *deciding)
{
    static struct dnsmsg_answer a;
    const struct net_addr *which = NULL;
    char text[NET_TEXT];

    a.n = second ? 2 : 1;
    CHECK_EQ(net_parse(first, strlen(first), &a.addr[0]), 0);
    if (second)
        CHECK_EQ(net_parse(second, strlen(second), &a.addr[1]), 0);
    enum dnsbl_answer r = dnsbl_read(&a, &which);
    if (r != want)
        test_fail(__FILE__, __LINE__, "%s %s: %d", first, second ? second : "", r);
    net_format(which, text);
    CHECK_STR(text, deciding);
}

static void what_answers_mean(void)
{
    static const char *const listed[] = {
        "127.0.0.2", "127.0.0.0", "127.0.0.11", "127.0.1.1", "127.0.1.254", "127.0.2.255", "127.1.0.1",
        "127.255.254.254"
    };
    static const char *const refused[] = { "127.255.255.252", "127.255.255.254", "127.255.255.0", "127.0.1.255" };
    static const char *const strange[] = { "127.0.0.1", "0.0.0.0", "10.0.0.1", "126.0.0.2", "128.0.0.2", "192.0.2.1" };

    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
        reads(DNSBL_LISTED, listed[i], NULL, listed[i]);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        reads(DNSBL_REFUSED, refused[i], NULL, refused[i]);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        reads(DNSBL_STRANGE, strange[i], NULL, strange[i]);
}

static void of_several_all_must_list(void)
{
    reads(DNSBL_LISTED, "127.0.0.2", "127.0.0.10", "127.0.0.2");
    reads(DNSBL_STRANGE, "127.0.0.2", "192.0.2.1", "192.0.2.1");
    reads(DNSBL_REFUSED, "127.0.0.2", "127.255.255.254", "127.255.255.254");
    reads(DNSBL_STRANGE, "192.0.2.1", "127.0.0.2", "192.0.2.1");
}

int main(void)
{
    RUN(who_is_of_the_internet);
    RUN(what_answers_mean);
    RUN(of_several_all_must_list);
    TEST_DONE();
}
