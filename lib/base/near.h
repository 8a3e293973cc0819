/* Near misses: which word somebody may have meant. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/* The first word of `words` (separated by blanks) from which the n bytes at text differ by one slip: a character too
 * many, too few, another one, or two neighbours swapped; whatever the case. Its length in *found_n. NULL when there is
 * none, or when the text is itself one of the words or shorter than three characters. */
const char *near_word(const char *words, const char *text, size_t n, size_t *found_n);

#endif
