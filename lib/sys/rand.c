/* Random numbers: see rand.h. */
#include "sys/rand.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* splitmix64's finish: spreads what little the clocks differ over all bits. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t rand_u64(void)
{
    static uint64_t counter;
    uint64_t r;
    struct timespec wall, mono;

    if (getrandom(&r, sizeof r, GRND_NONBLOCK) == sizeof r)
        return r;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    r = mix((uint64_t)wall.tv_sec << 30 ^ (uint64_t)wall.tv_nsec);
    r = mix(r ^ (uint64_t)mono.tv_sec << 30 ^ (uint64_t)mono.tv_nsec);
    return mix(r ^ (uint64_t)getpid() << 32 ^ ++counter);
}
