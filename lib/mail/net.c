/* Network addresses as values: see net.h. */
#include "mail/net.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

void net_set_v4(struct net_addr *a, const uint8_t byte[4])
{
    memset(a, 0, sizeof *a);
    a->family = NET_V4;
    memcpy(a->byte, byte, 4);
}

void net_set_v6(struct net_addr *a, const uint8_t byte[16])
{
    if (memcmp(byte, mapped, sizeof mapped) == 0) {
        net_set_v4(a, byte + sizeof mapped);
        return;
    }
    memset(a, 0, sizeof *a);
    a->family = NET_V6;
    memcpy(a->byte, byte, 16);
}

int net_parse_octets(const char *text, size_t n, uint8_t byte[4])
{
    const char *end = text + n;
    int count = 0;

    memset(byte, 0, 4);
    for (;;) {
        const char *dot = memchr(text, '.', (size_t)(end - text));
        size_t len = (size_t)((dot ? dot : end) - text);
        uint64_t v;

        /* A leading zero is octal to some readers and decimal to others, so it is no number here. */
        if (count == 4 || (len > 1 && *text == '0') || num_dec(text, len, 255, &v))
            return -1;
        byte[count++] = (uint8_t)v;
        if (!dot)
            return count;
        text = dot + 1;
    }
}

static int parse_group(const char *text, size_t n, unsigned *out)
{
    char lower[4];
    uint64_t v;

    if (n > sizeof lower)
        return -1;
    for (size_t i = 0; i < n; i++)
        lower[i] = str_lower(text[i]);
    if (num_hex(lower, n, &v))
        return -1;
    *out = (unsigned)v;
    return 0;
}

#define NO_GAP 17                        /* no place for `::` among 16 bytes */

/* RFC 4291 2.2: groups go to byte[] from the front, and at the end those behind `::` move to the back. */
static int parse_v6(const char *text, size_t n, uint8_t byte[16])
{
    const char *end = text + n;
    size_t at = 0, gap = NO_GAP;
    unsigned group;

    memset(byte, 0, 16);
    if (n >= 2 && text[0] == ':' && text[1] == ':')
        text++;                          /* the other colon is seen below, as one behind an empty group */
    else if (n == 0 || text[0] == ':')
        return -1;
    while (text < end) {
        if (*text == ':') {              /* the second of two */
            if (gap != NO_GAP)
                return -1;
            gap = at;
            if (++text == end)
                break;
        }
        const char *colon = memchr(text, ':', (size_t)(end - text));
        size_t len = (size_t)((colon ? colon : end) - text);
        if (!colon && memchr(text, '.', len)) {
            if (at > 12 || net_parse_octets(text, len, byte + at) != 4)
                return -1;
            at += 4;
            break;
        }
        if (at > 14 || parse_group(text, len, &group))
            return -1;
        byte[at++] = (uint8_t)(group >> 8);
        byte[at++] = (uint8_t)group;
        if (!colon)
            break;
        text = colon + 1;
        if (text == end)
            return -1;                   /* one colon at the end */
    }
    if ((gap == NO_GAP) != (at == 16))
        return -1;
    if (gap != NO_GAP) {
        size_t tail = at - gap;
        memmove(byte + 16 - tail, byte + gap, tail);
        memset(byte + gap, 0, 16 - at);
    }
    return 0;
}

int net_parse(const char *text, size_t n, struct net_addr *a)
{
    uint8_t byte[16];

    memset(a, 0, sizeof *a);
    if (memchr(text, ':', n)) {
        if (parse_v6(text, n, byte))
            return -1;
        net_set_v6(a, byte);
        return 0;
    }
    if (net_parse_octets(text, n, byte) != 4)
        return -1;
    net_set_v4(a, byte);
    return 0;
}

static unsigned group_of(const struct net_addr *a, int i)
{
    return (unsigned)a->byte[2 * i] << 8 | a->byte[2 * i + 1];
}

/* RFC 5952 4.2: the longest run of at least two zero groups, the first of equals. Its start, and its length in *n. */
static int longest_zeros(const struct net_addr *a, int *n)
{
    int best = 8, run = 0;

    *n = 1;
    for (int i = 0; i < 8; i++) {
        run = group_of(a, i) ? 0 : run + 1;
        if (run > *n) {
            *n = run;
            best = i - run + 1;
        }
    }
    return best;
}

static void format_v6(const struct net_addr *a, struct str *s)
{
    int n, gap = longest_zeros(a, &n);

    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            str_add(s, "::");
            i += n - 1;
            continue;
        }
        unsigned g = group_of(a, i);
        if (i > 0 && i != gap + n)
            str_addc(s, ':');
        str_addx(s, g, g > 0xfff ? 4 : g > 0xff ? 3 : g > 0xf ? 2 : 1);
    }
}

void net_format(const struct net_addr *a, char text[NET_TEXT])
{
    struct str s;

    str_init(&s, text, NET_TEXT);
    if (a->family == NET_V6) {
        format_v6(a, &s);
        return;
    }
    if (a->family == NET_NONE) {
        str_add(&s, "unknown");
        return;
    }
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            str_addc(&s, '.');
        str_addu(&s, a->byte[i]);
    }
}

bool net_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->family != NET_NONE && a->family == b->family && memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

bool net_in_prefix(const struct net_addr *a, const struct net_addr *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (a->family == NET_NONE || a->family != prefix->family || bits > (a->family == NET_V4 ? 32u : 128u))
        return false;
    if (memcmp(a->byte, prefix->byte, whole) != 0)
        return false;
    return rest == 0 || (a->byte[whole] ^ prefix->byte[whole]) >> (8 - rest) == 0;
}

bool net_is_loopback(const struct net_addr *a)
{
    static const struct net_addr one = { NET_V6, { [15] = 1 } };

    return (a->family == NET_V4 && a->byte[0] == 127) || net_equal(a, &one);
}

bool net_has_source_route(const uint8_t *options, size_t n)
{
    enum { END = 0, NOP = 1, LOOSE = 131, STRICT = 137 };
    size_t step;

    for (size_t i = 0; i < n && options[i] != END; i += step) {
        if (options[i] == LOOSE || options[i] == STRICT)
            return true;
        step = options[i] == NOP ? 1 : i + 1 < n ? options[i + 1] : 0;
        if (step == 0)
            break;
    }
    return false;
}
