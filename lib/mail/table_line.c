/* One line of the access table: see table.h. Its key here, its value in table_value.c. */
#include "mail/table.h"

#include "base/num.h"
#include "base/str.h"
#include "mail/table_part.h"

#include <string.h>

int table_part_fault(char *fault, const char *what, const char *token, size_t n)
{
    struct str s;

    str_init(&s, fault, TABLE_FAULT);
    if (token) {
        size_t shown = n < 80 ? n : 80;              /* leave room for the mend */
        str_addc(&s, '`');
        str_add_clean(&s, token, shown);
        str_add(&s, shown < n ? "...`: " : "`: ");
    }
    str_add(&s, what);
    return -1;
}

/* ---- nets */

static bool all_of(const char *p, size_t n, const char *set)
{
    for (size_t i = 0; i < n; i++)
        if (!p[i] || !strchr(set, p[i]))
            return false;
    return n > 0;
}

/* IPv6 groups cut short as sendmail has them, `2001:db8`: the first bits of an address. Returns how many, or -1. */
static int short_v6(const char *p, size_t n, struct net_addr *net)
{
    char text[64];
    struct str s;
    int groups = 1;

    for (size_t i = 0; i < n; i++)
        groups += p[i] == ':';
    if (groups > 7 || n > 40)
        return -1;
    str_init(&s, text, sizeof text);
    str_addn(&s, p, n);
    str_add(&s, "::");
    return net_parse(text, s.len, net) ? -1 : 16 * groups;
}

/* Takes `/bits` off the end of *n. Returns it, -1 when there is none, -2 when it is no number. */
static int cut_prefix(const char *p, size_t *n)
{
    const char *slash = memchr(p, '/', *n);
    uint64_t bits;

    if (!slash)
        return -1;
    size_t len = (size_t)(slash - p), digits = *n - len - 1;
    *n = len;
    if ((digits > 1 && slash[1] == '0') || num_dec(slash + 1, digits, 128, &bits))
        return -2;
    return (int)bits;
}

/* Sets how many bits count, and looks whether the others are 0. */
static const char *set_bits(struct table_line *out, int bits)
{
    unsigned most = out->net.family == NET_V4 ? 32 : 128;

    if (bits < 0 || (unsigned)bits > most)
        return "no such prefix length: at most 32 for IPv4, 128 for IPv6";
    for (unsigned i = (unsigned)bits; i < most; i++)
        if (out->net.byte[i / 8] & 0x80u >> i % 8)
            return "the address has bits beyond the prefix: write the net's own address, or a longer prefix";
    out->kind = TABLE_NET;
    out->bits = (unsigned)bits;
    return NULL;
}

static const char *read_v4(const char *p, size_t n, int bits, struct table_line *out)
{
    uint8_t byte[4];
    int numbers;

    if (n > 0 && p[n - 1] == '.')
        return "a net has no dot at its end here: take it away";
    numbers = net_parse_octets(p, n, byte);
    if (numbers < 0)
        return "no IPv4 address or net: one to four numbers of 0 to 255 without leading zeros";
    if (bits != -1 && numbers < 4)
        return "with a prefix length the address is whole: write it like 10.0.0.0/8";
    net_set_v4(&out->net, byte);
    return set_bits(out, bits == -1 ? 8 * numbers : bits);
}

static const char *read_v6(const char *p, size_t n, int bits, struct table_line *out)
{
    if (net_parse(p, n, &out->net)) {
        int first = bits == -1 ? short_v6(p, n, &out->net) : -1;
        return first < 0 ? "no IPv6 address or net: write it like IPv6:2001:db8::1 or IPv6:2001:db8::/32"
                         : set_bits(out, first);
    }
    if (bits == -1 && n > 2 && p[n - 1] == ':')
        return "an address or a net? Write the prefix length behind it: /128 for the address alone";
    if (out->net.family == NET_V4 && bits != -1)             /* v4-mapped */
        bits = bits < 96 ? -2 : bits - 96;
    return set_bits(out, bits != -1 ? bits : out->net.family == NET_V4 ? 32 : 128);
}

/* Is it meant as an address or a net? Then reads it: NULL, or what is wrong. *is says whether it is meant so. */
static const char *read_net(const char *p, size_t n, enum table_tag tag, struct table_line *out, bool *is)
{
    bool v6 = n > 5 && str_case_eqn(p, "IPv6:", 5);
    int bits;

    *is = false;
    if (memchr(p, '@', n))
        return NULL;
    if (v6) {
        p += 5;
        n -= 5;
    }
    bits = cut_prefix(p, &n);
    if (!v6 && n > 2 && p[0] == '[' && p[n - 1] == ']' && (bits != -1 || tag == TABLE_CONNECT)) {
        p++;
        n -= 2;
        if (n > 5 && str_case_eqn(p, "IPv6:", 5)) {
            p += 5;
            n -= 5;
        }
        *is = true;
    }
    v6 = v6 || (memchr(p, ':', n) && all_of(p, n, "0123456789abcdefABCDEF:."));
    *is = *is || v6 || (str_is_digit(p[0]) && all_of(p, n, "0123456789.")) || bits != -1;
    if (!*is)
        return NULL;
    if (bits == -2)
        return "no prefix length behind the slash: write a number of 0 to 128";
    return v6 ? read_v6(p, n, bits, out) : read_v4(p, n, bits, out);
}

/* ---- domains and addresses */

size_t table_part_domain(const char *p, size_t n, char *out)
{
    struct net_addr a;
    struct str s;

    str_init(&s, out, LIMIT_DOMAIN + 1);
    if (n > 2 && p[0] == '[') {
        bool v6 = n > 7 && str_case_eqn(p + 1, "IPv6:", 5);
        char text[NET_TEXT];
        net_parse(p + (v6 ? 6 : 1), n - (v6 ? 7 : 2), &a);       /* cannot fail: address_is_literal */
        net_format(&a, text);
        str_addc(&s, '[');
        str_add(&s, text);
        str_addc(&s, ']');
        return s.len;
    }
    for (size_t i = 0; i < n; i++)
        str_addc(&s, str_lower(p[i]));
    return s.len;
}

size_t table_part_local(const struct address *a, char local[LIMIT_LOCAL_PART + 1])
{
    size_t n = address_local(a, local);

    for (size_t i = 0; i < n; i++)
        local[i] = str_lower(local[i]);
    return n;
}

static const char *read_domain(const char *p, size_t n, struct table_line *out, struct str *key)
{
    char text[LIMIT_DOMAIN + 1];
    bool dot = n > 0 && p[0] == '.', literal = address_is_literal(p, n);

    if (n > 1 && p[n - 1] == '.')
        return "a domain has no dot at its end here: take it away";
    if (!literal && !address_is_domain(p + dot, n - dot))
        return "no key: write an address, user@, a domain, a net or <>";
    if (literal && out->tag == TABLE_ANY)
        return "a client, or the domain of addresses? Write Connect:, From: or To: in front";
    if (dot)
        str_addc(key, '.');
    str_addn(key, text, table_part_domain(p + dot, n - dot, text));
    out->kind = dot ? TABLE_SUBDOMAINS : TABLE_DOMAIN;
    return NULL;
}

static const char *read_address(const char *p, size_t n, struct table_line *out, struct str *key)
{
    char local[LIMIT_LOCAL_PART + 1], domain[LIMIT_DOMAIN + 1];
    bool user = p[n - 1] == '@';
    struct address a;

    if (p[0] == '@')
        return "a domain stands without the @: take it away";
    if (p[0] == '<')
        return "an address stands without brackets: take them away";
    if (address_mailbox(p, user ? n - 1 : n, &a) != ADDRESS_OK || user != (a.at == a.len))
        return "no address: write it like user@example.org, or user@ for all domains";
    str_addn(key, local, table_part_local(&a, local));
    str_addc(key, '@');
    if (!user)
        str_addn(key, domain, table_part_domain(a.text + a.at + 1, a.len - a.at - 1, domain));
    out->kind = user ? TABLE_USER : TABLE_ADDRESS;
    return NULL;
}

static const char *read_name(const char *p, size_t n, struct table_line *out, struct str *key)
{
    if (n == 2 && memcmp(p, "<>", 2) == 0) {
        out->kind = TABLE_NULL;
        str_add(key, "<>");
        return NULL;
    }
    if (p[0] == '"' && (n == 1 || !memchr(p + 1, '"', n - 1)))
        return "a local part with a blank cannot be a key: use its domain";
    if (memchr(p, '@', n))
        return read_address(p, n, out, key);
    if (memchr(p, ':', n) && p[0] != '[')
        return "no such tag: Connect:, From: and To: are known";
    return read_domain(p, n, out, key);
}

/* ---- keys */

static const struct { const char *text; enum table_tag tag; } tags[] = {
    { "connect:", TABLE_CONNECT }, { "from:", TABLE_FROM }, { "to:", TABLE_TO }, { "any:", TABLE_ANY },
};

void table_part_tag(struct str *key, enum table_tag tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i].tag == tag)
            str_add(key, tags[i].text);
}

static enum table_tag cut_tag(const char **p, size_t *n)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        size_t len = strlen(tags[i].text);
        if (tags[i].tag != TABLE_ANY && *n >= len && str_case_eqn(*p, tags[i].text, len)) {
            *p += len;
            *n -= len;
            return tags[i].tag;
        }
    }
    return TABLE_ANY;
}

void table_part_net(struct str *key, const struct net_addr *net, unsigned bits)
{
    char text[NET_TEXT];

    net_format(net, text);
    str_add(key, text);
    str_addc(key, '/');
    str_addu(key, bits);
}

/* Does the kind of key go with the tag? */
static const char *misfit(const struct table_line *l)
{
    bool mail = l->kind == TABLE_ADDRESS || l->kind == TABLE_USER || l->kind == TABLE_NULL;

    if (l->tag == TABLE_CONNECT && mail)
        return "a client has no mail address: write From: or To:, or a host's name";
    if ((l->tag == TABLE_FROM || l->tag == TABLE_TO) && l->kind == TABLE_NET)
        return "a net is that of a client: write Connect:, or an address literal like [192.0.2.1]";
    if (l->tag == TABLE_TO && l->kind == TABLE_NULL)
        return "only a sender can be empty: write From:<>";
    return NULL;
}

static const char *read_key(const char *p, size_t n, struct table_line *out)
{
    const char *wrong;
    struct str key;
    bool is_net;

    out->tag = cut_tag(&p, &n);
    str_init(&key, out->key, sizeof out->key);
    table_part_tag(&key, out->tag);
    if (n == 0)
        return "no key behind the tag: take out the blank between them";
    wrong = read_net(p, n, out->tag, out, &is_net);
    if (!wrong && is_net)
        table_part_net(&key, &out->net, out->bits);
    if (!is_net)
        wrong = read_name(p, n, out, &key);
    out->n = key.len;
    return wrong ? wrong : misfit(out);
}

/* ---- lines */

static const char *wrong_bytes(const char *line, size_t n)
{
    if (n > 2 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        return "a byte order mark: save the file as plain ASCII text";
    if (memchr(line, '\0', n))
        return "a NUL byte: save the file as plain ASCII text";
    if (line[n - 1] == '\r')
        return "the line ends in CR: save the file with Unix line ends";
    if (str_has_8bit(line, n))
        return "characters beyond ASCII: write domains in their xn-- form, and replies in ASCII";
    return n > TABLE_LINE ? "the line is too long: at most 1024 bytes" : NULL;
}

static size_t blanks(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i;
}

int table_line_parse(const char *line, size_t n, struct table_line *out, char *fault)
{
    size_t lead = blanks(line, n), key = lead;
    const char *wrong;

    while (n > lead && (line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    if (lead == n || line[lead] == '#')
        return 0;
    if ((wrong = wrong_bytes(line, n)))
        return table_part_fault(fault, wrong, NULL, 0);
    if (lead)
        return table_part_fault(fault, "a line begins with its key: take the blanks in front of it away", NULL, 0);
    while (key < n && line[key] != ' ' && line[key] != '\t')
        key++;
    if ((wrong = read_key(line, key, out)))
        return table_part_fault(fault, wrong, line, key);
    if (key == n)
        return table_part_fault(fault, "the key has no value: write OK, RELAY, REJECT, DISCARD, SKIP or ERROR:...",
                                line, key);
    size_t value = key + blanks(line + key, n - key);
    return table_part_value(line + value, n - value, out, fault) ? -1 : 1;
}
