/* UTF-8: see utf8.h. */
#include "base/utf8.h"

size_t utf8_char(const char *text, size_t n, uint32_t *point)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = 1;

    if (n == 0)
        return 0;
    uint32_t v = p[0];
    if (v >= 0x80) {
        if (v < 0xc2 || v > 0xf4)
            return 0;
        len = v < 0xe0 ? 2 : v < 0xf0 ? 3 : 4;
        v &= 0x7fu >> len;
        for (size_t i = 1; i < len; i++) {
            if (i == n || (p[i] & 0xc0) != 0x80)
                return 0;
            v = v << 6 | (p[i] & 0x3f);
        }
        /* Of the overlong ones those of two bytes began with c0 or c1. */
        if (v >> 16 > 0x10 || v >> 11 == 0x1b || (len == 3 && v < 0x800) || (len == 4 && v < 0x10000))
            return 0;
    }
    *point = v;
    return len;
}

bool utf8_is_text_point(uint32_t point)
{
    return point >= ' ' && point >> 16 <= 0x10 && point >> 11 != 0x1b && (point < 0x7f || point > 0x9f);
}

bool utf8_is_text(const char *text, size_t n)
{
    uint32_t point;
    size_t len;

    for (; n; n -= len, text += len) {
        len = utf8_char(text, n, &point);
        if (len == 0 || !utf8_is_text_point(point))
            return false;
    }
    return true;
}
