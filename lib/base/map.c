/* A map from texts to small numbers, on uthash: see map.h. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* No memory is an error that is returned: the entry that found none comes back with no table to belong to. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(e) ((e)->failed = true)
#include <uthash.h>

struct map_entry {
    UT_hash_handle hh;
    uint32_t value;
    bool failed;
    char key[];
};

static uint32_t rotl(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

static void sip_round(uint32_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 5) ^ v[0];
    v[0] = rotl(v[0], 16);
    v[2] += v[3];
    v[3] = rotl(v[3], 8) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 7) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 13) ^ v[2];
    v[2] = rotl(v[2], 16);
}

/* HalfSipHash-1-3 (Aumasson, Bernstein): a keyed hash that is quick on 32-bit processors. */
static unsigned keyed_hash(uint64_t seed, const char *key, size_t n)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t v[4] = { k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1 }, word = 0;

    for (size_t i = 0; i <= n; i++) {
        bool last = i == n;              /* the length fills the last word */
        word |= (uint32_t)(last ? 0 : (unsigned char)key[i]) << (8 * (i % 4));
        if (last)
            word |= (uint32_t)n << 24;
        if (i % 4 != 3 && !last)
            continue;
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
        word = 0;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[1] ^ v[3];
}

void map_start(struct map *m, uint64_t seed)
{
    *m = (struct map){ .entries = NULL, .seed = seed };
}

int map_put(struct map *m, const char *key, size_t n, uint32_t value, uint32_t *held)
{
    unsigned hash = keyed_hash(m->seed, key, n);
    struct map_entry *e;

    HASH_FIND_BYHASHVALUE(hh, m->entries, key, n, hash, e);
    if (e) {
        if (held)
            *held = e->value;
        return 1;
    }
    if (n > UINT32_MAX || !(e = malloc(sizeof *e + n)))
        return -1;
    memcpy(e->key, key, n);
    e->value = value;
    e->failed = false;
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, m->entries, e->key, n, hash, e);
    if (e->failed) {
        free(e);
        return -1;
    }
    m->count++;
    return 0;
}

bool map_get(const struct map *m, const char *key, size_t n, uint32_t *value)
{
    const struct map_entry *e;

    HASH_FIND_BYHASHVALUE(hh, m->entries, key, n, keyed_hash(m->seed, key, n), e);
    if (e)
        *value = e->value;
    return e != NULL;
}

void map_free(struct map *m)
{
    struct map_entry *e, *next;

    HASH_ITER(hh, m->entries, e, next) {
        HASH_DELETE(hh, m->entries, e);
        free(e);
    }
    m->count = 0;
}
