/* The verdict on a client: see access.h. Lines come from rule.c, patterns are judged by pattern.c; here lists, rules
 * and files are weighed. */
#include "mail/access.h"

#include "base/str.h"
#include "mail/pattern.h"
#include "mail/rule.h"

#include <string.h>

#define SMTPD_NAMES "smtpd sendmail smtp in.smtpd 25"

/* What is wrong, and where: `what` is NULL when nothing is. */
struct trouble {
    const char *what;
    struct rule_span where;
};

enum outcome { PASS_ON, GRANT, DENY, ASK, ASK_SERVER };

/* Says what is wrong with one item of a list, or what it answers; for daemons and for clients. */
struct list_kind {
    const char *(*read)(const struct rule_span *item);
    enum pattern_answer (*match)(const struct rule_span *item, const struct access_facts *facts, const char **refusal);
    const char *empty;
};

const char *access_daemons(const char *name)
{
    return str_in_words(SMTPD_NAMES, name) ? SMTPD_NAMES : name;
}

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

static const struct list_kind daemon_list = {
    read_daemon, match_daemon, "no daemon before the colon: write `daemon: client`"
};
static const struct list_kind client_list = {
    read_client, match_client, "no client behind the colon: write `daemon: client`"
};

static bool is_except(const struct rule_span *item)
{
    return pattern_is(item->p, item->n, "EXCEPT");
}

static struct trouble list_read(struct rule_span list, const struct list_kind *kind)
{
    struct rule_span item;
    bool any = false, in_part = false;           /* in_part: has the part since the last EXCEPT an item? */

    while (rule_item(&list, &item)) {
        const char *wrong = !is_except(&item) ? kind->read(&item)
                          : in_part ? NULL : "nothing stands before it: say what it excepts from";
        if (wrong)
            return (struct trouble){ wrong, item };
        in_part = !is_except(&item);
        any = true;
    }
    return (struct trouble){ !any ? kind->empty : in_part ? NULL : "nothing stands behind EXCEPT: say what it excepts",
                             { NULL, 0 } };
}

/* Weighs one part of a list, up to its EXCEPT or its end, and moves *list behind that; *more: an EXCEPT was there.
 * An item that matches decides, unless one before it refuses. Where a name could still be what an item in front of
 * the refusing one matches, the name is asked for first: so the order of the items counts, whoever knows what when. */
static enum pattern_answer part_match(struct rule_span *list, bool *more, const struct list_kind *kind,
                                      const struct access_facts *facts, struct trouble *t)
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
            *t = (struct trouble){ refusal, item };
        if (b != PATTERN_NO)
            a = b;
    }
    return a;
}

/* `a EXCEPT b EXCEPT c` is `a EXCEPT (b EXCEPT c)`: the first part that does not match decides, and it does so by where
 * it stands: the list matches when it is the second, the fourth and so on. Past the last part is such a place, too.
 * Where a part depends on a name, both ways are followed; only if they differ must it be asked for. */
static enum pattern_answer list_match(struct rule_span list, const struct list_kind *kind,
                                      const struct access_facts *facts, struct trouble *t)
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

/* What the options make of a rule that matched; `plain` is what it means without any. */
static enum outcome take_effect(enum rule_effect effect, enum outcome plain, const struct rule_span *option,
                                struct trouble *t)
{
    switch (effect) {
    case RULE_ALLOW:
        return GRANT;
    case RULE_DENY:
        return DENY;
    case RULE_LATER:
        *t = (struct trouble){ "this option is not supported yet: take it out", *option };
        return DENY;
    default:
        return plain;
    }
}

/* One rule. On DENY, t->what is set when it refuses by a fault. */
static enum outcome rule_decide(const struct rule_span *line, enum outcome plain, const struct access_facts *facts,
                                struct trouble *t)
{
    struct rule rule;
    struct rule_span option = { NULL, 0 };
    enum rule_effect effect = RULE_PLAIN;

    *t = (struct trouble){ rule_split(line, &rule), { NULL, 0 } };
    if (!t->what)
        *t = list_read(rule.daemons, &daemon_list);
    if (t->what)
        return DENY;
    enum pattern_answer daemon = list_match(rule.daemons, &daemon_list, facts, t);
    if (daemon == PATTERN_NO)
        return PASS_ON;
    if (daemon == PATTERN_REFUSE)
        return DENY;
    if (daemon == PATTERN_ASK)
        return ASK_SERVER;               /* not later: the list may yet refuse, whoever the client is */
    /* This daemon is meant: what else is wrong with the rule matters, whoever the client is. */
    *t = list_read(rule.clients, &client_list);
    if (!t->what && rule.has_options)
        *t = (struct trouble){ rule_options(&rule, &effect, &option), option };
    if (t->what)
        return DENY;
    enum pattern_answer client = list_match(rule.clients, &client_list, facts, t);
    if (client == PATTERN_NO)
        return PASS_ON;
    if (client == PATTERN_YES)
        return take_effect(effect, plain, &option, t);
    return client == PATTERN_ASK ? ASK : DENY;
}

/* `TOKEN`: what is wrong, and the mend. */
static void put_fault(const struct trouble *t, char *fault, size_t cap)
{
    struct str s;

    str_init(&s, fault, cap);
    if (t->where.n > 0) {
        size_t n = t->where.n < 80 ? t->where.n : 80;        /* leave room for the mend */
        str_addc(&s, '`');
        str_add_clean(&s, t->where.p, n);
        str_add(&s, n < t->where.n ? "...`: " : "`: ");
    }
    str_add(&s, t->what);
}

static void put_rule(const struct rule_span *line, struct access_why *why)
{
    struct str s;

    str_init(&s, why->rule, sizeof why->rule);
    for (size_t i = 0; i < line->n && !s.cut; i++)
        str_add_clean(&s, line->p[i] == '\t' ? " " : &line->p[i], 1);
}

static bool starts_with_bom(const struct access_file *file)
{
    return file->n >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0;
}

static enum outcome file_refuses(const struct access_file *file, unsigned line, const char *what,
                                 struct access_why *why)
{
    const struct trouble t = { what, { NULL, 0 } };

    why->file = file->name;
    why->line = line;
    put_fault(&t, why->fault, sizeof why->fault);
    return DENY;
}

/* The first rule of a file that does not pass on. */
static enum outcome file_decide(const struct access_file *file, enum outcome plain, const struct access_facts *facts,
                                struct access_why *why)
{
    struct rule_reader r;
    struct rule_span line;
    struct trouble t;
    enum outcome o = PASS_ON;
    int got;

    if (file->fault)
        return file_refuses(file, 0, file->fault, why);
    if (!file->text)
        return PASS_ON;
    if (starts_with_bom(file))
        return file_refuses(file, 1, "the file starts with a byte order mark: save it as plain ASCII text", why);
    r.at = file->text;
    r.end = file->text + file->n;
    r.next = 1;
    while (o == PASS_ON && (got = rule_next(&r, &line)) != 0) {
        if (got > 0) {
            o = rule_decide(&line, plain, facts, &t);
        } else {
            t = (struct trouble){ "the rule is too long: make it several rules", { NULL, 0 } };
            o = DENY;
        }
    }
    if (o == PASS_ON)
        return o;
    why->file = file->name;
    why->line = r.line;
    put_rule(&line, why);
    if (o == DENY && t.what)
        put_fault(&t, why->fault, sizeof why->fault);
    return o;
}

enum access_verdict access_decide(const struct access_rules *rules, const struct access_facts *facts,
                                  struct access_why *why)
{
    memset(why, 0, sizeof *why);
    enum outcome o = file_decide(&rules->allow, GRANT, facts, why);
    if (o == PASS_ON)
        o = file_decide(&rules->deny, DENY, facts, why);
    switch (o) {
    case PASS_ON:
    case GRANT:
        return ACCESS_ALLOW;
    case ASK:
        return ACCESS_ASK_NAME;
    case ASK_SERVER:
        return ACCESS_ASK_SERVER_NAME;
    default:
        return ACCESS_DENY;
    }
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

static const struct list_kind lone_list = { read_lone_client, match_client, "no pattern: write ALL for everybody" };

int access_patterns_check(const char *patterns, char *fault, size_t cap)
{
    struct trouble t = list_read((struct rule_span){ patterns, strlen(patterns) }, &lone_list);

    if (!t.what)
        return 0;
    put_fault(&t, fault, cap);
    return -1;
}

int access_client_in(const char *patterns, const struct access_facts *facts, const char **bad)
{
    const struct rule_span list = { patterns, strlen(patterns) };
    struct rule_span item, rest = list;
    struct trouble t = list_read(list, &lone_list);
    bool any = rule_item(&rest, &item);

    if (bad)
        *bad = t.what && any ? (t.where.p ? t.where.p : patterns) : NULL;
    if (t.what)
        return 0;
    enum pattern_answer a = list_match(list, &lone_list, facts, &t);
    return a == PATTERN_YES ? 1 : a == PATTERN_ASK ? -1 : 0;
}
