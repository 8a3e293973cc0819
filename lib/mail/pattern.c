/* One pattern of hosts_access(5): see pattern.h. */
#include "mail/pattern.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

bool pattern_is(const char *text, size_t n, const char *keyword)
{
    return n == strlen(keyword) && str_case_eqn(text, keyword, n);
}

/* Are all n bytes digits or in `also`? */
static bool only_digits_and(const char *text, size_t n, const char *also)
{
    for (size_t i = 0; i < n; i++)
        if (!str_is_digit(text[i]) && (text[i] == '\0' || !strchr(also, text[i])))
            return false;
    return true;
}

bool pattern_has_glob(const char *text, size_t n)
{
    return memchr(text, '*', n) || memchr(text, '?', n);
}

static bool has_digit(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_is_digit(text[i]))
            return true;
    return false;
}

/* `*` is any run, `?` one byte. Returns to the last star only, so the time is bounded by the product of the lengths. */
static bool glob(const char *p, size_t pn, const char *t, size_t tn)
{
    size_t i = 0, j = 0, star = pn, mark = 0;

    while (j < tn) {
        if (i < pn && p[i] == '*') {
            star = i++;
            mark = j;
        } else if (i < pn && (p[i] == '?' || str_lower(p[i]) == str_lower(t[j]))) {
            i++;
            j++;
        } else if (star < pn) {
            i = star + 1;
            j = ++mark;
        } else {
            return false;
        }
    }
    while (i < pn && p[i] == '*')
        i++;
    return i == pn;
}

/* mask = the first `bits` bits. */
static void set_prefix(struct pattern *p, unsigned bits)
{
    memset(p->mask, 0, sizeof p->mask);
    for (unsigned i = 0; i < bits; i++)
        p->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static bool net_has_host_bits(const struct pattern *p)
{
    for (int i = 0; i < 16; i++)
        if (p->net.byte[i] & ~p->mask[i])
            return true;
    return false;
}

static int read_length(const char *text, size_t n, unsigned most, unsigned *bits)
{
    uint64_t v;

    if (n == 0 || (n > 1 && text[0] == '0') || num_dec(text, n, most, &v))
        return -1;
    *bits = (unsigned)v;
    return 0;
}

static const char *read_mask(const char *text, size_t n, struct pattern *p)
{
    unsigned bits;

    if (memchr(text, '.', n)) {
        set_prefix(p, 0);
        if (net_parse_octets(text, n, p->mask) != 4)
            return "no mask: four numbers from 0 to 255 without leading zeros, or a length from 1 to 32";
        /* hosts_access(5): "255.255.255.255 is not a valid mask value". */
        if (memcmp(p->mask, "\xff\xff\xff\xff", 4) == 0)
            return "the original never matches this mask: write the address alone";
        return NULL;
    }
    if (read_length(text, n, 32, &bits))
        return "no prefix length: a number from 1 to 32 without leading zeros";
    if (bits == 0)
        return "the original never matches /0: write 0.0.0.0/0.0.0.0, or ALL";
    set_prefix(p, bits);
    return NULL;
}

/* `a.b.c.d/len`, `a.b.c.d/m.m.m.m`; slash is where the / stands. */
static const char *read_net(const char *text, size_t n, size_t slash, struct pattern *p)
{
    const char *wrong = read_mask(text + slash + 1, n - slash - 1, p);

    if (net_parse(text, slash, &p->net))
        return "no network address: four numbers from 0 to 255 without leading zeros before the /";
    if (!wrong && net_has_host_bits(p))
        return "the address has bits outside its mask and never matches: write the network's first address";
    return wrong;
}

/* Only digits and dots: `a.b.c.d`, or `a.` `a.b.` `a.b.c.`. */
static const char *read_v4(const char *text, size_t n, struct pattern *p)
{
    uint8_t byte[4];
    bool prefix = text[n - 1] == '.';
    int count = net_parse_octets(text, n - prefix, byte);

    if (count < 0)
        return "no address: numbers from 0 to 255 without leading zeros, divided by dots";
    if (prefix ? count == 4 : count < 4)
        return prefix ? "a whole address ends without a dot" : "a part of an address ends in a dot, as in 192.168.";
    net_set_v4(&p->net, byte);
    set_prefix(p, 8 * (unsigned)count);
    return NULL;
}

/* `[v6]`, `[v6]/len`. */
static const char *read_v6(const char *text, size_t n, struct pattern *p)
{
    const char *close = memchr(text, ']', n);
    size_t inside = close ? (size_t)(close - text) - 1 : 0;
    unsigned bits = 128;

    if (!close || net_parse(text + 1, inside, &p->net))
        return "no IPv6 address in brackets: write it as in [2001:db8::1] or [2001:db8::]/32";
    if (p->net.family == NET_V4)
        return "the original never matches this: write the IPv4 address without brackets, as in 192.168.1.1";
    size_t rest = n - inside - 2;
    if (rest > 0 && (close[1] != '/' || read_length(close + 2, rest - 1, 128, &bits)))
        return "no prefix length: [address]/ and a number from 0 to 128 without leading zeros";
    set_prefix(p, bits);
    for (int i = 0; i < 16; i++)
        p->net.byte[i] &= p->mask[i];            /* here the original takes host bits and ignores them */
    return NULL;
}

static void read_glob(const char *text, size_t n, struct pattern *p)
{
    bool address = only_digits_and(text, n, ".*?") && has_digit(text, n);

    p->kind = address ? PATTERN_ADDRESS_GLOB : PATTERN_NAME_GLOB;
    p->why = address ? "it is the host's name that this matches: write networks as in 10. or 10.0.0.0/8"
                     : "a host without a proven name matches this, too: spell the name out further, or say UNKNOWN or "
                       "PARANOID";
}

static const char *read_name(const char *text, size_t n, struct pattern *p)
{
    for (size_t i = 0; i < n; i++) {
        if (!str_is_alnum(text[i]) && !strchr(".-_*?", text[i] ? text[i] : '/'))
            return text[i] == '#' ? "a comment has its # in the first column: give it a line of its own"
                 : "no name, address or pattern: it has a character that names do not have";
        if (i > 0 && text[i] == '.' && text[i - 1] == '.')
            return "two dots in a row never match: take one out";
    }
    if (text[n - 1] == '.')
        return "a name that ends in a dot never matches: leave the dot off";
    if (pattern_has_glob(text, n))
        read_glob(text, n, p);
    else
        p->kind = text[0] == '.' ? PATTERN_SUFFIX : PATTERN_NAME;
    if (p->kind == PATTERN_SUFFIX && only_digits_and(text, n, "."))
        return "no name ends in numbers alone: an address is matched from its front, as in 192.168.";
    return NULL;
}

/* Keywords. Returns false when it is none. */
static bool read_keyword(const char *text, size_t n, struct pattern *p)
{
    static const struct { const char *word; enum pattern_kind kind; } keywords[] = {
        { "ALL", PATTERN_ALL }, { "KNOWN", PATTERN_KNOWN }, { "UNKNOWN", PATTERN_UNKNOWN },
        { "LOCAL", PATTERN_LOCAL }, { "PARANOID", PATTERN_PARANOID },
    };

    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (pattern_is(text, n, keywords[i].word)) {
            p->kind = keywords[i].kind;
            return true;
        }
    return false;
}

static const char *later(struct pattern *p, const char *why)
{
    p->kind = PATTERN_LATER;
    p->why = why;
    return NULL;
}

const char *pattern_read(const char *text, size_t n, struct pattern *p)
{
    memset(p, 0, sizeof *p);
    p->text = text;
    p->n = n;
    p->kind = PATTERN_NET;
    if (n == 0)
        return "nothing where a host should stand";
    if (read_keyword(text, n, p))
        return NULL;
    if (text[0] == '@')
        return later(p, "netgroups do not exist here: list the hosts");
    if (text[0] == '/') {
        p->kind = PATTERN_FILE;
        return NULL;
    }
    if (text[0] == '[')
        return read_v6(text, n, p);
    if (text[0] != '.' && only_digits_and(text, n, "."))
        return read_v4(text, n, p);
    if (memchr(text, ':', n))
        return "an IPv6 address stands in brackets: [2001:db8::1]";
    const char *slash = memchr(text, '/', n);
    if (slash)
        return read_net(text, n, (size_t)(slash - text), p);
    return read_name(text, n, p);
}

static bool in_net(const struct pattern *p, const struct net_addr *a)
{
    if (a->family != p->net.family)
        return false;
    for (int i = 0; i < 16; i++)
        if ((a->byte[i] & p->mask[i]) != p->net.byte[i])
            return false;
    return true;
}

static bool name_matches(const struct pattern *p, const char *name)
{
    size_t n = strlen(name);

    switch (p->kind) {
    case PATTERN_KNOWN:     return true;
    case PATTERN_LOCAL:     return !memchr(name, '.', n);
    case PATTERN_NAME:      return n == p->n && str_case_eqn(name, p->text, n);
    case PATTERN_SUFFIX:    return n > p->n && str_case_eqn(name + n - p->n, p->text, p->n);
    default:                return false;
    }
}

static enum access_name name_state(const struct pattern_host *host)
{
    return host->addr->family == NET_NONE && host->state == ACCESS_NAME_UNASKED ? ACCESS_NAME_UNKNOWN : host->state;
}

/* For the kinds that the name decides. */
static enum pattern_answer match_name(const struct pattern *p, const struct pattern_host *host)
{
    bool yes;

    switch (name_state(host)) {
    case ACCESS_NAME_UNASKED:
        return PATTERN_ASK;
    case ACCESS_NAME_UNKNOWN:
        yes = p->kind == PATTERN_UNKNOWN;
        break;
    case ACCESS_NAME_PARANOID:
        yes = p->kind == PATTERN_PARANOID;
        break;
    default:
        yes = host->name && name_matches(p, host->name);
        break;
    }
    return yes ? PATTERN_YES : PATTERN_NO;
}

/* For a glob that the address does not match. To the original, `10.*` is also a host called 10.example, and `p*` also
 * one whose name is PARANOID. Neither is meant; but where the original's rule lets nobody in, none may get in here
 * because the rule did not match: so whoever is matched by such a slip is refused. */
static enum pattern_answer match_glob(const struct pattern *p, const struct pattern_host *host)
{
    enum access_name state = name_state(host);
    bool nameless = state == ACCESS_NAME_UNKNOWN || state == ACCESS_NAME_PARANOID;
    const char *name = !nameless ? host->name : state == ACCESS_NAME_UNKNOWN ? "unknown" : "paranoid";

    if (state == ACCESS_NAME_UNASKED)
        return PATTERN_ASK;
    if (!name || !glob(p->text, p->n, name, strlen(name)))
        return PATTERN_NO;
    return nameless || p->kind == PATTERN_ADDRESS_GLOB ? PATTERN_REFUSE : PATTERN_YES;
}

enum pattern_answer pattern_match(const struct pattern *p, const struct pattern_host *host)
{
    char text[NET_TEXT];

    switch (p->kind) {
    case PATTERN_ALL:
        return PATTERN_YES;
    case PATTERN_FILE:
    case PATTERN_LATER:
        return PATTERN_REFUSE;
    case PATTERN_NET:
        return in_net(p, host->addr) ? PATTERN_YES : PATTERN_NO;
    case PATTERN_UNKNOWN:
        if (host->addr->family == NET_NONE)
            return PATTERN_YES;
        break;
    case PATTERN_KNOWN:
        if (host->addr->family == NET_NONE)
            return PATTERN_NO;
        break;
    case PATTERN_NAME_GLOB:
    case PATTERN_ADDRESS_GLOB:
        net_format(host->addr, text);
        if (glob(p->text, p->n, text, strlen(text)))
            return PATTERN_YES;
        return match_glob(p, host);
    default:
        break;
    }
    return match_name(p, host);
}

const char *pattern_word_read(const char *text, size_t n)
{
    if (n == 0)
        return "nothing where a name should stand";
    if (text[0] == '#')
        return "a comment has its # in the first column: take out what stands before it";
    if (text[0] == '/')
        return "a daemon is named without its path";
    for (size_t i = 0; i < n; i++)
        if (!str_is_alnum(text[i]) && !strchr(".-_+*?", text[i] ? text[i] : '/'))
            return "no name or pattern: it has a character that such names do not have";
    if (text[0] == '.')
        return "a name here does not start with a dot";
    if (n > 1 && (text[0] == '0' || text[0] == '+') && only_digits_and(text + 1, n - 1, ""))
        return "a port is a number without leading zeros and without a sign";
    if (pattern_is(text, n, "LOCAL") || pattern_is(text, n, "PARANOID"))
        return "this word is for hosts only: the daemons stand before the colon, the clients behind it";
    return NULL;
}

bool pattern_word_match(const char *text, size_t n, const char *word, size_t word_n)
{
    if (pattern_is(text, n, "ALL"))
        return true;
    if (pattern_is(text, n, "KNOWN"))
        return !pattern_is(word, word_n, "unknown");
    if (pattern_has_glob(text, n))
        return glob(text, n, word, word_n);
    return n == word_n && str_case_eqn(text, word, n);
}
