/* The client's machine: dialogues with servers good and bad. */
#include "mail/cli.h"

#include "test.h"

#include <stdlib.h>

static struct cli c;
static enum cli_want want;

static void server(const char *text)
{
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    want = cli_line(&c, copy, n);
    free(copy);
}

/* What is to be sent now, as a string without its CR LF. */
static const char *sent(void)
{
    static char text[LIMIT_COMMAND_MAIL + 1];

    memcpy(text, c.out, c.out_n);
    text[c.out_n] = '\0';
    if (c.out_n < 2 || strcmp(text + c.out_n - 2, "\r\n") != 0)
        return c.out_n ? "(no CR LF)" : "";
    text[c.out_n - 2] = '\0';
    for (const char *p = text; *p; p++)
        CHECK((*p >= ' ' && *p <= '~') || (c.utf8 && *p & 0x80));
    return text;
}

static void ready(void)
{
    want = cli_start(&c, "mx.example.org");
    server("220 hello");
    server("250-server.example");
    server("250-SIZE 1000");
    server("250 8BITMIME");
    CHECK_EQ(want, CLI_READY);
}

static void utf8_ready(void)
{
    want = cli_start(&c, "mx.example.org");
    server("220 hello");
    server("250-server.example");
    server("250-smtpUTF8");
    server("250 8BITMIME");
    CHECK_EQ(want, CLI_READY);
}

static void one_message_as_rfc5321_has_it(void)
{
    want = cli_start(&c, "mx.example.org");
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "");
    server("220 server.example ESMTP");
    CHECK_STR(sent(), "EHLO mx.example.org");
    server("250-server.example greets you");
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "");
    server("250-PIPELINING");
    server("250-SIZE 1000");
    server("250 8BITMIME");
    CHECK_EQ(want, CLI_READY);
    CHECK(c.esmtp && c.pipelining && c.size && c.body_8bit);
    CHECK_EQ(c.size_limit, 1000);
    want = cli_mail(&c, "a@example.org", 500, true, CLI_UTF8_NO);
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "MAIL FROM:<a@example.org> SIZE=500 BODY=8BITMIME");
    server("250 2.1.0 ok");
    CHECK_EQ(want, CLI_RCPT);
    want = cli_rcpt(&c, "b@example.net");
    CHECK_STR(sent(), "RCPT TO:<b@example.net>");
    server("250 2.1.5 ok");
    CHECK_EQ(want, CLI_RCPT);
    want = cli_rcpt(&c, NULL);
    CHECK_STR(sent(), "DATA");
    server("354 go");
    CHECK_EQ(want, CLI_TEXT);
    want = cli_text_sent(&c);
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "");
    server("250 2.0.0 queued");
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.step, CLI_AT_TEXT);
    CHECK_EQ(c.reply.code, 250);
    want = cli_next(&c);
    CHECK_EQ(want, CLI_READY);
    want = cli_quit(&c);
    CHECK_STR(sent(), "QUIT");
    server("221 bye");
    CHECK_EQ(want, CLI_CLOSE);
    CHECK(!c.broken);
}

static void ehlo_refused_then_helo(void)
{
    want = cli_start(&c, "mx.example.org");
    server("220 old");
    server("502 what?");
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "HELO mx.example.org");
    server("250-old is old");
    server("250 SIZE 5");                        /* no extensions behind HELO */
    CHECK_EQ(want, CLI_READY);
    CHECK(!c.esmtp && !c.size && !c.body_8bit);
    want = cli_mail(&c, "", 99999, false, CLI_UTF8_NO);
    CHECK_STR(sent(), "MAIL FROM:<>");
}

static void greetings_that_open_nothing(void)
{
    static const char *const rows[][3] = {
        { "554 no service", NULL, NULL }, { "421 busy", NULL, NULL }, { "354 what", NULL, NULL },
        { "hello", NULL, NULL },
        { "220 x", "421 4.7.0 go", NULL }, { "220 x", "450 wait", NULL }, { "220 x", "354 x", NULL },
        { "220 x", "", NULL },
        { "220 x", "500 no", "500 no" }, { "220 x", "500 no", "421 no" }, { "220 x", "500 no", "nonsense" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        want = cli_start(&c, "a");
        for (int k = 0; k < 3 && rows[i][k]; k++)
            server(rows[i][k]);
        CHECK_EQ(want, CLI_RESULT);
        CHECK(c.broken);
        CHECK_STR(sent(), "");
        want = cli_next(&c);
        CHECK_EQ(want, CLI_CLOSE);
        CHECK_STR(sent(), "");
    }
}

static void a_banner_of_several_lines(void)
{
    want = cli_start(&c, "a");
    server("220-warning");
    CHECK_EQ(want, CLI_REPLY);
    CHECK_STR(sent(), "");
    server("220 go on");
    CHECK_STR(sent(), "EHLO a");
}

static void extensions(void)
{
    static const struct { const char *line; int pipelining, body_8bit, size; uint64_t limit; } rows[] = {
        { "250 PIPELINING", 1, 0, 0, 0 }, { "250 pipelining", 1, 0, 0, 0 }, { "250 8bitMIME", 0, 1, 0, 0 },
        { "250 SIZE", 0, 0, 1, 0 },
        { "250 SIZE 0", 0, 0, 1, 0 }, { "250 size 10240000", 0, 0, 1, 10240000 }, { "250 SIZE x", 0, 0, 1, 0 },
        { "250 SIZE -1", 0, 0, 1, 0 }, { "250 SIZE 99999999999999999999999", 0, 0, 1, 0 },
        { "250 SIZES 1", 0, 0, 0, 0 },
        { "250 PIPELINING x", 0, 0, 0, 0 }, { "250 X8BITMIME", 0, 0, 0, 0 }, { "250 ", 0, 0, 0, 0 },
        { "250", 0, 0, 0, 0 },
        { "250 SIZE ", 0, 0, 1, 0 }, { "250  SIZE 5", 0, 0, 0, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        want = cli_start(&c, "a");
        server("220 x");
        server("250-PIPELINING");                /* the first line is the server's name, whatever it says */
        server(rows[i].line);
        if (want != CLI_READY || c.pipelining != rows[i].pipelining || c.body_8bit != rows[i].body_8bit
            || c.size != rows[i].size || c.size_limit != rows[i].limit)
            test_fail(__FILE__, __LINE__, "%s", rows[i].line);
    }
}

static void a_message_that_is_too_large(void)
{
    ready();
    want = cli_mail(&c, "a@b", 1000, false, CLI_UTF8_NO);
    CHECK_EQ(want, CLI_REPLY);
    ready();
    want = cli_mail(&c, "a@b", 1001, false, CLI_UTF8_NO);
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.reply.code, 552);
    CHECK(!strncmp(c.reply.text, "5.3.4 ", 6));
    want = cli_next(&c);
    CHECK_EQ(want, CLI_READY);                   /* nothing was sent, so nothing is to be reset */
    CHECK_STR(sent(), "");
}

static void eight_bit_where_it_is_not_offered(void)
{
    want = cli_start(&c, "a");
    server("220 x");
    server("250 x");
    want = cli_mail(&c, "a@b", 10, true, CLI_UTF8_NO);
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.reply.code, 554);
    CHECK(!strncmp(c.reply.text, "5.6.3 ", 6));
    want = cli_next(&c);
    CHECK_EQ(want, CLI_READY);
    want = cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    CHECK_STR(sent(), "MAIL FROM:<a@b>");
}

static void the_sender_is_refused(void)
{
    ready();
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    server("550 5.7.1 no");
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.step, CLI_AT_MAIL);
    want = cli_next(&c);
    CHECK_STR(sent(), "RSET");
    server("250 ok");
    CHECK_EQ(want, CLI_READY);
    CHECK(!c.broken);
}

static void all_recipients_are_refused(void)
{
    ready();
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    server("250 ok");
    want = cli_rcpt(&c, "c@d");
    server("550 5.1.1 no such user");
    CHECK_EQ(want, CLI_RCPT);
    CHECK_EQ(c.reply.code, 550);
    want = cli_rcpt(&c, "e@f");
    server("450 4.2.1 later");
    want = cli_rcpt(&c, NULL);
    CHECK_EQ(want, CLI_RESULT);
    CHECK_STR(c.reply.text, "4.2.1 later");
    want = cli_next(&c);
    CHECK_STR(sent(), "RSET");
    server("250 ok");
    CHECK_EQ(want, CLI_READY);
}

static void some_recipients_are_refused(void)
{
    ready();
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    server("250 ok");
    cli_rcpt(&c, "c@d");
    server("550 no");
    cli_rcpt(&c, "e@f");
    server("251 will forward");
    CHECK_EQ(c.accepted, 1);
    want = cli_rcpt(&c, NULL);
    CHECK_STR(sent(), "DATA");
    server("354 go");
    want = cli_text_sent(&c);
    server("452 4.3.1 full");
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.step, CLI_AT_TEXT);
    want = cli_next(&c);
    CHECK_EQ(want, CLI_READY);
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);              /* the next message counts anew */
    CHECK_EQ(c.accepted, 0);
}

static void data_must_be_answered_by_354(void)
{
    static const char *const rows[] = { "250 ok", "554 no", "451 later", "355 go", "221 bye" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ready();
        cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
        server("250 ok");
        cli_rcpt(&c, "c@d");
        server("250 ok");
        cli_rcpt(&c, NULL);
        server(rows[i]);
        CHECK_EQ(want, CLI_RESULT);
        CHECK_EQ(c.step, CLI_AT_DATA);           /* so that a 2yz here is never taken for the text's */
        want = cli_next(&c);
        CHECK_STR(sent(), "RSET");
    }
}

/* Brings the session to a step, ready for the server's line. */
static void go_to(enum cli_step step)
{
    want = cli_start(&c, "a");
    if (step == CLI_AT_BANNER)
        return;
    server("220 x");
    if (step == CLI_AT_EHLO)
        return;
    server(step == CLI_AT_HELO ? "500 x" : "250 x");
    if (step == CLI_AT_HELO)
        return;
    if (step == CLI_AT_QUIT) {
        want = cli_quit(&c);
        return;
    }
    want = cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    if (step == CLI_AT_MAIL)
        return;
    server(step == CLI_AT_RSET ? "550 x" : "250 x");
    if (step == CLI_AT_RSET) {
        want = cli_next(&c);
        return;
    }
    want = cli_rcpt(&c, "c@d");
    if (step == CLI_AT_RCPT)
        return;
    server("250 x");
    want = cli_rcpt(&c, NULL);
    if (step == CLI_AT_DATA)
        return;
    server("354 x");
    want = cli_text_sent(&c);
}

static const enum cli_step steps[] = {
    CLI_AT_BANNER, CLI_AT_EHLO, CLI_AT_HELO, CLI_AT_MAIL, CLI_AT_RCPT, CLI_AT_DATA, CLI_AT_TEXT,
    CLI_AT_RSET, CLI_AT_QUIT,
};
#define STEPS (sizeof steps / sizeof *steps)

static void a_421_at_each_step_ends_the_session(void)
{
    for (size_t i = 0; i < STEPS; i++) {
        go_to(steps[i]);
        CHECK_EQ(c.step, steps[i]);
        server("421-4.3.2 going");
        CHECK_EQ(want, CLI_REPLY);
        server("421 4.3.2 down");
        CHECK_EQ(want, steps[i] == CLI_AT_QUIT ? CLI_CLOSE : CLI_RESULT);
        CHECK(c.broken);
        CHECK_EQ(c.reply.code, 421);
        CHECK_EQ(c.step, steps[i]);
        CHECK_STR(sent(), "");
        CHECK_EQ(cli_next(&c), CLI_CLOSE);
        CHECK_STR(sent(), "");
    }
}

static void c9_what_is_no_reply_at_each_step_is_temporary(void)
{
    static const char *const rows[][2] = {
        { "nonsense", NULL }, { "", NULL }, { "25", NULL }, { "250x", NULL }, { "250-a", "550 b" },
        { "250-a", "garbage" },
    };

    for (size_t i = 0; i < STEPS; i++) {
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            go_to(steps[i]);
            server(rows[k][0]);
            if (rows[k][1])
                server(rows[k][1]);
            CHECK_EQ(want, CLI_RESULT);
            CHECK(c.broken);
            CHECK_EQ(c.reply.code, 421);
            CHECK(!strncmp(c.reply.text, "4.5.0 ", 6));
            CHECK_EQ(cli_next(&c), CLI_CLOSE);
        }
    }
}

static void c9_a_million_continuation_lines_at_each_step(void)
{
    for (size_t i = 0; i < STEPS; i++) {
        int n = 0;
        go_to(steps[i]);
        do
            server("250-x");
        while (want == CLI_REPLY && n++ < 1000000);
        CHECK(n <= LIMIT_REPLY_LINES);
        CHECK_EQ(want, CLI_RESULT);
        CHECK(c.broken);
    }
}

static void a_stale_enhanced_code_does_not_count(void)
{
    char code[12];

    ready();
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    server("250 2.1.0 ok");
    cli_rcpt(&c, "c@d");
    server("550 2.1.5 no");
    reply_enhanced(&c.reply, code);
    CHECK_STR(code, "5.0.0");
}

static void rset_refused_ends_the_session(void)
{
    go_to(CLI_AT_RSET);
    server("500 no");
    CHECK_EQ(want, CLI_RESULT);
    CHECK(c.broken);
    CHECK_EQ(cli_next(&c), CLI_CLOSE);
}

static void b5_no_control_character_leaves(void)
{
    ready();
    cli_mail(&c, "a\r\nRCPT TO:<x@y>\r\n@b", 10, false, CLI_UTF8_NO);
    CHECK_STR(sent(), "MAIL FROM:<a??RCPT TO:<x@y>??@b> SIZE=10");
    server("250 ok");
    cli_rcpt(&c, "c\n@d\x7f");
    CHECK_STR(sent(), "RCPT TO:<c?@d?>");
    utf8_ready();
    cli_mail(&c, "\xc3\xbc\r\nRCPT TO:<x@y>@b", 10, false, CLI_UTF8_MAY);
    CHECK_STR(sent(), "MAIL FROM:<????RCPT TO:<x@y>@b> SMTPUTF8");
    server("250 ok");
    cli_rcpt(&c, "c\n@d");
    CHECK_STR(sent(), "RCPT TO:<c?@d>");
    server("250 ok");
    cli_rcpt(&c, "c\xc2\x85@d");                /* a control in UTF-8 */
    CHECK_STR(sent(), "RCPT TO:<c??@d>");
    server("250 ok");
    cli_rcpt(&c, "c\xff@d");                    /* no UTF-8 */
    CHECK_STR(sent(), "RCPT TO:<c?@d>");
}

static void smtputf8_where_it_is_offered(void)
{
    utf8_ready();
    CHECK(c.smtputf8);
    cli_mail(&c, "m\xc3\xbcller@x", 10, true, CLI_UTF8_MUST);
    CHECK_STR(sent(), "MAIL FROM:<m\xc3\xbcller@x> BODY=8BITMIME SMTPUTF8");
    server("250 ok");
    cli_rcpt(&c, "\xe6\x97\xa5@b\xc3\xbc" "cher.example");
    CHECK_STR(sent(), "RCPT TO:<\xe6\x97\xa5@b\xc3\xbc" "cher.example>");
    server("250 ok");
    cli_rcpt(&c, NULL);
    server("354 go");
    cli_text_sent(&c);
    server("250 ok");
    cli_next(&c);
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_MAY);
    CHECK_STR(sent(), "MAIL FROM:<a@b> SMTPUTF8");
    server("550 no");
    cli_next(&c);
    server("250 ok");
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_NO);
    CHECK_STR(sent(), "MAIL FROM:<a@b>");
    server("250 ok");
    want = cli_rcpt(&c, "\xc3\xbc@b");         /* not said in this transaction */
    CHECK_EQ(want, CLI_RCPT);
    CHECK_EQ(c.reply.code, 553);
}

static void smtputf8_where_it_is_not_offered(void)
{
    ready();
    want = cli_mail(&c, "m\xc3\xbcller@x", 10, false, CLI_UTF8_MUST);
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.reply.code, 553);
    CHECK(!strncmp(c.reply.text, "5.6.7 ", 6));
    want = cli_next(&c);
    CHECK_EQ(want, CLI_READY);
    CHECK_STR(sent(), "");
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_MAY);
    CHECK_STR(sent(), "MAIL FROM:<a@b> SIZE=10");
    server("250 ok");
    want = cli_rcpt(&c, "\xc3\xbc@b");
    CHECK_EQ(want, CLI_RCPT);
    CHECK_EQ(c.reply.code, 553);
    CHECK(!strncmp(c.reply.text, "5.6.7 ", 6));
    CHECK_STR(sent(), "");
    want = cli_rcpt(&c, "c@d");                  /* the others are no worse for it */
    CHECK_STR(sent(), "RCPT TO:<c@d>");
    server("250 ok");
    want = cli_rcpt(&c, "\xc3\xbc@b");
    want = cli_rcpt(&c, NULL);
    CHECK_EQ(c.accepted, 1);
    CHECK_STR(sent(), "DATA");
    /* and when there is nobody else */
    ready();
    cli_mail(&c, "a@b", 10, false, CLI_UTF8_MAY);
    server("250 ok");
    cli_rcpt(&c, "\xc3\xbc@b");
    want = cli_rcpt(&c, NULL);
    CHECK_EQ(want, CLI_RESULT);
    CHECK_EQ(c.reply.code, 553);
    cli_next(&c);
    CHECK_STR(sent(), "RSET");
}

static void the_longest_addresses_fit(void)
{
    char address[LIMIT_ADDRESS + 1];

    memset(address, 'a', LIMIT_ADDRESS);
    address[LIMIT_ADDRESS] = '\0';
    ready();
    c.size_limit = 0;
    c.smtputf8 = true;
    cli_mail(&c, address, UINT64_MAX, true, CLI_UTF8_MUST);
    CHECK_EQ(strlen(sent()), strlen("MAIL FROM:<> SIZE=18446744073709551615 BODY=8BITMIME SMTPUTF8") + LIMIT_ADDRESS);
    server("250 ok");
    cli_rcpt(&c, address);
    CHECK_EQ(strlen(sent()), strlen("RCPT TO:<>") + LIMIT_ADDRESS);
}

static void ehlo_in_a_later_session_starts_anew(void)
{
    ready();
    want = cli_start(&c, "a");
    server("220 x");
    server("250 x");
    CHECK(!c.size && !c.body_8bit && c.size_limit == 0);
}

int main(void)
{
    RUN(one_message_as_rfc5321_has_it);
    RUN(ehlo_refused_then_helo);
    RUN(greetings_that_open_nothing);
    RUN(a_banner_of_several_lines);
    RUN(extensions);
    RUN(a_message_that_is_too_large);
    RUN(eight_bit_where_it_is_not_offered);
    RUN(the_sender_is_refused);
    RUN(all_recipients_are_refused);
    RUN(some_recipients_are_refused);
    RUN(data_must_be_answered_by_354);
    RUN(a_421_at_each_step_ends_the_session);
    RUN(c9_what_is_no_reply_at_each_step_is_temporary);
    RUN(c9_a_million_continuation_lines_at_each_step);
    RUN(a_stale_enhanced_code_does_not_count);
    RUN(rset_refused_ends_the_session);
    RUN(b5_no_control_character_leaves);
    RUN(smtputf8_where_it_is_offered);
    RUN(smtputf8_where_it_is_not_offered);
    RUN(the_longest_addresses_fit);
    RUN(ehlo_in_a_later_session_starts_anew);
    TEST_DONE();
}
