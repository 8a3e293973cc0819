/* Lists of patterns with EXCEPT, as they stand on both sides of a rule's colon. */
#ifndef MAIL_PATLIST_H
#define MAIL_PATLIST_H

#include "mail/pattern.h"
#include "mail/rule.h"

/* What is wrong, and where: `what` is NULL when nothing is. */
struct patlist_trouble {
    const char *what;
    struct rule_span where;
    const char *file;                    /* NULL, or the file of patterns that it stands in, and the line */
    unsigned line;
};

/* What a list holds: says what is wrong with one item, or what it answers. Each gives the trouble in *t, but for where
 * it stands in the list. */
struct patlist_kind {
    void (*read)(const struct rule_span *item, const struct access_files *files, struct patlist_trouble *t);
    enum pattern_answer (*match)(const struct rule_span *item, const struct access_facts *facts,
                                 const struct access_files *files, struct patlist_trouble *t);
    const char *empty;
};

extern const struct patlist_kind patlist_daemons;    /* before the first colon */
extern const struct patlist_kind patlist_clients;    /* behind it */
extern const struct patlist_kind patlist_lone;       /* clients in a list outside of the two files */

/* Divides `user@host` and `daemon@host`, not `@netgroup`. The `@` in brackets is the address's. False, and nothing set,
 * where there is none. */
bool patlist_split_at(const struct rule_span *item, struct rule_span *word, struct rule_span *host);

/* Is the item the word EXCEPT? */
bool patlist_is_except(const struct rule_span *item);

/* Is every item of the list understood, those in files of patterns too, and is there one wherever one must be? */
struct patlist_trouble patlist_read(struct rule_span list, const struct patlist_kind *kind,
                                    const struct access_files *files);

/* Does the list match? It must have been read without trouble. On PATTERN_REFUSE *t says why. PATTERN_ASK_USER: the
 * user's name is wanted, and PATTERN_ASK the host's. */
enum pattern_answer patlist_match(struct rule_span list, const struct patlist_kind *kind,
                                  const struct access_facts *facts, const struct access_files *files,
                                  struct patlist_trouble *t);

#endif
