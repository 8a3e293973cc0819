/* Near misses: see near.h. */
#include "base/near.h"

#include "base/str.h"

#include <stdbool.h>

/* How many of the first bytes agree. */
static size_t same(const char *a, size_t an, const char *b, size_t bn)
{
    size_t i = 0;

    while (i < an && i < bn && str_lower(a[i]) == str_lower(b[i]))
        i++;
    return i;
}

static bool one_slip(const char *a, size_t an, const char *b, size_t bn)
{
    size_t i = same(a, an, b, bn);

    if (an == bn) {
        if (i == an)
            return false;
        if (same(a + i + 1, an - i - 1, b + i + 1, bn - i - 1) == an - i - 1)
            return true;
        return i + 1 < an && str_lower(a[i]) == str_lower(b[i + 1]) && str_lower(a[i + 1]) == str_lower(b[i])
            && same(a + i + 2, an - i - 2, b + i + 2, bn - i - 2) == an - i - 2;
    }
    if (an + 1 == bn)
        return same(a + i, an - i, b + i + 1, bn - i - 1) == an - i;
    if (bn + 1 == an)
        return same(a + i + 1, an - i - 1, b + i, bn - i) == bn - i;
    return false;
}

const char *near_word(const char *words, const char *text, size_t n, size_t *found_n)
{
    const char *word, *found = NULL;
    size_t word_n;

    if (n < 3)
        return NULL;
    while ((word = str_word(&words, &word_n))) {
        if (word_n == n && str_case_eqn(word, text, n))
            return NULL;
        if (!found && word_n >= 3 && one_slip(text, n, word, word_n)) {
            found = word;
            *found_n = word_n;
        }
    }
    return found;
}
