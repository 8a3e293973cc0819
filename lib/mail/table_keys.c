/* The keys of the access table that speak of somebody, narrowest first: see table.h. */
#include "mail/table.h"

#include "base/str.h"
#include "mail/table_part.h"

#include <string.h>

/* What is given in which order. Each stage gives one key, but for the suffixes of a domain and the nets. */
enum { FULL, PLAIN, USER_DETAIL, USER, HOST, SUFFIXES, NETS, EMPTY, DONE };

static unsigned width(const struct table_keys *k)
{
    switch (k->query->client.family) {
    case NET_V4: return 32;
    case NET_V6: return 128;
    default:     return 0;
    }
}

static bool has_prefix(const struct table_keys *k, unsigned bits)
{
    return (k->query->client.family == NET_V4 ? k->kinds->v4 >> bits : k->kinds->v6[bits / 64] >> bits % 64) & 1;
}

void table_kinds_add(struct table_kinds *kinds, const struct table_line *line)
{
    kinds->tags |= 1u << line->tag;
    if (line->kind == TABLE_DOMAIN || line->kind == TABLE_SUBDOMAINS)
        kinds->names |= 1u << line->tag;
    if (line->kind == TABLE_NET && line->net.family == NET_V4)
        kinds->v4 |= (uint64_t)1 << line->bits;
    else if (line->kind == TABLE_NET)
        kinds->v6[line->bits / 64] |= (uint64_t)1 << line->bits % 64;
}

static void start_address(struct table_keys *k)
{
    const struct address *a = k->query->address;
    const char *domain = address_domain(a);

    if (address_is_null(a)) {
        k->stage = EMPTY;
        return;
    }
    k->stage = FULL;
    k->local_n = table_part_local(a, k->local);
    const char *plus = k->local_n > 1 ? memchr(k->local + 1, '+', k->local_n - 1) : NULL;
    k->plain_n = plus ? (size_t)(plus - k->local) : k->local_n;
    if (!*domain)
        domain = k->query->hostname;
    k->domain[table_part_domain(domain, strlen(domain), k->domain)] = '\0';
    k->suffix = k->domain;
}

/* Could a key match on the name of a client? */
static bool names_matter(const struct table_keys *k)
{
    return k->query->client.family != NET_NONE && k->kinds->names & (1u << TABLE_ANY | 1u << TABLE_CONNECT);
}

static void start_client(struct table_keys *k)
{
    k->stage = HOST;
    k->bits = width(k);
    if (names_matter(k) && k->query->state == ACCESS_NAME_KNOWN
        && str_copy(k->domain, sizeof k->domain, k->query->name) == 0) {
        for (char *p = k->domain; *p; p++)
            *p = str_lower(*p);
        k->suffix = k->domain;
    }
}

void table_keys_start(struct table_keys *k, const struct table_query *query, const struct table_kinds *kinds)
{
    k->query = query;
    k->kinds = kinds;
    k->domain[0] = '\0';
    k->local_n = k->plain_n = k->bits = 0;
    k->suffix = NULL;
    k->tagged = k->asks_name = k->past_name = false;
    k->n = 0;
    k->stage = DONE;
    if (query->tag == TABLE_CONNECT)
        start_client(k);
    else
        start_address(k);
}

/* The domain behind the one that `suffix` is: `a.b`, `.b`, `b`. An address literal has none. */
static const char *next_suffix(const char *suffix)
{
    if (*suffix == '.')
        return suffix + 1;
    return *suffix == '[' ? NULL : strchr(suffix, '.');
}

static bool add_net(const struct table_keys *k, struct str *key, unsigned bits)
{
    struct net_addr net = k->query->client;

    if (net.family == NET_NONE || !has_prefix(k, bits))
        return false;
    for (unsigned i = bits; i < width(k); i++)
        net.byte[i / 8] &= (uint8_t)~(0x80u >> i % 8);
    table_part_net(key, &net, bits);
    return true;
}

static void add_user(const struct table_keys *k, struct str *key, size_t n, const char *domain)
{
    str_addn(key, k->local, n);
    str_addc(key, '@');
    str_add(key, domain);
}

/* Adds the key of the current place behind the tag. False when there is none of that kind. */
static bool add_body(const struct table_keys *k, struct str *key)
{
    bool detail = k->plain_n < k->local_n;

    switch (k->stage) {
    case FULL:
        add_user(k, key, k->local_n, k->domain);
        return true;
    case PLAIN:
        add_user(k, key, k->plain_n, k->domain);
        return detail;
    case USER_DETAIL:
        add_user(k, key, k->local_n, "");
        return detail;
    case USER:
        add_user(k, key, k->plain_n, "");
        return true;
    case SUFFIXES:
        str_add(key, k->suffix ? k->suffix : "");
        return k->suffix;
    case EMPTY:
        str_add(key, "<>");
        return true;
    default:
        return add_net(k, key, k->bits);
    }
}

static void enter_suffixes(struct table_keys *k)
{
    k->stage = SUFFIXES;
    k->asks_name = k->query->tag == TABLE_CONNECT && k->query->state == ACCESS_NAME_UNASKED && names_matter(k);
}

static void advance(struct table_keys *k)
{
    switch (k->stage) {
    case FULL:
    case PLAIN:
    case USER_DETAIL:
        k->stage++;
        return;
    case USER:
    case HOST:
        enter_suffixes(k);
        return;
    case SUFFIXES:
        k->suffix = k->suffix ? next_suffix(k->suffix) : NULL;
        if (k->suffix)
            return;
        k->stage = DONE;
        if (k->bits == 0)
            return;                      /* no client, or one without an address */
        k->past_name = names_matter(k);
        k->stage = NETS;
        k->bits--;
        return;
    case NETS:
        if (k->bits == 0)
            k->stage = DONE;
        else
            k->bits--;
        return;
    default:
        k->stage = DONE;
    }
}

/* One key, with the tag or without it; false when no line has such a tag. */
static bool give(struct table_keys *k, enum table_tag tag)
{
    struct str key;

    if (!(k->kinds->tags & 1u << tag))
        return false;
    str_init(&key, k->key, sizeof k->key);
    table_part_tag(&key, tag);
    bool any = add_body(k, &key);
    k->n = key.len;
    return any;
}

bool table_keys_next(struct table_keys *k)
{
    while (k->stage != DONE) {
        if (!k->tagged) {
            k->tagged = true;
            if (give(k, k->query->tag))
                return true;
        }
        k->tagged = false;
        if (give(k, TABLE_ANY)) {
            advance(k);
            return true;
        }
        advance(k);
    }
    return false;
}
