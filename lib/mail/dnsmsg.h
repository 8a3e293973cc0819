/* Messages of the DNS (RFC 1035): a question as bytes, and the answer to it, read strictly. Pure: a name server's
 * packet is somebody else's text, and everything in it may be a lie. */
#ifndef MAIL_DNSMSG_H
#define MAIL_DNSMSG_H

#include "mail/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNSMSG_NAME   256        /* a name as text, with its NUL; no name on the wire is longer than 255 */
#define DNSMSG_QUERY  272        /* the longest question as a message */
#define DNSMSG_MOST   65535      /* the longest message: TCP has 16 bits for its length */
#define DNSMSG_ADDRS  64         /* of one name that are kept (CASES G4) … */
#define DNSMSG_NAMES  5          /* … of one address, and hosts that take a domain's mail */
#define DNSMSG_TEXT   512        /* of one text that are kept, with a NUL */
#define DNSMSG_CHAIN  8          /* aliases of aliases that are followed */

/* RFC 1035 3.2.2, RFC 3596. */
enum dnsmsg_type {
    DNSMSG_A = 1, DNSMSG_CNAME = 5, DNSMSG_PTR = 12, DNSMSG_MX = 15, DNSMSG_TXT = 16, DNSMSG_AAAA = 28
};

/* What was asked. A name on the wire is labels, each behind its length, up to an empty one. */
struct dnsmsg_question {
    uint16_t id;
    uint16_t type;
    uint8_t name_n;              /* bytes of name, the empty label included */
    uint8_t name[255];
};

enum dnsmsg_result {
    DNSMSG_ANSWER,
    DNSMSG_NODATA,               /* the name exists and has no record of this type */
    DNSMSG_NXDOMAIN,             /* there is no such name */
    DNSMSG_SERVFAIL,             /* the server could not or would not: any other response code */
    DNSMSG_TRUNCATED,            /* ask again over TCP (RFC 7766) */
    DNSMSG_NOT_OURS,             /* no answer to this question: nothing in it counts, wait on (RFC 5452 9.1) */
    DNSMSG_BROKEN                /* an answer that cannot be read */
};

/* Of A and AAAA the addresses, of PTR the names, of MX the names of the hosts, the most preferred first; of TXT the
 * first record's text, printable ASCII, any other byte as `?`; of any other type only n. Records behind the caps are
 * left out. A name is as text in lower case without a trailing dot; a byte that no host name has, a dot within a label
 * among them, stands there as `?`. The root is "": as the only MX it says that the domain takes no mail (RFC 7505). */
struct dnsmsg_answer {
    unsigned n;
    bool alias;                  /* the name asked for is an alias … */
    char real[DNSMSG_NAME];      /* … of this one. Without an alias it is the name itself */
    uint16_t preference[DNSMSG_NAMES];
    union {
        struct net_addr addr[DNSMSG_ADDRS];
        char name[DNSMSG_NAMES][DNSMSG_NAME];
        char text[DNSMSG_TEXT];
    };
};

/* Sets q to ask for a name's records. Returns 0, or -1 when the text is no name: an empty label, a label over 63 bytes,
 * over 255 in all. One trailing dot is as good as none. */
int dnsmsg_ask(struct dnsmsg_question *q, uint16_t id, enum dnsmsg_type type, const char *name);

/* Sets q to ask for an address, which is not NET_NONE, below a domain of n bytes: its octets or nibbles backwards, as
 * blocklists are asked (RFC 5782 2.1, 2.4). Returns as dnsmsg_ask. */
int dnsmsg_ask_below(struct dnsmsg_question *q, enum dnsmsg_type type, const struct net_addr *addr, const char *domain,
                     size_t n);

/* Sets q to ask for the PTR records of an address, likewise (RFC 1035 3.5, RFC 3596 2.5). */
void dnsmsg_ask_ptr(struct dnsmsg_question *q, uint16_t id, const struct net_addr *addr);

/* Writes the question as a message, recursion desired, without EDNS: so an answer over UDP has at most 512 bytes, and
 * no fragments that somebody else could fill in. Returns its length. */
size_t dnsmsg_write(const struct dnsmsg_question *q, uint8_t out[DNSMSG_QUERY]);

/* Reads n bytes as the answer to q. *a is set as a whole by DNSMSG_ANSWER, and is to be left alone else. Pointers in
 * names lead backwards only; a chain of aliases within the answer is followed to its end. */
enum dnsmsg_result dnsmsg_read(const uint8_t *msg, size_t n, const struct dnsmsg_question *q, struct dnsmsg_answer *a);

#endif
