/* A map from texts to small numbers, on uthash: see map.h. */
#include "base/map.h"

#include "base/le.h"

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

static unsigned hash_of(const struct map *m, const char *key, size_t n)
{
    return (unsigned)siphash(m->seed, key, n);
}

void map_start(struct map *m, uint64_t seed)
{
    *m = (struct map){ .entries = NULL };
    le64_put(m->seed, seed);
}

int map_put(struct map *m, const char *key, size_t n, uint32_t value, uint32_t *held)
{
    unsigned hash = hash_of(m, key, n);
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

    HASH_FIND_BYHASHVALUE(hh, m->entries, key, n, hash_of(m, key, n), e);
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
