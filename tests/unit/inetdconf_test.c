/* inetd.conf: which daemons the access rules are asked for. */
#include "mail/inetdconf.h"

#include "test.h"

static char a[200], b[200];

static void read_conf(const char *text)
{
    struct str asked, bare;

    str_init(&asked, a, sizeof a);
    str_init(&bare, b, sizeof b);
    inetdconf_daemons(text, strlen(text), &asked, &bare);
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
    CHECK_STR(a, "tcpd ");
    CHECK_STR(b, "");
}

int main(void)
{
    RUN(daemons);
    RUN(smtpd_asks_by_itself);
    RUN(what_is_no_service);
    TEST_DONE();
}
