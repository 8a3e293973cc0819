/* One rule of hosts.allow or hosts.deny against the facts. */
#ifndef MAIL_JUDGE_H
#define MAIL_JUDGE_H

#include "mail/access.h"
#include "mail/patlist.h"
#include "mail/rule.h"

enum judge_outcome { JUDGE_PASS_ON, JUDGE_GRANT, JUDGE_DENY, JUDGE_ASK, JUDGE_ASK_SERVER, JUDGE_ASK_USER };

/* What a rule is judged by. */
struct judge_case {
    const struct access_facts *facts;
    const struct access_files *files;
    const struct access_trace *trace;    /* for access.c; may be NULL */
};

/* Judges one logical line. `plain` is what the rule means when it matches and no option says otherwise: JUDGE_GRANT in
 * hosts.allow, JUDGE_DENY in hosts.deny. On JUDGE_DENY, t->what is set when the rule refuses by a fault. When the rule
 * grants or refuses otherwise, why->options is set to its options; with JUDGE_ASK_USER why->user_seconds is. Nothing
 * else of *why is touched, and these only where the rule does not pass on. */
enum judge_outcome judge_rule(const struct rule_span *line, enum judge_outcome plain, const struct judge_case *c,
                              struct patlist_trouble *t, struct access_why *why);

/* What is wrong with a rule whoever asks: with the line as a whole or among its daemons, which refuses everybody
 * (*rule is filled in when nothing is); and behind that, which refuses the users of its daemons. */
struct patlist_trouble judge_read_daemons(const struct rule_span *line, const struct access_files *files,
                                          struct rule *rule);
struct patlist_trouble judge_read_rest(const struct rule *rule, const struct access_files *files);
struct patlist_trouble judge_read_options(const struct rule *rule);      /* a part of the latter */

#endif
