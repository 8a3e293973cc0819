/* Pairs that earlier rules decide: what covers what, and what does not. */
#include "mail/cover.h"

#include "test.h"

static struct cover_entry entry[64];
static struct cover c;

static struct rule_span span(const char *text)
{
    return (struct rule_span){ text, strlen(text) };
}

/* Does a rule `daemon: client` decide for all of `other: item`? */
static int covers(const char *daemon, const char *client, const char *other, const char *item)
{
    const struct rule_span d = span(daemon), k = span(client), o = span(other), i = span(item);

    cover_init(&c, entry, 64);
    cover_add(&c, &d, &k, 7);
    uint32_t id = cover_find(&c, &o, &i);
    CHECK(id == 0 || id == 7);
    return id == 7;
}

static void clients(void)
{
    static const char *const yes[][2] = {
        { "ALL", "10." }, { "all", "joe@ALL" }, { "10.", "10.1.2.3" }, { "10.", "10.0.0.0/8" },
        { "10.", "10.9.0.0/16" },
        { "10.0.0.0/255.0.0.0", "10.1." }, { "0.0.0.0/0.0.0.0", "10.1." }, { "10.1.2.3", "10.1.2.3/32" },
        { "[2001:db8::]/32", "[2001:db8::1]" }, { "[::]/0", "[fe80::]/10" }, { ".lan", "a.lan" }, { ".lan", ".b.lan" },
        { ".LAN", "A.b.lan" }, { "a.lan", "A.LAN" }, { "LOCAL", "local" }, { "mx?.lan", "MX?.lan" },
        { "ALL@10.", "10.1." },
        { "192.0.1.0/255.0.255.0", "192.0.1.0/255.0.255.0" }, { "10.", "joe@10.1." },
    };
    static const char *const no[][2] = {
        { "10.", "ALL" }, { "10.1.", "10." }, { "10.", "11." }, { "10.", "[::]/0" }, { "[::]/0", "10." },
        { ".lan", "lan" },
        { ".lan", "alan" }, { "a.lan", ".lan" }, { "KNOWN", "a.lan" }, { "joe@10.", "10." }, { "joe@10.", "joe@10." },
        { "192.0.1.0/255.0.255.0", "192.0.1.5" }, { "@g", "@g" }, { "10.*", "10." },
    };

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!covers("sshd", yes[i][0], "sshd", yes[i][1]))
            test_fail(__FILE__, __LINE__, "%s does not cover %s", yes[i][0], yes[i][1]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (covers("sshd", no[i][0], "sshd", no[i][1]))
            test_fail(__FILE__, __LINE__, "%s covers %s", no[i][0], no[i][1]);
}

static void daemons(void)
{
    CHECK(covers("ALL", "10.", "sshd", "10.1."));
    CHECK(covers("sshd", "10.", "SSHD", "10.1."));
    CHECK(covers("sshd", "10.", "sshd@10.0.0.1", "10.1."));
    CHECK(covers("sshd@10.0.0.1", "10.", "sshd@10.0.0.1", "10.1."));
    CHECK(!covers("sshd@10.0.0.1", "10.", "sshd", "10.1."));
    CHECK(!covers("sshd", "10.", "ALL", "10.1."));
    CHECK(!covers("sshd", "10.", "smtpd", "10.1."));
    CHECK(!covers("s*", "10.", "sshd", "10.1."));
}

static void the_first_stays_and_room_ends(void)
{
    const struct rule_span d = span("ALL"), all = span("ALL");

    cover_init(&c, entry, 8);
    for (uint32_t i = 1; i <= 20; i++) {
        char net[8];
        snprintf(net, sizeof net, "%d.", (int)i);
        const struct rule_span n = span(net);
        cover_add(&c, &d, &n, i);
        cover_add(&c, &d, &n, i + 100);
        CHECK(cover_find(&c, &d, &n) == i || (i > 4 && cover_find(&c, &d, &n) == 0));
    }
    CHECK(c.used < 8);
    cover_init(&c, entry, 0);
    cover_add(&c, &d, &all, 1);
    CHECK_EQ(cover_find(&c, &d, &all), 0);
}

int main(void)
{
    RUN(clients);
    RUN(daemons);
    RUN(the_first_stays_and_room_ends);
    TEST_DONE();
}
