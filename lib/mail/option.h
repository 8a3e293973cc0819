/* The options of a rule, as hosts_options(5) has them: read strictly, one by one. */
#ifndef MAIL_OPTION_H
#define MAIL_OPTION_H

#include "mail/access.h"
#include "mail/expand.h"
#include "mail/rule.h"

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_ALLOW, OPTION_DENY,
    OPTION_SEVERITY,             /* number: 0 to 7; facility */
    OPTION_BANNERS,              /* value: a directory */
    OPTION_SETENV,               /* name, value */
    OPTION_UMASK,                /* number */
    OPTION_NICE,                 /* number */
    OPTION_KEEPALIVE,
    OPTION_LINGER,               /* number: seconds */
    OPTION_USER,                 /* name; value: the group, or "" */
    OPTION_GROUP,                /* name */
    OPTION_RFC931,               /* number: seconds */
    OPTION_SPAWN, OPTION_TWIST, OPTION_ACLEXEC   /* value: a command; only these are behind OPTION_RFC931 */
};

#define OPTION_NAME 255          /* bytes of a variable's name */

struct option {
    enum option_kind kind;
    struct rule_span text;       /* all of it as written, without the blanks around */
    struct rule_span name, value;    /* as written: `\:` is still two bytes, nothing is expanded */
    int number;
    int facility;                /* as syslog numbers them, 1 to 23; -1 when none is named, or kern */
};

/* Reads the option at the beginning of *rest and moves *rest behind the colon that ends it; after the last one rest->p
 * is NULL. Returns NULL, or what is wrong with it, with the mend; o->text is set in any case. */
const char *option_next(struct rule_span *rest, struct option *o);

/* Reads all options. Returns NULL, or what is wrong with *at. */
const char *option_check(struct rule_span options, struct rule_span *at);

/* What the options decide: *decides says whether they do at all, and so whether the rule allows. A rule that twists
 * refuses in so far as its daemon does not run. The options must be right. */
bool option_allows(struct rule_span options, bool *decides);

/* What the options need that the facts do not have yet, the first of it; *seconds is set for EXPAND_ASK_USER. They must
 * be right. What a banner needs is not known here. */
enum expand_result option_needs(struct rule_span options, const struct access_facts *facts, unsigned *seconds);

/* The option's value with `\:` made `:` and, where the option has them, its expansions; without blanks around. */
enum expand_result option_value(const struct option *o, const struct access_facts *facts, char *out, size_t cap);

/* What is to be done, for people: the option's keyword and its value with the expansions; never fails, but is cut where
 * it does not fit. */
void option_tell(const struct option *o, const struct access_facts *facts, char *out, size_t cap);

/* Do the rules have an option that must be carried out outside of a jail and with root's rights, such as a command?
 * Looks at words alone: it may say yes where none is, but not no where one is. option_in_text is for one file's
 * text. */
bool option_wants_root(const struct access_rules *rules);
bool option_in_text(const char *text, size_t n);

#endif
