/* What a submission lacks is added, and nothing else. */
#include "mail/complete.h"

#include "test.h"

static struct header h;
static char out[COMPLETE_MOST];

static const char *complete_of(const char *head, const char *name, const char *sender)
{
    struct complete c = { .name = name, .sender = sender, .hostname = "mx.example.org", .id = "0123456789ab",
                          .when = 1767225600 };

    header_start(&h);
    header_watch(&h, head, strlen(head));
    out[complete_fields(&c, &h, out)] = '\0';
    return out;
}

static void what_is_there_stays(void)
{
    CHECK_STR(complete_of("From: a@b\r\nDATE : x\r\nmessage-id: <y@z>\r\n\r\n", "N", "a@b"), "");
    CHECK_STR(h.message_id, "<y@z>");
}

static void what_is_missing_is_added(void)
{
    CHECK_STR(complete_of("Subject: x\r\n\r\n", "", "a@b.example"),
              "From: <a@b.example>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
              "Message-ID: <0123456789ab@mx.example.org>\r\n");
    CHECK_STR(h.message_id, "<0123456789ab@mx.example.org>");
    CHECK_STR(complete_of("From: a@b\r\nMessage-ID: <c@d>\r\n\r\n", "", "a@b"),
              "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n");
}

static void names_and_the_null_sender(void)
{
    CHECK_STR(complete_of("Date: x\r\nMessage-ID: <c@d>\r\n\r\n", "A \"B\" \\C\r\nX: y", "a@b"),
              "From: \"A B C??X: y\" <a@b>\r\n");
    CHECK_STR(complete_of("Date: x\r\nMessage-ID: <c@d>\r\n\r\n", "A", ""), "From: <MAILER-DAEMON@mx.example.org>\r\n");
}

static void all_of_it_fits(void)
{
    static char name[3000], sender[255], host[256];
    struct complete c = { .name = name, .sender = sender, .hostname = host, .id = "0123456789ab", .when = 0 };

    memset(name, 'n', sizeof name - 1);
    memset(sender, 's', sizeof sender - 1);
    memset(host, 'h', sizeof host - 1);
    header_start(&h);
    out[complete_fields(&c, &h, out)] = '\0';
    CHECK(strlen(out) > 700);
    CHECK_STR(out + strlen(out) - 4, "h>\r\n");
    CHECK(strstr(out, "s>\r\nDate: "));
    CHECK_EQ(strlen(h.message_id), sizeof h.message_id - 1);     /* the log's copy is cut */
}

int main(void)
{
    RUN(what_is_there_stays);
    RUN(what_is_missing_is_added);
    RUN(names_and_the_null_sender);
    RUN(all_of_it_fits);
    TEST_DONE();
}
