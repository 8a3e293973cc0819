/* The server's machine: every reply, the state rules (CASES C), bad syntax (D) as a client meets it, and a reference
 * model over all short sequences of commands. */
#include "mail/srv.h"

#include "test.h"

#include <stdlib.h>

static struct srv s;
static struct srv_options options;

static void check_reply_is_well_formed(void)
{
    size_t n = strlen(s.reply);

    CHECK(n >= 5 && n <= LIMIT_REPLY);
    CHECK_STR(s.reply + n - 2, "\r\n");
    for (size_t i = 0; i + 2 < n; i++)
        CHECK((s.reply[i] >= ' ' && s.reply[i] <= '~') || (s.reply[i] == '\r' && s.reply[i + 1] == '\n')
              || (s.reply[i] == '\n' && s.reply[i - 1] == '\r'));
}

static void start(void)
{
    options = (struct srv_options){ .hostname = "mx.example.org", .size_limit = 1000000, .rcpt_limit = 100,
                                      .auth = "" };
    CHECK_EQ(srv_start(&s, &options), SRV_LINE);
}

static enum srv_want line_n(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    enum srv_want want = srv_line(&s, copy, n);
    free(copy);
    if (want == SRV_LINE || want == SRV_CLOSE)
        check_reply_is_well_formed();
    else
        CHECK_STR(s.reply, "");
    return want;
}

/* Sends a line, says yes to whatever is asked, and returns the reply's code. */
static int say(const char *text)
{
    enum srv_want want = line_n(text, strlen(text));

    if (want != SRV_LINE && want != SRV_CLOSE)
        srv_verdict(&s, NULL);
    check_reply_is_well_formed();
    return atoi(s.reply);
}

/* The reply to text begins like this. */
static void check_say(const char *text, const char *want)
{
    char quoted[200], got[200];

    say(text);
    if (strncmp(s.reply, want, strlen(want)) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s, not %s", test_quote(quoted, sizeof quoted, text),
                  test_quote(got, sizeof got, s.reply), want);
}

static void open_transaction(void)
{
    start();
    say("EHLO client.example");
    say("MAIL FROM:<a@example.net>");
    say("RCPT TO:<b@example.org>");
}

static void the_banner_and_the_greetings(void)
{
    start();
    CHECK_STR(s.reply, "220 mx.example.org ESMTP buzon\r\n");
    CHECK_EQ(s.greeted, SRV_SILENT);
    check_say("HELO client.example", "250 mx.example.org\r\n");
    CHECK_EQ(s.greeted, SRV_HELO);
    CHECK_STR(s.helo, "client.example");
    CHECK_EQ(srv_line_limit(&s), LIMIT_COMMAND);
    check_say("EHLO [192.0.2.1]", "250-mx.example.org\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n"
                                  "250 ENHANCEDSTATUSCODES\r\n");
    CHECK_EQ(s.greeted, SRV_EHLO);
    CHECK_STR(s.helo, "[192.0.2.1]");
    CHECK_EQ(srv_line_limit(&s), LIMIT_COMMAND_MAIL);
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
        { "RSET", "250 2.0.0" },
        { "RSET x", "501 5.5.4" }, { "HELP", "214 2.0.0" }, { "HELP MAIL", "214" }, { "VRFY", "501" },
        { "VRFY user", "252 2.1.5" },
        { "VRFY nobody", "252 2.1.5" }, { "EXPN list", "502 5.5.1" }, { "EXPN", "502" }, { "STARTTLS", "502" },
        { "AUTH PLAIN x", "502" },
        { "BDAT 5 LAST", "502" }, { "ETRN x", "502" }, { "TURN", "502" }, { "QUIT now", "501" }, { "", "500 5.5.2" },
        { " NOOP", "500" },
        { "NOOPS", "500" }, { "NOO", "500" }, { "X", "500" }, { "MAIL", "501" }, { "MAIL FROM", "501" },
        { "MAIL TO:<a@b>", "501" },
        { "MAILFROM:<a@b>", "500" }, { "RCPT", "503" }, { "DATA", "503" }, { "DATA x", "501" }, { "\xff\xfe", "500" },
        { "HELO", "501" }, { "QUIT", "221" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO client.example");
        check_say(rows[i][0], rows[i][1]);
    }
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

static void c1_bdat_then_data(void)
{
    start();
    say("EHLO a");
    check_say("BDAT 10", "502");
    check_say("DATA", "503 5.5.1");
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

static void d5_to_d12_senders(void)
{
    static const char *const rows[][2] = {
        { "<a@b>", "250" }, { "<>", "250 2.1.0" }, { "  <a@b>", "250" }, { "<a@b> ", "250" }, { "<@x,@y:a@b>", "250" },
        { "<\"a b\"@c>", "250" }, { "<\"a@b\"@c>", "250" }, { "<u%d@c>", "250" }, { "<a@[IPv6:::1]>", "250" },
        { "a@b", "501 5.1.7" }, { "< a@b>", "501" }, { "<a@b", "501" }, { "<<a@b>>", "501" }, { "<a@b>x", "501" },
        { "", "501" },
        { "<\"a@b>", "501" }, { "<a@[1.2.3]>", "501" }, { "<a>", "501 5.1.7" }, { "<postmaster>", "501" },
        { "<a@b@c>", "550 5.7.1" },
        { "<\xe9@b>", "553 5.6.7" }, { "<a@b\xe9>", "553" },
    };
    char text[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO a");
        snprintf(text, sizeof text, "MAIL FROM:%s", rows[i][0]);
        check_say(text, rows[i][1]);
        CHECK_EQ(s.has_sender, rows[i][1][0] == '2');
    }
}

static void d5_to_d12_recipients(void)
{
    static const char *const rows[][2] = {
        { "<a@b>", "250" }, { " <a@b>", "250" }, { "<a@b>  ", "250" }, { "<postmaster>", "250" },
        { "<PostMaster>", "250" },
        { "<@x:a@b>", "250" }, { "<\"a b\"@c>", "250" }, { "<>", "501 5.1.3" }, { "<a>", "501 5.1.3" },
        { "a@b", "501" },
        { "<a@b>x", "501 5.1.3" }, { "<a@b> x", "555 5.5.4" }, { "<a@b> NOTIFY=NEVER", "555" },
        { "<u%d@us>", "550 5.7.1" },
        { "<d!u@us>", "550" }, { "<d!u>", "550" }, { "<u@d@us>", "550" }, { "<\"u@d\"@us>", "550" },
        { "<\"u%d\"@us>", "550" },
        { "<\"u@d\"@[192.0.2.1]>", "550" }, { "<\xe9@b>", "553 5.6.7" }, { "", "501" },
    };
    char text[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO a");
        say("MAIL FROM:<>");
        snprintf(text, sizeof text, "RCPT TO:%s", rows[i][0]);
        check_say(text, rows[i][1]);
        CHECK_EQ(s.rcpts, rows[i][1][0] == '2');
    }
}

static void d14_parameters(void)
{
    static const char *const rows[][2] = {
        { "SIZE=0", "250" }, { "SIZE=1000000", "250" }, { "size=7", "250" }, { "BODY=7BIT", "250" },
        { "body=8bitmime", "250" },
        { "SIZE=1 BODY=7BIT", "250" }, { "BODY=7BIT   SIZE=1", "250" }, { "SIZE=1000001", "552 5.3.4" },
        { "SIZE=4294967296", "552 5.3.4" }, { "SIZE=18446744073709551615", "552" },
        { "SIZE=18446744073709551616", "501 5.5.4" },
        { "SIZE=00000000000000000001", "250" }, { "SIZE=000000000000000000001", "501" }, { "SIZE=-1", "501" },
        { "SIZE=1e3", "501" },
        { "SIZE=", "501" }, { "SIZE", "501" }, { "SIZE=1 SIZE=1", "501" }, { "BODY=", "501" }, { "BODY", "501" },
        { "BODY=9BIT", "501" },
        { "BODY=7BIT BODY=7BIT", "501" }, { "SIZEX=1", "555 5.5.4" }, { "X=1", "555" }, { "SMTPUTF8", "555" },
        { "AUTH=<>", "555" },
        { "RET=HDRS", "555" }, { "=1", "555" }, { "SIZE=1 X", "555" }, { "SIZE=+1", "501" }, { "SIZE=0x10", "501" },
    };
    char text[100];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start();
        say("EHLO a");
        snprintf(text, sizeof text, "MAIL FROM:<a@b> %s", rows[i][0]);
        check_say(text, rows[i][1]);
        CHECK_EQ(s.has_sender, rows[i][1][0] == '2');
    }
    start();
    say("HELO a");
    check_say("MAIL FROM:<a@b> SIZE=1", "555");          /* nothing was offered */
    CHECK(!s.has_sender);
    check_say("MAIL FROM:<a@b>", "250");
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
        while (n < 1000 && line_n(rows[i], strlen(rows[i])) != SRV_CLOSE)
            n++;
        CHECK_EQ(n, LIMIT_ERRORS - 1);
    }
    start();
    int n = 0;
    while (n < 1000 && srv_line_bad(&s, SRV_BAD_LONG) != SRV_CLOSE)
        n++;
    CHECK_EQ(n, LIMIT_ERRORS - 1);
}

/* How many times these lines can be said in turn. */
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

/* ---- the reference model: what RFC 5321 says of the order of commands, and nothing else */

struct model {
    int greeted, sender, rcpts;
};

static const char *const moves[] = {
    "HELO a", "EHLO a", "EHLO", "MAIL FROM:<a@b>", "MAIL FROM:<a", "RCPT TO:<c@d>", "RCPT TO:<no@d>", "DATA", "RSET",
    "NOOP", "VRFY x",
    "BDAT 1", "QUIT",
};
#define MOVES (sizeof moves / sizeof *moves)

/* The code that move `m` must give, in the state *x, which it changes. */
static int expected(struct model *x, size_t m)
{
    switch (m) {
    case 0: case 1:
        *x = (struct model){ .greeted = 1 };
        return 250;
    case 3:
        if (!x->greeted || x->sender)
            return 503;
        x->sender = 1;
        x->rcpts = 0;
        return 250;
    case 4:
        return !x->greeted || x->sender ? 503 : 501;
    case 5:
        x->rcpts += x->sender;
        return x->sender ? 250 : 503;
    case 6:
        return x->sender ? 550 : 503;
    case 7:
        if (!x->sender || !x->rcpts)
            return x->sender ? 554 : 503;
        x->sender = x->rcpts = 0;                /* the text follows at once, and is accepted */
        return 354;
    case 8:
        x->sender = x->rcpts = 0;
        return 250;
    case 9:
        return 250;
    case 10:
        return 252;
    case 12:
        return 221;
    default:
        return m == 2 ? 501 : 502;
    }
}

static int play(size_t m)
{
    enum srv_want want = srv_line(&s, moves[m], strlen(moves[m]));

    if (want == SRV_RCPT && m == 6)
        want = srv_verdict(&s, "550 5.1.1 no such user here");
    else if (want == SRV_SENDER || want == SRV_RCPT || want == SRV_DATA)
        want = srv_verdict(&s, NULL);
    int code = atoi(s.reply);
    if (want == SRV_TEXT)
        srv_text_done(&s, "250 2.0.0 ok");
    return code;
}

static void c6_all_sequences_to_depth_four(void)
{
    size_t total = MOVES * MOVES * MOVES * MOVES;

    for (size_t pick = 0; pick < total; pick++) {
        struct model x = { 0 };
        size_t rest = pick;
        start();
        for (int depth = 0; depth < 4; depth++, rest /= MOVES) {
            size_t m = rest % MOVES;
            int want = expected(&x, m), got = play(m);
            if (got != want || (x.sender != 0) != s.has_sender || x.rcpts != (int)s.rcpts) {
                test_fail(__FILE__, __LINE__, "sequence %u, %s at %d: %d, not %d", (unsigned)pick, moves[m], depth, got,
                          want);
                return;
            }
            if (want == 221)
                break;
        }
    }
}

int main(void)
{
    RUN(the_banner_and_the_greetings);
    RUN(a_greeting_must_be_a_name);
    RUN(one_message);
    RUN(commands_of_every_kind);
    RUN(e1_another_protocol_is_sent_away);
    RUN(d1_e11_control_characters);
    RUN(bad_lines);
    RUN(c1_bdat_then_data);
    RUN(c2_refused_at_its_end_then_rcpt);
    RUN(c4_vrfy_leaves_the_transaction_whole);
    RUN(c7_state_rules);
    RUN(verdicts_that_refuse);
    RUN(a_verdict_that_nobody_asked_for_ends_the_session);
    RUN(d5_to_d12_senders);
    RUN(d5_to_d12_recipients);
    RUN(d14_parameters);
    RUN(d13_beyond_the_limit_452);
    RUN(e13_too_many_errors);
    RUN(e13_every_kind_of_refusal_counts);
    RUN(c3_idle_commands_end_in_421);
    RUN(c3_greetings_are_idle_commands_too);
    RUN(a_message_makes_idle_commands_good);
    RUN(d4_replies_are_at_most_512);
    RUN(c6_all_sequences_to_depth_four);
    TEST_DONE();
}
