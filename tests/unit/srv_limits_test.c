/* The server's machine and those who overdo it: lengths (CASES D4, D13), errors and their delay (E13), commands without
 * a message (C3). */
#include "srv_say.h"
#include "test.h"

static void d2_only_mail_and_rcpt_may_be_longer(void)
{
    char text[LIMIT_COMMAND_MAIL];

    memset(text, 'a', sizeof text);
    start();
    say("EHLO a");
    memcpy(text, "NOOP ", 5);
    CHECK_EQ(line_n(text, LIMIT_COMMAND - 2), SRV_LINE);
    check_reply("250 ");
    line_n(text, LIMIT_COMMAND - 1);
    check_reply("500 5.5.2 ");
    memcpy(text, "VRFY ", 5);
    line_n(text, LIMIT_COMMAND_MAIL - 2);
    check_reply("500 5.5.2 ");
    memcpy(text, "MAIL FROM:<a@b> ENVID=", 22);
    line_n(text, LIMIT_COMMAND_MAIL - 2);
    check_reply("501 5.5.4 ");               /* too long for an ENVID, not for a line */
    memcpy(text, "MAIL FROM:<a@b> BODY=7BIT ", 26);
    memset(text + 26, ' ', LIMIT_COMMAND_MAIL - 28);
    CHECK_EQ(line_n(text, LIMIT_COMMAND_MAIL - 2), SRV_SENDER);
}

static void d13_beyond_the_limit_452(void)
{
    char text[60];

    start();
    say("EHLO a");
    say("MAIL FROM:<>");
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "RCPT TO:<u%d@example.org>", i);
        CHECK_EQ(say(text), 250);
    }
    check_say("RCPT TO:<more@example.org>", "452 4.5.3");
    CHECK_EQ(s.rcpts, 100);
    check_say("DATA", "354");
    srv_text_done(&s, "250 2.0.0 ok");
    say("MAIL FROM:<>");
    check_say("RCPT TO:<more@example.org>", "250");
}

static void e13_too_many_errors(void)
{
    start();
    say("EHLO a");
    for (int i = 1; i < LIMIT_ERRORS; i++) {
        CHECK_EQ(line_n("BOGUS", 5), SRV_LINE);
        say("NOOP");                         /* what goes well does not make it good again */
    }
    CHECK_EQ(line_n("BOGUS", 5), SRV_CLOSE);
    CHECK(!strncmp(s.reply, "421 4.7.0 ", 10));
}

static void e13_every_kind_of_refusal_counts(void)
{
    static const char *const rows[] = { "BOGUS", "BDAT 1", "MAIL x", "RCPT TO:<>", "DATA x", "RSET x", "QUIT x", "VRFY",
                                        "EHLO", "\x01" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = 0;
        start();
        say("EHLO a");
        while (n < 1000 && agree(line(rows[i])) != SRV_CLOSE)
            n++;
        CHECK_EQ(n, LIMIT_ERRORS - 1);
    }
    start();
    int n = 0;
    while (n < 1000 && srv_line_bad(&s, SRV_BAD_LONG) != SRV_CLOSE)
        n++;
    CHECK_EQ(n, LIMIT_ERRORS - 1);
}

static void e13_temporary_refusals_do_not_count(void)
{
    start();
    say("EHLO a");
    say("MAIL FROM:<>");
    for (int i = 0; i < 3 * LIMIT_ERRORS; i++) {
        line("RCPT TO:<b@example.org>");
        CHECK_EQ(srv_verdict(&s, "450 4.2.1 later"), SRV_LINE);
        CHECK_EQ(s.delay, 0);
    }
}

static void tarpit_holds_back_from_the_sixth_error_on(void)
{
    start();
    options.error_delay = 7;
    begin();
    say("EHLO a");
    for (int i = 1; i < LIMIT_ERRORS; i++) {
        say("BOGUS");
        CHECK_EQ(s.delay, i > 5 ? 7 : 0);
        s.delay = 0;                         /* as the caller does, who has waited */
        say("NOOP");
        CHECK_EQ(s.delay, 0);
    }
}

static int times_until_421(const char *const *lines, size_t n)
{
    start();
    say("EHLO a");
    for (int i = 0; i < 5000; i++)
        for (size_t k = 0; k < n; k++)
            if (say(lines[k]) == 421)
                return i;
    return -1;
}

static void c3_idle_commands_end_in_421(void)
{
    static const char *const rows[][2] = {
        { "NOOP", "NOOP" }, { "RSET", "RSET" }, { "VRFY a", "VRFY b" }, { "HELP", "NOOP" }, { "MAIL FROM:<>", "RSET" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = times_until_421(rows[i], 2);
        if (n < 20 || n > 200)
            test_fail(__FILE__, __LINE__, "%s, %s: %d", rows[i][0], rows[i][1], n);
    }
}

static void c3_greetings_are_idle_commands_too(void)
{
    static const char *const rows[][2] = { { "EHLO a", "EHLO a" }, { "HELO a", "HELO a" }, { "MAIL FROM:<>",
        "EHLO a" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = times_until_421(rows[i], 2);
        if (n < 20 || n > 200)
            test_fail(__FILE__, __LINE__, "%s, %s: %d", rows[i][0], rows[i][1], n);
    }
}

/* Chunks that hardly bring the message on are counted; whoever sends large ones may send as many as the size allows. */
static void c3_tiny_chunks(void)
{
    static const char *const rows[] = { "BDAT 0", "BDAT 1", "BDAT 1023" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = 0;
        open_transaction();
        while (n < 5000 && say(rows[i]) == 250)
            n++;
        check_reply("421 4.7.0 ");
        CHECK(n > 20 && n < 200);
    }
    open_transaction();
    for (int i = 0; i < 1000000 / 1024; i++)
        CHECK_EQ(say("BDAT 1024"), 250);
    CHECK_EQ(say("BDAT 1024"), 552);
}

static void c3_etrn_is_an_idle_command(void)
{
    int n = 0;

    start();
    say("EHLO a");
    while (n < 5000 && say("ETRN example.org") == 250)
        n++;
    check_reply("421 4.7.0 ");
    CHECK(n > 20 && n < 200);
}

static void c3_commands_of_any_kind(void)
{
    int n = 0;

    start();
    say("EHLO a");
    options.rcpt_limit = 10;
    begin();
    say("EHLO a");
    say("MAIL FROM:<>");
    while (n < 5000 && say("RCPT TO:<a@b>") != 421)
        n++;
    CHECK(n > LIMIT_RCPTS && n <= 2 * LIMIT_RCPTS);
    CHECK_EQ(s.rcpts, 10);
}

static void a_message_makes_idle_commands_good(void)
{
    start();
    say("EHLO a");
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < 50; k++)
            CHECK_EQ(say("NOOP"), 250);
        say("MAIL FROM:<>");
        say("RCPT TO:<a@b>");
        CHECK_EQ(say("DATA"), 354);
        CHECK_EQ(srv_text_done(&s, "250 2.0.0 ok"), SRV_LINE);
    }
}

static void d4_replies_are_at_most_512(void)
{
    char name[LIMIT_HOSTNAME + 1], words[2000];

    memset(name, 'h', LIMIT_HOSTNAME);
    name[LIMIT_HOSTNAME] = '\0';
    start();
    options.hostname = name;
    options.size_limit = UINT64_MAX;
    srv_start(&s, &options);
    check_reply_is_well_formed();
    say("EHLO a");
    CHECK(strstr(s.reply, "\r\n250 ENHANCEDSTATUSCODES\r\n"));
    say("HELO a");
    memset(words, 'w', sizeof words);
    words[sizeof words - 1] = '\0';
    memcpy(words, "550 ", 4);
    say("MAIL FROM:<>");
    line_n("RCPT TO:<a@b>", 13);
    srv_verdict(&s, words);
    check_reply_is_well_formed();
    CHECK_EQ(strlen(s.reply), LIMIT_REPLY);
    srv_end(&s, "554 a\r\nb\tc\xff");
    CHECK_STR(s.reply, "554 a??b?c?\r\n");
}

int main(void)
{
    RUN(d2_only_mail_and_rcpt_may_be_longer);
    RUN(d13_beyond_the_limit_452);
    RUN(e13_too_many_errors);
    RUN(e13_every_kind_of_refusal_counts);
    RUN(e13_temporary_refusals_do_not_count);
    RUN(tarpit_holds_back_from_the_sixth_error_on);
    RUN(c3_idle_commands_end_in_421);
    RUN(c3_greetings_are_idle_commands_too);
    RUN(c3_tiny_chunks);
    RUN(c3_etrn_is_an_idle_command);
    RUN(c3_commands_of_any_kind);
    RUN(a_message_makes_idle_commands_good);
    RUN(d4_replies_are_at_most_512);
    TEST_DONE();
}
