/* The verdict, with all that it needs: see verdict.h. */
#include "sys/verdict.h"

#include "sys/owner.h"
#include "sys/rules.h"

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
    if (needs == EXPAND_ASK_USER)
        ask_user(facts, ACCESS_USER_SECONDS, names);
    else if (needs == EXPAND_ASK_NAME)
        dns_ask_client(names->dns, facts);
    else if (needs == EXPAND_ASK_SERVER_NAME)
        dns_ask_server(names->dns, facts);
}
