/* Names of hosts. For now through the C library's resolver, which reads /etc/resolv.conf and /etc/hosts: in the jail
 * those are the tree's copies. */
#ifndef SYS_DNS_H
#define SYS_DNS_H

#include "mail/access.h"
#include "sys/sys.h"

#include <stddef.h>

#define DNS_NAME 256             /* the longest name, with its NUL */

/* The name of the host at addr: PTR, then A/AAAA of that name, which must give addr back. KNOWN: name (of
 * cap bytes) is it, in lower case, without a trailing dot. PARANOID, as the original's: a name that does not lead back,
 * is an alias of another, looks like an address or has characters that no host name has; it is in `name` where it is
 * fit to be shown, else that is "". UNKNOWN: there is none, or it cannot be found out now; name is "". Never returns
 * UNASKED. *failed: the resolver gave no answer, so another time it may be another name; a refusal that rests on it
 * must be a temporary one. */
enum access_name dns_name_of(const struct net_addr *addr, char *name, size_t cap, bool *failed);

/* The first address of a host by its name, in the resolver's order. SYS_OK; SYS_PERM: there is none; SYS_TEMP: it
 * cannot be found out now. */
enum sys_result dns_address_of(const char *name, struct net_addr *addr);

/* Where the names live that the facts point to. */
struct dns_names {
    char client[DNS_NAME], server[DNS_NAME];
    bool failed;                     /* of either: see dns_name_of; to be false at first */
};

/* access_decide, with the names looked up as the rules ask for them and set in the facts: ACCESS_ALLOW or ACCESS_DENY.
 * *names must live as long as the facts are used. */
enum access_verdict dns_decide(const struct access_rules *rules, struct access_facts *facts, struct dns_names *names,
                               struct access_why *why);

#endif
