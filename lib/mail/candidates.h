/* Which rules of an access image could decide on a client, in file order. */
#ifndef MAIL_CANDIDATES_H
#define MAIL_CANDIDATES_H

#include "mail/access.h"
#include "mail/image.h"

#include <stdbool.h>
#include <stdint.h>

/* As many places where rules can stand as there are: each class's lists, each prefix length, the name and its ends. */
#define CANDIDATES_MOST (IMAGE_CLASSES * 3 + 129 + 1 + IMAGE_LABELS)

/* Rules that are found by one key. */
struct candidates_place {
    uint32_t value;                  /* a rule's number or a list's */
    bool is_list;
    bool sure;                       /* the key is exact: a plain rule here needs no judging */
};

struct candidates {
    struct image *image;
    uint64_t classes;                /* bit by bit: the daemon lists that match; class 0 is always in */
    unsigned count;
    struct candidates_place place[CANDIDATES_MOST];
};

/* Looks up all places for the client as far as it is known: while its name is unasked, rules that may hang on it are
 * candidates, too. */
void candidates_start(struct candidates *c, struct image *im, const struct access_facts *facts);

/* The first candidate whose number is at least `from`; IMAGE_NONE at the end, or when the image is damaged. With *sure
 * it matches: no need to judge it. */
uint32_t candidates_next(struct candidates *c, uint32_t from, struct image_rule *rule, bool *sure);

#endif
