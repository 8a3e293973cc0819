/* Delivery status notifications: RFC 3464's fields, one block a failed recipient, and nothing but clean lines. */
#include "mail/bounce.h"

#include "test.h"

static struct envelope e;
static char out[200000];
static size_t out_n;

static void put(void *context, const char *text, size_t n)
{
    CHECK(context == &e);
    CHECK(out_n + n < sizeof out);
    memcpy(out + out_n, text, n);
    out_n += n;
    out[out_n] = '\0';
}

static void set(unsigned i, enum envelope_status status, const char *reason)
{
    size_t at, n;

    envelope_set_rcpt(&e, i, status, reason, &at, &n);
}

static void report(void)
{
    struct bounce b = {
        .hostname = "mx.example.org", .id = "k3x9q0mz71ab", .to = "sender@example.net", .now = 1795801097,
        .envelope = &e,
    };

    out_n = 0;
    bounce_head(&b, put, &e);
    put(&e, "Subject: hello\r\n", 16);
    bounce_tail(&b, put, &e);
}

static void make(void)
{
    envelope_start(&e, 0);
    envelope_add(&e, ENVELOPE_SENDER, "sender@example.net");
    envelope_add_rcpt(&e, "one@far.example");
    envelope_add_rcpt(&e, "two@far.example");
    envelope_add_rcpt(&e, "three@far.example");
    envelope_add_rcpt(&e, "four@far.example");
    envelope_finish(&e);
    set(0, ENVELOPE_DONE, "2.0.0 250 ok");
    set(1, ENVELOPE_FAILED, "5.1.1 550 no such user");
    set(2, ENVELOPE_TOLD, "5.1.1 550 told already");
    set(3, ENVELOPE_FAILED, "4.4.1 far.example: connection refused");
}

static unsigned count(const char *what)
{
    unsigned n = 0;

    for (const char *p = out; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void the_headers(void)
{
    static const char *const lines[] = {
        "From: Mail delivery at mx.example.org <postmaster@mx.example.org>\r\n", "To: <sender@example.net>\r\n",
        "Date: Fri, 27 Nov 2026 17:38:17 +0000\r\n", "Auto-Submitted: auto-replied\r\n", "MIME-Version: 1.0\r\n",
        "Message-ID: <bounce.k3x9q0mz71ab@mx.example.org>\r\n",
        "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"=_k3x9q0mz71ab\"\r\n",
    };

    make();
    report();
    const char *body = strstr(out, "\r\n\r\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *at = strstr(out, lines[i]);
        if (!at || at > body)
            test_fail(__FILE__, __LINE__, "not in the header: %s", lines[i]);
        CHECK_EQ(count(lines[i]), 1);
    }
}

static void only_those_that_failed_are_reported(void)
{
    make();
    report();
    CHECK_EQ(count("Final-Recipient: rfc822; "), 2);
    CHECK_EQ(count("Final-Recipient: rfc822; two@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                   "Diagnostic-Code: smtp; 550 no such user\r\n"), 1);
    CHECK_EQ(count("Final-Recipient: rfc822; four@far.example\r\nAction: failed\r\nStatus: 4.4.1\r\n"), 1);
    CHECK_EQ(count("Diagnostic-Code:"), 1);          /* the other was no server's reply */
    CHECK_EQ(count("one@far.example"), 0);
    CHECK_EQ(count("three@far.example"), 0);
    CHECK_EQ(count("<two@far.example>:\r\n      5.1.1 550 no such user\r\n"), 1);
}

static void the_parts(void)
{
    make();
    report();
    CHECK_EQ(count("\r\n--=_k3x9q0mz71ab\r\n"), 3);
    CHECK_EQ(count("\r\n--=_k3x9q0mz71ab--\r\n"), 1);
    const char *text = strstr(out, "Content-Type: text/plain");
    const char *status = strstr(out, "Content-Type: message/delivery-status");
    const char *headers = strstr(out, "Content-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\n");
    CHECK(text && status && headers && text < status && status < headers);
    CHECK(!strncmp(status, "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n"
                           "Arrival-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nFinal-Recipient:", 140));
    CHECK_STR(out + out_n - 22, "\r\n--=_k3x9q0mz71ab--\r\n");
}

static void every_line_ends_in_cr_lf_and_is_short(void)
{
    size_t start = 0;

    make();
    report();
    for (size_t i = 0; i < out_n; i++) {
        if (out[i] == '\n') {
            CHECK(i && out[i - 1] == '\r');
            CHECK(i - start <= LIMIT_TEXT_LINE);
            start = i + 1;
        } else {
            CHECK(out[i] != '\r' || out[i + 1] == '\n');
            CHECK(out[i] == '\r' || out[i] == '\t' || (out[i] >= ' ' && out[i] <= '~'));
        }
    }
    CHECK_EQ(start, out_n);
}

/* RFC 3461 4.1 and 6.2: who said NEVER, or anything without FAILURE, hears nothing of a failure. */
static void notify_decides_who_is_reported(void)
{
    static const struct { unsigned notify; bool reported; } rows[] = {
        { 0, true }, { DSN_FAILURE, true }, { DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, true },
        { DSN_NEVER, false }, { DSN_SUCCESS, false }, { DSN_SUCCESS | DSN_DELAY, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dsn_rcpt dsn = { .notify = rows[i].notify };
        envelope_start(&e, 0);
        envelope_add_rcpt_dsn(&e, "one@far.example", &dsn);
        envelope_add_rcpt(&e, "two@far.example");
        envelope_finish(&e);
        set(0, ENVELOPE_FAILED, "5.1.1 550 no such user");
        CHECK_EQ(bounce_is_wanted(&e), rows[i].reported);
        set(1, ENVELOPE_FAILED, "5.1.1 550 no such user");
        CHECK(bounce_is_wanted(&e));
        report();
        CHECK_EQ(count("one@far.example"), rows[i].reported ? 2 : 0);
        CHECK_EQ(count("Final-Recipient: rfc822; two@far.example"), 1);
        set(0, ENVELOPE_DONE, "");
        set(1, ENVELOPE_TOLD, "");
        CHECK(!bounce_is_wanted(&e));
    }
}

static void what_the_sender_called_them(void)
{
    struct dsn_rcpt dsn = { .orcpt = "rfc822;a+2Bb@c.example" }, wide = { .orcpt = "utf-8;\xc3\xa9\\x{1F4EC}@c" };
    struct dsn_mail mail = { .envid = "QQ+3D+2031" };

    envelope_start(&e, 0);
    CHECK_EQ(envelope_add_dsn(&e, &mail), 0);
    envelope_add_rcpt_dsn(&e, "one@far.example", &dsn);
    envelope_add_rcpt_dsn(&e, "two@far.example", &wide);
    envelope_finish(&e);
    set(0, ENVELOPE_FAILED, "5.1.1 550 no such user");
    set(1, ENVELOPE_FAILED, "5.1.1 550 no such user");
    report();
    CHECK_EQ(count("\r\n\r\nOriginal-Envelope-Id: QQ= 31\r\nReporting-MTA: dns; mx.example.org\r\n"), 1);
    CHECK_EQ(count("\r\n\r\nOriginal-Recipient: rfc822;a+b@c.example\r\nFinal-Recipient: rfc822; one@"), 1);
    CHECK_EQ(count("\r\n\r\nOriginal-Recipient: utf-8;\\x{E9}\\x{1F4EC}@c\r\nFinal-Recipient: rfc822; two@"), 1);
}

static void addresses_beyond_ascii_are_written_in_it(void)
{
    envelope_start(&e, 0);
    envelope_add_rcpt(&e, "m\xc3\xbcller@\xe6\x97\xa5.example");
    envelope_add_rcpt(&e, "broken\xff@far.example");
    envelope_finish(&e);
    set(0, ENVELOPE_FAILED, "5.6.7 553 no SMTPUTF8");
    set(1, ENVELOPE_FAILED, "5.6.7 553 no SMTPUTF8");
    report();
    CHECK_EQ(count("\r\nFinal-Recipient: utf-8; m\\x{FC}ller@\\x{65E5}.example\r\n"), 1);
    CHECK_EQ(count("  <m\\x{FC}ller@\\x{65E5}.example>:\r\n"), 1);
    CHECK_EQ(count("\r\nFinal-Recipient: utf-8; broken?@far.example\r\n"), 1);
    for (size_t i = 0; i < out_n; i++)
        CHECK(!(out[i] & 0x80));
}

static void odd_reasons_give_a_status_all_the_same(void)
{
    static const char *const rows[][2] = {
        { "", "Status: 5.0.0\r\n" }, { "no code at all", "Status: 5.0.0\r\n" }, { "5.7.1", "Status: 5.7.1\r\n" },
        { " 5.7.1 x", "Status: 5.0.0\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make();
        set(1, ENVELOPE_FAILED, rows[i][0]);
        set(3, ENVELOPE_DONE, "");
        report();
        CHECK_EQ(count(rows[i][1]), 1);
    }
}

static void the_longest_reason_and_address(void)
{
    char address[LIMIT_ADDRESS + 1], reason[LIMIT_REASON + 1];

    memset(address, 'a', LIMIT_ADDRESS);
    address[LIMIT_ADDRESS] = '\0';
    memset(reason, '5', LIMIT_REASON);
    reason[LIMIT_REASON] = '\0';
    envelope_start(&e, 0);
    for (int i = 0; i < 100; i++) {
        snprintf(address, 4, "%03d", i);
        address[3] = '@';
        envelope_add_rcpt(&e, address);
    }
    envelope_finish(&e);
    for (unsigned i = 0; i < 100; i++)
        set(i, ENVELOPE_FAILED, reason);
    report();
    CHECK_EQ(count("Action: failed\r\n"), 100);
}

int main(void)
{
    RUN(the_headers);
    RUN(only_those_that_failed_are_reported);
    RUN(the_parts);
    RUN(every_line_ends_in_cr_lf_and_is_short);
    RUN(notify_decides_who_is_reported);
    RUN(what_the_sender_called_them);
    RUN(addresses_beyond_ascii_are_written_in_it);
    RUN(odd_reasons_give_a_status_all_the_same);
    RUN(the_longest_reason_and_address);
    TEST_DONE();
}
