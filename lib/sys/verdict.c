/* The verdict, with all that it needs: see verdict.h. */
#include "sys/verdict.h"

#include "sys/owner.h"
#include "sys/rules.h"

#include <string.h>

static void ask_user(struct access_facts *facts, unsigned seconds, struct verdict_names *names)
{
    owner_ask(facts, seconds, names->user);
    facts->user = names->user;
}

enum access_verdict verdict_reach(struct access_rules *rules, struct access_facts *facts,
                                  struct verdict_names *names, struct access_why *why)
{
    enum access_verdict v;

    for (;;) {
        v = dns_decide(rules, facts, names->dns, why);
        if (v == ACCESS_ASK_USER)
            ask_user(facts, why->user_seconds, names);
        else if (rules_stand(rules, v))
            break;
    }
    if (v == ACCESS_DENY)
        access_explain(rules, why);
    return v;
}

void verdict_look_up(enum expand_result needs, struct access_facts *facts, struct verdict_names *names)
{
    /* A rule that hangs on the name: so there is one way only in which names are looked up. */
    const char *rule = needs == EXPAND_ASK_NAME ? "ALL: KNOWN" : "ALL@KNOWN: ALL";
    const struct access_rules rules = { .allow = { "", rule, strlen(rule), NULL } };
    struct access_why why;

    if (needs == EXPAND_ASK_USER)
        ask_user(facts, ACCESS_USER_SECONDS, names);
    else if (needs == EXPAND_ASK_NAME || needs == EXPAND_ASK_SERVER_NAME)
        (void)dns_decide(&rules, facts, names->dns, &why);
}

