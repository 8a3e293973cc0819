/* Names of hosts: hosts(5) first, then name servers, as resolve.h asks them. */
#ifndef SYS_DNS_H
#define SYS_DNS_H

#include "mail/access.h"
#include "mail/dnsmsg.h"
#include "sys/sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME      DNSMSG_NAME    /* the longest name, with its NUL */
#define DNS_HOW       160
#define DNS_ADDRESSES 8              /* of one name that are worth calling (CASES G4) */
#define DNS_TIMEOUT   5              /* seconds */

/* Seconds for all that is asked for one set of facts, or about one name. DNS_TIMEOUT until this says otherwise. */
void dns_set_timeout(uint32_t seconds);

/* What came of looking for an address's name. */
struct dns_found {
    uint32_t state;                  /* enum access_name, never UNASKED */
    uint32_t failed;                 /* 1: no server could tell, so another time it may be another name; a refusal that
                                        rests on it must be a temporary one. Else 0 */
    char name[DNS_NAME];
    char how[DNS_HOW];               /* how the name was verified or why there is none, in printable words: `PTR and A
                                        agree`, `PTR mx.example.org, which has no such address` */
};

/* The name of the host at addr: PTR, then the A or AAAA records of that name, which must give addr back. Of several PTR
 * records the first counts, as to the original. KNOWN: name is it, in lower case, without a trailing dot. PARANOID, as
 * the original's: a name that does not lead back, is an alias of another, looks like an address, is one of the words
 * unknown and paranoid, or has characters that no host name has; it is in `name` where it is fit to be shown, else that
 * is "". UNKNOWN: there is none, or it cannot be found out now; name is "". All of it by `deadline`, on clock_mono_ms.
 * As root the packets are read by a child without rights (apart.h). */
void dns_name_of(const struct net_addr *addr, int64_t deadline, struct dns_found *found);

/* The addresses of a host. */
struct dns_addresses {
    unsigned n;
    struct net_addr addr[DNS_ADDRESSES];
    char why[DNS_HOW];               /* "", or why there is none */
};

/* The addresses of a host by its name: those in hosts; else, of the name servers, IPv6 and IPv4 in turn, and a name
 * without a dot is tried below the domains of resolv.conf's search list first. SYS_OK; SYS_PERM: there is none;
 * SYS_TEMP: it cannot be found out now. */
enum sys_result dns_addresses_of(const char *name, struct dns_addresses *found);

/* The first of them. */
enum sys_result dns_address_of(const char *name, struct net_addr *addr);

/* Where the names live that the facts point to, and what is to be told of them. Zeroed at first. */
struct dns_names {
    char client[DNS_NAME], server[DNS_NAME];
    char client_how[DNS_HOW], server_how[DNS_HOW];   /* "" until it was looked up: see struct dns_found */
    bool failed;                     /* of either, likewise */
    int64_t spent;                   /* ms of the time for these facts that are gone already */
};

/* Look the client's or the server's name up and set it in the facts, which point into *names then. */
void dns_ask_client(struct dns_names *names, struct access_facts *facts);
void dns_ask_server(struct dns_names *names, struct access_facts *facts);

/* access_decide, with the names looked up as the rules ask for them and set in the facts: ACCESS_ALLOW or ACCESS_DENY.
 * *names must live as long as the facts are used. */
enum access_verdict dns_decide(const struct access_rules *rules, struct access_facts *facts, struct dns_names *names,
                               struct access_why *why);

#endif
