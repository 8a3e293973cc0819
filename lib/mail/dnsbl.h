/* Blocklists in the DNS (RFC 5782): whom to ask about, and what an answer means. The question is dnsmsg_ask_below. */
#ifndef MAIL_DNSBL_H
#define MAIL_DNSBL_H

#include "mail/dnsmsg.h"

/* Is it an address of the Internet? Not those of one's own net, of this host, of a provider's (RFC 6598), nor
 * multicast and reserved ones; of IPv6 only global unicast (2000::/3). What is set aside for documentation counts as of
 * the Internet: it is nobody's, and something must be there to try a list with. */
bool dnsbl_may_ask(const struct net_addr *addr);

enum dnsbl_answer {
    DNSBL_LISTED,
    DNSBL_REFUSED,               /* the list tells in its own way that it will not answer: 127.255.255.x, and
                                    127.0.1.255, which is said about addresses by lists of domains */
    DNSBL_STRANGE                /* no answer of a list: not in 127.0.0.0/8 (RFC 5782 2.1), as where somebody answers
                                    for every name; or 127.0.0.1, by which some say that they do not answer */
};

/* What an answer with addresses, of a question for A, means. All of them must be listings: *which is the address that
 * tells it. */
enum dnsbl_answer dnsbl_read(const struct dnsmsg_answer *a, const struct net_addr **which);

#endif
