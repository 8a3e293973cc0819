/* The server's machine: the addresses and parameters of MAIL and RCPT (CASES D5-D14). */
#include "srv_say.h"
#include "test.h"

/* What is said before the rows, and how their lines begin. */
static void check_rows(const char *before, const char *begins, const char *const (*rows)[2], size_t n)
{
    char text[700];

    for (size_t i = 0; i < n; i++) {
        start();
        say("EHLO a");
        if (before)
            say(before);
        snprintf(text, sizeof text, "%s%s", begins, rows[i][0]);
        check_say(text, rows[i][1]);
        CHECK_EQ(before ? s.rcpts : s.has_sender, rows[i][1][0] == '2');
    }
}
#define ROWS(rows) rows, sizeof rows / sizeof *rows

static void d5_to_d12_senders(void)
{
    static const char *const rows[][2] = {
        { "<a@b>", "250" }, { "<>", "250 2.1.0" }, { "  <a@b>", "250" }, { "<a@b> ", "250" }, { "<@x,@y:a@b>", "250" },
        { "<\"a b\"@c>", "250" }, { "<\"a@b\"@c>", "250" }, { "<u%d@c>", "250" }, { "<a@[IPv6:::1]>", "250" },
        { "a@b", "501 5.1.7" }, { "< a@b>", "501" }, { "<a@b", "501" }, { "<<a@b>>", "501" }, { "<a@b>x", "501" },
        { "", "501" }, { "<\"a@b>", "501" }, { "<a@[1.2.3]>", "501" }, { "<a>", "501 5.1.7" },
        { "<postmaster>", "501" }, { "<a@b@c>", "550 5.7.1" }, { "<>x", "501" }, { "<>SIZE=1", "501" },
        { "<a@b>SIZE=1", "501" },
    };

    check_rows(NULL, "MAIL FROM:", ROWS(rows));
}

static void d5_to_d12_recipients(void)
{
    static const char *const rows[][2] = {
        { "<a@b>", "250" }, { " <a@b>", "250" }, { "<a@b>  ", "250" }, { "<postmaster>", "250" },
        { "<PostMaster>", "250" }, { "<@x:a@b>", "250" }, { "<\"a b\"@c>", "250" }, { "<>", "501 5.1.3" },
        { "<a>", "501 5.1.3" }, { "a@b", "501" }, { "<a@b>x", "501 5.1.3" }, { "<a@b> x", "555 5.5.4" },
        { "<u%d@us>", "550 5.7.1" }, { "<d!u@us>", "550" }, { "<d!u>", "550" }, { "<u@d@us>", "550" },
        { "<\"u@d\"@us>", "550" }, { "<\"u%d\"@us>", "550" }, { "<\"u@d\"@[192.0.2.1]>", "550" }, { "", "501" },
        { "<\xe9@b>", "553 5.6.7" }, { "<\xc3\xa9@b>", "553 5.6.7" }, { "<a@\xc3\xa9.b>", "553" },
        { "<a@b>NOTIFY=NEVER", "501 5.1.3" },
    };

    check_rows("MAIL FROM:<>", "RCPT TO:", ROWS(rows));
}

static void d14_parameters_of_mail(void)
{
    static const char *const rows[][2] = {
        { "SIZE=0", "250" }, { "SIZE=1000000", "250" }, { "size=7", "250" }, { "BODY=7BIT", "250" },
        { "body=8bitmime", "250" }, { "BODY=BINARYMIME", "250" }, { "SMTPUTF8", "250" }, { "smtputf8", "250" },
        { "SIZE=1 BODY=7BIT", "250" }, { "BODY=7BIT   SIZE=1", "250" }, { "SIZE=1000001", "552 5.3.4" },
        { "SIZE=4294967296", "552 5.3.4" }, { "SIZE=18446744073709551615", "552" },
        { "SIZE=18446744073709551616", "501 5.5.4" }, { "SIZE=00000000000000000001", "250" },
        { "SIZE=000000000000000000001", "501" }, { "SIZE=-1", "501" }, { "SIZE=1e3", "501" }, { "SIZE=+1", "501" },
        { "SIZE=0x10", "501" }, { "SIZE=", "501" }, { "SIZE", "501" }, { "SIZE=1 SIZE=1", "501" },
        { "SIZE=1 size=1", "501" }, { "BODY=", "501" }, { "BODY", "501" }, { "BODY=9BIT", "501" },
        { "BODY=7BIT BODY=7BIT", "501" }, { "SMTPUTF8=", "501" }, { "SMTPUTF8=yes", "501" },
        { "SMTPUTF8 SMTPUTF8", "501" }, { "SIZEX=1", "555 5.5.4" }, { "X=1", "555" }, { "SIZ=1", "555" },
        { "=1", "555" }, { "=", "555" }, { "SIZE=1 X", "555" }, { "AUTH=<>", "555" }, { "NOTIFY=NEVER", "555" },
        { "ORCPT=rfc822;a@b", "555" },
        { "RET=HDRS", "250" }, { "ret=full", "250" }, { "RET=", "501" }, { "RET", "501" }, { "RET=ALL", "501" },
        { "RET=FULL RET=FULL", "501" }, { "ENVID=QQ314159", "250" }, { "ENVID=a+2Bb", "250" }, { "ENVID=", "501" },
        { "ENVID", "501" }, { "ENVID=a+0D+0Ab", "501" }, { "ENVID=a+00", "501" }, { "ENVID=a=b", "501" },
        { "ENVID=a+2", "501" }, { "ENVID=1 ENVID=1", "501" },
        { "SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x", "250" },
    };

    check_rows(NULL, "MAIL FROM:<a@b> ", ROWS(rows));
}

static void d14_parameters_of_rcpt(void)
{
    static const char *const rows[][2] = {
        { "NOTIFY=NEVER", "250" }, { "NOTIFY=SUCCESS,FAILURE,DELAY", "250" }, { "notify=delay", "250" },
        { "NOTIFY=NEVER,SUCCESS", "501 5.5.4" }, { "NOTIFY=", "501" }, { "NOTIFY", "501" },
        { "NOTIFY=SOMETIMES", "501" }, { "NOTIFY=SUCCESS,", "501" }, { "NOTIFY=NEVER NOTIFY=NEVER", "501" },
        { "ORCPT=rfc822;b@example.org", "250" },
        { "ORCPT=rfc822;b+2Bc@example.org", "250" }, { "ORCPT=b@example.org", "501" }, { "ORCPT=", "501" },
        { "ORCPT", "501" }, { "ORCPT=rfc822;", "501" }, { "ORCPT=;b", "501" }, { "ORCPT=rfc822;b+0D+0A", "501" },
        { "ORCPT=utf-8;\xc3\xa9@b", "501" }, { "ORCPT=rfc822;a ORCPT=rfc822;a", "501" },
        { "NOTIFY=FAILURE ORCPT=rfc822;b@c", "250" }, { "SIZE=1", "555 5.5.4" }, { "RET=FULL", "555" },
        { "SMTPUTF8", "555" }, { "X", "555" },
    };

    check_rows("MAIL FROM:<a@b>", "RCPT TO:<b@example.org> ", ROWS(rows));
}

/* RFC 6531: in addresses only with SMTPUTF8 at MAIL, and then UTF-8 only. */
static void smtputf8_senders(void)
{
    static const char *const rows[][2] = {
        { "<\xc3\xa9@b>", "553 5.6.7" }, { "<a@\xc3\xa9.b>", "553 5.6.7" }, { "<\xc3\xa9@b> SIZE=1", "553 5.6.7" },
        { "<\xc3\xa9@b> SMTPUTF8", "250" }, { "<a@\xc3\xa9.b> SMTPUTF8", "250" }, { "<a@b> SMTPUTF8", "250" },
        { "<\xc3\xa9@b> BODY=8BITMIME SMTPUTF8 SIZE=1", "250" }, { "<\xe9@b> SMTPUTF8", "501 5.1.7" },
        { "<\xe9@b>", "501" }, { "<\xc0\xaf@b> SMTPUTF8", "501" }, { "<\xed\xa0\x80@b> SMTPUTF8", "501" },
        { "<\xc2\x85@b> SMTPUTF8", "501" },
    };

    check_rows(NULL, "MAIL FROM:", ROWS(rows));
    CHECK_STR(srv_protocol(&s), "ESMTP");
}

static void smtputf8_recipients(void)
{
    static const char *const rows[][2] = {
        { "<\xc3\xa9@b>", "250" }, { "<\xe9@b>", "501 5.1.3" }, { "<\"\xc3\xa9 x\"@b>", "250" },
        { "<\xc3\xa9%d@us>", "550 5.7.1" }, { "<\xc3\xa9@d@us>", "550" },
        { "<b@c> ORCPT=utf-8;\xc3\xa9@b", "250" }, { "<b@c> ORCPT=utf-8;\\x{E9}@b", "250" },
        { "<b@c> ORCPT=utf-8;\\x{D}@b", "501" }, { "<b@c> ORCPT=rfc822;\xc3\xa9@b", "501" },
    };

    check_rows("MAIL FROM:<a@b> SMTPUTF8", "RCPT TO:", ROWS(rows));
}

static void smtputf8_ends_with_its_transaction(void)
{
    start();
    say("EHLO a");
    say("MAIL FROM:<\xc3\xa9@b> SMTPUTF8");
    CHECK_EQ(s.utf8, true);
    CHECK_STR(srv_protocol(&s), "UTF8SMTP");
    say("RSET");
    CHECK_STR(srv_protocol(&s), "ESMTP");
    say("MAIL FROM:<a@b>");
    check_say("RCPT TO:<\xc3\xa9@b>", "553 5.6.7");
}

static void parameters_are_kept(void)
{
    start();
    say("EHLO a");
    say("MAIL FROM:<a@b> RET=HDRS ENVID=QQ+2B1 BODY=BINARYMIME SIZE=77");
    CHECK_EQ(s.dsn.ret, DSN_RET_HDRS);
    CHECK_STR(s.dsn.envid, "QQ+2B1");
    CHECK_EQ(s.body, SRV_BODY_BINARYMIME);
    CHECK_EQ(s.declared_size, 77);
    say("RCPT TO:<b@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2B@c");
    CHECK_EQ(s.dsn_rcpt.notify, DSN_SUCCESS | DSN_DELAY);
    CHECK_STR(s.dsn_rcpt.orcpt, "rfc822;b+2B@c");
    say("RCPT TO:<d@c>");                    /* each recipient's are its own */
    CHECK_EQ(s.dsn_rcpt.notify, 0);
    CHECK_STR(s.dsn_rcpt.orcpt, "");
    say("RSET");
    say("MAIL FROM:<a@b>");
    CHECK_EQ(s.dsn.ret, DSN_RET_NONE);
    CHECK_STR(s.dsn.envid, "");
    CHECK_EQ(s.body, SRV_BODY_7BIT);
    CHECK_EQ(s.declared_size, 0);
}

static void a_refused_mail_leaves_nothing(void)
{
    start();
    say("EHLO a");
    check_say("MAIL FROM:<a@b> SIZE=77 BODY=BINARYMIME SMTPUTF8 RET=FULL X", "555");
    say("MAIL FROM:<a@b>");
    CHECK_EQ(s.declared_size, 0);
    CHECK_EQ(s.body, SRV_BODY_7BIT);
    CHECK(!s.utf8);
    CHECK_EQ(s.dsn.ret, DSN_RET_NONE);
}

/* RFC 5321 4.1.1.11: none were offered. */
static void helo_has_no_parameters(void)
{
    start();
    say("HELO a");
    check_say("MAIL FROM:<a@b> SIZE=1", "555 5.5.4");
    CHECK(!s.has_sender);
    check_say("MAIL FROM:<\xc3\xa9@b> SMTPUTF8", "555 5.5.4");
    check_say("MAIL FROM:<a@b>", "250");
    check_say("RCPT TO:<b@c> NOTIFY=NEVER", "555 5.5.4");
    check_say("RCPT TO:<b@c>", "250");
}

/* RFC 4954 5: only where AUTH is offered. */
static void auth_parameter(void)
{
    static const char *const rows[][2] = { { "AUTH=<>", "250" }, { "AUTH=e+3Dmc2@example.com", "250" },
                                           { "AUTH", "501 5.5.4" }, { "AUTH=", "501" }, { "AUTH=<> AUTH=<>", "501" } };
    char text[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        options.auth = "PLAIN";
        begin();
        say("EHLO a");
        snprintf(text, sizeof text, "MAIL FROM:<a@b> %s", rows[i][0]);
        check_say(text, rows[i][1]);
    }
}

int main(void)
{
    RUN(d5_to_d12_senders);
    RUN(d5_to_d12_recipients);
    RUN(d14_parameters_of_mail);
    RUN(d14_parameters_of_rcpt);
    RUN(smtputf8_senders);
    RUN(smtputf8_recipients);
    RUN(smtputf8_ends_with_its_transaction);
    RUN(parameters_are_kept);
    RUN(a_refused_mail_leaves_nothing);
    RUN(helo_has_no_parameters);
    RUN(auth_parameter);
    TEST_DONE();
}
