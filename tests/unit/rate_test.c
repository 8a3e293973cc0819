/* Rates: bursts and how they come back, clocks that jump, a table that is full, and one of arbitrary bytes. */
#include "mail/rate.h"

#include "test.h"

#define MINUTE 60000

static struct rate_table table;
static const uint8_t secret[SIPHASH_KEY] = "sixteen bytes of";
static const struct conf_rate thirty = { 30, 60 }, off = { 0, 0 };
static const int64_t start = 123456789;

static bool take(uint64_t key, const struct conf_rate *rate, unsigned n, int64_t now)
{
    bool room = rate_room(&table, RATE_MESSAGES, key, rate, n, now);

    if (room)
        rate_take(&table, RATE_MESSAGES, key, rate, n, now);
    return room;
}

/* How many of `tries` are let in at once. */
static unsigned burst(uint64_t key, const struct conf_rate *rate, unsigned tries, int64_t now)
{
    unsigned in = 0;

    while (tries--)
        in += take(key, rate, 1, now);
    return in;
}

static void fresh(void)
{
    memset(&table, 0, sizeof table);
}

static void a_burst_then_its_share(void)
{
    fresh();
    CHECK_EQ(burst(7, &thirty, 100, start), 30);
    CHECK_EQ(burst(7, &thirty, 100, start + 1999), 0);
    CHECK_EQ(burst(7, &thirty, 100, start + 2000), 1);
    CHECK_EQ(burst(7, &thirty, 100, start + 9999), 3);
    CHECK_EQ(burst(7, &thirty, 100, start + 10000), 1);
    CHECK_EQ(burst(7, &thirty, 100, start + 10 * MINUTE), 30);
    CHECK_EQ(burst(8, &thirty, 100, start), 30);
}

/* What is refused costs nothing: trying every millisecond gets as much as waiting. */
static void refusals_are_free(void)
{
    unsigned in = 0;

    fresh();
    for (int64_t t = 0; t < 10 * MINUTE; t++)
        in += take(7, &thirty, 1, start + t);
    CHECK_EQ(in, 30 + 299);
}

static void all_or_nothing(void)
{
    fresh();
    CHECK(take(7, &thirty, 25, start));
    CHECK(!take(7, &thirty, 6, start));
    CHECK(take(7, &thirty, 5, start));
    CHECK(!take(7, &thirty, 1, start));
    CHECK(!take(8, &thirty, 31, start));         /* never */
    CHECK(take(8, &thirty, 30, start));
    CHECK(take(9, &thirty, 0, start));
    CHECK(!rate_room(&table, RATE_MESSAGES, 9, &thirty, UINT32_MAX, start));
}

static void rates_of_every_size(void)
{
    static const struct conf_rate some[] = {
        { 1, 1 }, { 1, 86400 }, { 7, 86400 }, { 1000000, 1 }, { 1000000, 86400 }, { 999983, 3600 }, { 3, 1 },
    };

    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const int64_t whole = (int64_t)some[i].seconds * 1000;
        fresh();
        CHECK(take(7, &some[i], some[i].count, start));
        CHECK_EQ(take(7, &some[i], 1 + some[i].count / 50, start), 0);
        CHECK(take(7, &some[i], some[i].count, start + whole));
        CHECK_EQ(take(7, &some[i], some[i].count, start + 2 * whole - 1 - whole / 50), 0);
        CHECK(take(7, &some[i], some[i].count, start + 2 * whole));
    }
    fresh();
    CHECK_EQ(burst(7, &off, 5000, start), 5000);
    CHECK_EQ(table.entry[RATE_MESSAGES][7][0].key, 0);
}

static void kinds_are_apart(void)
{
    fresh();
    CHECK_EQ(burst(7, &thirty, 30, start), 30);
    for (int kind = 0; kind < RATE_KINDS; kind++)
        CHECK_EQ(rate_room(&table, kind, 7, &thirty, 1, start), kind != RATE_MESSAGES);
}

/* After a reboot the clock begins again: what was full is not full for longer than a minute of it. */
static void the_clock_goes_back(void)
{
    fresh();
    CHECK_EQ(burst(7, &thirty, 30, start), 30);
    CHECK_EQ(burst(7, &thirty, 1, 0), 1);
    CHECK_EQ(burst(7, &thirty, 29, 5), 29);
    CHECK_EQ(burst(7, &thirty, 1, 5), 0);
    CHECK_EQ(burst(7, &thirty, 1, MINUTE), 1);
    fresh();
    CHECK_EQ(burst(7, &thirty, 30, 1000), 30);   /* a boot that was short */
    CHECK_EQ(burst(7, &thirty, 30, 0), 30);      /* all that is later than a minute is nonsense */
    CHECK_EQ(burst(7, &thirty, 30, MINUTE), 30);
    fresh();
    CHECK_EQ(burst(7, &thirty, 31, (int64_t)1 << 46), 30);
}

static void a_rate_that_was_changed(void)
{
    static const struct conf_rate daily = { 30, 86400 }, ten = { 10, 60 };

    fresh();
    CHECK_EQ(burst(7, &daily, 31, start), 30);
    CHECK_EQ(burst(7, &thirty, 31, start), 30);
    CHECK_EQ(burst(7, &ten, 31, start), 0);
    CHECK_EQ(burst(7, &ten, 31, start + MINUTE), 10);
}

static uint64_t nth(unsigned set, unsigned i)
{
    return (uint64_t)(i + 1) * RATE_SETS + set;
}

/* Of a set that is full the emptiest goes, so one who has used up much is not forgotten for newcomers. */
static void newcomers_push_out_the_emptiest(void)
{
    fresh();
    CHECK_EQ(burst(nth(5, 0), &thirty, 30, start), 30);
    for (unsigned i = 1; i < 5000; i++)
        CHECK_EQ(burst(nth(5, i), &thirty, 1, start), 1);
    CHECK_EQ(burst(nth(5, 0), &thirty, 1, start), 0);
    for (unsigned i = 5000; i < 5000 + RATE_WAYS - 1; i++)   /* as heavy as the first: there is room for so many */
        CHECK_EQ(burst(nth(5, i), &thirty, 31, start), 30);
    CHECK_EQ(burst(nth(5, 0), &thirty, 1, start), 0);
    /* Only who is heavier than all others could make it forget; a newcomer is not, and takes turns with one. */
    for (unsigned i = 9000; i < 9100; i++)
        CHECK_EQ(burst(nth(5, i), &thirty, 1, start + 1), 1);
    unsigned kept = 0;
    for (unsigned i = 0; i < RATE_WAYS; i++)
        kept += table.entry[RATE_MESSAGES][5][i].until - ((uint64_t)start << 16) > 50000u << 16;
    CHECK_EQ(kept, RATE_WAYS - 1);
}

static void an_empty_one_goes_first(void)
{
    fresh();
    for (unsigned i = 0; i < RATE_WAYS; i++)
        CHECK_EQ(burst(nth(5, i), &thirty, 30, start + i), 30);
    CHECK_EQ(burst(nth(5, 99), &thirty, 30, start + MINUTE), 30);        /* the first of them is empty by now */
    CHECK_EQ(burst(nth(5, 1), &thirty, 30, start + MINUTE), 29);
    CHECK_EQ(burst(nth(5, 99), &thirty, 1, start + MINUTE), 0);
}

/* Any bytes are a table, and shut nobody out for longer than the rate's time. */
static void arbitrary_bytes(void)
{
    uint64_t x = 88172645463325252u;

    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof table; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            ((uint8_t *)&table)[i] = round % 4 == 0 ? 0 : round % 4 == 1 ? 0xff : (uint8_t)(x >> 24);
        }
        for (unsigned i = 0; i < 20; i++) {
            uint64_t key = round % 2 ? UINT64_MAX - i : i;
            if (round % 3 == 0)
                table.entry[RATE_MESSAGES][key % RATE_SETS][3].key = key;
            burst(key, &thirty, 1, start);
            CHECK_EQ(burst(key, &thirty, 31, start + MINUTE), 30);
        }
    }
}

static uint64_t client(const char *text)
{
    struct net_addr a;

    CHECK_EQ(net_parse(text, strlen(text), &a), 0);
    return rate_client(secret, &a);
}

static void who_is_a_client(void)
{
    static const uint8_t other[SIPHASH_KEY] = "sixteen bytes or";
    struct net_addr a;

    CHECK(client("192.0.2.1") == client("192.0.2.1"));
    CHECK(client("192.0.2.1") != client("192.0.2.2"));
    CHECK(client("192.0.2.1") == client("::ffff:192.0.2.1"));
    CHECK(client("2001:db8::1") == client("2001:db8::ffff:1:2:3"));
    CHECK(client("2001:db8::1") != client("2001:db8:0:1::1"));
    CHECK(client("0.0.0.0") != client("::"));
    CHECK(client("192.0.2.1") != client("c000:201::"));
    net_parse("192.0.2.1", 9, &a);
    CHECK(rate_client(other, &a) != client("192.0.2.1"));
}

static uint64_t sender(const char *text, bool may_relay)
{
    struct address a;

    CHECK_EQ(address_mailbox(text, strlen(text), &a), ADDRESS_OK);
    return rate_sender(secret, &a, may_relay);
}

static void who_is_a_sender(void)
{
    CHECK(sender("a@example.org", false) == sender("A@EXAMPLE.org", false));
    CHECK(sender("a@example.org", false) != sender("b@example.org", false));
    CHECK(sender("a@example.org", false) != sender("a@example.org", true));
    CHECK(sender("a@example.org", true) != sender("a@example.or", true));
}

int main(void)
{
    RUN(a_burst_then_its_share);
    RUN(refusals_are_free);
    RUN(all_or_nothing);
    RUN(rates_of_every_size);
    RUN(kinds_are_apart);
    RUN(the_clock_goes_back);
    RUN(a_rate_that_was_changed);
    RUN(newcomers_push_out_the_emptiest);
    RUN(an_empty_one_goes_first);
    RUN(arbitrary_bytes);
    RUN(who_is_a_client);
    RUN(who_is_a_sender);
    TEST_DONE();
}
