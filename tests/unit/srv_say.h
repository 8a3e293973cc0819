/* What the tests of the server's machine share: they talk to it as a client would, and every reply is looked at. */
#ifndef TESTS_UNIT_SRV_SAY_H
#define TESTS_UNIT_SRV_SAY_H

#include "mail/srv.h"

#include "test.h"

#include <stdlib.h>

static struct srv s;
static struct srv_options options;

/* Reply lines of at most 512 bytes with CR LF, one code, printable ASCII only (RFC 5321 4.2, 4.5.3.1.5). */
static void check_reply_is_well_formed(void)
{
    const char *line = s.reply, *end;

    CHECK(*line && s.reply[0] >= '2' && s.reply[0] <= '5');
    for (; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        if (!end) {
            CHECK_STR(line, "a line that ends in CR LF");
            return;
        }
        CHECK(end - line >= 4 && end - line + 2 <= LIMIT_REPLY);
        CHECK(!memcmp(line, s.reply, 3));
        CHECK_EQ(line[3], end[2] ? '-' : ' ');
        for (const char *p = line; p < end; p++)
            CHECK(*p >= ' ' && *p <= '~');
    }
}

static void begin(void)
{
    CHECK_EQ(srv_start(&s, &options), SRV_LINE);
    check_reply_is_well_formed();
}

/* A session with the usual options. */
static void start(void)
{
    options = (struct srv_options){ .hostname = "mx.example.org", .size_limit = 1000000, .rcpt_limit = 100,
                                    .auth = "" };
    begin();
}

/* A line of n bytes, in a block of its own, so that the sanitizers see who reads on. */
static enum srv_want line_n(const char *text, size_t n)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    enum srv_want want = srv_line(&s, copy, n);
    free(copy);
    if (want == SRV_LINE || want == SRV_CLOSE || want == SRV_TLS)
        check_reply_is_well_formed();
    else
        CHECK_STR(s.reply, "");
    return want;
}

__attribute__((unused))
static enum srv_want line(const char *text)
{
    return line_n(text, strlen(text));
}

/* Says yes to whatever is asked, until a line, a text or the end is wanted. */
static enum srv_want agree(enum srv_want want)
{
    for (;;)
        switch (want) {
        case SRV_CHUNK:
            want = s.chunk_last ? srv_text_done(&s, "250 2.0.0 ok") : srv_chunk_done(&s, NULL);
            break;
        case SRV_SKIP:
            want = srv_skipped(&s);
            break;
        case SRV_TLS:
        case SRV_AUTH:
        case SRV_LINE:
        case SRV_TEXT:
        case SRV_CLOSE:
            return want;
        default:
            want = srv_verdict(&s, NULL);
        }
}

/* Sends a line, says yes to whatever is asked, and returns the reply's code. */
static int say(const char *text)
{
    agree(line_n(text, strlen(text)));
    check_reply_is_well_formed();
    return atoi(s.reply);
}

/* The reply to text begins like this. */
__attribute__((unused))
static void check_say(const char *text, const char *want)
{
    char quoted[200], got[200];

    say(text);
    if (strncmp(s.reply, want, strlen(want)) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s, not %s", test_quote(quoted, sizeof quoted, text),
                  test_quote(got, sizeof got, s.reply), want);
}

/* The reply that is to be sent now begins like this. */
__attribute__((unused))
static void check_reply(const char *want)
{
    char got[200];

    check_reply_is_well_formed();
    if (strncmp(s.reply, want, strlen(want)) != 0)
        test_fail(__FILE__, __LINE__, "%s, not %s", test_quote(got, sizeof got, s.reply), want);
}

__attribute__((unused))
static void open_transaction(void)
{
    start();
    say("EHLO client.example");
    say("MAIL FROM:<a@example.net>");
    say("RCPT TO:<b@example.org>");
}

#endif
