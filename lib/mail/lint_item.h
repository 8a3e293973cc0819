/* Lint for single items of access rules, and how findings are worded. For lint.c. */
#ifndef MAIL_LINT_ITEM_H
#define MAIL_LINT_ITEM_H

#include "mail/lint.h"
#include "mail/patlist.h"
#include "mail/rule.h"

struct lint_item {
    const struct lint_site *site;
    const struct access_file *file;
    unsigned line;
    unsigned errors;
    bool told_names;             /* that there is no name server is said once a file */
    const struct access_files *files;
    const char *patterns;        /* the file of patterns that is looked at, and the line in it, or NULL */
    unsigned patterns_line;
};

/* Tells a finding in the line: `TOKEN`: what. The token may be NULL, or empty. */
void lint_item_say(struct lint_item *l, bool error, const struct rule_span *token, const char *what);

/* Tells an error as the reader of the list found it, in a file of patterns perhaps. */
void lint_item_trouble(struct lint_item *l, const struct patlist_trouble *t);

/* Look at one item of a list that was read without trouble. */
void lint_item_daemon(struct lint_item *l, const struct rule_span *item);
void lint_item_client(struct lint_item *l, const struct rule_span *item);

#endif
