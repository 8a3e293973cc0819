/* The verdict on a client, with all that the rules ask for looked up: its name, ours, and the user. */
#ifndef SYS_VERDICT_H
#define SYS_VERDICT_H

#include "mail/access.h"
#include "mail/expand.h"
#include "mail/ident.h"
#include "sys/dns.h"

/* Where the texts live that the facts point to. To be zeroed at first. */
struct verdict_names {
    struct dns_names *dns;
    char user[IDENT_USER];
};

/* access_decide, with everything looked up as the rules ask for it, and set in the facts: ACCESS_ALLOW or ACCESS_DENY.
 * The rules are loaded anew when their image fails; a rule that refuses is named in *why in any case. *names must live
 * as long as the facts are used. */
enum access_verdict verdict_reach(struct access_rules *rules, struct access_facts *facts,
                                  struct verdict_names *names, struct access_why *why);

/* Looks up what an expansion needs, and sets it in the facts. */
void verdict_look_up(enum expand_result needs, struct access_facts *facts, struct verdict_names *names);

#endif
