/* The parameters of RFC 3461: see dsn.h. */
#include "mail/dsn.h"

#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && str_case_eqn(text, word, n);
}

int dsn_notify(const char *text, size_t n, struct dsn_rcpt *r)
{
    static const char words[][8] = { "SUCCESS", "FAILURE", "DELAY", "NEVER" };
    unsigned set = 0, bit;
    const char *end = text + n;

    for (;; text++) {
        const char *comma = memchr(text, ',', (size_t)(end - text)), *stop = comma ? comma : end;
        for (bit = 0; bit < 4 && !is_word(text, (size_t)(stop - text), words[bit]); bit++)
            ;
        if (bit == 4 || set & 1u << bit)
            return -1;
        set |= 1u << bit;
        text = stop;
        if (!comma)
            break;
    }
    if (set & DSN_NEVER && set != DSN_NEVER)
        return -1;
    r->notify = set;
    return 0;
}

int dsn_ret(const char *text, size_t n, struct dsn_mail *m)
{
    if (!is_word(text, n, "FULL") && !is_word(text, n, "HDRS"))
        return -1;
    m->ret = str_lower(text[0]) == 'f' ? DSN_RET_FULL : DSN_RET_HDRS;
    return 0;
}

/* The value of a hexadecimal digit, 16 for any other byte. */
static unsigned hex(char c)
{
    return str_is_digit(c) ? (unsigned)(c - '0') : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* Reads one byte of xtext. Returns how many it took, 0 when there is none or it stands for a control character. */
static size_t xtext_byte(const char *text, size_t n, char *out)
{
    if (text[0] > ' ' && text[0] <= '~' && text[0] != '+' && text[0] != '=') {
        *out = text[0];
        return 1;
    }
    if (n < 3 || text[0] != '+' || (hex(text[1]) | hex(text[2])) > 15)
        return 0;
    unsigned v = hex(text[1]) << 4 | hex(text[2]);
    *out = (char)v;
    return v >= ' ' && v != 0x7f ? 3 : 0;
}

int dsn_xtext_decode(const char *text, size_t n, char *out)
{
    size_t len = 0, took;

    for (size_t i = 0; i < n; i += took) {
        took = xtext_byte(text + i, n - i, out + len);
        if (took == 0 || out[len++] & 0x80)
            return -1;
    }
    out[len] = '\0';
    return (int)len;
}

size_t dsn_xtext_encode(const char *text, size_t n, char *out)
{
    struct str s;

    str_init(&s, out, 3 * n + 1);
    for (size_t i = 0; i < n; i++) {
        if (text[i] > ' ' && text[i] <= '~' && text[i] != '+' && text[i] != '=') {
            str_addc(&s, text[i]);
        } else {
            unsigned char c = (unsigned char)text[i];
            str_addc(&s, '+');
            str_addc(&s, "0123456789ABCDEF"[c >> 4]);
            str_addc(&s, "0123456789ABCDEF"[c & 15]);
        }
    }
    return s.len;
}

/* Reads `\x{HEX}` (RFC 6533 3). Returns how many bytes it took, 0 when it is none or stands for a control. */
static size_t embedded_char(const char *text, size_t n)
{
    uint32_t v = 0;
    size_t i = 3;

    if (n < 6 || memcmp(text, "\\x{", 3) != 0)
        return 0;
    for (; i < n && i < 9; i++) {
        unsigned digit = hex(text[i] >= 'a' ? (char)(text[i] - ('a' - 'A')) : text[i]);
        if (digit > 15)
            break;
        v = v << 4 | digit;
    }
    return i > 4 && i < n && text[i] == '}' && utf8_is_text_point(v) ? i + 1 : 0;
}

int dsn_orcpt(const char *text, size_t n, bool utf8, struct dsn_rcpt *r)
{
    const char *semicolon = memchr(text, ';', n);
    size_t i, took;
    uint32_t point;
    char c;

    if (!semicolon || semicolon == text || semicolon == text + n - 1 || n > LIMIT_ORCPT)
        return -1;
    bool wide = is_word(text, (size_t)(semicolon - text), "utf-8");
    for (i = 0; text[i] != ';'; i++)
        if (!str_is_alnum(text[i]) && text[i] != '-')
            return -1;
    for (i++; i < n; i += took) {
        if (wide && text[i] == '\\')
            took = embedded_char(text + i, n - i);
        else if (wide && utf8 && (took = utf8_char(text + i, n - i, &point)) > 1)
            took = utf8_is_text_point(point) ? took : 0;
        else
            took = xtext_byte(text + i, n - i, &c);
        if (took == 0)
            return -1;
    }
    memcpy(r->orcpt, text, n);
    r->orcpt[n] = '\0';
    return 0;
}

int dsn_envid(const char *text, size_t n, struct dsn_mail *m)
{
    char envid[LIMIT_ENVID + 1];

    if (n == 0 || n > LIMIT_ENVID || dsn_xtext_decode(text, n, envid) < 0)
        return -1;
    memcpy(m->envid, text, n);
    m->envid[n] = '\0';
    return 0;
}

unsigned dsn_merge(unsigned notify, unsigned other)
{
    if (notify == other)
        return notify;
    /* Who does not say hears of failures and, if the server likes, of delays. */
    unsigned both = (notify ? notify : DSN_FAILURE | DSN_DELAY) | (other ? other : DSN_FAILURE | DSN_DELAY);
    return both & ~DSN_NEVER;
}

bool dsn_wants_failure(unsigned notify)
{
    return notify == 0 || notify & DSN_FAILURE;
}
