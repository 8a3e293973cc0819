/* Blocklists in the DNS: see dnsbl.h. */
#include "mail/dnsbl.h"

#include <string.h>

bool dnsbl_may_ask(const struct net_addr *addr)
{
    /* RFC 6890: the first bytes of an address, and how many bits of them count. */
    static const uint8_t inner[][4] = {
        { 8, 0 }, { 8, 10 }, { 10, 100, 64 }, { 8, 127 }, { 16, 169, 254 }, { 12, 172, 16 }, { 24, 192, 0, 0 },
        { 16, 192, 168 }, { 15, 198, 18 }, { 3, 224 }
    };

    if (addr->family != NET_V4)
        return addr->family == NET_V6 && addr->byte[0] >> 5 == 1;
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        struct net_addr prefix = { NET_V4, { inner[i][1], inner[i][2], inner[i][3] } };
        if (net_in_prefix(addr, &prefix, inner[i][0]))
            return false;
    }
    return true;
}

static enum dnsbl_answer read_one(const uint8_t byte[4])
{
    static const uint8_t refused[] = { 127, 255, 255 }, about_domains[] = { 127, 0, 1, 255 },
                         nothing[] = { 127, 0, 0, 1 };

    if (memcmp(byte, refused, sizeof refused) == 0 || memcmp(byte, about_domains, sizeof about_domains) == 0)
        return DNSBL_REFUSED;
    return byte[0] != 127 || memcmp(byte, nothing, sizeof nothing) == 0 ? DNSBL_STRANGE : DNSBL_LISTED;
}

enum dnsbl_answer dnsbl_read(const struct dnsmsg_answer *a, const struct net_addr **which)
{
    enum dnsbl_answer r = DNSBL_LISTED;

    *which = &a->addr[0];
    for (unsigned i = 0; i < a->n && r == DNSBL_LISTED; i++) {
        r = read_one(a->addr[i].byte);
        if (r != DNSBL_LISTED)
            *which = &a->addr[i];
    }
    return r;
}
