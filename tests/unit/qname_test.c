/* Names of queue files: round trips, what is refused, the order of a pass, and clocks that jump (CASES I5). */
#include "mail/qname.h"

#include "base/str.h"
#include "test.h"

static void a_name_as_the_manual_shows_it(void)
{
    struct qname q = { .due = 0x692466c8, .id = 0 }, back;
    char text[QNAME_TEXT];

    CHECK_EQ(qname_read_id("k3x9q0mz71ab", &q.id), 0);
    qname_format(&q, text);
    CHECK_STR(text, "00692466c8.k3x9q0mz71ab");
    CHECK_EQ(strlen(text), QNAME_TEXT - 1);
    CHECK_EQ(qname_parse(text, &back), 0);
    CHECK(back.due == q.due && back.id == q.id);
}

static void round_trips(void)
{
    static const uint64_t values[] = { 0, 1, 31, 32, 0xffffffff, 0x100000000, (1ull << 60) - 1, 0x0123456789abcdef,
                                       1ull << 59 };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            struct qname q = { .due = values[i] & QNAME_HOLD, .id = values[k] }, back;
            char text[QNAME_TEXT];
            qname_format(&q, text);
            CHECK_EQ(qname_parse(text, &back), 0);
            CHECK(back.due == q.due && back.id == q.id);
        }
    }
}

static void every_bit_of_the_id_is_kept(void)
{
    for (int bit = 0; bit < 60; bit++) {
        char text[QNAME_ID + 1];
        uint64_t back;
        qname_id(1ull << bit, text);
        CHECK_EQ(strlen(text), QNAME_ID);
        CHECK_EQ(qname_read_id(text, &back), 0);
        CHECK(back == 1ull << bit);
    }
}

static void other_names_are_refused(void)
{
    static const char *const rows[] = {
        "", ".", "..", "lock", "00692466c8", "00692466c8.", "00692466c8.k3x9q0mz71a", "00692466c8.k3x9q0mz71abc",
        "0692466c8.k3x9q0mz71ab", "000692466c8.k3x9q0mz71ab", "00692466C8.k3x9q0mz71ab", "00692466c8.K3x9q0mz71ab",
        "00692466c8.k3x9q0mz71ai", "00692466c8.k3x9q0mz71al", "00692466c8.k3x9q0mz71ao", "00692466c8.k3x9q0mz71au",
        "00692466c8-k3x9q0mz71ab", "00692466g8.k3x9q0mz71ab", "-0692466c8.k3x9q0mz71ab", "00692466c8.k3x9q0mz71/b",
        "00692466c8.k3x9q0mz71ab ", " 00692466c8.k3x9q0mz71a", "00692466c8.k3x9q0mz71\xe4" "b",
        "+0692466c8.k3x9q0mz71ab",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct qname q;
        if (qname_parse(rows[i], &q) != -1)
            test_fail(__FILE__, __LINE__, "taken for a name: \"%s\"", rows[i]);
    }
}

/* Whatever single byte is changed, the name is either refused or one that is written the same way. */
static void one_changed_byte(void)
{
    char text[QNAME_TEXT], again[QNAME_TEXT];

    for (size_t at = 0; at < QNAME_TEXT - 1; at++) {
        for (int c = 1; c < 256; c++) {
            struct qname q;
            strcpy(text, "00692466c8.k3x9q0mz71ab");
            text[at] = (char)c;
            if (qname_parse(text, &q))
                continue;
            qname_format(&q, again);
            CHECK_STR(again, text);
        }
    }
}

static void ids_alone(void)
{
    uint64_t id;

    CHECK_EQ(qname_read_id("", &id), -1);
    CHECK_EQ(qname_read_id("k3x9q0mz71a", &id), -1);
    CHECK_EQ(qname_read_id("k3x9q0mz71abc", &id), -1);
    CHECK_EQ(qname_read_id("k3x9q0mz71aI", &id), -1);
    CHECK_EQ(qname_read_id("zzzzzzzzzzzz", &id), 0);
    CHECK(id == (1ull << 60) - 1);
}

#define DAY 86400
#define NOW ((int64_t)0x692466c8)

static void i5_when_it_is_due(void)
{
    static const struct { uint64_t due; int64_t now; uint32_t farthest; int want; } rows[] = {
        { NOW, NOW, DAY, 1 }, { NOW - 1, NOW, DAY, 1 }, { NOW + 1, NOW, DAY, 0 }, { NOW + DAY, NOW, DAY, 0 },
        /* no retry is that far ahead: the clock was ahead when it was set */
        { NOW + DAY + 1, NOW, DAY, 1 },
        { NOW, 0, DAY, 1 },                          /* the board has booted in 1970: better now than in 56 years */
        { NOW, NOW + 3650ll * DAY, DAY, 1 }, { 0, 0, DAY, 1 }, { 0, NOW, DAY, 1 }, { 1, 0, DAY, 0 },
        { QNAME_HOLD, NOW, DAY, 0 }, { QNAME_HOLD, 0, 0, 0 }, { QNAME_HOLD, (int64_t)QNAME_HOLD, DAY, 0 },
        { QNAME_HOLD - 1, NOW, DAY, 1 }, { NOW, NOW, 0, 1 }, { NOW + 1, NOW, 0, 1 }, { NOW + DAY, NOW, UINT32_MAX, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct qname q = { .due = rows[i].due };
        if (qname_is_due(&q, rows[i].now, rows[i].farthest) != (rows[i].want == 1))
            test_fail(__FILE__, __LINE__, "row %d", (int)i);
    }
}

static void the_order_of_a_pass(void)
{
    struct qname a = { 1, 5 }, b = { 2, 1 }, c = { 2, (1ull << 60) - 1 }, d = { QNAME_HOLD, 0 };

    CHECK(qname_compare(&a, &b) < 0 && qname_compare(&b, &a) > 0);
    CHECK(qname_compare(&b, &c) < 0 && qname_compare(&c, &b) > 0);
    CHECK(qname_compare(&c, &d) < 0 && qname_compare(&d, &c) > 0);
    CHECK_EQ(qname_compare(&b, &b), 0);
}

/* Names sort as text the way they sort as numbers, so that ls shows what is next. */
static void text_sorts_as_numbers_do(void)
{
    static const uint64_t values[] = { 0, 1, 31, 32, 0x3ff, 0x400, 0xffffffff, 0x100000000, QNAME_HOLD };
    char x[QNAME_TEXT], y[QNAME_TEXT];

    for (unsigned i = 0; i < 81; i++) {
        for (unsigned k = 0; k < 81; k++) {
            struct qname a = { values[i / 9], values[i % 9] }, b = { values[k / 9], values[k % 9] };
            qname_format(&a, x);
            qname_format(&b, y);
            int text = strcmp(x, y), number = qname_compare(&a, &b);
            CHECK_EQ(text < 0 ? -1 : text > 0, number < 0 ? -1 : number > 0);
        }
    }
}

int main(void)
{
    RUN(a_name_as_the_manual_shows_it);
    RUN(round_trips);
    RUN(every_bit_of_the_id_is_kept);
    RUN(other_names_are_refused);
    RUN(one_changed_byte);
    RUN(ids_alone);
    RUN(i5_when_it_is_due);
    RUN(the_order_of_a_pass);
    RUN(text_sorts_as_numbers_do);
    TEST_DONE();
}
