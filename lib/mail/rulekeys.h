/* By what a rule can be found: the keys under which an index keeps it, such that no rule that could match a client, or
 * refuse it by a fault, is missed. */
#ifndef MAIL_RULEKEYS_H
#define MAIL_RULEKEYS_H

#include "mail/pattern.h"
#include "mail/rule.h"

#include <stdbool.h>

#define RULEKEYS_DAEMONS 108         /* the longest daemon list that is kept as such */

enum rulekeys_kind {
    RULEKEYS_ANY,                    /* must be judged for every client of its daemons */
    RULEKEYS_ALL,                    /* is for all clients of its daemons, and decides by itself */
    RULEKEYS_SOME                    /* is for clients that match one of its keys */
};

struct rulekeys {
    enum rulekeys_kind kind;
    struct rule_span daemons;        /* the daemon list, when it consists of words alone; else n is 0 */
    bool plain;                      /* no option, no EXCEPT: a client that matches a key matches the rule */
    bool names;                      /* a key is a name or a suffix: the rule may hang on the client's name */
    bool files;                      /* it names files of patterns */
    struct rule_span rest;           /* private */
};

/* Reads one logical line. A rule that cannot be understood is of kind ANY. */
void rulekeys_read(const struct rule_span *line, struct rulekeys *k);

/* The next key of a rule of kind SOME: a pattern of kind PATTERN_NET (its mask cut to its leading ones), PATTERN_NAME
 * or PATTERN_SUFFIX. False at the end. */
bool rulekeys_next(struct rulekeys *k, struct pattern *key);

/* Length of the mask's leading ones, in bits. */
unsigned rulekeys_bits(const struct pattern *net);

#endif
