/* Envelopes: built, read back, changed in place, and broken byte by byte. */
#include "mail/envelope.h"

#include "test.h"


static struct envelope e, copy, other;

static void make(struct envelope *to)
{
    envelope_start(to, 0x692466c8);
    CHECK_EQ(envelope_add(to, ENVELOPE_SENDER, "sender@example.org"), 0);
    CHECK_EQ(envelope_add(to, ENVELOPE_CLIENT, "client.example.org [192.0.2.1]"), 0);
    CHECK_EQ(envelope_add(to, ENVELOPE_PROTOCOL, "ESMTP"), 0);
    CHECK_EQ(envelope_add_rcpt(to, "first@example.net"), 0);
    CHECK_EQ(envelope_add_rcpt(to, "second@example.net"), 0);
    CHECK_EQ(envelope_finish(to), 0);
}

/* As a reader gets it: the length from the front, then the rest. */
static const char *reread(const struct envelope *from, struct envelope *to)
{
    memset(to, 0x55, sizeof *to);
    to->len = envelope_length(from->text);
    if (to->len == 0)
        return "no length";
    memcpy(to->text, from->text, to->len);
    return envelope_parse(to);
}

static void it_stands_as_the_manual_shows_it(void)
{
    static const char front[] = "BUZON1 0000019e 00000000692466c8 0000 00000000 0000000000000000 -\n"
                                "s sender@example.org\nc client.example.org [192.0.2.1]\np ESMTP\nr. ";

    make(&e);
    CHECK_EQ(e.len, 0x19e);
    CHECK_MEM(e.text, front, sizeof front - 1);
    CHECK_EQ(e.text[ENVELOPE_8BIT_AT], '-');
    CHECK_MEM(e.text + e.len - 20, "second@example.net\n\n", 20);
    CHECK_EQ(envelope_length(e.text), e.len);
}

static void what_is_built_is_read_back(void)
{
    char value[LIMIT_REASON + 1];
    struct envelope_state s;

    make(&e);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, 2);
    envelope_get(&copy, ENVELOPE_SENDER, value, sizeof value);
    CHECK_STR(value, "sender@example.org");
    envelope_get(&copy, ENVELOPE_CLIENT, value, sizeof value);
    CHECK_STR(value, "client.example.org [192.0.2.1]");
    envelope_get(&copy, ENVELOPE_PROTOCOL, value, sizeof value);
    CHECK_STR(value, "ESMTP");
    envelope_get(&copy, ENVELOPE_MSGID, value, sizeof value);
    CHECK_STR(value, "");
    envelope_rcpt(&copy, 0, value, sizeof value);
    CHECK_STR(value, "first@example.net");
    envelope_rcpt(&copy, 1, value, sizeof value);
    CHECK_STR(value, "second@example.net");
    envelope_rcpt(&copy, 1, value, 7);
    CHECK_STR(value, "second");
    envelope_get(&copy, ENVELOPE_SENDER, value, 1);
    CHECK_STR(value, "");
    envelope_reason(&copy, 0, value);
    CHECK_STR(value, "");
    CHECK_EQ(envelope_status(&copy, 0), ENVELOPE_WAITING);
    CHECK(envelope_has(&copy, ENVELOPE_WAITING) && !envelope_has(&copy, ENVELOPE_DONE));
    envelope_state(&copy, &s);
    CHECK_EQ(s.arrival, 0x692466c8);
    CHECK(s.attempts == 0 && s.waited == 0 && s.last == 0 && !s.is_8bit);
    CHECK_EQ(envelope_crc(&copy), envelope_crc(&e));
}

/* Reckoned by hand from docs/QUEUE.md, so that a file of one version or board is a good one to every other. */
static void the_crc_is_the_formats(void)
{
    make(&e);
    CHECK_EQ(envelope_crc(&e), 0x996ca6c9u);
}

static void a_null_sender_is_an_empty_value(void)
{
    char value[10];

    envelope_start(&e, 0);
    CHECK_EQ(envelope_add(&e, ENVELOPE_SENDER, ""), 0);
    CHECK_EQ(envelope_add_rcpt(&e, "a@b"), 0);
    CHECK_EQ(envelope_finish(&e), 0);
    CHECK_STR(reread(&e, &copy), NULL);
    envelope_get(&copy, ENVELOPE_SENDER, value, sizeof value);
    CHECK_STR(value, "");
}

static void an_arrival_of_any_age(void)
{
    static const int64_t times[] = { 0, 1, INT32_MAX, (int64_t)INT32_MAX + 1, 253402300799 };
    struct envelope_state s;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        envelope_start(&e, times[i]);
        envelope_add_rcpt(&e, "a@b");
        envelope_finish(&e);
        CHECK_STR(reread(&e, &copy), NULL);
        envelope_state(&copy, &s);
        CHECK_EQ(s.arrival, times[i]);
    }
    envelope_start(&e, -1);          /* a clock before 1970 */
    envelope_state(&e, &s);
    CHECK_EQ(s.arrival, 0);
}

/* The CRC leaves the state out, so a time that no clock says must be told from its value. */
static void a_forged_time_is_refused(void)
{
    static const size_t places[] = { 16, 47 };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        envelope_start(&e, 1);
        envelope_add_rcpt(&e, "a@b");
        envelope_finish(&e);
        memset(e.text + places[i], 'f', 16);
        CHECK(reread(&e, &copy) != NULL);
    }
}

static void b5_control_characters_are_refused(void)
{
    char value[] = "axb@example.org";

    for (int c = 1; c < 256; c++) {
        envelope_start(&e, 0);
        size_t before = e.len;
        value[1] = (char)c;
        int want = c < ' ' || c == 0x7f ? -1 : 0;
        CHECK_EQ(envelope_add_rcpt(&e, value), want);
        CHECK_EQ(e.rcpts, want ? 0 : 1);
        if (want) {
            CHECK_EQ(e.len, before);
            CHECK_EQ(envelope_add(&e, ENVELOPE_SENDER, value), -1);
            CHECK_EQ(e.len, before);
        }
    }
}

static void a_recipient_stands_there_once(void)
{
    envelope_start(&e, 0);
    CHECK_EQ(envelope_add_rcpt(&e, "ab@example.org"), 0);
    CHECK_EQ(envelope_add_rcpt(&e, "ab@example.org"), 0);
    CHECK_EQ(e.rcpts, 1);
    CHECK_EQ(envelope_add_rcpt(&e, "ab@example.or"), 0);
    CHECK_EQ(envelope_add_rcpt(&e, "ab@example.org2"), 0);
    CHECK_EQ(envelope_add_rcpt(&e, "b@example.org"), 0);
    CHECK_EQ(e.rcpts, 4);
    CHECK_EQ(envelope_add_rcpt(&e, "ab@example.org2"), 0);
    CHECK_EQ(e.rcpts, 4);
    envelope_finish(&e);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, 4);
}

static void d13_a_thousand_recipients_and_no_more(void)
{
    char address[40];

    envelope_start(&e, 0);
    envelope_add(&e, ENVELOPE_SENDER, "");
    for (int i = 0; e.rcpts < LIMIT_RCPTS && i < LIMIT_RCPTS; i++) {
        snprintf(address, sizeof address, "%x", (unsigned)i);
        if (envelope_add_rcpt(&e, address))
            break;
    }
    CHECK(e.rcpts >= 100);
    unsigned n = e.rcpts;
    size_t len = e.len;
    if (n == LIMIT_RCPTS) {
        CHECK_EQ(envelope_add_rcpt(&e, "x@y"), -1);
        CHECK_EQ(e.len, len);
    }
    CHECK_EQ(e.rcpts, n);
    CHECK_EQ(envelope_finish(&e), 0);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, n);
}

static void d13_a_hundred_of_the_longest_addresses(void)
{
    char address[LIMIT_ADDRESS + 1];

    envelope_start(&e, 0);
    for (int i = 0; i < 100; i++) {
        memset(address, 'a', LIMIT_ADDRESS);
        address[LIMIT_ADDRESS] = '\0';
        snprintf(address, 4, "%03d", i);
        address[3] = '@';
        CHECK_EQ(envelope_add_rcpt(&e, address), 0);
    }
    CHECK_EQ(envelope_finish(&e), 0);
}

static void a_full_one_refuses_and_stays_good(void)
{
    char address[LIMIT_ADDRESS + 1];
    size_t room;
    int i = 0;

    envelope_start(&e, 0);
    memset(address, 'a', LIMIT_ADDRESS);
    address[LIMIT_ADDRESS] = '\0';
    do
        address[snprintf(address, 5, "%04d", i++)] = '@';
    while (envelope_add_rcpt(&e, address) == 0);
    CHECK_EQ(e.rcpts, LIMIT_RCPTS);          /* as many as recipient-limit may say, each of the longest */
    static char value[2000];
    memset(value, 'v', sizeof value - 1);
    while (envelope_add(&e, ENVELOPE_CLIENT, value) == 0)
        ;
    room = sizeof e.text - e.len;
    CHECK(room < sizeof value);
    for (size_t n = room; n-- > 0;) {
        memset(value, 'v', n);
        value[n] = '\0';
        if (envelope_add(&e, ENVELOPE_CLIENT, value) == 0) {
            CHECK_EQ(n, room - 4);           /* `c `, two newlines */
            break;
        }
    }
    CHECK_EQ(envelope_add(&e, ENVELOPE_CLIENT, ""), -1);
    CHECK_EQ(envelope_finish(&e), 0);
    CHECK_EQ(e.len, sizeof e.text);
    CHECK_STR(reread(&e, &copy), NULL);
}

static void changes_in_place_leave_the_crc(void)
{
    struct envelope_state s = { .attempts = 0xffff, .waited = UINT32_MAX, .last = (int64_t)1 << 40, .is_8bit = true },
                          back;
    uint32_t crc;
    size_t at, n, len;
    char reason[LIMIT_REASON + 1];

    make(&e);
    crc = envelope_crc(&e);
    len = e.len;
    other = e;
    envelope_set_rcpt(&e, 1, ENVELOPE_FAILED, "5.1.1 550 no such user here", &at, &n);
    memcpy(other.text + at, e.text + at, n);         /* what is written again makes the file the same */
    CHECK_MEM(other.text, e.text, e.len);
    CHECK_EQ(envelope_crc(&e), crc);
    envelope_set_state(&e, &s, &at, &n);
    memcpy(other.text + at, e.text + at, n);
    CHECK_MEM(other.text, e.text, e.len);
    CHECK_EQ(envelope_crc(&e), crc);
    CHECK_EQ(e.len, len);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(envelope_status(&copy, 0), ENVELOPE_WAITING);
    CHECK_EQ(envelope_status(&copy, 1), ENVELOPE_FAILED);
    CHECK(envelope_has(&copy, ENVELOPE_FAILED) && !envelope_has(&copy, ENVELOPE_TOLD));
    envelope_reason(&copy, 1, reason);
    CHECK_STR(reason, "5.1.1 550 no such user here");
    envelope_state(&copy, &back);
    CHECK_EQ(back.arrival, 0x692466c8);
    CHECK_EQ(back.attempts, 0xffff);
    CHECK_EQ(back.waited, UINT32_MAX);
    CHECK_EQ(back.last, s.last);
    CHECK(back.is_8bit);
}

static void a_reason_is_one_clean_line_of_its_width(void)
{
    char reason[LIMIT_REASON + 1], text[300];
    size_t at, n;

    make(&e);
    memset(text, 'z', sizeof text);
    text[sizeof text - 1] = '\0';
    envelope_set_rcpt(&e, 0, ENVELOPE_WAITING, text, &at, &n);
    envelope_reason(&e, 0, reason);
    CHECK_EQ(strlen(reason), LIMIT_REASON);
    envelope_set_rcpt(&e, 0, ENVELOPE_DONE, "a\r\nr. \tb\xff", &at, &n);
    envelope_reason(&e, 0, reason);
    CHECK_STR(reason, "a??r. ?b?");
    envelope_set_rcpt(&e, 0, ENVELOPE_DONE, "", &at, &n);
    envelope_reason(&e, 0, reason);
    CHECK_STR(reason, "");
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, 2);
}

/* Is this byte one that a change in place may touch? */
static bool is_mutable(const struct envelope *x, size_t i)
{
    if (i >= ENVELOPE_STATE_AT && i < ENVELOPE_STATE_AT + ENVELOPE_STATE_LEN)
        return true;
    for (unsigned r = 0; r < x->rcpts; r++)
        if (i > x->rcpt_at[r] && i < x->rcpt_at[r] + 3 + LIMIT_REASON)
            return true;
    return false;
}

static void every_changed_byte_is_noticed(void)
{
    make(&e);
    uint32_t crc = envelope_crc(&e);

    for (size_t i = 0; i < e.len; i++) {
        if (is_mutable(&e, i))
            continue;
        for (int bit = 0; bit < 9; bit++) {
            other = e;
            other.text[i] = bit < 8 ? (char)(other.text[i] ^ 1 << bit) : other.text[i] == '\n' ? ' ' : '\n';
            if (!reread(&other, &copy) && envelope_crc(&copy) == crc)
                test_fail(__FILE__, __LINE__, "byte %u, change %d", (unsigned)i, bit);
        }
    }
}

/* In the bytes that change, what no mark writes must not make the envelope another one. */
static void a_broken_status_or_number_is_noticed(void)
{
    make(&e);
    for (int c = 0; c < 256; c++) {
        other = e;
        other.text[e.rcpt_at[0] + 1] = (char)c;
        CHECK_EQ(reread(&other, &copy) == NULL, c == '.' || c == 'd' || c == 'f' || c == 't');
        other = e;
        other.text[ENVELOPE_STATE_AT] = (char)c;
        CHECK_EQ(reread(&other, &copy) == NULL, (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }
    for (size_t i = 3; i < 3 + LIMIT_REASON; i++) {
        other = e;
        other.text[e.rcpt_at[0] + i] = '\n';
        CHECK(reread(&other, &copy) != NULL);
        other.text[e.rcpt_at[0] + i] = '\0';
        CHECK(reread(&other, &copy) != NULL);
    }
}

static void every_truncation_is_noticed(void)
{
    make(&e);
    for (size_t n = 0; n < e.len; n++) {
        other = e;
        other.len = n;
        CHECK(envelope_parse(&other) != NULL);
        /* Even with a front that says so. */
        if (n > ENVELOPE_STATE_AT) {
            char length[9];
            snprintf(length, sizeof length, "%08x", (unsigned)n);
            memcpy(other.text + 7, length, 8);
            CHECK(envelope_parse(&other) != NULL);
        }
    }
}

static void fronts(void)
{
    static const struct { const char *front; size_t want; } rows[] = {
        { "BUZON1 000001da 00000000692466c8 ", 0x1da }, { "BUZON2 000001da 00000000692466c8 ", 0 },
        { "buzon1 000001da 00000000692466c8 ", 0 }, { "BUZON1 000001DA 00000000692466c8 ", 0 },
        { "BUZON1 00000000 00000000692466c8 ", 0 }, { "BUZON1 00060000 00000000692466c8 ", LIMIT_ENVELOPE },
        { "BUZON1 00060001 00000000692466c8 ", 0 }, { "BUZON1 ffffffff 00000000692466c8 ", 0 },
        { "BUZON1  00001da 00000000692466c8 ", 0 }, { "BUZON1\t000001da 00000000692466c8 ", 0 },
        { "BUZON1 00000042 00000000692466c8 ", 0 }, { "BUZON1 00000043 00000000692466c8 ", 0x43 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (envelope_length(rows[i].front) != rows[i].want)
            test_fail(__FILE__, __LINE__, "%s: %u", rows[i].front, (unsigned)envelope_length(rows[i].front));
}

static void without_recipients_it_is_none(void)
{
    envelope_start(&e, 0);
    envelope_add(&e, ENVELOPE_SENDER, "a@b");
    envelope_finish(&e);
    CHECK(reread(&e, &copy) != NULL);
}

static void an_unknown_kind_of_line_is_refused(void)
{
    envelope_start(&e, 0);
    envelope_add(&e, 'q', "later");
    envelope_add_rcpt(&e, "a@b");
    envelope_finish(&e);
    CHECK(reread(&e, &copy) != NULL);
}

static const struct dsn_rcpt success = { .notify = DSN_SUCCESS | DSN_FAILURE, .orcpt = "rfc822;first@example.com" },
                             never = { .notify = DSN_NEVER }, named = { .orcpt = "rfc822;n@example.com" };

static void what_dsn_asks_stands_behind_its_recipient(void)
{
    static const struct dsn_mail mail = { .ret = DSN_RET_HDRS, .envid = "QQ314159" };
    static const char first[] = " first@example.net\noSF-- rfc822;first@example.com\nr. ",
                      last[] = " third@example.net\no---N \n\n";
    struct dsn_rcpt d;
    char value[20];

    envelope_start(&e, 0);
    CHECK_EQ(envelope_add_dsn(&e, &mail), 0);
    CHECK_EQ(envelope_add(&e, ENVELOPE_BODY, "8BITMIME"), 0);
    CHECK(!envelope_is_utf8(&e));
    CHECK_EQ(envelope_add(&e, ENVELOPE_UTF8, "SMTPUTF8"), 0);
    CHECK_EQ(envelope_add_rcpt_dsn(&e, "first@example.net", &success), 0);
    CHECK_EQ(envelope_add_rcpt(&e, "second@example.net"), 0);
    CHECK_EQ(envelope_add_rcpt_dsn(&e, "third@example.net", &never), 0);
    CHECK_EQ(envelope_finish(&e), 0);
    CHECK_MEM(e.text + e.rcpt_at[1] - sizeof first + 1 + 3, first, sizeof first - 1);
    CHECK_MEM(e.text + e.len - sizeof last + 1, last, sizeof last - 1);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, 3);
    CHECK_EQ(envelope_crc(&copy), envelope_crc(&e));
    envelope_rcpt_dsn(&copy, 0, &d);
    CHECK_EQ(d.notify, success.notify);
    CHECK_STR(d.orcpt, success.orcpt);
    envelope_rcpt_dsn(&copy, 1, &d);
    CHECK(d.notify == 0 && !*d.orcpt);
    envelope_rcpt_dsn(&copy, 2, &d);
    CHECK_EQ(d.notify, DSN_NEVER);
    CHECK_STR(d.orcpt, "");
    envelope_get(&copy, ENVELOPE_ENVID, value, sizeof value);
    CHECK_STR(value, "QQ314159");
    envelope_get(&copy, ENVELOPE_RET, value, sizeof value);
    CHECK_STR(value, "HDRS");
    envelope_get(&copy, ENVELOPE_BODY, value, sizeof value);
    CHECK_STR(value, "8BITMIME");
    CHECK(envelope_is_utf8(&copy));
}

static void who_says_nothing_gets_no_line(void)
{
    static const struct dsn_mail nothing;
    struct dsn_rcpt none = { .notify = 0 };

    make(&e);
    envelope_start(&copy, 0x692466c8);
    CHECK_EQ(envelope_add(&copy, ENVELOPE_SENDER, "sender@example.org"), 0);
    CHECK_EQ(envelope_add(&copy, ENVELOPE_CLIENT, "client.example.org [192.0.2.1]"), 0);
    CHECK_EQ(envelope_add(&copy, ENVELOPE_PROTOCOL, "ESMTP"), 0);
    CHECK_EQ(envelope_add_dsn(&copy, &nothing), 0);
    CHECK_EQ(envelope_add_rcpt_dsn(&copy, "first@example.net", &none), 0);
    CHECK_EQ(envelope_add_rcpt_dsn(&copy, "second@example.net", &none), 0);
    CHECK_EQ(envelope_finish(&copy), 0);
    CHECK_EQ(copy.len, e.len);
    CHECK_MEM(copy.text, e.text, e.len);
}

/* One address twice: one recipient that wants what both asked for, whatever stands behind it already. */
static void a_recipient_named_twice_wants_both(void)
{
    static const struct { const struct dsn_rcpt *a, *b; unsigned want; const char *orcpt; } rows[] = {
        { &success, &never, DSN_SUCCESS | DSN_FAILURE, "rfc822;first@example.com" },
        { &never, &success, DSN_SUCCESS | DSN_FAILURE, "" },
        { &never, &never, DSN_NEVER, "" },
        { NULL, &never, DSN_FAILURE | DSN_DELAY, "" },
        { &never, NULL, DSN_FAILURE | DSN_DELAY, "" },
        { NULL, &success, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, "rfc822;first@example.com" },
        { &named, &success, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, "rfc822;n@example.com" },
        { NULL, &named, 0, "rfc822;n@example.com" },
        { NULL, NULL, 0, "" },
    };
    static const struct dsn_rcpt none;
    struct dsn_rcpt d;
    char value[40];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        envelope_start(&e, 0);
        envelope_add_rcpt_dsn(&e, "before@example.net", &success);
        envelope_add_rcpt_dsn(&e, "twice@example.net", rows[i].a ? rows[i].a : &none);
        envelope_add_rcpt_dsn(&e, "behind@example.net", &never);
        envelope_add(&e, ENVELOPE_MSGID, "<x@y>");
        CHECK_EQ(envelope_add_rcpt_dsn(&e, "twice@example.net", rows[i].b ? rows[i].b : &none), 0);
        envelope_add_rcpt(&e, "last@example.net");
        CHECK_EQ(envelope_finish(&e), 0);
        CHECK_STR(reread(&e, &copy), NULL);
        CHECK_EQ(copy.rcpts, 4);
        CHECK_MEM(copy.rcpt_at, e.rcpt_at, 4 * sizeof e.rcpt_at[0]);
        envelope_rcpt_dsn(&copy, 1, &d);
        CHECK_EQ(d.notify, rows[i].want);
        CHECK_STR(d.orcpt, rows[i].orcpt);
        envelope_rcpt_dsn(&copy, 0, &d);
        CHECK_STR(d.orcpt, success.orcpt);
        envelope_rcpt_dsn(&copy, 2, &d);
        CHECK_EQ(d.notify, DSN_NEVER);
        envelope_rcpt(&copy, 3, value, sizeof value);
        CHECK_STR(value, "last@example.net");
    }
}

static void d13_one_that_does_not_fit_leaves_nothing(void)
{
    struct dsn_rcpt longest = { .notify = DSN_SUCCESS };
    char address[LIMIT_ADDRESS + 1];
    size_t len;
    unsigned rcpts;

    memset(longest.orcpt, 'o', LIMIT_ORCPT);
    memset(address, 'a', LIMIT_ADDRESS);
    address[LIMIT_ADDRESS] = '\0';
    envelope_start(&e, 0);
    for (int i = 0;; i++) {
        address[snprintf(address, 5, "%04d", i)] = '@';
        len = e.len;
        rcpts = e.rcpts;
        if (envelope_add_rcpt_dsn(&e, address, &longest))
            break;
    }
    CHECK(rcpts >= 100);                     /* RFC 5321 4.5.3.1.8, each with the longest of everything */
    CHECK_EQ(e.len, len);
    CHECK_EQ(e.rcpts, rcpts);
    CHECK_EQ(envelope_finish(&e), 0);
    CHECK_STR(reread(&e, &copy), NULL);
    CHECK_EQ(copy.rcpts, rcpts);
}

static void b5_no_control_in_what_dsn_asks(void)
{
    struct dsn_rcpt bad = { .orcpt = "rfc822;a\nr. b" };
    struct dsn_mail mail = { .ret = DSN_RET_FULL, .envid = "a\rb" };

    envelope_start(&e, 0);
    size_t len = e.len;
    CHECK_EQ(envelope_add_rcpt_dsn(&e, "a@b", &bad), -1);
    CHECK_EQ(envelope_add_dsn(&e, &mail), -1);
    CHECK_EQ(e.len, len);
    CHECK_EQ(e.rcpts, 0);
}

static void a_broken_dsn_line_is_refused(void)
{
    static const char *const rows[] = {
        "o", "oSF--", "oSF--x", "oXF-- ", "oFS-- ", "osf-- ", "oSF-\xff ", "o SF-- ",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        envelope_start(&e, 0);
        envelope_add_rcpt(&e, "a@b");
        size_t n = strlen(rows[i]);
        memcpy(e.text + e.len, rows[i], n);
        e.text[e.len + n] = '\n';
        e.len += n + 1;
        envelope_finish(&e);
        CHECK(reread(&e, &copy) != NULL);
    }
    /* Behind anything but a recipient. */
    for (int twice = 0; twice < 2; twice++) {
        envelope_start(&e, 0);
        if (twice)
            envelope_add_rcpt_dsn(&e, "a@b", &never);
        memcpy(e.text + e.len, "o---N \n", 7);
        e.len += 7;
        if (!twice)
            envelope_add_rcpt(&e, "a@b");
        envelope_finish(&e);
        CHECK(reread(&e, &copy) != NULL);
    }
}

static void the_end_record(void)
{
    char end[ENVELOPE_END_LEN + 1];

    envelope_end(0xa2f, 0x1c291ca3, end);
    CHECK_STR(end, "END 0000000000000a2f 1c291ca3\n");
    CHECK_EQ(strlen(end), ENVELOPE_END_LEN);
    envelope_end(UINT64_MAX, 0, end);
    CHECK_STR(end, "END ffffffffffffffff 00000000\n");
}

int main(void)
{
    RUN(it_stands_as_the_manual_shows_it);
    RUN(what_is_built_is_read_back);
    RUN(the_crc_is_the_formats);
    RUN(a_null_sender_is_an_empty_value);
    RUN(an_arrival_of_any_age);
    RUN(a_forged_time_is_refused);
    RUN(b5_control_characters_are_refused);
    RUN(a_recipient_stands_there_once);
    RUN(d13_a_thousand_recipients_and_no_more);
    RUN(d13_a_hundred_of_the_longest_addresses);
    RUN(a_full_one_refuses_and_stays_good);
    RUN(changes_in_place_leave_the_crc);
    RUN(a_reason_is_one_clean_line_of_its_width);
    RUN(every_changed_byte_is_noticed);
    RUN(a_broken_status_or_number_is_noticed);
    RUN(every_truncation_is_noticed);
    RUN(fronts);
    RUN(without_recipients_it_is_none);
    RUN(an_unknown_kind_of_line_is_refused);
    RUN(what_dsn_asks_stands_behind_its_recipient);
    RUN(who_says_nothing_gets_no_line);
    RUN(a_recipient_named_twice_wants_both);
    RUN(d13_one_that_does_not_fit_leaves_nothing);
    RUN(b5_no_control_in_what_dsn_asks);
    RUN(a_broken_dsn_line_is_refused);
    RUN(the_end_record);
    TEST_DONE();
}
