/* UTF-8: every code point both ways, and every way to write one wrongly that RFC 3629 names. */
#include "base/utf8.h"

#include "test.h"

/* Encodes v in exactly len bytes, overlong or not, surrogate or not. */
static void encode(char *p, uint32_t v, size_t len)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = len; i-- > 1; v >>= 6)
        p[i] = (char)(0x80 | (v & 0x3f));
    p[0] = (char)(lead[len] | v);
}

static void every_code_point_has_one_form(void)
{
    char text[5] = { 0 };
    unsigned wrong = 0;

    for (uint32_t v = 0; v < 0x200000; v++) {
        bool is_point = v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
        size_t shortest = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
        for (size_t len = shortest; len <= 4; len++) {
            uint32_t point = 77;
            encode(text, v, len);
            size_t got = utf8_char(text, len, &point);
            wrong += is_point && len == shortest ? got != len || point != v : got != 0 || point != 77;
            wrong += utf8_char(text, len - 1, &point) != 0;
        }
    }
    CHECK_EQ(wrong, 0);
}

static void a_lead_byte_without_its_rest(void)
{
    static const char *const rows[] = {
        "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe2\x82", "\xe2(\xa1", "\xe2\x28\xa1",
        "\xf0\x9f\x93", "\xf0\x28\x8c\xbc", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xed\xa0\x80",
    };
    uint32_t point;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(utf8_char(rows[i], strlen(rows[i]), &point), 0);
        CHECK(!utf8_is_text(rows[i], strlen(rows[i])));
    }
}

static void text_has_no_controls(void)
{
    char text[] = "a?b";

    for (uint32_t v = 0; v < 0x80; v++) {
        text[1] = (char)v;
        CHECK_EQ(utf8_is_text(text, 3), v >= ' ' && v != 0x7f);
    }
    CHECK(utf8_is_text("", 0));
    CHECK(!utf8_is_text("\xc2\x80", 2));         /* U+0080 */
    CHECK(!utf8_is_text("\xc2\x9f", 2));
    CHECK(utf8_is_text("\xc2\xa0", 2));
    CHECK(utf8_is_text("M\xc3\xbcller \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\xac", 19));
    CHECK(!utf8_is_text("M\xc3", 2));
    CHECK(!utf8_is_text("\0", 1));
}

static void points(void)
{
    static const struct { uint32_t point; bool text; } rows[] = {
        { 0, false }, { 0x1f, false }, { 0x20, true }, { 0x7e, true }, { 0x7f, false }, { 0x9f, false }, { 0xa0, true },
        { 0xd7ff, true }, { 0xd800, false }, { 0xdfff, false }, { 0xe000, true }, { 0x10ffff, true },
        { 0x110000, false }, { UINT32_MAX, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_EQ(utf8_is_text_point(rows[i].point), rows[i].text);
}

int main(void)
{
    RUN(every_code_point_has_one_form);
    RUN(a_lead_byte_without_its_rest);
    RUN(text_has_no_controls);
    RUN(points);
    TEST_DONE();
}
