/* Waiting for descriptors, in one way: by ppoll, which is one system call fewer for the sandbox to know. */
#ifndef SYS_AWAIT_H
#define SYS_AWAIT_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>

/* poll(2) for so many ms, for ever when that is below 0. With a mask (else NULL) the signals outside of it are let in
 * meanwhile, and an EINTR tells of one. */
int await_ready(struct pollfd *p, unsigned n, int64_t ms, const sigset_t *mask);

#endif
