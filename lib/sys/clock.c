/* The time: see clock.h. */
#include "sys/clock.h"

#include <time.h>

int64_t clock_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec;
}

int64_t clock_mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_after(uint32_t seconds)
{
    return clock_mono_ms() + (int64_t)seconds * 1000;
}

bool clock_unset(int64_t wall)
{
    return wall < BUZON_BUILD_DATE;
}
