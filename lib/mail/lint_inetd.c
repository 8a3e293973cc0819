/* Lint for inetd.conf: see lint_inetd.h. */
#include "mail/lint_inetd.h"

#include "base/str.h"
#include "mail/inetdconf.h"

#include <string.h>

#define PATH 1024

struct lint_inetd {
    const char *file;
    const struct lint_site *site;
    struct inetdconf_service s;
};

static bool is(struct rule_span w, const char *text)
{
    return w.n == strlen(text) && str_case_eqn(w.p, text, w.n);
}

static void warn(const struct lint_inetd *l, struct rule_span word, const char *what)
{
    char text[300];
    struct lint_finding f = { l->file, l->s.line, false, text };
    struct str s;

    str_init(&s, text, sizeof text);
    if (word.n > 0) {
        size_t n = word.n < 80 ? word.n : 80;
        str_addc(&s, '`');
        str_add_clean(&s, word.p, n);
        str_add(&s, n < word.n ? "...`: " : "`: ");
    }
    str_add(&s, what);
    l->site->found(l->site->ctx, &f);
}

/* Looks at the program that `word` names, below `directory`. */
static void check_program(const struct lint_inetd *l, struct rule_span directory, struct rule_span word, bool is_tcpd)
{
    char path[PATH];
    struct str s;

    if (!l->site->program)
        return;
    str_init(&s, path, sizeof path);
    str_addn(&s, directory.p, directory.n);
    str_addn(&s, word.p, word.n);
    const char *wrong = s.cut ? "the path is too long" : l->site->program(l->site->ctx, path, is_tcpd);
    if (wrong)
        warn(l, (struct rule_span){ path, s.len }, wrong);
}

/* tcpd and the daemon that it starts: an absolute path, or a file beside tcpd. */
static void check_tcpd(const struct lint_inetd *l)
{
    const struct inetdconf_service *s = &l->s;
    struct rule_span name = inetdconf_base(s->argv[0]), second = inetdconf_base(s->argv[1]);
    struct rule_span directory = { s->program.p, s->program.n - inetdconf_base(s->program).n };
    bool own_name = is(name, "tcpd");

    if (s->kind == INETDCONF_BROKEN) {
        warn(l, s->program, "no daemon stands behind it: write the name of the daemon that it guards");
        return;
    }
    if (own_name)
        warn(l, s->argv[0], "tcpd starts itself, which libwrap's does without end: take this word out");
    else if (s->argv[0].p[0] == '/' && name.n == second.n && memcmp(name.p, second.p, name.n) == 0)
        warn(l, s->argv[1], "the daemon gets its own name for its first argument: take this word out");
    if (is(s->protocol, "rpc/tcp"))
        warn(l, s->daemon, "tcpd cannot tell who asks a service of RPC over TCP: start it without tcpd");
    struct rule_span daemon = s->argv[own_name];
    check_program(l, daemon.p[0] == '/' ? (struct rule_span){ "", 0 } : directory, daemon, false);
}

static void check_service(const struct lint_inetd *l)
{
    const struct inetdconf_service *s = &l->s;
    bool is_tcpd = is(inetdconf_base(s->program), "tcpd");

    if (s->program.n == 0) {
        warn(l, s->service, "the line is cut off: service, type, protocol, wait, user, program and its words belong "
             "there");
        return;
    }
    if (s->kind == INETDCONF_INTERNAL)
        return;
    check_program(l, (struct rule_span){ "", 0 }, s->program, is_tcpd);
    if (is(s->daemon, "rexd") || is(s->daemon, "rpc.rexd"))
        warn(l, s->daemon, "it runs whatever anybody sends: take the line out");
    if (is_tcpd)
        check_tcpd(l);
    else if (s->argv[0].n == 0)
        warn(l, s->program, "its first word, its own name, is missing, and some inetds start it without one: write it");
}

void lint_inetd(const char *file, const char *text, size_t n, const struct lint_site *site)
{
    struct inetdconf_reader r = { text, text + n, 1 };
    struct lint_inetd l = { .file = file, .site = site };

    while (inetdconf_next(&r, &l.s))
        check_service(&l);
}
