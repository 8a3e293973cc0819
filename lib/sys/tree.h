/* The one tree that everything lives in, which is also the jail. */
#ifndef SYS_TREE_H
#define SYS_TREE_H

#include "base/fault.h"

#include <stdbool.h>
#include <sys/types.h>

#define TREE_DEFAULT "/srv/buzon"

struct tree {
    uid_t uid;                       /* owner of queue/: whom an applet becomes */
    gid_t gid;
    bool jailed;
    char *root;                      /* on the heap, to the end of the process */
};

/* Takes `--root DIR` or `--root=DIR` out of argv wherever it stands before `--`. Returns DIR or NULL; *argc shrinks.
 * A --root without its value sets *argc to -1. */
const char *tree_option(int *argc, char **argv);

/* Finds the tree (root_option, else BUZON_ROOT unless AT_SECURE, else TREE_DEFAULT), checks it and makes it the working
 * directory. Checked: every directory above it belongs to root or to us and is not writable by others; queue/, with
 * tmp/, new/, bad/, is a directory of one owner who is not root; mail/ is a directory; etc/ is not writable by others.
 * Returns 0, or -1 with a fault that names the directory and the mend. */
int tree_open(struct tree *t, const char *root_option, struct fault *f);

/* As root: refreshes etc/resolv.conf and etc/hosts from the system's, enters the jail and drops to the queue's owner,
 * for good. As anybody else: checks that the queue is ours. Returns 0, or -1 with the fault; the caller must exit. The
 * limits of what it may use are sandbox_enter's, which follows. */
int tree_enter(struct tree *t, struct fault *f);

#endif
