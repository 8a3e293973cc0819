/* A process that trusts nothing it was born with, and the points where it gives up its rights. */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The first act of every applet (CASES J7): fds 0 to 2 exist, all others are closed, no signal is blocked, SIGCHLD,
 * SIGTERM and SIGALRM are at their defaults and SIGPIPE is ignored, the umask is 077, no core is written. Returns 0 or
 * -1. */
int proc_init(void);

/* For an applet whose fd 0 is a client: fd 2, which inetd makes the client's socket too, becomes /dev/null. */
int proc_guard_stderr(void);

/* Closes all descriptors from `first` on. */
void proc_close_from(int first);

/* These descriptors, and those between them, become /dev/null. Returns 0 or -1. */
int proc_null(int first, int last);

/* For the child that goes on in the background: a session of its own, fds 0 to 2 on /dev/null. Returns 0 or -1. */
int proc_detach(void);

/* For a process that opens few files and starts no other: RLIMIT_NOFILE 64, RLIMIT_NPROC 0, and a write beyond
 * RLIMIT_FSIZE is an error, not a signal. Returns 0 or -1. */
int proc_limit(void);

/* Drops for good to uid and gid: groups, gid, uid, each verified, and root must not come back.
 * Then no_new_privs. Returns 0, or -1 with the fault set; the caller must exit then. */
int proc_drop(uid_t uid, gid_t gid, struct fault *f);

/* The n bytes at `at`, of memory that started as zeros, are not needed any more: what whole pages of them there are go
 * back to the kernel, and are zeros when they are touched again. The second: of the stack, what lies far below its
 * caller, which start-up may have used. For the sessions that wait side by side. */
void proc_give_back(void *at, size_t n);
void proc_give_back_stack(void);

/* A path from --root's environment twin may be used only by a program that runs with its caller's own rights. */
bool proc_is_secure_exec(void);

/* Name of the file that was executed (AT_EXECFN), "" when the kernel does not say. */
const char *proc_exec_name(void);

#endif
