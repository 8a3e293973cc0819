/* inetd.conf, as far as access rules are concerned: see inetdconf.h. */
#include "mail/inetdconf.h"

#include "mail/access.h"

#include <string.h>

#define PROGRAM 5                /* service, type, protocol, wait, user, program, its words */

struct word {
    const char *p;
    size_t n;
};

/* The base name of a path. */
static struct word base(struct word path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return (struct word){ path.p + i, path.n - i };
    return path;
}

static bool is(struct word w, const char *text)
{
    return w.n == strlen(text) && str_case_eqn(w.p, text, w.n);
}

static size_t words_of(const char *p, size_t n, struct word *words, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < n && count < most; count++) {
        while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r'))
            i++;
        words[count] = (struct word){ p + i, 0 };
        while (i < n && p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            i++;
        words[count].n = (size_t)(p + i - words[count].p);
        if (words[count].n == 0)
            break;
    }
    return count;
}

static void add(struct str *list, struct word name)
{
    str_add_clean(list, name.p, name.n);
    str_addc(list, ' ');
}

static void one_line(const char *p, size_t n, struct str *asked, struct str *bare)
{
    struct word words[PROGRAM + 2];
    size_t count = words_of(p, n, words, PROGRAM + 2);

    if (count <= PROGRAM || words[0].p[0] == '#' || is(words[PROGRAM], "internal"))
        return;
    struct word program = base(words[PROGRAM]);
    struct word name = count > PROGRAM + 1 ? base(words[PROGRAM + 1]) : program;
    if (is(program, "tcpd")) {
        add(asked, name);
    } else if (is(name, "smtpd") || is(name, "in.smtpd") || is(program, "smtpd")) {
        str_add(asked, access_daemons("smtpd"));
        str_addc(asked, ' ');
    } else {
        add(bare, name);
    }
}

void inetdconf_daemons(const char *text, size_t n, struct str *asked, struct str *bare)
{
    const char *end = text + n;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        one_line(text, (size_t)(stop - text), asked, bare);
        text = newline ? newline + 1 : end;
    }
}
