/* resolv.conf(5): see resconf.h. */
#include "mail/resconf.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of *p before end, its length in *n; NULL at the end. Moves *p. */
static const char *next_word(const char **p, const char *end, size_t *n)
{
    const char *start = *p;

    while (start < end && is_blank(*start))
        start++;
    const char *stop = start;
    while (stop < end && !is_blank(*stop))
        stop++;
    *p = stop;
    *n = (size_t)(stop - start);
    return *n ? start : NULL;
}

static bool is_word(const char *word, size_t n, const char *want)
{
    return n == strlen(want) && memcmp(word, want, n) == 0;
}

static void add_server(struct resconf *c, const char *word, size_t n)
{
    const char *percent = memchr(word, '%', n);
    size_t addr_n = percent ? (size_t)(percent - word) : n;
    struct resconf_server s = { .zone = "" };

    if (c->servers == RESCONF_SERVERS || net_parse(word, addr_n, &s.addr))
        return;
    if (percent && s.addr.family == NET_V6 && n - addr_n - 1 < sizeof s.zone)
        memcpy(s.zone, percent + 1, n - addr_n - 1);
    c->server[c->servers++] = s;
}

static void set_option(const char *word, size_t n, const char *name, unsigned most, unsigned *value)
{
    size_t name_n = strlen(name);
    uint64_t v;

    if (n > name_n && memcmp(word, name, name_n) == 0 && num_dec(word + name_n, n - name_n, UINT32_MAX, &v) == 0)
        *value = v < 1 ? 1 : v > most ? most : (unsigned)v;
}

static void set_search(struct resconf *c, const char *p, const char *end)
{
    const char *word;
    size_t n;
    struct str s;

    str_init(&s, c->search, sizeof c->search);
    while ((word = next_word(&p, end, &n)) && s.len + n + 1 < s.cap) {
        if (s.len > 0)
            str_addc(&s, ' ');
        str_addn(&s, word, n);
    }
}

static void read_line(struct resconf *c, const char *p, const char *end)
{
    size_t n;
    const char *word = next_word(&p, end, &n);

    if (!word)
        return;
    if (is_word(word, n, "nameserver")) {
        if ((word = next_word(&p, end, &n)))
            add_server(c, word, n);
    } else if (is_word(word, n, "search") || is_word(word, n, "domain")) {
        set_search(c, p, end);
    } else if (is_word(word, n, "options")) {
        while ((word = next_word(&p, end, &n))) {
            set_option(word, n, "timeout:", 30, &c->timeout);
            set_option(word, n, "attempts:", 5, &c->attempts);
        }
    }
}

void resconf_parse(struct resconf *c, const char *text, size_t n)
{
    static const uint8_t here[4] = { 127, 0, 0, 1 };

    memset(c, 0, sizeof *c);
    c->timeout = 5;
    c->attempts = 2;
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t line_n = end ? (size_t)(end - text) : n, used = end ? line_n + 1 : n;
        read_line(c, text, text + line_n);
        text += used;
        n -= used;
    }
    if (c->servers == 0)
        net_set_v4(&c->server[c->servers++].addr, here);
}
