/* inetd.conf: which daemons the access rules are asked for. */
#include "mail/inetdconf.h"

#include "test.h"

static char a[200], b[200], c[200];

static void read_conf(const char *text)
{
    struct str asked, bare, internal;

    str_init(&asked, a, sizeof a);
    str_init(&bare, b, sizeof b);
    str_init(&internal, c, sizeof c);
    inetdconf_daemons(text, strlen(text), &asked, &bare, &internal);
}

static void daemons(void)
{
    read_conf("# smtp stream tcp nowait root /usr/sbin/tcpd commented\n"
              "ftp\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd\t/usr/sbin/in.ftpd -l\n"
              "telnet stream tcp nowait root /usr/sbin/in.telnetd in.telnetd\n"
              "daytime stream tcp nowait root internal\n"
              "\n"
              "finger stream tcp nowait nobody /usr/sbin/in.fingerd\n"
              "pop3 stream tcp nowait root /usr/sbin/tcpd popper");
    CHECK_STR(a, "in.ftpd popper ");
    CHECK_STR(b, "in.telnetd in.fingerd ");
    CHECK_STR(c, "daytime ");
}

static void smtpd_asks_by_itself(void)
{
    read_conf("smtp stream tcp nowait root /usr/sbin/buzon smtpd --root /srv/buzon\n");
    CHECK_STR(a, "smtpd sendmail smtp in.smtpd 25 ");
    CHECK_STR(b, "");
    read_conf("smtp stream tcp nowait root /usr/sbin/sendmail sendmail -bs\n");
    CHECK_STR(a, "");
    CHECK_STR(b, "sendmail ");
}

static void what_is_no_service(void)
{
    read_conf("a b c\n\r\n \t \nsmtp stream tcp nowait root /usr/sbin/tcpd\r\n\xff\xff\n");
    CHECK_STR(a, "");
    CHECK_STR(b, "");
    CHECK_STR(c, "");
}

static void tcpd_that_is_named_twice(void)
{
    read_conf("smtp stream tcp nowait root /usr/sbin/tcpd tcpd /opt/popper -x\n"
              "smtp stream tcp nowait root /usr/sbin/tcpd tcpd\n");
    CHECK_STR(a, "popper ");
    CHECK_STR(b, "");
}

static void lines_and_words(void)
{
    const char text[] = "# a\n\nftp stream tcp nowait root /usr/sbin/tcpd /x/in.ftpd -l -a\n \t\nx y\nz internal";
    struct inetdconf_reader r = { text, text + strlen(text), 1 };
    struct inetdconf_service s;

    CHECK(inetdconf_next(&r, &s));
    CHECK_EQ(s.line, 3);
    CHECK_EQ(s.kind, INETDCONF_WRAPPED);
    CHECK(s.service.n == 3 && s.protocol.n == 3 && s.program.n == 14 && s.argv[0].n == 10 && s.argv[1].n == 2);
    CHECK(s.daemon.n == 7 && memcmp(s.daemon.p, "in.ftpd", 7) == 0);
    CHECK(inetdconf_next(&r, &s));
    CHECK_EQ(s.line, 5);
    CHECK_EQ(s.kind, INETDCONF_BROKEN);
    CHECK(s.service.n == 1 && s.program.n == 0 && s.argv[0].n == 0 && s.daemon.n == 0);
    CHECK(inetdconf_next(&r, &s));
    CHECK_EQ(s.kind, INETDCONF_BROKEN);
    CHECK(!inetdconf_next(&r, &s));
}

int main(void)
{
    RUN(daemons);
    RUN(smtpd_asks_by_itself);
    RUN(what_is_no_service);
    RUN(tcpd_that_is_named_twice);
    RUN(lines_and_words);
    TEST_DONE();
}
