/* Rules read one by one, by their offsets: whole whatever their length, and nothing where there is none. */
#include "mail/index.h"

#include "test.h"

#include <stdlib.h>

static char text[8000];
static size_t text_n, asked;

static long fetch(void *context, int source, uint32_t offset, char *buf, size_t cap)
{
    size_t n = offset < text_n ? text_n - offset : 0;

    CHECK(!context && source == 1);
    asked++;
    if (offset == 7777)
        return -1;
    n = n < cap ? n : cap;
    memcpy(buf, text + offset, n);
    return (long)n;
}

static const struct access_index by_offset = { NULL, fetch, NULL };
static struct index_line l;

static void put(const char *s)
{
    text_n = strlen(s);
    memcpy(text, s, text_n);
}

static void short_rules(void)
{
    put("smtpd: a\nsmtpd: b\n");
    asked = 0;
    CHECK(index_line_read(&by_offset, 1, 0, &l) && l.line.n == 8 && memcmp(l.line.p, "smtpd: a", 8) == 0);
    CHECK(index_line_read(&by_offset, 1, 9, &l) && memcmp(l.line.p, "smtpd: b", 8) == 0);
    CHECK_EQ(asked, 2);
}

/* One that goes on beyond what is read at first, in several lines; for each length around that edge. */
static void long_rules(void)
{
    for (size_t n = 480; n < 540; n++) {
        memset(text, 'a', sizeof text);
        memcpy(text, "smtpd: \\\n", 9);
        memcpy(text + n, "\nALL: ALL\n", 10);
        text_n = n + 10;
        CHECK(index_line_read(&by_offset, 1, 0, &l));
        CHECK_EQ(l.line.n, n - 2);
    }
}

static void what_is_no_rule(void)
{
    put("smtpd: a\n\n# b\nsmtpd: c");
    CHECK(!index_line_read(&by_offset, 1, 9, &l));       /* no rule starts there */
    CHECK(!index_line_read(&by_offset, 1, 14, &l));      /* its end is missing */
    CHECK(!index_line_read(&by_offset, 1, 500, &l));
    CHECK(!index_line_read(&by_offset, 1, 7777, &l));
}

int main(void)
{
    RUN(short_rules);
    RUN(long_rules);
    RUN(what_is_no_rule);
    TEST_DONE();
}
