/* Waiting for descriptors: see await.h. */
#include "sys/await.h"

#include <time.h>

int await_ready(struct pollfd *p, unsigned n, int64_t ms, const sigset_t *mask)
{
    const struct timespec most = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) };

    return ppoll(p, n, ms < 0 ? NULL : &most, mask);
}
