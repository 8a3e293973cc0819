/* inetd.conf, as far as access rules are concerned: see inetdconf.h. */
#include "mail/inetdconf.h"

#include "mail/access.h"

#include <string.h>

#define PROGRAM 5                /* service, type, protocol, wait, user, program, its words */
#define WORDS   (PROGRAM + 3)    /* tcpd's daemon, and one behind it */

struct rule_span inetdconf_base(struct rule_span path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return (struct rule_span){ path.p + i, path.n - i };
    return path;
}

static bool is(struct rule_span w, const char *text)
{
    return w.n == strlen(text) && str_case_eqn(w.p, text, w.n);
}

/* Unused words are empty. */
static size_t words_of(const char *p, size_t n, struct rule_span words[WORDS])
{
    size_t i = 0, count = 0;

    for (size_t w = 0; w < WORDS; w++) {
        while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r'))
            i++;
        words[w] = (struct rule_span){ p + i, 0 };
        while (i < n && p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            i++;
        words[w].n = (size_t)(p + i - words[w].p);
        count += words[w].n > 0;
    }
    return count;
}

/* What the words of a program start, when there is one. */
static void read_program(struct inetdconf_service *s)
{
    struct rule_span program = inetdconf_base(s->program), name = inetdconf_base(s->argv[0]);

    if (is(s->program, "internal")) {
        s->kind = INETDCONF_INTERNAL;
        s->daemon = s->service;
    } else if (is(program, "tcpd")) {
        /* Like tcpd itself: its own name may come first. */
        s->daemon = is(name, "tcpd") ? inetdconf_base(s->argv[1]) : name;
        s->kind = s->daemon.n > 0 ? INETDCONF_WRAPPED : INETDCONF_BROKEN;
    } else {
        s->daemon = name.n > 0 ? name : program;
        s->kind = is(name, "smtpd") || is(name, "in.smtpd") || is(program, "smtpd") ? INETDCONF_OWN : INETDCONF_BARE;
    }
}

bool inetdconf_next(struct inetdconf_reader *r, struct inetdconf_service *s)
{
    struct rule_span words[WORDS];

    while (r->at < r->end) {
        const char *line = r->at, *newline = memchr(line, '\n', (size_t)(r->end - line));
        const char *stop = newline ? newline : r->end;
        size_t count = words_of(line, (size_t)(stop - line), words);
        r->at = newline ? newline + 1 : r->end;
        unsigned number = r->next++;
        if (count == 0 || words[0].p[0] == '#')
            continue;
        *s = (struct inetdconf_service){ .line = number, .kind = INETDCONF_BROKEN, .service = words[0],
                                         .protocol = words[2], .program = words[PROGRAM],
                                         .argv = { words[PROGRAM + 1], words[PROGRAM + 2] } };
        if (count > PROGRAM)
            read_program(s);
        return true;
    }
    return false;
}

static void add(struct str *list, struct rule_span name)
{
    str_add_clean(list, name.p, name.n);
    str_addc(list, ' ');
}

void inetdconf_daemons(const char *text, size_t n, struct str *asked, struct str *bare, struct str *internal)
{
    struct inetdconf_reader r = { text, text + n, 1 };
    struct inetdconf_service s;

    while (inetdconf_next(&r, &s))
        switch (s.kind) {
        case INETDCONF_WRAPPED:
            add(asked, s.daemon);
            break;
        case INETDCONF_OWN:
            str_add(asked, access_daemons("smtpd"));
            str_addc(asked, ' ');
            break;
        case INETDCONF_BARE:
            add(bare, s.daemon);
            break;
        case INETDCONF_INTERNAL:
            add(internal, s.daemon);
            break;
        case INETDCONF_BROKEN:
            break;
        }
}
