/* Lint for hosts.allow and hosts.deny: see lint.h. Here files and rules are walked; single items are lint_item.c's. */
#include "mail/lint.h"

#include "base/str.h"
#include "mail/judge.h"
#include "mail/lint_item.h"
#include "mail/option.h"
#include "mail/patlist.h"
#include "mail/pattern.h"
#include "mail/rule.h"

#include <string.h>

#define MOST_PAIRS 4096          /* a rule with more pairs of daemons and clients is not compared with others */

/* A rule's lists as far as lint asks: the items before the first EXCEPT. */
struct part {
    struct rule_span list;
    size_t items;
    bool all, except;
};

struct lint {
    struct lint_item item;
    const struct access_rules *rules;
    struct cover cover;
    bool grants;                 /* has a rule let anybody in? */
};

static struct part part_of(struct rule_span list)
{
    struct part part = { list, 0, false, false };
    struct rule_span item;

    while (!part.except && rule_item(&list, &item)) {
        part.except = patlist_is_except(&item);
        part.items += !part.except;
        part.all = part.all || pattern_is(item.p, item.n, "ALL");
        if (part.except)
            part.list.n = (size_t)(item.p - part.list.p);
    }
    return part;
}

static void start_reading(struct rule_reader *r, const struct access_file *file)
{
    r->at = file->text;
    r->end = file->text + file->n;
    r->next = 1;
}

static size_t count_pairs(const struct access_file *file)
{
    struct rule_reader r;
    struct rule_span line;
    struct rule rule;
    size_t n = 0;
    int got;

    if (!file->text)
        return 0;
    start_reading(&r, file);
    while ((got = rule_next(&r, &line)) != 0)
        if (got > 0 && !rule_split(&line, &rule)) {
            size_t pairs = part_of(rule.daemons).items * part_of(rule.clients).items;
            n += pairs <= MOST_PAIRS ? pairs : 0;
        }
    return n;
}

size_t lint_room(const struct access_rules *rules)
{
    size_t pairs = count_pairs(&rules->allow) + count_pairs(&rules->deny), n = 8;

    while (n < 2 * pairs + 4 && n < LINT_ROOM)
        n *= 2;
    return n;
}

/* Whom it matches, does it let in? `plain` is what it does without an option that decides. */
static bool rule_grants(const struct rule *rule, bool plain)
{
    bool decides = false, allows = rule->has_options && option_allows(rule->options, &decides);

    return decides ? allows : plain;
}

/* Does a rule refuse everybody? */
static bool shuts(const struct rule *rule, bool grants)
{
    struct part daemons = part_of(rule->daemons), clients = part_of(rule->clients);

    return !grants && daemons.all && clients.all && !daemons.except && !clients.except;
}

/* Does the file end with a rule that refuses everybody whom no rule before it speaks of? */
static bool file_shuts(const struct access_file *file, bool grants)
{
    struct rule_reader r;
    struct rule_span line, at;
    struct rule rule;
    bool found = false;
    int got;

    if (!file->text)
        return file->fault != NULL;
    start_reading(&r, file);
    while (!found && (got = rule_next(&r, &line)) != 0) {
        if (got < 0)
            return true;                         /* nobody gets past such a line */
        if (rule_split(&line, &rule) || (rule.has_options && option_check(rule.options, &at)))
            continue;
        found = shuts(&rule, rule_grants(&rule, grants));
    }
    return found;
}

/* A comment that takes the next line in. `text` is what lies before the rule that was read. */
static void check_comments(struct lint *l, const char *text, const char *end, unsigned line)
{
    bool inside = false;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        bool joins = newline && stop > text && stop[-1] == '\\';
        bool comment = !inside && *text == '#';
        const char *next = newline ? newline + 1 : end;
        if (comment && joins && next < end && *next != '#' && *next != '\n') {
            l->item.line = line;
            lint_item_say(&l->item, false, NULL, "the backslash at its end makes the next line a part of this comment: "
                         "take it out");
        }
        inside = joins;
        text = next;
        line++;
    }
}

static uint32_t id_of(const struct lint *l)
{
    return l->item.line * 2 + (l->item.file == &l->rules->deny);
}

/* The rule that decides for all pairs of this one, or 0. *several: it is more than one. */
static uint32_t decided_by(const struct lint *l, const struct part *daemons, const struct part *clients, bool *several)
{
    struct rule_span dlist = daemons->list, d, c;
    uint32_t by = 0;

    *several = false;
    while (rule_item(&dlist, &d)) {
        struct rule_span clist = clients->list;
        while (rule_item(&clist, &c)) {
            uint32_t id = cover_find(&l->cover, &d, &c);
            if (!id)
                return 0;
            *several = *several || (by && id != by);
            by = id > by ? id : by;
        }
    }
    return by;
}

static void check_order(struct lint *l, const struct rule *rule)
{
    struct part daemons = part_of(rule->daemons), clients = part_of(rule->clients);
    char text[200];
    struct str s;
    bool several;

    if (daemons.items * clients.items > MOST_PAIRS)
        return;
    uint32_t by = decided_by(l, &daemons, &clients, &several);
    if (by) {
        str_init(&s, text, sizeof text);
        str_add(&s, "the rule never decides, since ");
        str_add(&s, by & 1 ? l->rules->deny.name : l->rules->allow.name);
        str_addc(&s, ':');
        str_addu(&s, by / 2);
        str_add(&s, several ? " and others decide for all of it: take it out, or put it before them"
                            : " decides for all of it: take it out, or put it before that");
        lint_item_say(&l->item, false, NULL, text);
    }
    if (daemons.except || clients.except)
        return;
    struct rule_span dlist = daemons.list, d, c;
    while (rule_item(&dlist, &d)) {
        struct rule_span clist = clients.list;
        while (rule_item(&clist, &c))
            cover_add(&l->cover, &d, &c, id_of(l));
    }
}

static void check_items(struct lint *l, struct rule_span list,
                        void (*check)(struct lint_item *, const struct rule_span *))
{
    struct part first = part_of(list);
    struct rule_span item;

    if (first.all && first.items > 1)
        lint_item_say(&l->item, false, NULL, "ALL stands beside others, which change nothing: take them out, or ALL");
    while (rule_item(&list, &item))
        if (!patlist_is_except(&item))
            check(&l->item, &item);
}

/* A list that is wrong is an error; else its items are looked at. Returns whether it is right. */
static bool check_list(struct lint *l, struct rule_span list, const struct patlist_kind *kind,
                       void (*check)(struct lint_item *, const struct rule_span *))
{
    struct patlist_trouble t = patlist_read(list, kind, &l->rules->files);

    if (t.what)
        lint_item_trouble(&l->item, &t);
    else
        check_items(l, list, check);
    return !t.what;
}

static void check_account(struct lint *l, const struct option *o, const struct rule_span *who, bool group)
{
    char name[256];
    struct str s;

    if (who->n == 0)
        return;
    str_init(&s, name, sizeof name);
    str_addn(&s, who->p, who->n);
    if (!l->item.site->account(l->item.site->ctx, name, group))
        lint_item_say(&l->item, true, &o->text, group ? "there is no such group: mend the name, or add it"
                                                      : "there is no such user: mend the name, or add it");
}

/* Is one of these daemons smtpd by name? */
static bool names_smtpd(struct rule_span daemons)
{
    struct rule_span item;
    const char *name;
    size_t n;

    while (rule_item(&daemons, &item))
        for (const char *names = access_daemons("smtpd"); (name = str_word(&names, &n)); )
            if (n == item.n && str_case_eqn(name, item.p, n))
                return true;
    return false;
}

/* Users and groups that options name. The options are right otherwise. smtpd, by name or as one of all, obeys the rule,
 * too, and refuses where they stand. */
static void check_accounts(struct lint *l, const struct rule *rule)
{
    const struct part daemons = part_of(rule->daemons);
    const bool named = names_smtpd(daemons.list);
    struct rule_span options = rule->options;
    struct option o;

    while (options.p && !option_next(&options, &o)) {
        if (o.kind != OPTION_USER && o.kind != OPTION_GROUP)
            continue;
        if (named || daemons.all)
            lint_item_say(&l->item, named, &o.text, "smtpd refuses here, for it becomes the owner of queue/ by itself: "
                          "take the option out");
        if (l->item.site->account && o.kind == OPTION_USER)
            check_account(l, &o, &o.value, true);
        if (l->item.site->account)
            check_account(l, &o, &o.name, o.kind == OPTION_GROUP);
    }
}

static void check_rule(struct lint *l, const struct rule_span *line)
{
    struct patlist_trouble t;
    struct rule rule;
    unsigned before = l->item.errors;
    const char *wrong = rule_split(line, &rule);

    if (wrong) {
        lint_item_say(&l->item, true, NULL, wrong);
        return;
    }
    check_list(l, rule.daemons, &patlist_daemons, lint_item_daemon);
    check_list(l, rule.clients, &patlist_clients, lint_item_client);
    t = judge_read_options(&rule);
    if (t.what)
        lint_item_trouble(&l->item, &t);
    else if (rule.has_options)
        check_accounts(l, &rule);
    if (l->item.errors > before)
        return;
    bool decides = false, allows = l->item.file == &l->rules->allow;
    if (rule.has_options)
        option_allows(rule.options, &decides);
    if (!decides && allows && l->item.site->strict)
        lint_item_say(&l->item, false, NULL, "the rule lets in without saying so: end it with `: allow`");
    l->grants = l->grants || rule_grants(&rule, allows);
    check_order(l, &rule);
}

static void check_file(struct lint *l, const struct access_file *file, const char *doubt)
{
    struct rule_reader r;
    struct rule_span line;
    int got;

    l->item.file = file;
    l->item.line = 0;
    l->item.told_names = false;
    if (file->fault)
        lint_item_say(&l->item, true, NULL, file->fault);
    if (doubt)
        lint_item_say(&l->item, false, NULL, doubt);
    if (!file->text || file->fault)
        return;
    if (rule_has_mark(file->text, file->n)) {
        l->item.line = 1;
        lint_item_say(&l->item, true, NULL, RULE_MARK_FAULT);
    }
    start_reading(&r, file);
    do {
        const char *from = r.at;
        unsigned first = r.next;
        got = rule_next(&r, &line);
        check_comments(l, from, r.at, first);
        l->item.line = r.line;
        if (got < 0)
            lint_item_say(&l->item, true, NULL, r.wrong);
        else if (got > 0)
            check_rule(l, &line);
    } while (got != 0);
}

/* Told before the lines of hosts.deny, since it is about the file as a whole. */
static void check_end(struct lint *l)
{
    const struct access_rules *rules = l->rules;

    l->item.file = &rules->deny;
    l->item.line = 0;
    if (l->grants && !file_shuts(&rules->allow, true) && !file_shuts(&rules->deny, false))
        lint_item_say(&l->item, false, NULL, "whom no rule matches is let in, so that hosts.allow keeps nobody out: "
                      "end this file with `ALL: ALL`");
}

unsigned lint_rules(const struct access_rules *rules, const struct lint_site *site)
{
    struct lint l = { .item = { .site = site, .files = &rules->files }, .rules = rules };

    cover_init(&l.cover, site->seen, site->seen ? site->seen_n : 0);
    check_file(&l, &rules->allow, site->doubt_allow);
    check_end(&l);
    check_file(&l, &rules->deny, site->doubt_deny);
    return l.item.errors;
}
