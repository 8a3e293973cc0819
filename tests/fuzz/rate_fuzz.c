/* A table of rates of arbitrary bytes at an arbitrary time: nothing outside it is touched, what was taken counts, and
 * nobody is shut out for longer than the time of the rate. */
#include "mail/rate.h"

#include "base/le.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 32
#define MUST(cond) do { if (!(cond)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD)
        return 0;
    struct rate_table *t = malloc(sizeof *t);    /* its own block, so that the sanitizer sees its edges */
    struct conf_rate rate = { 1 + le32_get(data) % 1000000, 1 + le32_get(data + 4) % 86400 };
    enum rate_kind kind = data[8] % RATE_KINDS;
    uint64_t key = le64_get(data + 9);
    int64_t now = (int64_t)(le64_get(data + 17) >> 18), whole = (int64_t)rate.seconds * 1000;
    unsigned n = 1 + le32_get(data + 25) % rate.count;

    uint8_t *set = (uint8_t *)t->entry[kind][key % RATE_SETS];
    for (size_t i = 0; i < sizeof t->entry[0][0]; i++)
        set[i] = size > HEAD ? data[HEAD + i % (size - HEAD)] : 0;
    if (data[29] & 1)
        t->entry[kind][key % RATE_SETS][data[30] % RATE_WAYS].key = key;
    MUST(!rate_room(t, kind, key, &rate, rate.count + 1, now));
    if (rate_room(t, kind, key, &rate, n, now)) {
        rate_take(t, kind, key, &rate, n, now);
        if (n > rate.count / 2 + rate.count / 50 + 1)
            MUST(!rate_room(t, kind, key, &rate, n, now));
    }
    MUST(rate_room(t, kind, key, &rate, rate.count, now + whole));
    rate_take(t, kind, key, &rate, rate.count, now + whole);
    MUST(!rate_room(t, kind, key, &rate, 1 + rate.count / 50, now + whole));
    free(t);
    return 0;
}
