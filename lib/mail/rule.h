/* The lines of hosts.allow and hosts.deny, and their parts. */
#ifndef MAIL_RULE_H
#define MAIL_RULE_H

#include "mail/access.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes that somebody else owns. */
struct rule_span {
    const char *p;
    size_t n;
};

/* Walks over a file's text. */
struct rule_reader {
    const char *at, *end;
    unsigned next;                       /* the number of the line at `at` */
    const char *start;                   /* where what rule_next returned starts, and … */
    unsigned line;                       /* … the number of its first line */
    const char *wrong;                   /* what rule_next found wrong, with the mend */
    char joined[ACCESS_LINE];            /* where continued lines are put together */
};

/* Does the text start with a byte order mark? It then refuses as a whole. */
bool rule_has_mark(const char *text, size_t n);
#define RULE_MARK_FAULT "the file starts with a byte order mark: save it as plain ASCII text"

/* Starts at the beginning of a text of n bytes, which is the caller's. */
void rule_start(struct rule_reader *r, const char *text, size_t n);

/* The next logical line that is neither blank nor a comment: a backslash before the line's end joins, also in a
 * comment. It lies in the text or in r->joined, and lives until the next call. Returns 1, 0 at the end, or -1 and
 * r->wrong (*line is then the beginning) for a line that the original reads in part or not at all, even a comment: it
 * is longer than ACCESS_LINE, or lacks its newline, or a comment has a NUL byte. */
int rule_next(struct rule_reader *r, struct rule_span *line);

/* A rule's parts; `options` is what stands behind the second colon. */
struct rule {
    struct rule_span daemons, clients, options;
    bool has_options;
};

/* Divides a line at its first two colons outside of brackets. Returns NULL, or what is wrong with the line as a
 * whole, with the mend. */
const char *rule_split(const struct rule_span *line, struct rule *rule);

/* The next item of a list divided by blanks, tabs and commas; moves *list. False at its end. */
bool rule_item(struct rule_span *list, struct rule_span *item);

#endif
