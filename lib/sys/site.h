/* The tree and its configuration together: what every applet that works on the queue starts from. */
#ifndef SYS_SITE_H
#define SYS_SITE_H

#include "base/fault.h"
#include "mail/conf.h"
#include "sys/tree.h"

#include <stdint.h>

struct site {
    struct conf conf;                /* hostname is always set */
    char *text;                      /* what it points into */
    uint32_t seen;                   /* what site_refresh read last, good or bad; 0: nothing yet */
    struct tree tree;
};

/* tree_open, then etc/buzon.conf; a missing file leaves the defaults. Returns 0, or -1 with the fault. Nothing is
 * entered or dropped yet: tree_enter follows when all that only root may read has been read. */
int site_open(struct site *s, const char *root_option, struct fault *f);

/* Takes up etc/buzon.conf as it is now. Returns 0; or -1 with the fault, once for each change, and what was read before
 * stands: when it cannot be read or understood, or was there and is no more. */
int site_refresh(struct site *s, struct fault *f);

#endif
