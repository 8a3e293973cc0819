/* A map from texts to small numbers: filled at start-up, then only asked. The one module of base with a heap. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
    struct map_entry *entries;       /* private */
    uint8_t seed[SIPHASH_KEY];
    size_t count;
};

/* An empty map. The seed, a random number, keys its hash, so that nobody can choose texts that collide. */
void map_start(struct map *m, uint64_t seed);

/* Maps a key of n bytes, which are copied, to a value. Returns 0; 1 when the key is there already, with *held as its
 * value (held may be NULL), and nothing changes; -1 when there is no memory. */
int map_put(struct map *m, const char *key, size_t n, uint32_t value, uint32_t *held);

/* Is the key there? Then *value is its value. */
bool map_get(const struct map *m, const char *key, size_t n, uint32_t *value);

/* Gives all its memory back; the map is empty then, and may be filled anew. */
void map_free(struct map *m);

#endif
