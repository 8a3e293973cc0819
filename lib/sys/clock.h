/* The time: what the wall says, and what only ever goes forward. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 as the board believes, which may be 1970 itself. */
int64_t clock_wall(void);

/* Milliseconds on a clock that neither jumps nor goes back; deadlines are points on it. */
int64_t clock_mono_ms(void);

/* The point on it so many seconds from now. */
int64_t clock_after(uint32_t seconds);

/* Has the clock plainly not been set: is it earlier than this program was built? */
bool clock_unset(int64_t wall);

#endif
