/* Rates: see rate.h. */
#include "mail/rate.h"

#include "base/str.h"

#include <string.h>

#define TICKS 16                     /* 2^16 a millisecond: a million a second can still be told apart */

struct span {
    uint64_t now, whole, cost;       /* the time; how long the rate's bucket takes to empty; what is asked for */
};

static struct span span_of(const struct conf_rate *rate, unsigned n, int64_t now)
{
    uint64_t whole = (uint64_t)rate->seconds * 1000 << TICKS;

    return (struct span){ (uint64_t)now << TICKS, whole, whole / rate->count * n };
}

/* How much is in the bucket. */
static uint64_t level(const struct rate_entry *e, const struct span *s)
{
    uint64_t until = e->until;       /* once: another process may be writing */

    return until > s->now && until - s->now <= s->whole ? until - s->now : 0;
}

uint64_t rate_client(const uint8_t secret[SIPHASH_KEY], const struct net_addr *client)
{
    uint8_t bytes[1 + 8] = { client->family };

    memcpy(bytes + 1, client->byte, 8);      /* of an IPv4 address all, and zeros */
    return siphash(secret, bytes, sizeof bytes);
}

uint64_t rate_sender(const uint8_t secret[SIPHASH_KEY], const struct address *sender, bool may_relay)
{
    char text[1 + LIMIT_ADDRESS];

    text[0] = (char)('0' + may_relay);
    for (size_t i = 0; i < sender->len; i++)
        text[1 + i] = str_lower(sender->text[i]);
    return siphash(secret, text, 1 + sender->len);
}

/* The key's entry, or when it has none the one to replace: the emptiest of its set. */
static unsigned place(const struct rate_entry *set, uint64_t key, const struct span *s)
{
    unsigned at = 0;
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < RATE_WAYS; i++) {
        if (set[i].key == key)
            return i;
        uint64_t have = level(&set[i], s);
        if (have < least) {
            least = have;
            at = i;
        }
    }
    return at;
}

bool rate_room(const struct rate_table *t, enum rate_kind kind, uint64_t key, const struct conf_rate *rate, unsigned n,
               int64_t now)
{
    if (!rate->count)
        return true;
    if (n > rate->count)
        return false;
    struct span s = span_of(rate, n, now);
    const struct rate_entry *set = t->entry[kind][key % RATE_SETS], *e = &set[place(set, key, &s)];
    return (e->key == key ? level(e, &s) : 0) + s.cost <= s.whole;
}

void rate_take(struct rate_table *t, enum rate_kind kind, uint64_t key, const struct conf_rate *rate, unsigned n,
               int64_t now)
{
    if (!rate->count)
        return;
    struct span s = span_of(rate, n, now);
    struct rate_entry *set = t->entry[kind][key % RATE_SETS], *e = &set[place(set, key, &s)];
    e->until = s.now + s.cost + (e->key == key ? level(e, &s) : 0);
    e->key = key;                    /* last: who is killed between the two has not shut out the newcomer */
}
