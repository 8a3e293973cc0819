/* Address lists of header fields: see addrlist.h. */
#include "mail/addrlist.h"

#include "base/str.h"

#include <string.h>

void addrlist_start(struct addrlist *l, const char *value, size_t n)
{
    l->p = value;
    l->end = value + n;
    l->bad[0] = '\0';
}

/* One entry as it is read: what stands outside comments and blanks, or within the last angle brackets. */
struct entry {
    char text[LIMIT_PATH + 1];
    size_t n;
    bool angle, too_long;
    bool blank;                      /* a blank or comment was just read past */
    bool broken;                     /* two words with nothing between them, or a bracket that does not close */
};

static void keep(struct entry *e, char c)
{
    /* Blanks may stand around the dots and the @ (RFC 5322 4.4), and nowhere else in an address. */
    if (e->blank && e->n && e->n <= sizeof e->text && !strchr(".@", c) && !strchr(".@", e->text[e->n - 1]))
        e->broken = true;
    e->blank = false;
    if (e->n < sizeof e->text)
        e->text[e->n++] = c;
    else
        e->too_long = true;
}

/* Steps over a comment, which nests (3.2.2); by counting, not recursion. */
static const char *skip_comment(const char *p, const char *end)
{
    unsigned depth = 0;

    for (; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return end;
}

/* Takes a quoted string into the entry, quotes and all. */
static const char *take_quoted(struct entry *e, const char *p, const char *end)
{
    keep(e, *p++);
    while (p < end) {
        char c = *p++;
        if (c == '\r' || c == '\n')
            continue;                /* a fold within quotes */
        keep(e, c);
        if (c == '"')
            break;
        if (c == '\\' && p < end)
            keep(e, *p++);
    }
    return p;
}

/* Reads one entry, up to the comma, semicolon or end behind it. */
static void read_entry(struct addrlist *l, struct entry *e)
{
    bool inside = false;             /* angle brackets */
    bool literal = false;            /* square ones: no delimiter counts in them */

    e->n = 0;
    e->angle = e->too_long = e->blank = e->broken = false;
    while (l->p < l->end) {
        char c = *l->p;
        if (c == '(') {
            l->p = skip_comment(l->p, l->end);
            e->blank = true;
            continue;
        }
        if (c == '"') {
            l->p = take_quoted(e, l->p, l->end);
            continue;
        }
        l->p++;
        if (literal || c == '[') {
            literal = c != ']';
            if (inside || !e->angle)
                keep(e, c);
            continue;
        }
        if (!inside && (c == ',' || c == ';'))
            return;
        if (c == '<' || (c == ':' && !inside)) {
            /* What came before was a display name, or a group's. A second address needs a comma before it. */
            bool second = e->angle;
            e->n = 0;
            e->too_long = e->blank = false;
            e->broken = second;
            inside = c == '<';
            e->angle = inside;
        } else if (c == '>') {
            inside = false;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            e->blank = true;
        } else if (inside || !e->angle) {
            keep(e, c);
        }
    }
    e->broken = e->broken || inside;
}

/* A source route `@a,@b:` within angle brackets is read past (RFC 5322 4.4). */
static size_t route_length(const struct entry *e)
{
    const char *colon = e->angle && e->n && e->text[0] == '@' ? memchr(e->text, ':', e->n) : NULL;

    return colon ? (size_t)(colon - e->text) + 1 : 0;
}

int addrlist_next(struct addrlist *l, struct address *a)
{
    struct entry e;
    struct str bad;

    while (l->p < l->end) {
        read_entry(l, &e);
        if (e.n == 0 && !e.angle)
            continue;                /* an empty place between commas, or an empty group */
        size_t skip = route_length(&e);
        if (!e.too_long && !e.broken && address_mailbox(e.text + skip, e.n - skip, a) == ADDRESS_OK)
            return 1;
        if (!l->bad[0]) {
            str_init(&bad, l->bad, sizeof l->bad);
            str_add_clean(&bad, e.text, e.n < sizeof e.text ? e.n : sizeof e.text);
        }
        return -1;
    }
    return 0;
}
