/* Which pairs of a daemon and a client earlier rules decide: see cover.h. */
#include "mail/cover.h"

#include "base/str.h"
#include "mail/pattern.h"

#include <string.h>

/* FNV-1a, 64 bits. */
#define HASH_START 0xcbf29ce484222325u

static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_text(uint64_t h, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = str_lower(text[i]);
        h = hash(h, &c, 1);
    }
    return hash(h, "", 1);
}

static uint64_t hash_net(uint64_t h, enum net_family family, const uint8_t net[16], const uint8_t mask[16])
{
    h = hash(h, family == NET_V4 ? "4" : "6", 1);
    return hash(hash(h, net, 16), mask, 16);
}

void cover_init(struct cover *c, struct cover_entry *entry, size_t n)
{
    for (size_t i = 0; i < n; i++)
        entry[i] = (struct cover_entry){ 0, 0 };
    *c = (struct cover){ entry, n, 0 };
}

/* Where the key is, or where it would be. There is always a free entry. */
static struct cover_entry *slot(const struct cover *c, uint64_t key)
{
    size_t i = (size_t)key & (c->n - 1);

    while (c->entry[i].key && c->entry[i].key != key)
        i = (i + 1) & (c->n - 1);
    return &c->entry[i];
}

static uint32_t get(const struct cover *c, uint64_t key)
{
    const struct cover_entry *e = slot(c, key | 1);

    return e->key ? e->id : 0;
}

/* The host of `user@host`: the host's part is where the brackets of an address begin, too. Returns the user's length,
 * 0 when there is none. */
static size_t user_of(const struct rule_span *item)
{
    for (size_t i = 1; i < item->n && item->p[0] != '['; i++)
        if (item->p[i] == '@')
            return i;
        else if (item->p[i] == '[')
            break;
    return 0;
}

static uint64_t client_key(uint64_t h, const struct pattern *p)
{
    return p->kind == PATTERN_NET ? hash_net(h, p->net.family, p->net.byte, p->mask) : hash_text(h, p->text, p->n);
}

void cover_add(struct cover *c, const struct rule_span *daemon, const struct rule_span *client, uint32_t id)
{
    size_t user = user_of(client);
    struct pattern p;

    if (c->n == 0 || c->used + c->used / 2 + 2 > c->n || (user && !pattern_is(client->p, user, "ALL")))
        return;
    if (user)
        user++;
    if (pattern_read(client->p + user, client->n - user, &p) || p.kind == PATTERN_LATER)
        return;
    uint64_t key = client_key(hash_text(HASH_START, daemon->p, daemon->n), &p) | 1;
    struct cover_entry *e = slot(c, key);
    if (!e->key) {
        *e = (struct cover_entry){ key, id };
        c->used++;
    }
}

/* Every shorter prefix of a network, if its mask has no holes. */
static uint32_t find_net(const struct cover *c, uint64_t h, const struct pattern *p)
{
    uint8_t net[16] = { 0 }, mask[16] = { 0 };
    uint32_t id = get(c, hash_net(h, p->net.family, net, mask));

    for (int bit = 0; !id && bit < 128; bit++) {
        uint8_t one = (uint8_t)(0x80 >> bit % 8);
        if (!(p->mask[bit / 8] & one))
            break;
        mask[bit / 8] |= one;
        net[bit / 8] |= p->net.byte[bit / 8] & one;
        id = get(c, hash_net(h, p->net.family, net, mask));
    }
    return id ? id : get(c, client_key(h, p));
}

/* The name or suffix itself, and every suffix of it. */
static uint32_t find_name(const struct cover *c, uint64_t h, const struct pattern *p)
{
    uint32_t id = get(c, hash_text(h, p->text, p->n));

    for (size_t i = 1; !id && i < p->n; i++)
        if (p->text[i] == '.')
            id = get(c, hash_text(h, p->text + i, p->n - i));
    return id;
}

static uint32_t find_client(const struct cover *c, uint64_t h, const struct pattern *p)
{
    uint32_t all = get(c, hash_text(h, "all", 3));

    if (all || p->kind == PATTERN_LATER)
        return all;
    if (p->kind == PATTERN_NET)
        return find_net(c, h, p);
    if (p->kind == PATTERN_NAME || p->kind == PATTERN_SUFFIX)
        return find_name(c, h, p);
    return get(c, hash_text(h, p->text, p->n));
}

uint32_t cover_find(const struct cover *c, const struct rule_span *daemon, const struct rule_span *client)
{
    size_t user = user_of(client), at = user_of(daemon);
    struct pattern p;

    user += user > 0;
    if (c->n == 0 || pattern_read(client->p + user, client->n - user, &p))
        return 0;
    uint32_t id = find_client(c, hash_text(HASH_START, "all", 3), &p);
    if (!id)
        id = find_client(c, hash_text(HASH_START, daemon->p, daemon->n), &p);
    if (!id && at)
        id = find_client(c, hash_text(HASH_START, daemon->p, at), &p);
    return id;
}
