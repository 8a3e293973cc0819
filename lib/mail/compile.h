/* Makes an access image of the texts: docs/IMAGE.md. Pure; the caller brings the memory and the facts about the files.
 *
 *     compile_start(&c, …)          counts; then c.entries points to room for c.entry_most of them
 *     compile_sort(&c, …)           now c.h.blocks is known; then there is room for so many blocks
 *     compile_write(&c, …)
 */
#ifndef MAIL_COMPILE_H
#define MAIL_COMPILE_H

#include "base/fault.h"
#include "mail/image.h"
#include "mail/rule.h"

#include <stddef.h>
#include <stdint.h>

/* One key of one rule. */
struct compile_entry {
    struct image_key key;
    uint32_t rule;
};

struct compile {
    const char *text[IMAGE_SOURCES];     /* NULL when there is none; `name` says where a fault is */
    size_t n[IMAGE_SOURCES];
    const char *name[IMAGE_SOURCES];
    struct image_header h;               /* key and id are the caller's to set; the rest is found out */
    struct compile_entry *entries;
    size_t entry_most, entry_count;
    struct image_class classes[IMAGE_CLASSES];
    uint8_t *out;                        /* private, from here on */
    uint32_t slots, list_words;
};

/* Each returns 0, or -1 with the fault: what has no room in an image, and the mend. */
int compile_start(struct compile *c, struct fault *f);
int compile_sort(struct compile *c, struct fault *f);
/* `out` has room for c->h.blocks blocks. */
int compile_write(struct compile *c, uint8_t *out, struct fault *f);

#endif
