/* The header watcher: which lines count as which field, wherever the text is cut. */
#include "mail/header.h"

#include "test.h"

static struct header h;

/* Watches a text in pieces of `step` bytes. */
static void watch(const char *text, size_t step)
{
    size_t n = strlen(text);

    header_start(&h);
    for (size_t at = 0; at < n; at += step)
        header_watch(&h, text + at, n - at < step ? n - at : step);
}

static void names(void)
{
    static const struct { const char *name; enum header_field want; } rows[] = {
        { "Received", HEADER_RECEIVED }, { "RECEIVED", HEADER_RECEIVED }, { "received", HEADER_RECEIVED },
        { "Date", HEADER_DATE },
        { "From", HEADER_FROM }, { "Message-ID", HEADER_MESSAGE_ID }, { "Message-Id", HEADER_MESSAGE_ID },
        { "To", HEADER_TO },
        { "Cc", HEADER_CC }, { "Bcc", HEADER_BCC }, { "Delivered-To", HEADER_DELIVERED_TO },
        { "Return-Path", HEADER_RETURN_PATH },
        { "To ", HEADER_TO }, { "To \t", HEADER_TO }, { "Subject", HEADER_OTHER }, { "", HEADER_OTHER },
        { " To", HEADER_OTHER },
        { "X-To", HEADER_OTHER }, { "T", HEADER_OTHER }, { "Too", HEADER_OTHER }, { "Resent-To", HEADER_RESENT_TO },
        { " ", HEADER_OTHER },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (header_field_of(rows[i].name, strlen(rows[i].name)) != rows[i].want)
            test_fail(__FILE__, __LINE__, "\"%s\" is not %d", rows[i].name, rows[i].want);
}

static const char message[] =
    "Received: from a\r\n\tby b; date\r\n"
    "received : from c\r\n"
    "From: a@b.example\r\n"
    "To: x@y.example,\r\n To: not a field\r\n"
    "Subject: Received: no\r\n"
    "A-Very-Long-Name-Of-A-Field-That-Ends-In-Received: 1\r\n"
    "Message-ID: <id.1@b.example>\r\n"
    "Message-ID: <id.2@b.example>\r\n"
    "Bcc:\r\n"
    "\r\n"
    "Received: in the body\r\nFrom: in the body\r\n";

static void counted_in_pieces_of_any_size(void)
{
    for (size_t step = 1; step < sizeof message + 1; step++) {
        watch(message, step);
        CHECK_EQ(h.count[HEADER_RECEIVED], 2);
        CHECK_EQ(h.count[HEADER_FROM], 1);
        CHECK_EQ(h.count[HEADER_TO], 1);
        CHECK_EQ(h.count[HEADER_BCC], 1);
        CHECK_EQ(h.count[HEADER_DATE], 0);
        CHECK_EQ(h.count[HEADER_MESSAGE_ID], 2);
        CHECK_EQ(h.count[HEADER_OTHER], 2);
        CHECK_STR(h.message_id, "<id.1@b.example>");
    }
}

static void a_body_without_a_header_section(void)
{
    watch("hello\r\nReceived: x\r\n", 4);
    CHECK_EQ(h.count[HEADER_RECEIVED], 0);
    watch("\r\nReceived: x\r\n", 3);
    CHECK_EQ(h.count[HEADER_RECEIVED], 0);
    watch("", 1);
    CHECK_EQ(h.count[HEADER_OTHER], 0);
}

static void a_folded_first_line_is_no_field(void)
{
    watch(" Received: x\r\nTo: y\r\n\r\n", 5);
    CHECK_EQ(h.count[HEADER_RECEIVED], 0);
    CHECK_EQ(h.count[HEADER_TO], 1);
}

static void a_line_that_begins_with_a_colon_is_none_of_them(void)
{
    watch(": x\r\nTo: y\r\n\r\n", 5);
    CHECK_EQ(h.count[HEADER_RECEIVED], 0);
}

static void f2_a_hundred_and_one_received(void)
{
    header_start(&h);
    for (int i = 0; i < 101; i++)
        header_watch(&h, "Received: x\r\n", 13);
    CHECK_EQ(h.count[HEADER_RECEIVED], 101);
}

static void message_ids(void)
{
    static const char *const rows[][2] = {
        { "Message-ID: <a@b>\r\n\r\n", "<a@b>" }, { "Message-ID:<a@b>\r\n\r\n", "<a@b>" },
        { "Message-ID: a@b\r\n\r\n", "" },
        { "Message-ID: <a b>\r\n\r\n", "" }, { "Message-ID: <a@b\r\n\r\n", "" },
        { "Message-ID: <a\x01@b>\r\n\r\n", "" },
        { "Message-ID: <\xe9@b>\r\n\r\n", "" }, { "Message-ID: x <a@b> <c@d>\r\n\r\n", "<a@b>" },
        { "Message-ID:\r\n\r\n", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step < 40; step++) {
            watch(rows[i][0], step);
            CHECK_STR(h.message_id, rows[i][1]);
        }
    }
}

/* Outlook and others fold behind the colon when the id is long (RFC 5322 2.2.3). */
static void a_folded_message_id_is_found(void)
{
    watch("Message-ID:\r\n <a@b.example>\r\nTo: x\r\n\r\n", 7);
    CHECK_STR(h.message_id, "<a@b.example>");
    CHECK_EQ(h.count[HEADER_TO], 1);
}

static void a_message_id_that_is_too_long_is_none(void)
{
    char text[400] = "Message-ID: <";
    size_t front = strlen(text);

    for (size_t n = HEADER_ID_MOST - 5; n < HEADER_ID_MOST + 5; n++) {
        memset(text + front, 'x', n - 2);
        strcpy(text + front + n - 2, ">\r\n\r\n");
        watch(text, 50);
        CHECK_EQ(strlen(h.message_id), n < HEADER_ID_MOST ? n : 0);
    }
}

static void where_the_section_ends(void)
{
    header_start(&h);
    CHECK_EQ(header_watch(&h, "A: b\r\n\r\nx: y\r\n\r\n", 18), 6);
    CHECK_EQ(header_watch(&h, "\r\n", 2), 2);      /* it is over */
    header_start(&h);
    CHECK_EQ(header_watch(&h, "\r\nx\r\n", 5), 0);
    header_start(&h);
    CHECK_EQ(header_watch(&h, "A: b\r\n", 6), 6);
    CHECK_EQ(header_watch(&h, "\r\n", 2), 0);
    header_start(&h);
    CHECK_EQ(header_watch(&h, "no field\r\n\r\n", 12), 12);
}

int main(void)
{
    RUN(names);
    RUN(counted_in_pieces_of_any_size);
    RUN(a_body_without_a_header_section);
    RUN(a_folded_first_line_is_no_field);
    RUN(a_line_that_begins_with_a_colon_is_none_of_them);
    RUN(f2_a_hundred_and_one_received);
    RUN(where_the_section_ends);
    RUN(message_ids);
    RUN(a_folded_message_id_is_found);
    RUN(a_message_id_that_is_too_long_is_none);
    TEST_DONE();
}
