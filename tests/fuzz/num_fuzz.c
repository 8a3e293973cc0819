/* Numbers: what is read is what its digits say, and nothing else is a number. */
#include "base/num.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static size_t zeros(const char *text, size_t n)
{
    size_t i = 0;

    while (i + 1 < n && text[i] == '0')
        i++;
    return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t v, max = UINT64_MAX;
    uint32_t seconds;
    char back[32];

    if (size < 2)
        return 0;
    if (data[0] < 64)
        max >>= data[0];
    size_t n = size - 1;
    char *text = malloc(n);
    memcpy(text, data + 1, n);
    if (num_dec(text, n, max, &v) == 0) {
        MUST(v <= max);
        size_t skip = zeros(text, n), len = (size_t)snprintf(back, sizeof back, "%llu", (unsigned long long)v);
        MUST(len == n - skip && memcmp(back, text + skip, len) == 0);
    }
    if (num_hex(text, n, &v) == 0) {
        MUST(n <= 16);
        snprintf(back, sizeof back, "%0*llx", (int)n, (unsigned long long)v);
        MUST(memcmp(back, text, n) == 0);
    }
    if (num_size(text, n, &v) == 0 && v)
        MUST(text[0] >= '0' && text[0] <= '9');
    if (num_time(text, n, 1, &seconds) == 0)
        MUST(seconds <= INT32_MAX && text[0] >= '0' && text[0] <= '9');
    free(text);
    return 0;
}
