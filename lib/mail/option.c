/* The options of a rule: see option.h. */
#include "mail/option.h"

#include "base/num.h"
#include "base/str.h"
#include "mail/image.h"
#include "mail/pattern.h"

#include <string.h>

#define NICE_MOST 39                 /* beyond that no step changes anything */

enum { WANTS_VALUE = 1, MAY_HAVE_VALUE = 2, LAST = 4, EXPANDS = 8 };

static const struct keyword {
    const char *word;
    enum option_kind kind;
    int flags;
} keywords[] = {
    { "allow", OPTION_ALLOW, LAST },
    { "deny", OPTION_DENY, LAST },
    { "severity", OPTION_SEVERITY, WANTS_VALUE },
    { "banners", OPTION_BANNERS, WANTS_VALUE },
    { "setenv", OPTION_SETENV, WANTS_VALUE | EXPANDS },
    { "umask", OPTION_UMASK, WANTS_VALUE },
    { "nice", OPTION_NICE, MAY_HAVE_VALUE },
    { "keepalive", OPTION_KEEPALIVE, 0 },
    { "linger", OPTION_LINGER, WANTS_VALUE },
    { "user", OPTION_USER, WANTS_VALUE },
    { "group", OPTION_GROUP, WANTS_VALUE },
    { "rfc931", OPTION_RFC931, MAY_HAVE_VALUE },
    { "spawn", OPTION_SPAWN, WANTS_VALUE | EXPANDS },
    { "twist", OPTION_TWIST, WANTS_VALUE | EXPANDS | LAST },
    { "aclexec", OPTION_ACLEXEC, WANTS_VALUE | EXPANDS },
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct rule_span trim(struct rule_span s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Cuts the next option off, at a colon that no backslash precedes. A colon at the end has an empty one behind it. */
static struct rule_span cut(struct rule_span *rest)
{
    struct rule_span o = { rest->p, 0 };

    while (o.n < rest->n && !(o.p[o.n] == ':' && (o.n == 0 || o.p[o.n - 1] != '\\')))
        o.n++;
    bool more = o.n < rest->n;
    *rest = (struct rule_span){ more ? o.p + o.n + 1 : NULL, more ? rest->n - o.n - 1 : 0 };
    return trim(o);
}

/* Divides `word value` and `word = value`. */
static struct rule_span divide(const struct rule_span *text, struct rule_span *value)
{
    struct rule_span word = { text->p, 0 };

    while (word.n < text->n && !is_blank(text->p[word.n]) && text->p[word.n] != '=')
        word.n++;
    *value = trim((struct rule_span){ text->p + word.n, text->n - word.n });
    if (value->n > 0 && value->p[0] == '=')
        *value = trim((struct rule_span){ value->p + 1, value->n - 1 });
    return word;
}

static bool only(const struct rule_span *s, const char *also)
{
    for (size_t i = 0; i < s->n; i++)
        if (!str_is_alnum(s->p[i]) && (s->p[i] == '\0' || !strchr(also, s->p[i])))
            return false;
    return true;
}

static int read_number(const struct rule_span *s, uint64_t most, int *number)
{
    uint64_t v;

    if (num_dec(s->p, s->n, most, &v))
        return -1;
    *number = (int)v;
    return 0;
}

static int place_in(const char *words, const struct rule_span *s)
{
    const char *word;
    size_t n;

    for (int i = 0; (word = str_word(&words, &n)); i++)
        if (n == s->n && str_case_eqn(word, s->p, n))
            return i;
    return -1;
}

static const char *read_severity(struct option *o)
{
    /* In syslog's order (RFC 5424 6.2.1), but for what the original does not know. */
    static const char facilities[] = "kern user mail daemon auth - lpr news uucp cron - - - - - - "
                                     "local0 local1 local2 local3 local4 local5 local6 local7";
    static const char levels[] = "emerg alert crit err warning notice info debug";
    const char *dot = memchr(o->value.p, '.', o->value.n);
    struct rule_span level = o->value, facility = { o->value.p, 0 };

    o->facility = -1;
    if (dot) {
        facility.n = (size_t)(dot - o->value.p);
        level = (struct rule_span){ dot + 1, o->value.n - facility.n - 1 };
        o->facility = pattern_is(facility.p, facility.n, "-") ? -1 : place_in(facilities, &facility);
        if (o->facility < 0)
            return "no such facility: auth, cron, daemon, kern, lpr, mail, news, user, uucp, or local0 to local7";
        if (o->facility == 0)
            o->facility = -1;                    /* the kernel's own: syslog takes it for none */
    }
    o->number = place_in(levels, &level);
    return o->number >= 0 ? NULL : "no such level: debug, info, notice, warning, err, crit, alert or emerg";
}

static const char *read_setenv(struct option *o)
{
    size_t n = 0;

    while (n < o->value.n && !is_blank(o->value.p[n]))
        n++;
    o->name = (struct rule_span){ o->value.p, n };
    o->value = trim((struct rule_span){ o->value.p + n, o->value.n - n });
    if (!only(&o->name, "_") || str_is_digit(o->name.p[0]))
        return "no name for a variable: letters, digits and _, and a blank before its value";
    if (o->name.n > OPTION_NAME)
        return "the variable's name is too long: at most 255 bytes";
    return NULL;
}

static const char *read_umask(struct option *o)
{
    o->number = 0;
    for (size_t i = 0; i < o->value.n; i++) {
        if (o->value.p[i] < '0' || o->value.p[i] > '7' || o->number > 077)
            return "no umask: an octal number up to 0777";
        o->number = o->number * 8 + (o->value.p[i] - '0');
    }
    return NULL;
}

static const char *read_nice(struct option *o)
{
    struct rule_span digits = o->value;
    bool minus = digits.n > 0 && digits.p[0] == '-';

    o->number = 10;
    if (o->value.n == 0)
        return NULL;
    digits.p += minus;
    digits.n -= minus;
    if (read_number(&digits, NICE_MOST, &o->number))
        return "no step of niceness: a number from -39 to 39";
    if (minus)
        o->number = -o->number;
    return NULL;
}

static const char *read_user(struct option *o)
{
    const char *dot = memchr(o->value.p, '.', o->value.n);

    o->name = o->value;
    o->value = (struct rule_span){ o->value.p, 0 };
    if (dot) {
        o->value = (struct rule_span){ dot + 1, o->name.n - (size_t)(dot - o->name.p) - 1 };
        o->name.n = (size_t)(dot - o->name.p);
    }
    if (o->name.n == 0 || (dot && o->value.n == 0) || !only(&o->name, "-_") || !only(&o->value, "-_"))
        return "no user: a name as in /etc/passwd, and perhaps a dot and a group's name";
    return NULL;
}

static const char *read_value(struct option *o)
{
    switch (o->kind) {
    case OPTION_SEVERITY: return read_severity(o);
    case OPTION_SETENV:   return read_setenv(o);
    case OPTION_UMASK:    return read_umask(o);
    case OPTION_NICE:     return read_nice(o);
    case OPTION_USER:     return read_user(o);
    case OPTION_BANNERS:
        return o->value.p[0] == '/' ? NULL : "no directory: name it by its whole path, from / on";
    case OPTION_LINGER:
        return read_number(&o->value, 65535, &o->number) ? "no time: a number of seconds up to 65535" : NULL;
    case OPTION_RFC931:
        o->number = ACCESS_USER_SECONDS;
        if (o->value.n > 0 && (read_number(&o->value, 300, &o->number) || o->number == 0))
            return "no time to wait: a number of seconds from 1 to 300";
        return NULL;
    case OPTION_GROUP:
        o->name = o->value;
        return only(&o->name, "-_.") ? NULL : "no group: a name as in /etc/group";
    default:
        return NULL;
    }
}

static const struct keyword *find(const struct rule_span *word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (pattern_is(word->p, word->n, keywords[i].word))
            return &keywords[i];
    return NULL;
}

const char *option_next(struct rule_span *rest, struct option *o)
{
    memset(o, 0, sizeof *o);
    o->text = cut(rest);
    o->name = (struct rule_span){ o->text.p, 0 };
    struct rule_span word = divide(&o->text, &o->value);
    const struct keyword *k = find(&word);

    if (word.n == 0)
        return "an option is missing behind the colon: take the colon out";
    if (!k)
        return "no such option: see buzon-hosts_options(5)";
    o->kind = k->kind;
    if (o->value.n == 0 && k->flags & WANTS_VALUE)
        return "this option wants a value: write it behind the word";
    if (o->value.n > 0 && !(k->flags & (WANTS_VALUE | MAY_HAVE_VALUE)))
        return "this option stands alone: take out what follows it";
    if (k->flags & LAST && rest->p)
        return "this option is the last of its rule: move it to the end";
    const char *wrong = read_value(o);
    return wrong || !(k->flags & EXPANDS) ? wrong : expand_check(o->value.p, o->value.n);
}

const char *option_check(struct rule_span options, struct rule_span *at)
{
    const char *wrong = NULL;
    struct option o;

    while (options.p && !wrong) {
        wrong = option_next(&options, &o);
        *at = o.text;
    }
    return wrong;
}

bool option_allows(struct rule_span options, bool *decides)
{
    struct option o = { .kind = OPTION_KEEPALIVE };

    while (options.p && !option_next(&options, &o))
        ;
    *decides = o.kind == OPTION_ALLOW || o.kind == OPTION_DENY;
    return o.kind == OPTION_ALLOW;
}

static bool expands(enum option_kind kind)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (keywords[i].kind == kind)
            return keywords[i].flags & EXPANDS;
    return false;
}

enum expand_result option_needs(struct rule_span options, const struct access_facts *facts, unsigned *seconds)
{
    enum expand_result needs = EXPAND_OK;
    struct option o;

    *seconds = ACCESS_USER_SECONDS;
    while (options.p && needs == EXPAND_OK && !option_next(&options, &o)) {
        if (o.kind == OPTION_RFC931) {
            *seconds = (unsigned)o.number;
            needs = expand_needs("%u", 2, facts);
        } else if (expands(o.kind)) {
            needs = expand_needs(o.value.p, o.value.n, facts);
        }
    }
    return needs;
}

enum expand_result option_value(const struct option *o, const struct access_facts *facts, char *out, size_t cap)
{
    char plain[ACCESS_OPTIONS];
    struct str s;

    str_init(&s, plain, sizeof plain);
    for (size_t i = 0; i < o->value.n; i++)
        if (o->value.p[i] != '\\' || i + 1 == o->value.n || o->value.p[i + 1] != ':')
            str_addc(&s, o->value.p[i]);
    if (s.cut)
        return EXPAND_LONG;
    if (expands(o->kind))
        return expand_text(plain, s.len, facts, out, cap);
    return str_copy(out, cap, plain) ? EXPAND_LONG : EXPAND_OK;
}

void option_tell(const struct option *o, const struct access_facts *facts, char *out, size_t cap)
{
    char value[2 * ACCESS_OPTIONS];
    struct str s;

    str_init(&s, out, cap);
    if (!expands(o->kind) || option_value(o, facts, value, sizeof value) > EXPAND_LONG) {
        str_add_clean(&s, o->text.p, o->text.n);
        return;
    }
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (keywords[i].kind == o->kind)
            str_add(&s, keywords[i].word);
    if (o->name.n > 0) {
        str_addc(&s, ' ');
        str_add_clean(&s, o->name.p, o->name.n);
    }
    str_addc(&s, ' ');
    str_add_clean(&s, value, strlen(value));
}

/* Does the text go on with this word, whatever the case, and also where a line is joined within it? Nothing that names
 * are made of may follow. */
static bool goes_on(const char *p, const char *end, const char *word)
{
    while (*word) {
        if (end - p >= 2 && p[0] == '\\' && p[1] == '\n') {
            p += 2;
            continue;
        }
        if (p == end || str_lower(*p++) != *word++)
            return false;
    }
    return p == end || !(str_is_alnum(*p) || *p == '.' || *p == '-' || *p == '_');
}

bool option_in_text(const char *text, size_t n)
{
    const char *p = text, *end = text + n;

    while (p < end && (p = memchr(p, ':', (size_t)(end - p)))) {
        for (p++; p < end && (is_blank(*p) || *p == '\\' || *p == '\n'); p++)
            ;
        if (goes_on(p, end, "spawn") || goes_on(p, end, "twist") || goes_on(p, end, "aclexec") ||
            goes_on(p, end, "nice") || goes_on(p, end, "banners"))
            return true;
    }
    return false;
}

bool option_wants_root(const struct access_rules *rules)
{
    if (rules->index)
        return rules->index->image->h.wants_root;
    return (rules->allow.text && option_in_text(rules->allow.text, rules->allow.n)) ||
           (rules->deny.text && option_in_text(rules->deny.text, rules->deny.n));
}
