/* Files of patterns, which rules name with `/file`: what is in them, and which of them the rules name. */
#ifndef MAIL_PATFILE_H
#define MAIL_PATFILE_H

#include "mail/access.h"
#include "mail/rule.h"

#include <stdbool.h>
#include <stddef.h>

#define PATFILE_NAME 255                 /* bytes of the longest name of such a file */

/* Walks over the words of a file of patterns. The caller sets `at` and `end`, and line = 1. */
struct patfile_reader {
    const char *at, *end;
    unsigned line;                       /* the line of the last word */
};

/* The next word; false at the end. Words are divided by blanks, tabs and line ends. */
bool patfile_word(struct patfile_reader *r, struct rule_span *word);

/* The next file of patterns that a list of a rule names (`/file`, `user@/file`, `daemon@/file`); moves *list behind it.
 * False when there is none. The name is part of the list's text. */
bool patfile_in_list(struct rule_span *list, struct rule_span *name);

/* The next file of patterns that a rule's line, as rule_next returns it, names among its daemons and its clients. The
 * caller calls patfile_scan once, then patfile_in_rule until it is false. A line that is broken as a whole names none.
 */
struct patfile_scan {
    struct rule_span daemons, clients;
};
void patfile_scan(struct patfile_scan *s, const struct rule_span *line);
bool patfile_in_rule(struct patfile_scan *s, struct rule_span *name);

/* The next file of patterns that a file of patterns names. */
bool patfile_in_file(struct patfile_reader *r, struct rule_span *name);

/* The file of this name, or NULL. */
const struct access_file *patfile_find(const struct access_files *files, const struct rule_span *name);

#define PATFILE_DEPTH 8                  /* how deep files may name files */

/* Walks over the patterns of a file and of those that it names, in order, as if all stood in one list. */
struct patfile_walk {
    const struct access_files *files;
    unsigned depth, opened;
    struct {
        const struct access_file *file;
        struct patfile_reader at;
    } level[PATFILE_DEPTH];
};

enum patfile_got { PATFILE_PATTERN, PATFILE_END, PATFILE_WRONG };

/* Starts at the file of this name: PATFILE_PATTERN when it is open, or PATFILE_WRONG and *wrong says what is, with the
 * mend. */
enum patfile_got patfile_start(struct patfile_walk *w, const struct access_files *files, const struct rule_span *name,
                               const char **wrong);

/* The next pattern. PATFILE_WRONG: *wrong says what is wrong with *word, with the mend. Patterns themselves are not
 * looked at: they are the caller's to read. *wrong is touched in no other case. */
enum patfile_got patfile_next(struct patfile_walk *w, struct rule_span *word, const char **wrong);

/* The file, and the line in it, of what patfile_next gave last, which was not PATFILE_END. */
const struct access_file *patfile_where(const struct patfile_walk *w, unsigned *line);

#endif
