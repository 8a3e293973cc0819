/* Bounded strings: nothing is written past the buffer, and what was cut is known. */
#include "base/str.h"

#include "test.h"

static void a_new_string_is_empty(void)
{
    char buf[4] = "xxx";
    struct str s;

    str_init(&s, buf, sizeof buf);
    CHECK_STR(buf, "");
    CHECK_EQ(s.len, 0);
    CHECK(!s.cut);
}

static void it_fills_up_to_its_cap_and_no_further(void)
{
    char buf[8];
    struct str s;

    memset(buf, '#', sizeof buf);
    str_init(&s, buf, 5);
    str_add(&s, "abcd");
    CHECK(!s.cut);
    CHECK_STR(buf, "abcd");
    str_addc(&s, 'e');
    CHECK(s.cut);
    CHECK_STR(buf, "abcd");
    CHECK_EQ(s.len, 4);
    CHECK_MEM(buf + 5, "###", 3);
}

static void a_cut_is_remembered(void)
{
    char buf[4];
    struct str s;

    str_init(&s, buf, sizeof buf);
    str_add(&s, "abcdef");
    CHECK_STR(buf, "abc");
    str_add(&s, "");
    CHECK(s.cut);
}

static void a_cap_of_one_holds_nothing(void)
{
    char buf[1] = { 'x' };
    struct str s;

    str_init(&s, buf, 1);
    str_add(&s, "");
    CHECK(!s.cut);
    str_addc(&s, 'a');
    CHECK(s.cut);
    CHECK_EQ(buf[0], '\0');
}

static void numbers(void)
{
    static const struct {
        unsigned long long v;
        int digits;
        const char *dec, *hex;
    } rows[] = {
        { 0, 1, "0", "0" }, { 9, 1, "9", "9" }, { 10, 2, "10", "0a" }, { 255, 8, "255", "000000ff" },
        { 0x123, 2, "291", "23" },           /* what has no room among the digits is left out at the front */
        { ~0ull, 16, "18446744073709551615", "ffffffffffffffff" },
        { 1ull << 63, 16, "9223372036854775808", "8000000000000000" },
    };
    char buf[32];
    struct str s;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str_init(&s, buf, sizeof buf);
        str_addu(&s, rows[i].v);
        CHECK_STR(buf, rows[i].dec);
        str_init(&s, buf, sizeof buf);
        str_addx(&s, rows[i].v, rows[i].digits);
        CHECK_STR(buf, rows[i].hex);
    }
}

static void clean_keeps_printable_ascii_alone(void)
{
    char buf[300], all[256];
    struct str s;

    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    str_init(&s, buf, sizeof buf);
    str_add_clean(&s, all, sizeof all);
    CHECK_EQ(s.len, 256);
    for (int i = 0; i < 256; i++)
        CHECK_EQ(buf[i], i >= ' ' && i <= '~' ? i : '?');
}

static void copy_tells_when_it_cut(void)
{
    char buf[4];

    CHECK_EQ(str_copy(buf, sizeof buf, "abc"), 0);
    CHECK_STR(buf, "abc");
    CHECK_EQ(str_copy(buf, sizeof buf, "abcd"), -1);
    CHECK_STR(buf, "abc");
    CHECK_EQ(str_copy(buf, 1, ""), 0);
}

static void letters_are_ascii(void)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool upper = i >= 'A' && i <= 'Z', lower = i >= 'a' && i <= 'z', digit = i >= '0' && i <= '9';
        CHECK_EQ((unsigned char)str_lower(c), upper ? i + 32 : i);
        CHECK_EQ(str_is_digit(c), digit);
        CHECK_EQ(str_is_alnum(c), upper || lower || digit);
    }
}

static void comparing_ignores_case(void)
{
    CHECK(str_case_eq("", ""));
    CHECK(str_case_eq("Post-Master9", "pOST-mASTER9"));
    CHECK(!str_case_eq("a", "ab"));
    CHECK(!str_case_eq("ab", "a"));
    CHECK(!str_case_eq("a@", "a`"));         /* 32 apart, but no letters */
    CHECK(!str_case_eq("[", "{"));
    CHECK(str_case_eqn("abX", "ABy", 2));
    CHECK(!str_case_eqn("abX", "ABy", 3));
    CHECK(str_case_eqn("x", "y", 0));
}

static void eight_bit_is_seen_at_every_place(void)
{
    char text[40];

    for (size_t n = 0; n < sizeof text; n++) {
        for (size_t start = 0; start <= n; start++) {
            memset(text, 0x7f, sizeof text);
            CHECK(!str_has_8bit(text + start, n - start));
            if (start < n) {
                text[start] = (char)0x80;
                CHECK(str_has_8bit(text + start, n - start));
                text[start] = 0x7f;
                text[n - 1] = (char)0xff;
                CHECK(str_has_8bit(text + start, n - start));
            }
            text[n] = (char)0xff;            /* one behind does not count */
            text[n ? n - 1 : 0] = n ? 0x7f : (char)0xff;
            CHECK(!str_has_8bit(text + start, n - start));
        }
    }
}

static void words(void)
{
    const char *p = " \tone  two\tthree ", *w;
    size_t n;

    w = str_word(&p, &n);
    CHECK(w && n == 3 && !memcmp(w, "one", 3));
    w = str_word(&p, &n);
    CHECK(w && n == 3 && !memcmp(w, "two", 3));
    w = str_word(&p, &n);
    CHECK(w && n == 5 && !memcmp(w, "three", 5));
    CHECK(!str_word(&p, &n));
    CHECK_EQ(*p, '\0');
    CHECK(!str_word(&p, &n));
    p = "";
    CHECK(!str_word(&p, &n));
}

static void a_word_in_a_list(void)
{
    CHECK(str_in_words("a.example b.example", "B.EXAMPLE"));
    CHECK(str_in_words("  a.example\tb.example ", "a.example"));
    CHECK(!str_in_words("a.example", "a.exampl"));
    CHECK(!str_in_words("a.example", "a.example.org"));
    CHECK(!str_in_words("", "a"));
    CHECK(!str_in_words("a b", ""));
    CHECK(!str_in_words("a b", "a b"));
}

int main(void)
{
    RUN(a_new_string_is_empty);
    RUN(it_fills_up_to_its_cap_and_no_further);
    RUN(a_cut_is_remembered);
    RUN(a_cap_of_one_holds_nothing);
    RUN(numbers);
    RUN(clean_keeps_printable_ascii_alone);
    RUN(copy_tells_when_it_cut);
    RUN(letters_are_ascii);
    RUN(comparing_ignores_case);
    RUN(eight_bit_is_seen_at_every_place);
    RUN(words);
    RUN(a_word_in_a_list);
    TEST_DONE();
}
