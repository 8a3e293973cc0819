/* The sandbox: what is left to a process that has entered the tree and given up its rights, before a stranger's first
 * byte. docs/SECURITY.md says what each layer holds. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include "base/fault.h"
#include "sys/seccomp.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox_limits {
    uint64_t message;                /* bytes of the largest message that it may write; 0: files have no limit */
    uint64_t rules;                  /* bytes of the files that it holds in memory, or may have to */
};

/* For good, in the tree and behind tree_enter, with all but the peer's descriptor and the log's set up: limits on
 * memory, descriptors, processes and the size of files; no_new_privs; Landlock on the tree's folders, whose descriptors
 * are closed again; and last the filter of system calls, so that whatever the role does not need is the process's end.
 *
 * A listener has no filter, which its children's would have to fit into, and may fork: its children then enter as
 * SANDBOX_SESSION.
 *
 * A kernel that lacks Landlock or filters is no fault: it is logged, once as long as run/sandbox says the same. Returns
 * 0, or -1 with the fault, and the caller must exit. */
int sandbox_enter(enum seccomp_role role, const struct sandbox_limits *l, struct fault *f);

/* The filter alone, for a child that works apart (sys/apart.h). Returns 0, also where the kernel has none, or -1. */
int sandbox_filter(enum seccomp_role role);

/* Is this process in a sandbox? Then no command can be run, nor what needs other calls be done. */
bool sandbox_entered(void);

#endif
