/* Which pairs of a daemon and a client earlier rules decide already, so that a rule which never can is found. */
#ifndef MAIL_COVER_H
#define MAIL_COVER_H

#include "mail/rule.h"

#include <stddef.h>
#include <stdint.h>

struct cover_entry {
    uint64_t key;                /* 0: free */
    uint32_t id;
};

/* A hash table over the caller's entries. Keys are hashes, so that in theory a pair may be taken for another: it is for
 * warnings, and never for verdicts. */
struct cover {
    struct cover_entry *entry;
    size_t n, used;              /* n is a power of two, or 0: nothing is kept and found then */
};

/* Starts empty: the entries are zeroed. */
void cover_init(struct cover *c, struct cover_entry *entry, size_t n);

/* A rule without exceptions decides the pair; id is not 0. Both are items that were read without trouble; of one with
 * a user's name it does not. Adds nothing when the pair is there, or when there is no room. */
void cover_add(struct cover *c, const struct rule_span *daemon, const struct rule_span *client, uint32_t id);

/* The id of a rule that decides every client of this item for this daemon, or 0. */
uint32_t cover_find(const struct cover *c, const struct rule_span *daemon, const struct rule_span *client);

#endif
