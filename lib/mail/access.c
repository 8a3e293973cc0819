/* The verdict on a client: see access.h. Lines come from rule.c and are judged by judge.c; here files are weighed. */
#include "mail/access.h"

#include "base/str.h"
#include "mail/candidates.h"
#include "mail/index.h"
#include "mail/judge.h"
#include "mail/patlist.h"
#include "mail/rule.h"

#include <string.h>

#define SMTPD_NAMES "smtpd sendmail smtp in.smtpd 25"

const char *access_daemons(const char *name)
{
    static const char *const by[] = {            /* each has the others, too */
        SMTPD_NAMES, "sendmail smtpd smtp in.smtpd 25", "smtp smtpd sendmail in.smtpd 25",
        "in.smtpd smtpd sendmail smtp 25", "25 smtpd sendmail smtp in.smtpd"
    };
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof by / sizeof *by; i++)
        if (strcspn(by[i], " ") == n && str_case_eqn(by[i], name, n))
            return by[i];
    return name;
}

/* `TOKEN`: what is wrong, and the mend. */
static void put_fault(const struct patlist_trouble *t, char *fault, size_t cap)
{
    struct str s;

    str_init(&s, fault, cap);
    if (t->file) {
        size_t n = strlen(t->file);
        str_add_clean(&s, t->file, n < 100 ? n : 100);
        str_add(&s, n < 100 ? ", line " : "..., line ");
        str_addu(&s, t->line);
        str_add(&s, ": ");
    }
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

static enum judge_outcome file_refuses(const struct access_file *file, unsigned line, const char *what,
                                 struct access_why *why)
{
    const struct patlist_trouble t = { .what = what };

    why->file = file->name;
    why->line = line;
    put_fault(&t, why->fault, sizeof why->fault);
    return JUDGE_DENY;
}

/* What became of a line. Why it passed on is worked out again: the verdict has no use for it. */
static enum access_tried tried(const struct rule_span *line, enum judge_outcome o, const struct judge_case *c,
                               const struct patlist_trouble *t)
{
    struct patlist_trouble none;
    struct rule rule;

    switch (o) {
    case JUDGE_PASS_ON:
        return !rule_split(line, &rule)
            && patlist_match(rule.daemons, &patlist_daemons, c->facts, c->files, &none) == PATTERN_YES
            ? ACCESS_NOT_CLIENT : ACCESS_NOT_DAEMON;
    case JUDGE_ASK:
    case JUDGE_ASK_SERVER:
        return ACCESS_WANTS_NAME;
    case JUDGE_ASK_USER:
        return ACCESS_WANTS_USER;
    default:
        return o == JUDGE_DENY && t->what ? ACCESS_FAULTY : ACCESS_MATCHED;
    }
}

static void trace(const struct judge_case *c, const char *file, unsigned number, const struct rule_span *line,
                  enum judge_outcome o, const struct patlist_trouble *t)
{
    if (c->trace)
        c->trace->tried(c->trace->ctx, &(struct access_step){ file, number, tried(line, o, c, t), line->p, line->n });
}

/* The first rule of a file that does not pass on. */
static enum judge_outcome file_decide(const struct access_file *file, enum judge_outcome plain,
                                      const struct judge_case *c, struct access_why *why)
{
    struct rule_reader r;
    struct rule_span line;
    struct patlist_trouble t;
    enum judge_outcome o = JUDGE_PASS_ON;
    int got;

    if (file->fault)
        return file_refuses(file, 0, file->fault, why);
    if (!file->text)
        return JUDGE_PASS_ON;
    if (rule_has_mark(file->text, file->n))
        return file_refuses(file, 1, RULE_MARK_FAULT, why);
    rule_start(&r, file->text, file->n);
    while (o == JUDGE_PASS_ON && (got = rule_next(&r, &line)) != 0) {
        if (got > 0) {
            o = judge_rule(&line, plain, c, &t, why);
        } else {
            t = (struct patlist_trouble){ .what = r.wrong };
            o = JUDGE_DENY;
        }
        trace(c, file->name, r.line, &line, o, &t);
    }
    if (o == JUDGE_PASS_ON)
        return o;
    why->file = file->name;
    why->line = r.line;
    put_rule(&line, why);
    if (o == JUDGE_DENY && t.what)
        put_fault(&t, why->fault, sizeof why->fault);
    return o;
}

/* ---- by an index */

static const char *source_name(const struct access_rules *rules, int source)
{
    return source == IMAGE_ALLOW ? rules->allow.name : rules->deny.name;
}

/* What the rule says of the client; *o. False when it cannot be read. */
static bool judge_candidate(const struct access_rules *rules, const struct judge_case *c, bool sure,
                            enum judge_outcome *o, struct access_why *why)
{
    const enum judge_outcome plain = why->source == IMAGE_ALLOW ? JUDGE_GRANT : JUDGE_DENY;
    struct patlist_trouble t;
    struct index_line l;

    *o = plain;
    if (sure && !c->trace)
        return true;
    if (!index_line_read(rules->index, why->source, why->offset, &l))
        return false;
    *o = judge_rule(&l.line, plain, c, &t, why);
    trace(c, source_name(rules, why->source), why->line, &l.line, *o, &t);
    if (*o == JUDGE_PASS_ON)
        return true;
    put_rule(&l.line, why);
    if (*o == JUDGE_DENY && t.what)
        put_fault(&t, why->fault, sizeof why->fault);
    return true;
}

/* As the two files would decide: the candidates are all that could, and come in the files' order. */
static bool index_decide(const struct access_rules *rules, const struct judge_case *jc, enum judge_outcome *o,
                         struct access_why *why)
{
    struct candidates c;
    struct image_rule rule;
    uint32_t number;
    bool sure;

    *o = JUDGE_PASS_ON;
    candidates_start(&c, rules->index->image, jc->facts);
    for (uint32_t from = 0; (number = candidates_next(&c, from, &rule, &sure)) != IMAGE_NONE; from = number + 1) {
        why->source = rule.source;
        why->offset = rule.offset;
        why->line = rule.line;
        if (!judge_candidate(rules, jc, sure, o, why))
            return false;
        if (*o != JUDGE_PASS_ON) {
            why->file = source_name(rules, rule.source);
            return !rules->index->image->damaged;
        }
    }
    why->line = 0;
    return !rules->index->image->damaged;
}

void access_explain(const struct access_rules *rules, struct access_why *why)
{
    struct index_line l;

    if (rules->index && why->file && !*why->rule && index_line_read(rules->index, why->source, why->offset, &l))
        put_rule(&l.line, why);
}

enum access_verdict access_decide(const struct access_rules *rules, const struct access_facts *facts,
                                  struct access_why *why)
{
    const struct judge_case c = { facts, &rules->files, rules->trace };
    enum judge_outcome o;

    memset(why, 0, offsetof(struct access_why, options) + 1);    /* not all the room for options: it costs time */
    if (rules->index && !rules->allow.fault && !rules->deny.fault) {
        if (!index_decide(rules, &c, &o, why))
            return ACCESS_BAD_INDEX;
    } else {
        o = file_decide(&rules->allow, JUDGE_GRANT, &c, why);
        if (o == JUDGE_PASS_ON)
            o = file_decide(&rules->deny, JUDGE_DENY, &c, why);
    }
    switch (o) {
    case JUDGE_PASS_ON:
    case JUDGE_GRANT:
        return ACCESS_ALLOW;
    case JUDGE_ASK:
        return ACCESS_ASK_NAME;
    case JUDGE_ASK_SERVER:
        return ACCESS_ASK_SERVER_NAME;
    case JUDGE_ASK_USER:
        return ACCESS_ASK_USER;
    default:
        return ACCESS_DENY;
    }
}

static const struct access_files no_files;           /* lists outside of the two files name none */

int access_patterns_check(const char *patterns, char *fault, size_t cap)
{
    struct patlist_trouble t = patlist_read((struct rule_span){ patterns, strlen(patterns) }, &patlist_lone, &no_files);

    if (!t.what)
        return 0;
    put_fault(&t, fault, cap);
    return -1;
}

int access_client_in(const char *patterns, const struct access_facts *facts, const char **bad)
{
    const struct rule_span list = { patterns, strlen(patterns) };
    struct rule_span item, rest = list;
    struct patlist_trouble t = patlist_read(list, &patlist_lone, &no_files);
    bool any = rule_item(&rest, &item);

    if (bad)
        *bad = t.what && any ? (t.where.p ? t.where.p : patterns) : NULL;
    if (t.what)
        return 0;
    enum pattern_answer a = patlist_match(list, &patlist_lone, facts, &no_files, &t);
    return a == PATTERN_YES ? 1 : a == PATTERN_ASK ? -1 : 0;
}
