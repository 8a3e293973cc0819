/* The map: what is put in is found, what is not is not, and no memory is an error that leaves it whole. */
#include "base/map.h"

#include "test.h"

#include <stdlib.h>
#include <sys/resource.h>

static bool put(struct map *m, const char *key, uint32_t value)
{
    return map_put(m, key, strlen(key), value, NULL) == 0;
}

static long get(const struct map *m, const char *key)
{
    uint32_t value;

    return map_get(m, key, strlen(key), &value) ? (long)value : -1;
}

static void an_empty_map_holds_nothing(void)
{
    struct map m;

    map_start(&m, 1);
    CHECK_EQ(get(&m, ""), -1);
    CHECK_EQ(get(&m, "a"), -1);
    CHECK_EQ(m.count, 0);
    map_free(&m);
}

static void what_is_put_in_is_found(void)
{
    struct map m;

    map_start(&m, 0x0123456789abcdef);
    CHECK(put(&m, "one", 1) && put(&m, "two", 2) && put(&m, "", 3) && put(&m, "one ", 4));
    CHECK_EQ(get(&m, "one"), 1);
    CHECK_EQ(get(&m, "two"), 2);
    CHECK_EQ(get(&m, ""), 3);
    CHECK_EQ(get(&m, "one "), 4);
    CHECK_EQ(get(&m, "on"), -1);
    CHECK_EQ(get(&m, "ONE"), -1);
    CHECK_EQ(m.count, 4);
    map_free(&m);
    CHECK_EQ(get(&m, "one"), -1);
    CHECK(put(&m, "one", 9));
    CHECK_EQ(get(&m, "one"), 9);
    map_free(&m);
}

static void keys_are_bytes(void)
{
    struct map m;
    uint32_t value = 0;

    map_start(&m, 7);
    CHECK_EQ(map_put(&m, "a\0b", 3, 5, NULL), 0);
    CHECK_EQ(map_put(&m, "a\0c", 3, 6, NULL), 0);
    CHECK(map_get(&m, "a\0c", 3, &value));
    CHECK_EQ(value, 6);
    CHECK(!map_get(&m, "a", 1, &value));
    map_free(&m);
}

static void the_first_value_stays(void)
{
    struct map m;
    uint32_t held = 0;

    map_start(&m, 7);
    CHECK_EQ(map_put(&m, "key", 3, 5, &held), 0);
    CHECK_EQ(map_put(&m, "key", 3, 6, &held), 1);
    CHECK_EQ(held, 5);
    CHECK_EQ(map_put(&m, "key", 3, 6, NULL), 1);
    CHECK_EQ(get(&m, "key"), 5);
    CHECK_EQ(m.count, 1);
    map_free(&m);
}

static void the_key_is_copied(void)
{
    struct map m;
    char key[] = "abc";

    map_start(&m, 7);
    CHECK(put(&m, key, 1));
    memset(key, 'x', 3);
    CHECK_EQ(get(&m, "abc"), 1);
    map_free(&m);
}

static void twenty_thousand_under_two_seeds(void)
{
    char key[32];

    for (uint64_t seed = 0; seed < 2; seed++) {
        struct map m;
        int missing = 0, ghosts = 0;

        map_start(&m, seed * 0x9e3779b97f4a7c15);
        for (uint32_t i = 0; i < 20000; i++) {
            snprintf(key, sizeof key, "host%u.example.org", (unsigned)i);
            CHECK(put(&m, key, i));
        }
        for (uint32_t i = 0; i < 20000; i++) {
            snprintf(key, sizeof key, "host%u.example.org", (unsigned)i);
            missing += get(&m, key) != (long)i;
            snprintf(key, sizeof key, "host%u.example.net", (unsigned)i);
            ghosts += get(&m, key) != -1;
        }
        CHECK_EQ(missing, 0);
        CHECK_EQ(ghosts, 0);
        map_free(&m);
    }
}

/* The last case: the limit stays. The map must say so, and keep what it had. Nothing to see where a sanitizer owns the
 * heap, nor under an emulator, which lets the limit be. */
static void no_memory_is_an_error(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    static char big[1 << 20];
    struct rlimit small = { 64 << 20, 64 << 20 };
    struct map m;
    uint32_t i = 0;
    int r = 0;

    CHECK_EQ(setrlimit(RLIMIT_AS, &small), 0);
    void *probe = malloc(small.rlim_cur);
    free(probe);
    if (probe)
        return;
    map_start(&m, 3);
    CHECK(put(&m, "kept", 1));
    for (; i < 1000 && r == 0; i++) {
        memcpy(big, &i, sizeof i);
        r = map_put(&m, big, sizeof big, i, NULL);
    }
    CHECK_EQ(r, -1);
    CHECK_EQ(m.count, i);            /* the one that failed is not there, `kept` is */
    CHECK_EQ(get(&m, "kept"), 1);
    map_free(&m);
#endif
}

int main(void)
{
    RUN(an_empty_map_holds_nothing);
    RUN(what_is_put_in_is_found);
    RUN(keys_are_bytes);
    RUN(the_first_value_stays);
    RUN(the_key_is_copied);
    RUN(twenty_thousand_under_two_seeds);
    RUN(no_memory_is_an_error);
    TEST_DONE();
}
