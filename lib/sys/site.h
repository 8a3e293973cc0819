/* The tree and its configuration together: what every applet that works on the queue starts from. */
#ifndef SYS_SITE_H
#define SYS_SITE_H

#include "base/fault.h"
#include "mail/conf.h"
#include "sys/tree.h"

struct site {
    struct tree tree;
    struct conf conf;                /* hostname is always set */
};

/* tree_open, then etc/buzon.conf; a missing file leaves the defaults. Returns 0, or -1 with the fault. Nothing is
 * entered or dropped yet: tree_enter follows when all that only root may read has been read. */
int site_open(struct site *s, const char *root_option, struct fault *f);

#endif
