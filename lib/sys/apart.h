/* Work on what strangers sent, done apart: in a child without rights, so that root never reads a packet. */
#ifndef SYS_APART_H
#define SYS_APART_H

#include "sys/sys.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define APART_NOBODY 65534

/* What the child does: fills in the answer, which is zeroed, by `deadline` (a point on clock_mono_ms). */
typedef void apart_work(const void *question, void *answer, int64_t deadline);

/* Runs `work` in a child that has become uid and gid for good, and takes its answer of n bytes. The child has no
 * descriptor of ours, no root directory to speak of where /proc is mounted, no new privileges, and may neither start a
 * process nor write a file; its work's deadline is a little before `deadline`, at which it is killed, whoever waits for
 * it. It is always reaped, and SIGCHLD's disposition, which may be to ignore it, is as before. For a process with one
 * thread; as root.
 *
 * SYS_OK; SYS_TEMP when no whole answer came, and the answer is zeroed. What came is the child's word: check it. */
enum sys_result apart_run(apart_work *work, const void *question, void *answer, size_t n, uid_t uid, gid_t gid,
                          int64_t deadline);

#endif
