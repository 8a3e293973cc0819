/* Bounded strings: see str.h. */
#include "base/str.h"

#include <string.h>

void str_init(struct str *s, char *buf, size_t cap)
{
    s->p = buf;
    s->cap = cap;
    s->len = 0;
    s->cut = false;
    buf[0] = '\0';
}

void str_addn(struct str *s, const char *text, size_t n)
{
    size_t room = s->cap - 1 - s->len;

    if (n > room) {
        n = room;
        s->cut = true;
    }
    memcpy(s->p + s->len, text, n);
    s->len += n;
    s->p[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
    str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
    str_addn(s, &c, 1);
}

void str_addu(struct str *s, unsigned long long v)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    str_addn(s, digits + at, sizeof digits - at);
}

void str_addx(struct str *s, unsigned long long v, int digits)
{
    while (digits-- > 0)
        str_addc(s, "0123456789abcdef"[(v >> (4 * digits)) & 15]);
}

void str_add_clean(struct str *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        str_addc(s, text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
}

int str_copy(char *buf, size_t cap, const char *text)
{
    struct str s;

    str_init(&s, buf, cap);
    str_add(&s, text);
    return s.cut ? -1 : 0;
}

char str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_case_eqn(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_lower(a[i]) != str_lower(b[i]))
            return false;
    return true;
}

bool str_case_eq(const char *a, const char *b)
{
    size_t n = strlen(a);

    return n == strlen(b) && str_case_eqn(a, b, n);
}

bool str_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool str_is_alnum(char c)
{
    char l = str_lower(c);

    return str_is_digit(c) || (l >= 'a' && l <= 'z');
}

bool str_has_8bit(const char *text, size_t n)
{
    unsigned long word, high = ~0ul / 255 * 128;     /* 0x80 in each byte */

    for (; n >= sizeof word; n -= sizeof word, text += sizeof word) {
        memcpy(&word, text, sizeof word);
        if (word & high)
            return true;
    }
    for (; n > 0; n--, text++)
        if ((unsigned char)*text & 128)
            return true;
    return false;
}

const char *str_word(const char **p, size_t *n)
{
    const char *start = *p + strspn(*p, " \t");

    *n = strcspn(start, " \t");
    *p = start + *n;
    return *n ? start : NULL;
}

bool str_in_words(const char *list, const char *word)
{
    size_t want = strlen(word), n;
    const char *w;

    while ((w = str_word(&list, &n)))
        if (n == want && str_case_eqn(w, word, n))
            return true;
    return false;
}
