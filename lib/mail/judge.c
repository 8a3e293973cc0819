/* One rule of hosts.allow or hosts.deny against the facts: see judge.h. */
#include "mail/judge.h"

/* What the options make of a rule that matched; `plain` is what it means without any. */
static enum judge_outcome take_effect(enum rule_effect effect, enum judge_outcome plain, const struct rule_span *option,
                                      struct patlist_trouble *t)
{
    switch (effect) {
    case RULE_ALLOW:
        return JUDGE_GRANT;
    case RULE_DENY:
        return JUDGE_DENY;
    case RULE_LATER:
        *t = (struct patlist_trouble){ "this option is not supported yet: take it out", *option };
        return JUDGE_DENY;
    default:
        return plain;
    }
}

struct patlist_trouble judge_read_daemons(const struct rule_span *line, struct rule *rule)
{
    const struct patlist_trouble t = { rule_split(line, rule), { NULL, 0 } };

    return t.what ? t : patlist_read(rule->daemons, &patlist_daemons);
}

struct patlist_trouble judge_read_rest(const struct rule *rule)
{
    struct patlist_trouble t = patlist_read(rule->clients, &patlist_clients);
    struct rule_span option = { NULL, 0 };
    enum rule_effect effect;

    if (!t.what && rule->has_options)
        t = (struct patlist_trouble){ rule_options(rule, &effect, &option), option };
    return t;
}

enum judge_outcome judge_rule(const struct rule_span *line, enum judge_outcome plain, const struct access_facts *facts,
                              struct patlist_trouble *t)
{
    struct rule rule;
    struct rule_span option = { NULL, 0 };
    enum rule_effect effect = RULE_PLAIN;

    *t = (struct patlist_trouble){ rule_split(line, &rule), { NULL, 0 } };
    if (!t->what)
        *t = patlist_read(rule.daemons, &patlist_daemons);
    if (t->what)
        return JUDGE_DENY;
    enum pattern_answer daemon = patlist_match(rule.daemons, &patlist_daemons, facts, t);
    if (daemon == PATTERN_NO)
        return JUDGE_PASS_ON;
    if (daemon == PATTERN_REFUSE)
        return JUDGE_DENY;
    if (daemon == PATTERN_ASK)
        return JUDGE_ASK_SERVER;               /* not later: the list may yet refuse, whoever the client is */
    /* This daemon is meant: what else is wrong with the rule matters, whoever the client is. */
    *t = patlist_read(rule.clients, &patlist_clients);
    if (!t->what && rule.has_options)
        *t = (struct patlist_trouble){ rule_options(&rule, &effect, &option), option };
    if (t->what)
        return JUDGE_DENY;
    enum pattern_answer client = patlist_match(rule.clients, &patlist_clients, facts, t);
    if (client == PATTERN_NO)
        return JUDGE_PASS_ON;
    if (client == PATTERN_YES)
        return take_effect(effect, plain, &option, t);
    return client == PATTERN_ASK ? JUDGE_ASK : JUDGE_DENY;
}
