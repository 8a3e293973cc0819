/* Strict numbers: see num.h. */
#include "base/num.h"

#include "base/str.h"

int num_dec(const char *text, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!str_is_digit(text[i]))
            return -1;
        unsigned digit = (unsigned)(text[i] - '0');
        if (v > (max - digit) / 10 || digit > max)
            return -1;
        v = v * 10 + digit;
    }
    *out = v;
    return 0;
}

int num_hex(const char *text, size_t n, uint64_t *out)
{
    uint64_t v = 0;

    if (n == 0 || n > 16)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (str_is_digit(text[i]))
            v = v << 4 | (uint64_t)(text[i] - '0');
        else if (text[i] >= 'a' && text[i] <= 'f')
            v = v << 4 | (uint64_t)(text[i] - 'a' + 10);
        else
            return -1;
    }
    *out = v;
    return 0;
}

int num_size(const char *text, size_t n, uint64_t *out)
{
    unsigned shift = 0;

    if (n > 0) {
        char unit = str_lower(text[n - 1]);
        shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0;
    }
    if (num_dec(text, n - (shift ? 1 : 0), UINT64_MAX >> shift, out))
        return -1;
    *out <<= shift;
    return 0;
}

static uint32_t seconds_of(char unit)
{
    switch (str_lower(unit)) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 7 * 86400;
    default:  return 0;
    }
}

int num_time(const char *text, size_t n, uint32_t unit, uint32_t *out)
{
    uint64_t total = 0, v;
    size_t at = 0;

    do {
        size_t start = at;
        while (at < n && str_is_digit(text[at]))
            at++;
        if (num_dec(text + start, at - start, UINT32_MAX, &v))
            return -1;
        if (at < n)
            unit = seconds_of(text[at++]);
        else if (start > 0)
            return -1;                       /* `1h30`: the last number must name its unit */
        if (unit == 0)
            return -1;
        total += v * unit;
        if (total > INT32_MAX)
            return -1;
    } while (at < n);
    *out = (uint32_t)total;
    return 0;
}
