/* resolv.conf(5): which name servers are asked, and how patiently. Pure: text in, facts out. */
#ifndef MAIL_RESCONF_H
#define MAIL_RESCONF_H

#include "mail/net.h"

#define RESCONF_SERVERS 3
#define RESCONF_SEARCH  256

struct resconf_server {
    struct net_addr addr;
    char zone[16];               /* of a link-local address, `eth0` or a number; else "" */
};

struct resconf {
    unsigned servers;            /* at least 1 */
    struct resconf_server server[RESCONF_SERVERS];
    unsigned timeout, attempts;  /* seconds for one try, tries of each server */
    char search[RESCONF_SEARCH]; /* domains to try behind a name without a dot, separated by blanks */
};

/* Reads n bytes of text, which may be NULL when n is 0. As the C library does: the first three nameserver lines that
 * hold an address count, and 127.0.0.1 when there is none; of `options` timeout: (1 to 30; 5) and attempts: (1 to 5; 2)
 * are heeded; the last of `search` and `domain` counts; whatever else there is, is passed over. */
void resconf_parse(struct resconf *c, const char *text, size_t n);

#endif
