/* Network addresses as values: strict reading, writing, comparing under a prefix. No sockets here. */
#ifndef MAIL_NET_H
#define MAIL_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum net_family { NET_NONE, NET_V4, NET_V6 };

/* Bytes in network order, those that the family does not use are 0. A v4-mapped IPv6 address is stored as the NET_V4
 * address it maps. */
struct net_addr {
    enum net_family family;
    uint8_t byte[16];
};

#define NET_TEXT 46          /* the longest text of an address, with its NUL */

/* Makes an address of its 4 or 16 bytes in network order, as a socket or a resolver gives them. */
void net_set_v4(struct net_addr *a, const uint8_t byte[4]);
void net_set_v6(struct net_addr *a, const uint8_t byte[16]);

/* Reads exactly n bytes: `a.b.c.d` (four decimal numbers, no leading zeros) or RFC 4291 2.2 without a zone.
 * Returns 0, or -1 and *a is NET_NONE. */
int net_parse(const char *text, size_t n, struct net_addr *a);

/* Reads exactly n bytes: one to four numbers of 0 to 255 divided by single dots, no leading zeros. Returns how many
 * there are, in byte[0] and on (the rest is 0), or -1. A dot at the end is the caller's matter. */
int net_parse_octets(const char *text, size_t n, uint8_t byte[4]);

/* Writes the canonical text (RFC 5952), or "unknown" for NET_NONE. */
void net_format(const struct net_addr *a, char text[NET_TEXT]);

/* NET_NONE equals nothing, not even itself. */
bool net_equal(const struct net_addr *a, const struct net_addr *b);
/* Do the first `bits` bits agree? False across families, for NET_NONE, and for more bits than the family has. */
bool net_in_prefix(const struct net_addr *a, const struct net_addr *prefix, unsigned bits);
bool net_is_loopback(const struct net_addr *a);

/* Is a loose or strict source route among these n bytes of IP options, as they stand in a packet (RFC 791 3.1)? */
bool net_has_source_route(const uint8_t *options, size_t n);

#endif
