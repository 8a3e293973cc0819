/* Lists of patterns, for daemons and for clients: see patlist.h. Single patterns are judged by pattern.c. */
#include "mail/patlist.h"

#include "base/str.h"

#include <string.h>

/* Divides `user@host` and `daemon@host`, not `@netgroup`. The `@` in brackets is the address's. */
static bool split_at(const struct rule_span *item, struct rule_span *word, struct rule_span *host)
{
    for (size_t i = 0; i < item->n && item->p[i] != '['; i++)
        if (i > 0 && item->p[i] == '@') {
            *word = (struct rule_span){ item->p, i };
            *host = (struct rule_span){ item->p + i + 1, item->n - i - 1 };
            return true;
        }
    return false;
}

static const char *read_host(const struct rule_span *host)
{
    struct pattern p;

    return pattern_read(host->p, host->n, &p);
}

static enum pattern_answer match_host(const struct rule_span *host, const struct pattern_host *known,
                                      const char **refusal)
{
    struct pattern p;

    if (pattern_read(host->p, host->n, &p))
        return PATTERN_NO;                       /* cannot be: lists are read before they are matched */
    enum pattern_answer a = pattern_match(&p, known);
    if (a == PATTERN_REFUSE)
        *refusal = p.why;
    return a;
}

static const char *read_daemon(const struct rule_span *item)
{
    struct rule_span word = *item, host;

    if (item->p[0] == '@')
        return "netgroups do not name daemons: write the daemon's name";
    const char *wrong = split_at(item, &word, &host) ? read_host(&host) : NULL;
    return wrong ? wrong : pattern_word_read(word.p, word.n);
}

static enum pattern_answer match_daemon(const struct rule_span *item, const struct access_facts *facts,
                                        const char **refusal)
{
    const struct pattern_host server = { &facts->server, facts->server_state, facts->server_name };
    struct rule_span word = *item, host;
    bool has_host = split_at(item, &word, &host);
    const char *names = facts->daemons, *name;
    size_t n;

    while ((name = str_word(&names, &n)))
        if (pattern_word_match(word.p, word.n, name, n))
            return has_host ? match_host(&host, &server, refusal) : PATTERN_YES;
    return PATTERN_NO;
}

static const char *read_client(const struct rule_span *item)
{
    struct rule_span word, host = *item;
    const char *wrong = split_at(item, &word, &host) ? pattern_word_read(word.p, word.n) : NULL;

    return wrong ? wrong : read_host(&host);
}

static enum pattern_answer match_client(const struct rule_span *item, const struct access_facts *facts,
                                        const char **refusal)
{
    const struct pattern_host client = { &facts->client, facts->client_state, facts->client_name };
    struct rule_span word, host = *item;
    bool has_user = split_at(item, &word, &host);
    enum pattern_answer a = match_host(&host, &client, refusal);

    if (a != PATTERN_YES || !has_user || pattern_is(word.p, word.n, "ALL"))
        return a;
    if (facts->user)
        return pattern_word_match(word.p, word.n, facts->user, strlen(facts->user)) ? PATTERN_YES : PATTERN_NO;
    *refusal = "user names are not looked up: write the host alone, or ALL@host";
    return PATTERN_REFUSE;
}

const struct patlist_kind patlist_daemons = {
    read_daemon, match_daemon, "no daemon before the colon: write `daemon: client`"
};
const struct patlist_kind patlist_clients = {
    read_client, match_client, "no client behind the colon: write `daemon: client`"
};

static bool is_except(const struct rule_span *item)
{
    return pattern_is(item->p, item->n, "EXCEPT");
}

struct patlist_trouble patlist_read(struct rule_span list, const struct patlist_kind *kind)
{
    struct rule_span item;
    bool any = false, in_part = false;           /* in_part: has the part since the last EXCEPT an item? */
    const char *wrong = NULL;

    while (rule_item(&list, &item)) {
        if (!is_except(&item))
            wrong = kind->read(&item);
        else if (!in_part)
            wrong = "nothing stands before it: say what it excepts from";
        if (wrong)
            return (struct patlist_trouble){ wrong, item };
        in_part = !is_except(&item);
        any = true;
    }
    if (!any)
        wrong = kind->empty;
    else if (!in_part)
        wrong = "nothing stands behind EXCEPT: say what it excepts";
    return (struct patlist_trouble){ wrong, { NULL, 0 } };
}

/* Weighs one part of a list, up to its EXCEPT or its end, and moves *list behind that; *more: an EXCEPT was there.
 * An item that matches decides, unless one before it refuses. Where a name could still be what an item in front of
 * the refusing one matches, the name is asked for first: so the order of the items counts, whoever knows what when. */
static enum pattern_answer part_match(struct rule_span *list, bool *more, const struct patlist_kind *kind,
                                      const struct access_facts *facts, struct patlist_trouble *t)
{
    enum pattern_answer a = PATTERN_NO;
    struct rule_span item;

    *more = false;
    while (rule_item(list, &item)) {
        if (is_except(&item)) {
            *more = true;
            break;
        }
        if (a == PATTERN_YES || a == PATTERN_REFUSE)
            continue;                            /* only the way to EXCEPT is left */
        const char *refusal = NULL;
        enum pattern_answer b = kind->match(&item, facts, &refusal);
        if (b == PATTERN_REFUSE && a == PATTERN_ASK)
            break;
        if (b == PATTERN_REFUSE)
            *t = (struct patlist_trouble){ refusal, item };
        if (b != PATTERN_NO)
            a = b;
    }
    return a;
}

/* `a EXCEPT b EXCEPT c` is `a EXCEPT (b EXCEPT c)`: the first part that does not match decides, and it does so by where
 * it stands: the list matches when it is the second, the fourth and so on. Past the last part is such a place, too.
 * Where a part depends on a name, both ways are followed; only if they differ must it be asked for. */
enum pattern_answer patlist_match(struct rule_span list, const struct patlist_kind *kind,
                                      const struct access_facts *facts, struct patlist_trouble *t)
{
    bool could[2] = { false, false }, more = true, place = false;

    for (; more; place = !place) {
        enum pattern_answer a = part_match(&list, &more, kind, facts, t);
        if (a == PATTERN_REFUSE)
            return could[0] || could[1] ? PATTERN_ASK : PATTERN_REFUSE;
        if (a != PATTERN_YES)
            could[place] = true;
        if (a == PATTERN_NO)
            break;
    }
    if (!more)
        could[place] = true;
    return could[0] && could[1] ? PATTERN_ASK : could[1] ? PATTERN_YES : PATTERN_NO;
}

/* For lists outside of the two files: what would refuse there when it is reached is wrong here from the start. */
static const char *read_lone_client(const struct rule_span *item)
{
    struct rule_span word, host;
    struct pattern p;

    if (split_at(item, &word, &host))
        return "user names are not looked up: write the host alone";
    const char *wrong = pattern_read(item->p, item->n, &p);
    return wrong ? wrong : p.kind == PATTERN_LATER ? p.why : NULL;
}

const struct patlist_kind patlist_lone = { read_lone_client, match_client, "no pattern: write ALL for everybody" };
