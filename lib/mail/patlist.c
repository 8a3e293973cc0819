/* Lists of patterns, for daemons and for clients: see patlist.h. Single patterns are judged by pattern.c. */
#include "mail/patlist.h"

#include "base/str.h"
#include "mail/patfile.h"

#include <string.h>

bool patlist_split_at(const struct rule_span *item, struct rule_span *word, struct rule_span *host)
{
    for (size_t i = 0; i < item->n && item->p[i] != '['; i++)
        if (i > 0 && item->p[i] == '@') {
            *word = (struct rule_span){ item->p, i };
            *host = (struct rule_span){ item->p + i + 1, item->n - i - 1 };
            return true;
        }
    return false;
}

static bool is_ask(enum pattern_answer a)
{
    return a == PATTERN_ASK || a == PATTERN_ASK_USER;
}

/* Weighs one more pattern or item of a part of a list: returns whether the part is decided. One that matches decides,
 * unless one before it refuses. Where something can still be asked for on which one in front of the refusing one
 * depends, that comes first (*first): so the order counts, whoever knows what when. */
static bool add_up(enum pattern_answer *sum, enum pattern_answer one, bool *first)
{
    switch (one) {
    case PATTERN_NO:
        return false;
    case PATTERN_ASK:
    case PATTERN_ASK_USER:
        if (*sum == PATTERN_NO)
            *sum = one;
        return false;
    case PATTERN_YES:
        *sum = one;
        return true;
    case PATTERN_ASK_FIRST:
        *first = true;
        if (!is_ask(*sum))
            *sum = PATTERN_ASK;
        return true;
    default:
        *first = is_ask(*sum);
        if (!*first)
            *sum = one;
        return true;
    }
}

static void in_file(const struct patfile_walk *w, struct patlist_trouble *t)
{
    t->file = patfile_where(w, &t->line)->name;
}

static void read_file(const struct rule_span *name, const struct access_files *files, struct patlist_trouble *t)
{
    struct patfile_walk w;
    struct rule_span word;
    struct pattern p;

    if (patfile_start(&w, files, name, &t->what) == PATFILE_WRONG)
        return;
    while (!t->what && patfile_next(&w, &word, &t->what) == PATFILE_PATTERN)
        t->what = pattern_read(word.p, word.n, &p);
    if (t->what) {
        t->where = word;
        in_file(&w, t);
    }
}

static void read_host(const struct rule_span *host, const struct access_files *files, struct patlist_trouble *t)
{
    struct pattern p;

    t->what = pattern_read(host->p, host->n, &p);
    if (!t->what && p.kind == PATTERN_FILE)
        read_file(host, files, t);
}

static enum pattern_answer match_pattern(const struct rule_span *word, const struct pattern_host *known,
                                         struct patlist_trouble *t)
{
    struct pattern p;

    if (pattern_read(word->p, word->n, &p))
        return PATTERN_NO;                       /* cannot be: lists are read before they are matched */
    enum pattern_answer a = pattern_match(&p, known);
    if (a == PATTERN_REFUSE)
        t->what = p.why;
    return a;
}

static enum pattern_answer match_file(const struct rule_span *name, const struct pattern_host *known,
                                      const struct access_files *files, struct patlist_trouble *t)
{
    enum pattern_answer sum = PATTERN_NO;
    struct patfile_walk w;
    struct rule_span word;
    const char *wrong;
    bool first = false;

    if (patfile_start(&w, files, name, &wrong) == PATFILE_WRONG)
        return PATTERN_NO;                       /* cannot be, as above */
    while (patfile_next(&w, &word, &wrong) == PATFILE_PATTERN)
        if (add_up(&sum, match_pattern(&word, known, t), &first))
            break;
    if (sum == PATTERN_REFUSE) {
        t->where = word;
        in_file(&w, t);
    }
    return first ? PATTERN_ASK_FIRST : sum;
}

static enum pattern_answer match_host(const struct rule_span *host, const struct pattern_host *known,
                                      const struct access_files *files, struct patlist_trouble *t)
{
    return host->n > 0 && host->p[0] == '/' ? match_file(host, known, files, t) : match_pattern(host, known, t);
}

static void read_daemon(const struct rule_span *item, const struct access_files *files, struct patlist_trouble *t)
{
    struct rule_span word = *item, host;

    if (item->p[0] == '@') {
        t->what = "netgroups do not name daemons: write the daemon's name";
        return;
    }
    if (patlist_split_at(item, &word, &host))
        read_host(&host, files, t);
    if (!t->what)
        t->what = pattern_word_read(word.p, word.n);
}

static enum pattern_answer match_daemon(const struct rule_span *item, const struct access_facts *facts,
                                        const struct access_files *files, struct patlist_trouble *t)
{
    const struct pattern_host server = { &facts->server, facts->server_state, facts->server_name };
    struct rule_span word = *item, host;
    bool has_host = patlist_split_at(item, &word, &host);
    const char *names = facts->daemons, *name;
    size_t n;

    /* Its port and the other names of smtpd are matched in full: a wildcard is meant for the daemon's own name. */
    for (bool own = true; (name = str_word(&names, &n)); own = false)
        if ((own || !pattern_has_glob(word.p, word.n)) && pattern_word_match(word.p, word.n, name, n))
            return has_host ? match_host(&host, &server, files, t) : PATTERN_YES;
    return PATTERN_NO;
}

static void read_client(const struct rule_span *item, const struct access_files *files, struct patlist_trouble *t)
{
    struct rule_span word, host = *item;

    if (patlist_split_at(item, &word, &host))
        t->what = pattern_word_read(word.p, word.n);
    if (!t->what)
        read_host(&host, files, t);
}

/* `user@host`: the host first. ALL@host asks, too, as in the original: so the user is in the log. */
static enum pattern_answer match_client(const struct rule_span *item, const struct access_facts *facts,
                                        const struct access_files *files, struct patlist_trouble *t)
{
    const struct pattern_host client = { &facts->client, facts->client_state, facts->client_name };
    struct rule_span word, host = *item;
    bool has_user = patlist_split_at(item, &word, &host);
    enum pattern_answer a = match_host(&host, &client, files, t);
    const char *user = facts->user ? facts->user : facts->client.family == NET_NONE ? ACCESS_NO_USER : NULL;

    if (a != PATTERN_YES || !has_user)
        return a;
    if (!user)
        return PATTERN_ASK_USER;
    return pattern_word_match(word.p, word.n, user, strlen(user)) ? PATTERN_YES : PATTERN_NO;
}

const struct patlist_kind patlist_daemons = {
    read_daemon, match_daemon, "no daemon before the colon: write `daemon: client`"
};
const struct patlist_kind patlist_clients = {
    read_client, match_client, "no client behind the colon: write `daemon: client`"
};

bool patlist_is_except(const struct rule_span *item)
{
    return pattern_is(item->p, item->n, "EXCEPT");
}

struct patlist_trouble patlist_read(struct rule_span list, const struct patlist_kind *kind,
                                    const struct access_files *files)
{
    struct rule_span item;
    bool any = false, in_part = false;           /* in_part: has the part since the last EXCEPT an item? */
    struct patlist_trouble t = { .what = NULL };

    while (rule_item(&list, &item)) {
        t.where = item;
        if (!patlist_is_except(&item))
            kind->read(&item, files, &t);
        else if (!in_part)
            t.what = "nothing stands before it: say what it excepts from";
        if (t.what)
            return t;
        in_part = !patlist_is_except(&item);
        any = true;
    }
    if (!any)
        t.what = kind->empty;
    else if (!in_part)
        t.what = "nothing stands behind EXCEPT: say what it excepts";
    t.where = (struct rule_span){ NULL, 0 };
    return t;
}

/* Weighs one part of a list, up to its EXCEPT or its end, and moves *list behind that; *more: an EXCEPT was there. */
static enum pattern_answer part_match(struct rule_span *list, bool *more, const struct patlist_kind *kind,
                                      const struct access_facts *facts, const struct access_files *files,
                                      struct patlist_trouble *t)
{
    enum pattern_answer sum = PATTERN_NO;
    struct rule_span item;
    bool decided = false, first = false;

    *more = false;
    while (rule_item(list, &item)) {
        if (patlist_is_except(&item)) {
            *more = true;
            break;
        }
        if (decided)
            continue;                            /* only the way to EXCEPT is left */
        *t = (struct patlist_trouble){ .where = item };
        decided = add_up(&sum, kind->match(&item, facts, files, t), &first);
        if (first)
            break;
    }
    return sum;
}

/* `a EXCEPT b EXCEPT c` is `a EXCEPT (b EXCEPT c)`: the first part that does not match decides, and it does so by where
 * it stands: the list matches when it is the second, the fourth and so on. Past the last part is such a place, too.
 * Where a part depends on a name, both ways are followed; only if they differ must it be asked for. */
enum pattern_answer patlist_match(struct rule_span list, const struct patlist_kind *kind,
                                  const struct access_facts *facts, const struct access_files *files,
                                  struct patlist_trouble *t)
{
    enum pattern_answer ask = PATTERN_NO;        /* what is asked for first */
    bool could[2] = { false, false }, more = true, place = false;

    for (; more; place = !place) {
        enum pattern_answer a = part_match(&list, &more, kind, facts, files, t);
        if (is_ask(a) && ask == PATTERN_NO)
            ask = a;
        if (a == PATTERN_REFUSE)
            return ask != PATTERN_NO ? ask : PATTERN_REFUSE;
        if (a != PATTERN_YES)
            could[place] = true;
        if (a == PATTERN_NO)
            break;
    }
    if (!more)
        could[place] = true;
    return could[0] && could[1] ? ask : could[1] ? PATTERN_YES : PATTERN_NO;
}

/* For lists outside of the two files: what would refuse there when it is reached is wrong here from the start. */
static void read_lone_client(const struct rule_span *item, const struct access_files *files, struct patlist_trouble *t)
{
    struct rule_span word, host;
    struct pattern p;

    (void)files;
    if (patlist_split_at(item, &word, &host)) {
        t->what = "user names are not looked up: write the host alone";
        return;
    }
    t->what = pattern_read(item->p, item->n, &p);
    if (!t->what && p.kind == PATTERN_FILE)
        t->what = "files of patterns are for hosts.allow and hosts.deny: list the hosts";
    else if (!t->what && p.kind == PATTERN_LATER)
        t->what = p.why;
}

const struct patlist_kind patlist_lone = { read_lone_client, match_client, "no pattern: write ALL for everybody" };
