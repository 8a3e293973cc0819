/* May this recipient come in, and where does it go? Decided on addresses and configuration alone. */
#ifndef MAIL_POLICY_H
#define MAIL_POLICY_H

#include "mail/address.h"
#include "mail/conf.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_route {
    POLICY_LOCAL,                /* a mailbox of ours, if it exists */
    POLICY_RELAY,                /* of a relay-domain: accepted from anyone who may connect */
    POLICY_REMOTE                /* anywhere else: only for those who may relay */
};

/* Which of them is it? An address without a domain is local. */
enum policy_route policy_route(const struct conf *c, const struct address *a);

/* Is the domain ours: local or relayed? For `relay-senders ours`. */
bool policy_is_ours(const struct conf *c, const struct address *a);

/* Does it go to the administrator, as <postmaster> at any of our names must (RFC 5321 4.5.1)? */
bool policy_is_postmaster(const struct conf *c, const struct address *a);

/* The address under which a recipient is queued: with our hostname where it has no domain, and for postmaster the
 * address that the configuration names. */
void policy_destination(const struct conf *c, const struct address *a, char *to, size_t cap);

/* Seconds until the next attempt, of which `attempts` were made: retry-min doubled each time up to retry-max, give or
 * take an eighth by `random`. */
uint32_t policy_backoff(const struct conf *c, uint32_t attempts, uint32_t random);

#endif
