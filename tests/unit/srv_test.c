/* The server's machine: greetings, every command and its reply, and what RFC 5321 says of their order (CASES C). The
 * other srv_*_test.c have the parameters, chunks, TLS and AUTH, limits, and the reference model. */
#include "srv_say.h"
#include "test.h"

static void the_banner_and_the_greetings(void)
{
    start();
    CHECK_STR(s.reply, "220 mx.example.org ESMTP buzon\r\n");
    CHECK_EQ(s.greeted, SRV_SILENT);
    check_say("HELO client.example", "250 mx.example.org\r\n");
    CHECK_EQ(s.greeted, SRV_HELO);
    CHECK_STR(s.helo, "client.example");
    CHECK_EQ(srv_line_limit(&s), LIMIT_COMMAND);
    CHECK_EQ(say("EHLO [192.0.2.1]"), 250);
    CHECK_STR(s.reply, "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-DSN\r\n"
                       "250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-ETRN\r\n250-HELP\r\n"
                       "250-LIMITS RCPTMAX=100\r\n250 ENHANCEDSTATUSCODES\r\n");
    CHECK_EQ(s.greeted, SRV_EHLO);
    CHECK_STR(s.helo, "[192.0.2.1]");
    CHECK_EQ(srv_line_limit(&s), LIMIT_COMMAND_MAIL);
    options.rcpt_limit = 7;
    begin();
    say("EHLO a");
    CHECK(strstr(s.reply, "\r\n250-LIMITS RCPTMAX=7\r\n"));    /* RFC 9422 */
}

static void a_greeting_must_be_a_name(void)
{
    static const char *const rows[] = { "EHLO", "EHLO ", "HELO", "HELO a b", "EHLO -a", "EHLO [1.2.3]", "HELO a\xe9",
                                        "EHLO a..b", "HELO *" };
    char text[300] = "EHLO ";

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        check_say(rows[i], "501 5.5.4 ");
        CHECK_EQ(s.greeted, SRV_SILENT);
    }
    start();
    options.lan = true;
    srv_start(&s, &options);
    check_say("HELO my printer_(2)", "250 ");
    CHECK_STR(s.helo, "my printer_(2)");
    check_say("EHLO caf\xe9", "250-");
    CHECK_STR(s.helo, "caf?");
    check_say("EHLO", "501 ");
    memset(text + 5, 'a', 256);
    check_say(text, "501 ");
    CHECK_STR(s.helo, "caf?");
}

static void one_message(void)
{
    start();
    say("EHLO client.example");
    check_say("MAIL FROM:<a@example.net> SIZE=500 BODY=8BITMIME", "250 2.1.0 ");
    CHECK_STR(s.sender.text, "a@example.net");
    CHECK_EQ(s.declared_size, 500);
    CHECK_EQ(s.body, SRV_BODY_8BITMIME);
    check_say("RCPT TO:<b@example.org>", "250 2.1.5 ");
    CHECK_STR(s.rcpt.text, "b@example.org");
    CHECK_EQ(s.rcpts, 1);
    CHECK_EQ(line_n("DATA", 4), SRV_DATA);
    CHECK_EQ(srv_verdict(&s, NULL), SRV_TEXT);
    CHECK(!strncmp(s.reply, "354 ", 4));
    CHECK_EQ(srv_text_done(&s, "250 2.0.0 queued as x"), SRV_LINE);
    CHECK_STR(s.reply, "250 2.0.0 queued as x\r\n");
    CHECK(!s.has_sender);
    CHECK(s.rcpts == 0 && s.declared_size == 0 && s.body == SRV_BODY_7BIT);
    check_say("QUIT", "221 2.0.0 ");
}

static void commands_of_every_kind(void)
{
    static const char *const rows[][2] = {
        { "NOOP", "250 2.0.0" }, { "noop", "250" }, { "NoOp with words", "250" }, { "NOOP   ", "250" },
        { "RSET", "250 2.0.0" }, { "RSET x", "501 5.5.4" }, { "HELP", "214 2.0.0" }, { "HELP MAIL", "214" },
        { "VRFY", "501 5.5.4" }, { "VRFY user", "252 2.1.5" }, { "VRFY nobody", "252 2.1.5" },
        { "VRFY \xc3\xa9 SMTPUTF8", "252" }, { "EXPN list", "502 5.5.1" }, { "EXPN", "502" }, { "TURN", "502" },
        { "STARTTLS", "502 5.5.1" }, { "AUTH PLAIN x", "502 5.5.1" }, { "AUTH", "502" },
        { "QUIT now", "501 5.5.4" }, { "", "500 5.5.2" }, { "   ", "500" }, { " NOOP", "500" }, { "NOOPS", "500" },
        { "NOO", "500" }, { "X", "500" }, { "MAIL", "501 5.5.4" }, { "MAIL FROM", "501" }, { "MAIL TO:<a@b>", "501" },
        { "MAILFROM:<a@b>", "500" }, { "MAIL FROM :<a@b>", "501" }, { "mail from:<a@b>", "250" },
        { "RCPT", "503 5.5.1" }, { "DATA", "503" }, { "DATA x", "501 5.5.4" }, { "\xff\xfe", "500" },
        { "HELO", "501" }, { "QUIT", "221 2.0.0" },
        { "quit", "221" }, { "QUIT  ", "221" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO client.example");
        check_say(rows[i][0], rows[i][1]);
    }
}

static void help_names_what_there_is(void)
{
    static const char *const verbs[] = { "HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT", "VRFY",
                                         "ETRN" };

    start();
    say("HELP");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        CHECK(strstr(s.reply, verbs[i]));
}

static void etrn_forms(void)
{
    static const char *const rows[][2] = {
        { "ETRN example.org", "example.org" }, { "etrn @example.org", "@example.org" }, { "ETRN", NULL },
        { "ETRN @", NULL }, { "ETRN #queue", NULL }, { "ETRN a b", NULL }, { "ETRN -a", NULL }, { "ETRN a..b", NULL },
        { "ETRN [192.0.2.1]", NULL }, { "ETRN \xc3\xa9.example", NULL }, { "ETRN @@a", NULL }, { "ETRN a.", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO a");
        if (!rows[i][1]) {
            check_say(rows[i][0], "501 5.5.4 ");
            continue;
        }
        CHECK_EQ(line(rows[i][0]), SRV_ETRN);
        CHECK_STR(s.etrn, rows[i][1]);
        CHECK_EQ(srv_verdict(&s, NULL), SRV_LINE);
        check_reply("250 2.0.0 ");
    }
}

static void etrn_takes_the_longest_domain_whole(void)
{
    char text[10 + LIMIT_DOMAIN] = "ETRN @";

    for (int i = 0; i < LIMIT_DOMAIN; i++)
        text[6 + i] = i % 64 == 63 ? '.' : 'a';
    start();
    say("EHLO a");
    CHECK_EQ(line(text), SRV_ETRN);
    CHECK_STR(s.etrn, text + 5);
}

static void etrn_verdicts_and_its_place(void)
{
    start();
    check_say("ETRN example.org", "503 5.5.1 ");
    say("HELO a");
    check_say("ETRN example.org", "503 5.5.1 ");
    say("EHLO a");
    line("ETRN example.org");
    CHECK_EQ(srv_verdict(&s, "459 4.7.1 not here"), SRV_LINE);
    CHECK_STR(s.reply, "459 4.7.1 not here\r\n");
    say("MAIL FROM:<>");
    check_say("ETRN example.org", "503 5.5.1 ");
    CHECK(s.has_sender);
}

static void e1_another_protocol_is_sent_away(void)
{
    static const char *const rows[] = { "GET / HTTP/1.1", "POST /", "PUT /", "HEAD /", "CONNECT a:25 HTTP/1.0",
                                        "OPTIONS *", "Host: a",
                                        "User-Agent: x", "get / HTTP/1.0" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        CHECK_EQ(line_n(rows[i], strlen(rows[i])), SRV_CLOSE);
        CHECK(!strncmp(s.reply, "554 5.5.1 ", 10));
    }
}

static void d1_e11_control_characters(void)
{
    char text[] = "NOOP x";

    for (int c = 0; c < 256; c++) {
        start();
        text[5] = (char)c;
        enum srv_want want = line_n(text, 6);
        bool control = c < ' ' || c == 0x7f;
        CHECK_EQ(want, control ? SRV_CLOSE : SRV_LINE);      /* before a greeting it is no SMTP at all */
        if (control) {
            start();
            say("HELO a");
            CHECK_EQ(line_n(text, 6), SRV_LINE);
            CHECK(!strncmp(s.reply, "500 5.5.2 ", 10));
        }
    }
}

static void bad_lines(void)
{
    open_transaction();
    CHECK_EQ(srv_line_bad(&s, SRV_BAD_LONG), SRV_LINE);
    CHECK(!strncmp(s.reply, "500 5.5.2 ", 10));
    CHECK(s.has_sender);
    CHECK_EQ(srv_line_bad(&s, SRV_BAD_END), SRV_CLOSE);
    CHECK(!strncmp(s.reply, "500 5.5.2 ", 10));
}

static void c2_refused_at_its_end_then_rcpt(void)
{
    static const char *const ends[] = { "554 5.7.1 no", "452 4.3.1 full", "250 2.0.0 ok" };

    for (size_t i = 0; i < 3; i++) {
        open_transaction();
        line_n("DATA", 4);
        srv_verdict(&s, NULL);
        CHECK_EQ(srv_text_done(&s, ends[i]), SRV_LINE);
        check_say("RCPT TO:<b@example.org>", "503 5.5.1");
        check_say("DATA", "503 5.5.1");
    }
}

static void c4_vrfy_leaves_the_transaction_whole(void)
{
    open_transaction();
    say("VRFY b");
    say("NOOP");
    say("HELP");
    say("EXPN b");
    say("garbage");
    CHECK(s.has_sender);
    CHECK_EQ(s.rcpts, 1);
    CHECK_STR(s.sender.text, "a@example.net");
    check_say("DATA", "354");
}

static void c7_state_rules(void)
{
    open_transaction();
    check_say("MAIL FROM:<c@example.net>", "503 5.5.1");
    CHECK_EQ(s.rcpts, 1);
    CHECK_STR(s.sender.text, "a@example.net");
    say("EHLO b.example");
    CHECK(!s.has_sender);
    check_say("RCPT TO:<b@example.org>", "503");
    open_transaction();
    check_say("EHLO", "501");                /* a bad one changes nothing (RFC 5321 4.1.4) */
    CHECK(s.has_sender);
    open_transaction();
    check_say("RSET", "250");
    check_say("DATA", "503");
    start();
    check_say("MAIL FROM:<a@example.net>", "503 5.5.1");
    check_say("RCPT TO:<a@example.net>", "503 5.5.1");
    say("HELO a");
    say("MAIL FROM:<a@example.net>");
    check_say("DATA", "554 5.5.1");
}

static void verdicts_that_refuse(void)
{
    start();
    say("EHLO a");
    CHECK_EQ(line_n("MAIL FROM:<a@example.net>", 25), SRV_SENDER);
    CHECK_EQ(srv_verdict(&s, "550 5.7.1 no"), SRV_LINE);
    CHECK_STR(s.reply, "550 5.7.1 no\r\n");
    CHECK(!s.has_sender);
    check_say("RCPT TO:<b@example.org>", "503");
    say("MAIL FROM:<a@example.net>");
    CHECK_EQ(line_n("RCPT TO:<b@example.org>", 23), SRV_RCPT);
    CHECK_EQ(srv_verdict(&s, "550 5.1.1 no such user here"), SRV_LINE);
    CHECK_EQ(s.rcpts, 0);
    check_say("DATA", "554");
    say("RCPT TO:<b@example.org>");
    CHECK_EQ(line_n("DATA", 4), SRV_DATA);
    CHECK_EQ(srv_verdict(&s, "452 4.3.1 no room"), SRV_LINE);
    CHECK(!s.has_sender);
    open_transaction();
    line_n("RCPT TO:<c@example.org>", 23);
    CHECK_EQ(srv_verdict(&s, "421 4.3.2 going down"), SRV_CLOSE);
}

static void a_verdict_that_nobody_asked_for_ends_the_session(void)
{
    start();
    CHECK_EQ(srv_verdict(&s, NULL), SRV_CLOSE);
    CHECK(!strncmp(s.reply, "421 ", 4));
}

static void what_is_forgotten_is_not_shown(void)
{
    open_transaction();
    say("RSET");
    CHECK_STR(s.sender.text, "");
    CHECK_STR(s.rcpt.text, "");
}

int main(void)
{
    RUN(the_banner_and_the_greetings);
    RUN(a_greeting_must_be_a_name);
    RUN(one_message);
    RUN(commands_of_every_kind);
    RUN(help_names_what_there_is);
    RUN(etrn_forms);
    RUN(etrn_takes_the_longest_domain_whole);
    RUN(etrn_verdicts_and_its_place);
    RUN(e1_another_protocol_is_sent_away);
    RUN(d1_e11_control_characters);
    RUN(bad_lines);
    RUN(c2_refused_at_its_end_then_rcpt);
    RUN(c4_vrfy_leaves_the_transaction_whole);
    RUN(c7_state_rules);
    RUN(verdicts_that_refuse);
    RUN(a_verdict_that_nobody_asked_for_ends_the_session);
    RUN(what_is_forgotten_is_not_shown);
    TEST_DONE();
}
