/* By what a rule can be found: see rulekeys.h. */
#include "mail/rulekeys.h"

#include "mail/image.h"
#include "mail/judge.h"
#include "mail/limits.h"
#include "mail/patfile.h"
#include "mail/patlist.h"

#include <string.h>

unsigned rulekeys_bits(const struct pattern *net)
{
    const unsigned most = net->net.family == NET_V4 ? 32 : 128;
    unsigned bits = 0;

    while (bits < most && net->mask[bits / 8] & 0x80 >> bits % 8)
        bits++;
    return bits;
}

/* Does the mask have ones behind its first zero? */
static bool has_gap(const struct pattern *net, unsigned bits)
{
    for (unsigned i = bits; i < 128; i++)
        if (net->mask[i / 8] & 0x80 >> i % 8)
            return true;
    return false;
}

static unsigned dots(const struct pattern *suffix)
{
    unsigned n = 0;

    for (size_t i = 0; i < suffix->n; i++)
        n += suffix->text[i] == '.';
    return n;
}

/* What one client pattern makes of the rule. */
static enum rulekeys_kind weigh(const struct rule_span *item, struct rulekeys *k)
{
    struct pattern p;

    if (pattern_read(item->p, item->n, &p))
        return RULEKEYS_ANY;                     /* `user@host`, too */
    switch (p.kind) {
    case PATTERN_ALL:
        return RULEKEYS_ALL;
    case PATTERN_NET:
        k->plain = k->plain && !has_gap(&p, rulekeys_bits(&p));
        return RULEKEYS_SOME;
    case PATTERN_SUFFIX:
        k->names = true;
        return dots(&p) <= IMAGE_LABELS && p.n <= LIMIT_HOSTNAME ? RULEKEYS_SOME : RULEKEYS_ANY;
    case PATTERN_NAME:
        k->names = true;
        return p.n <= LIMIT_HOSTNAME ? RULEKEYS_SOME : RULEKEYS_ANY;
    default:
        return RULEKEYS_ANY;
    }
}

/* The part of the client list up to its first EXCEPT: only who matches there can match the rule. */
static enum rulekeys_kind weigh_clients(struct rule_span list, struct rulekeys *k)
{
    const char *start = list.p;
    bool all = false, any = false;
    struct rule_span item;

    k->rest = list;
    while (rule_item(&list, &item)) {
        if (patlist_is_except(&item)) {
            k->rest.n = (size_t)(item.p - start);
            k->plain = false;
            break;
        }
        enum rulekeys_kind kind = weigh(&item, k);
        all = all || kind == RULEKEYS_ALL;
        any = any || kind == RULEKEYS_ANY;
    }
    return any || (all && !k->plain) ? RULEKEYS_ANY : all ? RULEKEYS_ALL : RULEKEYS_SOME;
}

static bool names_file(const struct rule_span *line)
{
    struct patfile_scan scan;
    struct rule_span name;

    patfile_scan(&scan, line);
    return patfile_in_rule(&scan, &name);
}

void rulekeys_read(const struct rule_span *line, struct rulekeys *k)
{
    const struct access_files files = { NULL, 0 };       /* their patterns are no keys: they are judged */
    struct rule rule;

    memset(k, 0, sizeof *k);
    k->files = names_file(line);
    if (judge_read_daemons(line, &files, &rule).what)
        return;
    if (memchr(rule.daemons.p, '@', rule.daemons.n) || memchr(rule.daemons.p, '/', rule.daemons.n))
        return;                                  /* may ask for the server's name, or refuse, whoever the client is */
    if (rule.daemons.n <= RULEKEYS_DAEMONS)
        k->daemons = rule.daemons;
    if (judge_read_rest(&rule, &files).what)
        return;
    k->plain = !rule.has_options;
    k->kind = weigh_clients(rule.clients, k);
}

bool rulekeys_next(struct rulekeys *k, struct pattern *key)
{
    struct rule_span item;

    if (!rule_item(&k->rest, &item) || pattern_read(item.p, item.n, key))
        return false;
    if (key->kind == PATTERN_NET) {
        unsigned bits = rulekeys_bits(key);
        for (unsigned i = bits; i < 128; i++) {
            key->mask[i / 8] &= (uint8_t)~(0x80 >> i % 8);
            key->net.byte[i / 8] &= (uint8_t)~(0x80 >> i % 8);
        }
    }
    return true;
}
