/* The server's machine: messages that come in chunks (RFC 3030). */
#include "srv_say.h"
#include "test.h"

/* BDAT with bytes that nobody wants: they are read away first, and then this is the reply. */
static void check_skip(const char *text, unsigned long long bytes, const char *reply)
{
    CHECK_EQ(line(text), SRV_SKIP);
    CHECK_EQ(s.chunk, bytes);
    CHECK_EQ(srv_skipped(&s), SRV_LINE);
    check_reply(reply);
}

static void check_chunk(const char *text, unsigned long long bytes, bool first, bool last)
{
    CHECK_EQ(line(text), SRV_CHUNK);
    CHECK_EQ(s.chunk, bytes);
    CHECK_EQ(s.chunk_first, first);
    CHECK_EQ(s.chunk_last, last);
}

static void a_message_of_one_chunk(void)
{
    open_transaction();
    check_chunk("BDAT 86 LAST", 86, true, true);
    CHECK_EQ(srv_text_done(&s, "250 2.0.0 queued as x"), SRV_LINE);
    CHECK_STR(s.reply, "250 2.0.0 queued as x\r\n");
    CHECK(!s.has_sender && !s.chunked && !s.rcpts);
    check_say("RCPT TO:<b@example.org>", "503 5.5.1 ");
}

static void a_message_of_many(void)
{
    open_transaction();
    check_chunk("BDAT 10", 10, true, false);
    CHECK_EQ(srv_chunk_done(&s, NULL), SRV_LINE);
    CHECK_STR(s.reply, "250 2.0.0 10 octets received\r\n");
    CHECK(s.chunked);
    check_chunk("bdat 0", 0, false, false);
    srv_chunk_done(&s, NULL);
    CHECK_STR(s.reply, "250 2.0.0 0 octets received\r\n");
    check_chunk("BDAT 990000", 990000, false, false);
    srv_chunk_done(&s, NULL);
    check_chunk("BDAT 0 last", 0, false, true);
    CHECK_EQ(srv_text_done(&s, "554 5.6.0 no"), SRV_LINE);
    CHECK(!s.has_sender && !s.chunked);
    say("MAIL FROM:<a@b>");
    say("RCPT TO:<c@d>");
    check_chunk("BDAT 1000000", 1000000, true, false);   /* the size of the message before is forgotten */
}

static void an_empty_message(void)
{
    open_transaction();
    check_chunk("BDAT 0 LAST", 0, true, true);
}

static void out_of_order(void)
{
    start();
    check_skip("BDAT 7", 7, "503 5.5.1 ");
    say("EHLO a");
    check_skip("BDAT 7 LAST", 7, "503 5.5.1 ");
    check_skip("BDAT 0 LAST", 0, "503 5.5.1 ");
    say("MAIL FROM:<a@b>");
    check_skip("BDAT 7", 7, "554 5.5.1 ");               /* no recipient, but the sender stays */
    CHECK(s.has_sender && !s.chunked);
    say("RCPT TO:<c@d>");
    check_chunk("BDAT 7", 7, true, false);
}

static void what_may_come_between_chunks(void)
{
    open_transaction();
    say("BDAT 7");
    check_say("RCPT TO:<c@d>", "503 5.5.1 ");
    check_say("MAIL FROM:<c@d>", "503 5.5.1 ");
    check_say("DATA", "503 5.5.1 ");
    check_say("ETRN example.org", "503 5.5.1 ");
    check_say("NOOP", "250");
    check_say("VRFY c", "252");
    check_say("EHLO", "501");
    check_say("BOGUS", "500");
    CHECK(s.chunked);
    CHECK_EQ(s.rcpts, 1);
    check_chunk("BDAT 3 LAST", 3, false, true);
}

static void rset_and_ehlo_drop_what_came(void)
{
    static const char *const rows[] = { "RSET", "EHLO a", "HELO a" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_transaction();
        say("BDAT 999999");
        check_say(rows[i], "250");
        CHECK(!s.chunked && !s.has_sender);
        check_skip("BDAT 3 LAST", 3, "503 5.5.1 ");
        say("MAIL FROM:<a@b>");
        say("RCPT TO:<c@d>");
        check_chunk("BDAT 1000000 LAST", 1000000, true, true);
    }
}

static void c1_bdat_error_then_data(void)
{
    open_transaction();
    line("BDAT 5");
    CHECK_EQ(srv_chunk_done(&s, "554 5.6.0 a NUL in the message"), SRV_LINE);
    CHECK_STR(s.reply, "554 5.6.0 a NUL in the message\r\n");
    CHECK(!s.chunked && !s.has_sender);
    check_say("DATA", "503 5.5.1 ");
    check_skip("BDAT 5", 5, "503 5.5.1 ");
    check_skip("BDAT 5 LAST", 5, "503 5.5.1 ");
    check_say("RCPT TO:<b@c>", "503 5.5.1 ");
    check_say("MAIL FROM:<a@b>", "250");
}

static void a_chunk_that_cannot_be_stored(void)
{
    open_transaction();
    line("BDAT 5");
    CHECK_EQ(srv_chunk_done(&s, "452 4.3.1 no room"), SRV_LINE);
    check_reply("452 4.3.1 ");
    CHECK(!s.has_sender);
    open_transaction();
    line("BDAT 5");
    CHECK_EQ(srv_chunk_done(&s, "421 4.3.2 going down"), SRV_CLOSE);
}

static void too_large(void)
{
    open_transaction();
    check_skip("BDAT 1000001 LAST", 1000001, "552 5.3.4 ");
    CHECK(!s.has_sender);
    open_transaction();
    say("BDAT 999999");
    check_skip("BDAT 2", 2, "552 5.3.4 ");               /* all of them together count */
    CHECK(!s.has_sender && !s.chunked);
    check_skip("BDAT 2 LAST", 2, "503 5.5.1 ");
    open_transaction();
    check_skip("BDAT 9223372036854775807", INT64_MAX, "552 5.3.4 ");
    open_transaction();
    say("BDAT 1");
    check_skip("BDAT 9223372036854775807", INT64_MAX, "552 5.3.4 ");
}

/* Bytes of unknown number follow, which must not be taken for commands. */
static void a_bad_size_ends_the_session(void)
{
    static const char *const rows[] = {
        "BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 0x10", "BDAT 1 LAST LAST", "BDAT 1 FIRST", "BDAT 1 LASTX",
        "BDAT 1 LAS", "BDAT 1  LAST", "BDAT LAST", "BDAT 9223372036854775808", "BDAT 18446744073709551616",
        "BDAT 99999999999999999999999999", "BDAT 1LAST", "BDAT 1,LAST", "BDAT 1.5",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_transaction();
        CHECK_EQ(line(rows[i]), SRV_CLOSE);
        check_reply("501 5.5.4 ");
        start();
        CHECK_EQ(line(rows[i]), SRV_CLOSE);
    }
}

static void binarymime_needs_bdat(void)
{
    start();
    say("EHLO a");
    check_say("MAIL FROM:<a@b> BODY=BINARYMIME", "250");
    say("RCPT TO:<c@d>");
    check_say("DATA", "503 5.5.1 ");
    CHECK(s.has_sender && s.rcpts == 1);
    check_chunk("BDAT 5 LAST", 5, true, true);
    CHECK_EQ(s.body, SRV_BODY_BINARYMIME);
}

int main(void)
{
    RUN(a_message_of_one_chunk);
    RUN(a_message_of_many);
    RUN(an_empty_message);
    RUN(out_of_order);
    RUN(what_may_come_between_chunks);
    RUN(rset_and_ehlo_drop_what_came);
    RUN(c1_bdat_error_then_data);
    RUN(a_chunk_that_cannot_be_stored);
    RUN(too_large);
    RUN(a_bad_size_ends_the_session);
    RUN(binarymime_needs_bdat);
    TEST_DONE();
}
