/* UTF-8 as RFC 3629 has it, read strictly: nothing overlong, no surrogates, nothing beyond U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the character at text, of n bytes, and its code point; 0 when there is none. It may be a control. */
size_t utf8_char(const char *text, size_t n, uint32_t *point);

/* Is it a code point that may stand in text: no surrogate, no control (C0, DEL, C1)? */
bool utf8_is_text_point(uint32_t point);

/* Is text, of n bytes, UTF-8 without controls? */
bool utf8_is_text(const char *text, size_t n);

#endif
