/* What name servers say about whether a client is welcome: blocklists (RFC 5782), and whether a sender's domain takes
 * mail. Packets are read in this process: call it in the jail. */
#ifndef SYS_DNS_POLICY_H
#define SYS_DNS_POLICY_H

#include "mail/dnsmsg.h"

#include <stdbool.h>
#include <stdint.h>

#define DNS_REASON 200               /* with the longest name of a list it fits into one line of a reply */
#define DNS_DOUBT  400

struct dns_block {
    bool listed;
    char zone[DNSMSG_NAME];          /* the list; "" when none lists the client … */
    char reason[DNS_REASON];         /* … and what it gives for a reason, or else the address it answered. Printable,
                                        and a stranger's word: no format */
    char doubt[DNS_DOUBT];           /* "", or what is wrong with some of the lists, and the mend: for the log, and
                                        printable */
};

/* Does one of the lists in `zones` (at most LIMIT_DNSBL words) list the client? All are asked at once, and the first
 * that lists it ends it; that one is asked for its reason, and whether it lists 127.0.0.1, which no list does that is
 * in its right mind. A list that does not answer by `deadline` (on clock_mono_ms), or answers what is no listing,
 * lists nobody, and stands in b->doubt. Addresses that are not of the Internet (dnsbl.h) are not asked about. Returns
 * b->listed; *b is set as a whole. */
bool dns_blocked(const char *zones, const struct net_addr *client, int64_t deadline, struct dns_block *b);

enum dns_mail {
    DNS_MAIL_YES,                    /* an MX record, or without one an address; or it is an address literal, or has
                                        bytes over 127, which are not asked about */
    DNS_MAIL_NO_DOMAIN,              /* neither an MX record nor an address */
    DNS_MAIL_NULL_MX,                /* it says that it takes no mail (RFC 7505) */
    DNS_MAIL_LATER                   /* cannot be told now */
};

/* Does a domain take mail, so that an answer to its senders can reach anybody? Any case and a trailing dot will do.
 * By `deadline`; the answer about the domain asked for last is kept for a minute. */
enum dns_mail dns_domain_takes_mail(const char *domain, int64_t deadline);

#endif
