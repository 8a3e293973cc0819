/* Asking name servers: what resolv.conf(5) and hosts(5) say, and the questions that go out over UDP and TCP. */
#ifndef SYS_RESOLVE_H
#define SYS_RESOLVE_H

#include "mail/dnsmsg.h"
#include "mail/hosts.h"
#include "mail/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads /etc/resolv.conf and /etc/hosts, once: all questions after it need no file, so it comes before the jail. With
 * `in_tree` one that is missing is taken from etc/ below the working directory. A question that comes first does it by
 * itself, without the tree. What is read lives until the process ends. */
void resolve_load(bool in_tree);

/* Why the files cannot be used, with the mend; NULL when they can. Names are then not looked up at all: half of what
 * the administrator wrote would be another answer. */
const char *resolve_fault(void);

/* hosts_name_of and hosts_addresses_of in the hosts file. */
bool resolve_hosts_name(const struct net_addr *addr, char name[HOSTS_NAME]);
unsigned resolve_hosts_addresses(const char *name, struct net_addr *addr, unsigned most, char real[HOSTS_NAME]);

/* The search list of resolv.conf: words separated by blanks, or "". */
const char *resolve_search(void);

enum resolve_result {
    RESOLVE_SILENT,              /* no server answered */
    RESOLVE_FAILED,              /* one said that it cannot tell, or what cannot be understood; none did better */
    RESOLVE_NONE,                /* there is no such name, or it has no such record */
    RESOLVE_ANSWER
};

/* One question and what became of it. The caller sets q by dnsmsg_ask or the like (any id: each packet gets its own);
 * result is RESOLVE_SILENT at first, and what is settled already (RESOLVE_NONE, RESOLVE_ANSWER) is not asked again;
 * answer is set by RESOLVE_ANSWER. */
struct resolve_ask {
    struct dnsmsg_question q;
    struct dnsmsg_answer *answer;
    enum resolve_result result;
};

#define RESOLVE_ASKS LIMIT_DNSBL
#define RESOLVE_GRACE 1000       /* ms that an answer may come later than the one which could do without it */

/* Is told of each question when it is settled, before the next one is: so all may share one answer. Returns when the
 * others must be, at the latest: `end`, which is the deadline, or an earlier point, 0 for at once. */
typedef int64_t resolve_heard(const struct resolve_ask *ask, int64_t end, void *context);

/* Asks up to RESOLVE_ASKS questions side by side, each server in turn and over again as resolv.conf says, but never
 * beyond the deadline, a point on clock_mono_ms: what is left is shared out among the tries, so that a dead server
 * leaves time for the next. Every packet goes out under a random id, from a socket and so a port of its own, which
 * hears that server alone; an answer to anything else is as none (RFC 5452), and so is one that comes too late. TCP
 * where the server says so (RFC 7766). `heard` may be NULL. */
void resolve_ask(struct resolve_ask *asks, unsigned n, int64_t deadline, resolve_heard *heard, void *context);

#endif
