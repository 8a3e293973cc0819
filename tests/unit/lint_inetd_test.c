/* Lint for inetd.conf: what is doubtful in which line. */
#include "mail/lint_inetd.h"

#include "base/str.h"
#include "test.h"

static char told[2000], seen[500];
static struct str out, looked_at;

static void found(void *ctx, const struct lint_finding *f)
{
    (void)ctx;
    CHECK(!f->error);
    CHECK_STR(f->file, "inetd.conf");
    str_addu(&out, f->line);
    str_add(&out, ": ");
    str_add(&out, f->text);
    str_addc(&out, '\n');
}

static const char *program(void *ctx, const char *path, bool is_tcpd)
{
    (void)ctx;
    str_add(&looked_at, path);
    str_add(&looked_at, is_tcpd ? "! " : " ");
    return strstr(path, "gone") ? "no such program" : NULL;
}

static const char *lint(const char *text)
{
    const struct lint_site site = { .found = found, .program = program };

    str_init(&out, told, sizeof told);
    str_init(&looked_at, seen, sizeof seen);
    lint_inetd("inetd.conf", text, strlen(text), &site);
    return told;
}

static void nothing_to_say(void)
{
    CHECK_STR(lint("# words\n\ndaytime stream tcp nowait root internal\n"
                   "ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd -l\n"
                   "pop3 stream tcp nowait root /usr/sbin/tcpd /opt/popper -s\n"
                   "smtp stream tcp nowait root /usr/sbin/buzon smtpd\n"
                   "finger stream tcp nowait root /usr/sbin/in.fingerd in.fingerd\n"), "");
    CHECK_STR(seen, "/usr/sbin/tcpd! /usr/sbin/in.ftpd /usr/sbin/tcpd! /opt/popper /usr/sbin/buzon "
              "/usr/sbin/in.fingerd ");
}

static void lines_that_lack_something(void)
{
    CHECK_STR(lint("ftp stream tcp nowait root\n"), "1: `ftp`: the line is cut off: service, type, protocol, wait, "
              "user, program and its words belong there\n");
    CHECK_STR(seen, "");
    CHECK_STR(lint("\nftp stream tcp nowait root /usr/sbin/in.ftpd"), "2: `/usr/sbin/in.ftpd`: its first word, its own "
              "name, is missing, and some inetds start it without one: write it\n");
    CHECK(strstr(lint("ftp stream tcp nowait root /usr/sbin/tcpd\n"), "1: `/usr/sbin/tcpd`: no daemon stands behind"));
    CHECK(strstr(lint("ftp stream tcp nowait root /usr/sbin/tcpd tcpd\n"), "1: `/usr/sbin/tcpd`: no daemon stands"));
}

static void programs_that_are_not_there(void)
{
    CHECK_STR(lint("ftp stream tcp nowait root /gone/tcpd in.ftpd\n"),
              "1: `/gone/tcpd`: no such program\n1: `/gone/in.ftpd`: no such program\n");
    CHECK_STR(lint("ftp stream tcp nowait root /usr/sbin/tcpd gone -l\n"), "1: `/usr/sbin/gone`: no such program\n");
    CHECK_STR(lint("ftp stream tcp nowait root /usr/sbin/tcpd /opt/gone\n"), "1: `/opt/gone`: no such program\n");
    CHECK_STR(lint("ftp stream tcp nowait root /sbin/gone gone\n"), "1: `/sbin/gone`: no such program\n");
}

static void slips_around_tcpd(void)
{
    CHECK(strstr(lint("ftp stream tcp nowait root /usr/sbin/tcpd tcpd in.ftpd\n"), "1: `tcpd`: tcpd starts itself"));
    CHECK_STR(seen, "/usr/sbin/tcpd! /usr/sbin/in.ftpd ");
    CHECK(strstr(lint("ftp stream tcp nowait root /usr/sbin/tcpd /usr/sbin/in.ftpd in.ftpd -l\n"),
                 "1: `in.ftpd`: the daemon gets its own name for its first argument"));
    CHECK_STR(lint("ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd in.ftpd\n"), "");
    CHECK(strstr(lint("walld/1 stream rpc/tcp nowait root /usr/sbin/tcpd rpc.walld\n"), "1: `rpc.walld`: tcpd cannot"));
    CHECK(strstr(lint("rexd/1 stream rpc/tcp nowait root /usr/sbin/rpc.rexd rpc.rexd\n"), "1: `rpc.rexd`: it runs"));
}

static void words_are_shown_clean(void)
{
    CHECK_STR(lint("x\033[1m\n"), "1: `x?[1m`: the line is cut off: service, type, protocol, wait, user, program and "
              "its words belong there\n");
}

int main(void)
{
    RUN(nothing_to_say);
    RUN(lines_that_lack_something);
    RUN(programs_that_are_not_there);
    RUN(slips_around_tcpd);
    RUN(words_are_shown_clean);
    TEST_DONE();
}
