/* Routes of recipients and the times between attempts. */
#include "mail/policy.h"

#include "test.h"

static struct conf c;

static struct address *address(const char *text)
{
    static struct address a;

    if (address_mailbox(text, strlen(text), &a) != ADDRESS_OK)
        test_fail(__FILE__, __LINE__, "the test has a bad address: %s", text);
    return &a;
}

static void set_up(void)
{
    conf_defaults(&c);
    c.hostname = "mx.example.org";
    c.local_domains = "example.org Second.Example";
    c.relay_domains = "relay.example";
}

static void routes(void)
{
    static const struct { const char *text; enum policy_route want; } rows[] = {
        { "a@example.org", POLICY_LOCAL }, { "a@EXAMPLE.ORG", POLICY_LOCAL }, { "a@mx.example.org", POLICY_LOCAL },
        { "a@second.example", POLICY_LOCAL }, { "a", POLICY_LOCAL }, { "a@relay.example", POLICY_RELAY },
        { "a@Relay.Example", POLICY_RELAY }, { "a@sub.example.org", POLICY_REMOTE },
        { "a@xexample.org", POLICY_REMOTE },
        { "a@example.or", POLICY_REMOTE }, { "a@sub.relay.example", POLICY_REMOTE }, { "a@[192.0.2.1]", POLICY_REMOTE },
        { "\"example.org\"@other.example", POLICY_REMOTE }, { "a@org", POLICY_REMOTE },
    };

    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct address *a = address(rows[i].text);
        if (policy_route(&c, a) != rows[i].want)
            test_fail(__FILE__, __LINE__, "%s: %d", rows[i].text, policy_route(&c, a));
        CHECK_EQ(policy_is_ours(&c, a), rows[i].want != POLICY_REMOTE);
    }
}

static void the_hostname_is_local_without_any_list(void)
{
    set_up();
    c.local_domains = c.relay_domains = "";
    CHECK_EQ(policy_route(&c, address("a@mx.example.org")), POLICY_LOCAL);
    CHECK_EQ(policy_route(&c, address("a@example.org")), POLICY_REMOTE);
}

static void postmaster(void)
{
    set_up();
    CHECK(policy_is_postmaster(&c, address("postmaster")));
    CHECK(policy_is_postmaster(&c, address("PostMaster@example.org")));
    CHECK(policy_is_postmaster(&c, address("\"postmaster\"@mx.example.org")));
    CHECK(!policy_is_postmaster(&c, address("postmaster@relay.example")));
    CHECK(!policy_is_postmaster(&c, address("postmaster@other.example")));
    CHECK(!policy_is_postmaster(&c, address("postmasters@example.org")));
}

static void destinations(void)
{
    static const char *const rows[][3] = {      /* recipient, with postmaster unset, with it set */
        { "a@example.org", "a@example.org", "a@example.org" },
        { "postmaster", "postmaster@mx.example.org", "boss@far.example" },
        { "POSTMASTER@example.org", "POSTMASTER@example.org", "boss@far.example" }, { "root", "root@mx.example.org",
        "root@mx.example.org" }, { "postmaster@relay.example", "postmaster@relay.example", "postmaster@relay.example" },
    };
    char to[600];

    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        c.postmaster = "";
        policy_destination(&c, address(rows[i][0]), to, sizeof to);
        CHECK_STR(to, rows[i][1]);
        c.postmaster = "boss@far.example";
        policy_destination(&c, address(rows[i][0]), to, sizeof to);
        CHECK_STR(to, rows[i][2]);
    }
}

static void backoff_doubles_up_to_the_most(void)
{
    set_up();
    c.retry_min = 320;
    c.retry_max = 5000;
    for (uint32_t attempts = 0; attempts < 40; attempts++) {
        uint32_t want = 320;
        for (uint32_t i = 1; i < attempts && want < 5000; i++)
            want = 2 * want < 5000 ? 2 * want : 5000;
        uint32_t least = UINT32_MAX, most = 0;
        for (uint32_t random = 0; random < 3000; random++) {
            uint32_t t = policy_backoff(&c, attempts, random);
            least = t < least ? t : least;
            most = t > most ? t : most;
        }
        CHECK_EQ(least, want - want / 8);
        CHECK_EQ(most, want + want / 8);
    }
}

static void backoff_at_the_edges(void)
{
    set_up();
    c.retry_min = c.retry_max = 1;
    CHECK_EQ(policy_backoff(&c, 1, 12345), 1);
    c.retry_max = UINT32_MAX;
    c.retry_min = UINT32_MAX;
    CHECK(policy_backoff(&c, UINT32_MAX, UINT32_MAX) >= UINT32_MAX / 8 * 7);
    c.retry_min = 1;
    c.retry_max = 7 * 86400;
    CHECK(policy_backoff(&c, UINT32_MAX, 0) >= 6 * 86400);
    CHECK(policy_backoff(&c, 0xffff, UINT32_MAX) <= 8 * 86400);
}

int main(void)
{
    RUN(routes);
    RUN(the_hostname_is_local_without_any_list);
    RUN(postmaster);
    RUN(destinations);
    RUN(backoff_doubles_up_to_the_most);
    RUN(backoff_at_the_edges);
    TEST_DONE();
}
