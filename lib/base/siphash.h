/* SipHash-2-4: a keyed hash whose collisions nobody finds who lacks the key (Aumasson and Bernstein, 2012). */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY 16               /* bytes of a key */

/* The hash of n bytes. The same on every board, whatever its byte order. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *data, size_t n);

#endif
