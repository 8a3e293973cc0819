/* Random numbers for ids and jitter: unpredictable where the kernel can, and never waiting for it. */
#ifndef SYS_RAND_H
#define SYS_RAND_H

#include <stdint.h>

/* Not for keys: on a board that has just booted it falls back to the clocks and the process id. */
uint64_t rand_u64(void);

#endif
