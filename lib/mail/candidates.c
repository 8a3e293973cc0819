/* Which rules of an access image could decide: see candidates.h. */
#include "mail/candidates.h"

#include "base/str.h"
#include "mail/limits.h"
#include "mail/patlist.h"

#include <string.h>

static void add(struct candidates *c, uint32_t value, bool is_list, bool sure)
{
    c->place[c->count++] = (struct candidates_place){ value, is_list, sure };
}

static void add_key(struct candidates *c, const struct image_key *key, bool sure)
{
    uint32_t value;
    bool is_list;

    if (image_find(c->image, key, &value, &is_list))
        add(c, value, is_list, sure);
}

/* A class's list consists of words alone (rulekeys.h): so it matches or not, whatever else is known. */
static bool is_meant(const struct image_class *class, const struct access_facts *facts)
{
    const struct rule_span list = { class->daemons, strlen(class->daemons) };
    const struct access_files files = { NULL, 0 };
    struct patlist_trouble t;

    return patlist_match(list, &patlist_daemons, facts, &files, &t) == PATTERN_YES;
}

static void add_classes(struct candidates *c, const struct access_facts *facts)
{
    const bool unasked = facts->client_state == ACCESS_NAME_UNASKED && facts->client.family != NET_NONE;
    struct image_class class;

    for (unsigned i = 0; i < c->image->h.class_count && image_class(c->image, i, &class); i++) {
        if (i > 0 && !is_meant(&class, facts))
            continue;
        c->classes |= (uint64_t)1 << i;
        if (class.all)
            add(c, class.all, true, true);
        if (class.any)
            add(c, class.any, true, false);
        if (class.names && unasked)
            add(c, class.names, true, false);
    }
}

static void add_nets(struct candidates *c, const struct net_addr *addr)
{
    const bool v4 = addr->family == NET_V4;
    const uint32_t *lengths = v4 ? c->image->h.v4 : c->image->h.v6;
    struct net_addr net = *addr;
    struct image_key key;

    for (int bits = v4 ? 32 : 128; bits >= 0; bits--) {
        if (bits < 128)
            net.byte[bits / 8] &= (uint8_t)~(0xff >> bits % 8);
        if (!(lengths[bits / 32] >> bits % 32 & 1))
            continue;
        image_key_net(&c->image->h, &net, (unsigned)bits, &key);
        add_key(c, &key, v4);
    }
}

/* The end of a name that is longer than any key can still match a suffix. */
static void add_names(struct candidates *c, const char *name)
{
    const size_t whole = strlen(name);
    const size_t n = whole < LIMIT_HOSTNAME ? whole : LIMIT_HOSTNAME;
    char text[LIMIT_HOSTNAME];
    struct image_key key;
    unsigned dots = 0;

    for (size_t i = 0; i < n; i++)
        text[i] = str_lower(name[whole - n + i]);
    if (c->image->h.names && n == whole) {
        image_key_text(c->image->h.key, IMAGE_NAME, text, n, &key);
        add_key(c, &key, false);
    }
    for (size_t i = n; i-- > 0 && dots < IMAGE_LABELS; ) {
        if (text[i] != '.')
            continue;
        dots++;
        if (!(c->image->h.labels >> dots & 1) || (i == 0 && n == whole))
            continue;
        image_key_text(c->image->h.key, IMAGE_SUFFIX, text + i, n - i, &key);
        add_key(c, &key, false);
    }
}

void candidates_start(struct candidates *c, struct image *im, const struct access_facts *facts)
{
    c->image = im;
    c->count = 0;
    c->classes = 0;
    add_classes(c, facts);
    if (facts->client.family != NET_NONE)
        add_nets(c, &facts->client);
    if (facts->client_state == ACCESS_NAME_KNOWN && facts->client_name)
        add_names(c, facts->client_name);
}

/* The first number from `from` on, whatever its class. */
static uint32_t next_number(struct candidates *c, uint32_t from, bool *sure)
{
    uint32_t first = IMAGE_NONE;

    *sure = false;
    for (unsigned i = 0; i < c->count; i++) {
        const struct candidates_place *p = &c->place[i];
        uint32_t number = p->is_list ? image_list_from(c->image, p->value, from)
                        : p->value >= from ? p->value : IMAGE_NONE;
        if (number < first) {
            first = number;
            *sure = p->sure;
        } else if (number == first) {
            *sure = *sure || p->sure;
        }
    }
    return first;
}

uint32_t candidates_next(struct candidates *c, uint32_t from, struct image_rule *rule, bool *sure)
{
    for (;;) {
        uint32_t number = next_number(c, from, sure);
        if (number == IMAGE_NONE || !image_rule(c->image, number, rule) || c->image->damaged)
            return IMAGE_NONE;
        if (rule->source == IMAGE_TABLE) {       /* a line of the table is no rule */
            c->image->damaged = true;
            return IMAGE_NONE;
        }
        if (c->classes >> rule->class & 1) {
            *sure = *sure && rule->plain;
            return number;
        }
        from = number + 1;
    }
}
