/* One rule of hosts.allow or hosts.deny against the facts: see judge.h. */
#include "mail/judge.h"

#include "mail/option.h"

#include <string.h>

static const char *options_too_long(const struct rule *rule)
{
    return rule->options.n < ACCESS_OPTIONS ? NULL : "the options are too long: put the command into a script";
}

/* What the rule's options make of it now that it matches; `plain` is what it means without any. */
static enum judge_outcome take_effect(const struct rule *rule, enum judge_outcome plain,
                                      const struct access_facts *facts, struct access_why *why)
{
    bool decides = false;

    if (!rule->has_options)
        return plain;
    switch (option_needs(rule->options, facts, &why->user_seconds)) {
    case EXPAND_ASK_NAME:        return JUDGE_ASK;
    case EXPAND_ASK_SERVER_NAME: return JUDGE_ASK_SERVER;
    case EXPAND_ASK_USER:        return JUDGE_ASK_USER;
    default:                     break;
    }
    memcpy(why->options, rule->options.p, rule->options.n);
    why->options[rule->options.n] = '\0';
    bool allows = option_allows(rule->options, &decides);
    return !decides ? plain : allows ? JUDGE_GRANT : JUDGE_DENY;
}

struct patlist_trouble judge_read_daemons(const struct rule_span *line, const struct access_files *files,
                                          struct rule *rule)
{
    const struct patlist_trouble t = { .what = rule_split(line, rule) };

    return t.what ? t : patlist_read(rule->daemons, &patlist_daemons, files);
}

struct patlist_trouble judge_read_options(const struct rule *rule)
{
    struct patlist_trouble t = { .what = NULL };

    if (rule->has_options)
        t.what = option_check(rule->options, &t.where);
    return t.what ? t : (struct patlist_trouble){ .what = options_too_long(rule) };
}

struct patlist_trouble judge_read_rest(const struct rule *rule, const struct access_files *files)
{
    const struct patlist_trouble t = patlist_read(rule->clients, &patlist_clients, files);

    return t.what ? t : judge_read_options(rule);
}

enum judge_outcome judge_rule(const struct rule_span *line, enum judge_outcome plain, const struct judge_case *c,
                              struct patlist_trouble *t, struct access_why *why)
{
    struct rule rule;

    *t = judge_read_daemons(line, c->files, &rule);
    if (t->what)
        return JUDGE_DENY;
    enum pattern_answer daemon = patlist_match(rule.daemons, &patlist_daemons, c->facts, c->files, t);
    if (daemon == PATTERN_NO)
        return JUDGE_PASS_ON;
    if (daemon == PATTERN_REFUSE)
        return JUDGE_DENY;
    if (daemon != PATTERN_YES)
        return JUDGE_ASK_SERVER;               /* not later: the list may yet refuse, whoever the client is */
    /* This daemon is meant: what else is wrong with the rule matters, whoever the client is. */
    *t = judge_read_rest(&rule, c->files);
    if (t->what)
        return JUDGE_DENY;
    enum pattern_answer client = patlist_match(rule.clients, &patlist_clients, c->facts, c->files, t);
    switch (client) {
    case PATTERN_NO:
        return JUDGE_PASS_ON;
    case PATTERN_YES:
        t->what = NULL;
        return take_effect(&rule, plain, c->facts, why);
    case PATTERN_ASK:
    case PATTERN_ASK_FIRST:
        return JUDGE_ASK;
    case PATTERN_ASK_USER:
        why->user_seconds = ACCESS_USER_SECONDS;
        return JUDGE_ASK_USER;
    default:
        return JUDGE_DENY;
    }
}
