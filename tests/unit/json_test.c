/* JSON strings (RFC 8259 7): what must be escaped is, what is no UTF-8 does not get out. */
#include "base/json.h"

#include "test.h"

static char out[2000];

static const char *json(const char *text)
{
    struct str s;

    str_init(&s, out, sizeof out);
    json_add_string(&s, text);
    return out;
}

static void strings(void)
{
    static const char *const rows[][2] = {
        { "", "\"\"" }, { "abc", "\"abc\"" }, { "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
        { "\n\r\t\x01\x1f\x7f", "\"\\u000a\\u000d\\u0009\\u0001\\u001f\\u007f\"" },
        { "\xc3\xa9", "\"\xc3\xa9\"" },                      /* two bytes */
        { "\xe2\x82\xac!", "\"\xe2\x82\xac!\"" },            /* three */
        { "\xf0\x9f\x93\xac", "\"\xf0\x9f\x93\xac\"" },      /* four */
        { "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"" },      /* U+10FFFF, the last */
        { "\x80", "\"\\ufffd\"" }, { "\xbf", "\"\\ufffd\"" }, { "\xff", "\"\\ufffd\"" },
        { "\xc3", "\"\\ufffd\"" }, { "\xc3" "a", "\"\\ufffda\"" }, { "\xc3\"", "\"\\ufffd\\\"\"" },
        { "\xe2\x82", "\"\\ufffd\\ufffd\"" }, { "\xf0\x9f\x93", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },                /* overlong */
        { "\xc1\xbf", "\"\\ufffd\\ufffd\"" }, { "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "\xf0\x80\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },     /* a surrogate */
        { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "\xc3\xa9\xff\xc3\xa9", "\"\xc3\xa9\\ufffd\xc3\xa9\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(json(rows[i][0]), rows[i][1]);
}

static void no_byte_leaves_raw_that_may_not(void)
{
    char text[3] = { 0 };

    for (int c = 1; c < 256; c++) {
        text[0] = (char)c;
        text[1] = 'x';
        json(text);
        for (const char *p = out; *p; p++)
            CHECK((unsigned char)*p >= ' ' && (unsigned char)*p < 0x7f);
        CHECK_EQ(out[0], '"');
        CHECK_EQ(out[strlen(out) - 1], '"');
    }
}

static void it_appends(void)
{
    struct str s;

    str_init(&s, out, sizeof out);
    str_add(&s, "{\"id\":");
    json_add_string(&s, "x");
    CHECK_STR(out, "{\"id\":\"x\"");
}

int main(void)
{
    RUN(strings);
    RUN(no_byte_leaves_raw_that_may_not);
    RUN(it_appends);
    TEST_DONE();
}
