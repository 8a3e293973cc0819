/* Rates: so many of something in so much time, kept for whoever came last in a table that does not grow. */
#ifndef MAIL_RATE_H
#define MAIL_RATE_H

#include "base/siphash.h"
#include "mail/address.h"
#include "mail/conf.h"
#include "mail/net.h"

#include <stdbool.h>
#include <stdint.h>

/* What is counted, each in a part of the table of its own, so that many of one kind push out none of another. */
enum rate_kind {
    RATE_CONNECTIONS, RATE_MESSAGES, RATE_RECIPIENTS,        /* of a client */
    RATE_SENDER_MESSAGES, RATE_SENDER_RECIPIENTS,            /* of a sender's address */
    RATE_KINDS
};

#define RATE_SETS 128                /* a power of two */
#define RATE_WAYS 8

/* A bucket that leaks: `until` is when it will be empty, in 2^-16 ms. One that is full will be so after the whole time
 * of its rate, so what is later than that, after a reboot or a torn write, is nonsense and means empty. Every value is
 * an entry, and none shuts a client out for longer than the time of the rate. */
struct rate_entry {
    uint64_t key, until;
};

struct rate_table {
    struct rate_entry entry[RATE_KINDS][RATE_SETS][RATE_WAYS];
};

/* Whom to count by, hashed with the table's own secret so that nobody can choose whose place he takes. A client is an
 * IPv4 address or the /64 of an IPv6 address. A sender is the address in lower case, and whether it came from a client
 * that may relay: strangers who write our users' addresses do not use up what those may send. */
uint64_t rate_client(const uint8_t secret[SIPHASH_KEY], const struct net_addr *client);
uint64_t rate_sender(const uint8_t secret[SIPHASH_KEY], const struct address *sender, bool may_relay);

/* May n more be taken now (ms on the monotonic clock)? Always when the rate is off; never when n is beyond the rate.
 * Changes nothing: what is refused costs nothing, so whoever waits is let in again, however often he tried. */
bool rate_room(const struct rate_table *t, enum rate_kind kind, uint64_t key, const struct conf_rate *rate, unsigned n,
               int64_t now);

/* Takes n. One that is new takes the place of the emptiest of its set: only who has used up more than another can make
 * the table forget that one. */
void rate_take(struct rate_table *t, enum rate_kind kind, uint64_t key, const struct conf_rate *rate, unsigned n,
               int64_t now);

#endif
