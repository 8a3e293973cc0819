/* The lines of hosts.allow and hosts.deny: see rule.h. */
#include "mail/rule.h"

#include "base/str.h"

#include <string.h>

/* One physical line without its newline; false at the end. *joins: it goes on in the next (its backslash is off). */
static bool physical(struct rule_reader *r, struct rule_span *line, bool *joins)
{
    if (r->at == r->end)
        return false;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = newline ? newline : r->end;

    line->p = r->at;
    line->n = (size_t)(stop - r->at);
    *joins = newline && line->n > 0 && stop[-1] == '\\';
    if (*joins)
        line->n--;
    r->at = newline ? newline + 1 : r->end;
    r->next++;
    return true;
}

/* Joins what goes on behind *line, its backslash off. Returns whether it fits; *line is then the whole. */
static bool join(struct rule_reader *r, struct rule_span *line)
{
    struct rule_span more = *line;
    bool joins = true, fits = true;
    size_t n = 0;

    do {
        /* The original needs room for the backslash, too. */
        fits = fits && more.n + joins <= ACCESS_LINE - n;
        if (fits) {
            memcpy(r->joined + n, more.p, more.n);
            n += more.n;
        }
    } while (joins && physical(r, &more, &joins));
    if (fits)
        *line = (struct rule_span){ r->joined, n };
    return fits;
}

/* Returns 1 also for blank lines and comments. */
static int logical(struct rule_reader *r, struct rule_span *line)
{
    bool joins, fits;

    r->line = r->next;
    r->start = r->at;
    if (!physical(r, line, &joins))
        return 0;
    fits = joins ? join(r, line) : line->n <= ACCESS_LINE;
    r->wrong = NULL;
    if (!fits)
        r->wrong = "the line is longer than 2046 bytes: make it several";
    else if (r->at == r->end && (r->end[-1] != '\n' || (r->at - r->start >= 2 && r->end[-2] == '\\')))
        r->wrong = "the last line does not end: put a newline there, without a backslash before it";
    return r->wrong ? -1 : 1;
}

/* How many of the first bytes are blanks. */
static size_t blanks(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i;
}

static bool is_blank(const struct rule_span *line)
{
    size_t i = blanks(line->p, line->n);

    return i == line->n || (i + 1 == line->n && line->p[i] == '\r');
}

bool rule_has_mark(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}

void rule_start(struct rule_reader *r, const char *text, size_t n)
{
    r->at = r->start = text;
    r->end = text + n;
    r->next = r->line = 1;
}

int rule_next(struct rule_reader *r, struct rule_span *line)
{
    int got;

    while ((got = logical(r, line)) > 0) {
        bool comment = line->n > 0 && line->p[0] == '#';
        if (comment && memchr(line->p, '\0', line->n)) {
            r->wrong = "a NUL byte: save the file as plain ASCII text";
            return -1;
        }
        if (!comment && !is_blank(line))
            return 1;
    }
    return got;
}

/* The first `mark` outside of brackets, as an offset; n when there is none. */
static size_t find_outside(const char *p, size_t n, char mark)
{
    int depth = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '[')
            depth++;
        else if (p[i] == ']')
            depth--;
        else if (p[i] == mark && depth == 0)
            return i;
    }
    return n;
}

static bool is_address_byte(char c)
{
    return c == ':' || c == '.' || str_is_digit(c) || (str_lower(c) >= 'a' && str_lower(c) <= 'f');
}

/* Is the colon at offset `at` part of an IPv6 address that lacks its brackets? */
static bool in_bare_v6(const struct rule_span *line, size_t at)
{
    size_t from = at, to = at;
    struct net_addr a;

    while (from > 0 && is_address_byte(line->p[from - 1]))
        from--;
    while (to < line->n && is_address_byte(line->p[to]))
        to++;
    const char *p = line->p + from;
    size_t n = to - from;
    if (n > NET_TEXT)
        return false;
    if (net_parse(p, n, &a) == 0)
        return true;
    /* The colon that divides the rule may follow at once. */
    return memchr(p, ':', n - 1) && net_parse(p, n - 1, &a) == 0;
}

static const char *wrong_bytes(const struct rule_span *line)
{
    if (line->n >= 2 && (memcmp(line->p, "\xff\xfe", 2) == 0 || memcmp(line->p, "\xfe\xff", 2) == 0))
        return "the file is UTF-16: save it as plain ASCII text";
    if (memchr(line->p, '\0', line->n))
        return "a NUL byte: save the file as plain ASCII text";
    if (line->p[line->n - 1] == '\r')
        return "the line ends in CR: save the file with Unix line ends";
    return NULL;
}

const char *rule_split(const struct rule_span *line, struct rule *rule)
{
    const char *wrong = wrong_bytes(line);
    size_t one = find_outside(line->p, line->n, ':');

    if (wrong)
        return wrong;
    if (one == line->n)
        return line->p[blanks(line->p, line->n)] == '#'      /* no blank line comes here */
            ? "a comment has its # in the first column: take out what stands before it"
            : "no colon between daemons and clients: write `daemon: client`";
    size_t rest = one + 1;
    size_t two = rest + find_outside(line->p + rest, line->n - rest, ':');
    if (in_bare_v6(line, one) || (two < line->n && in_bare_v6(line, two)))
        return "an IPv6 address stands in brackets: [2001:db8::1]";
    rule->daemons = (struct rule_span){ line->p, one };
    rule->clients = (struct rule_span){ line->p + rest, two - rest };
    rule->has_options = two < line->n;
    rule->options = rule->has_options ? (struct rule_span){ line->p + two + 1, line->n - two - 1 }
                                      : (struct rule_span){ line->p + line->n, 0 };
    return NULL;
}

static bool separates(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

bool rule_item(struct rule_span *list, struct rule_span *item)
{
    while (list->n > 0 && separates(*list->p)) {
        list->p++;
        list->n--;
    }
    item->p = list->p;
    while (list->n > 0 && !separates(*list->p)) {
        list->p++;
        list->n--;
    }
    item->n = (size_t)(list->p - item->p);
    return item->n > 0;
}
