/* The parameters of RFC 3461 row by row, their lengths byte by byte, and CASES B5 in each. */
#include "mail/dsn.h"

#include "test.h"

#include <stdlib.h>

static struct dsn_rcpt r;
static struct dsn_mail m;

/* A copy that ends where it ends, so that the sanitised build sees a byte too many. */
static char *copy(const char *text)
{
    size_t n = strlen(text);
    char *p = malloc(n ? n : 1);

    memcpy(p, text, n);
    return p;
}

static int notify(const char *text)
{
    char *p = copy(text);
    int got = dsn_notify(p, strlen(text), &r);

    free(p);
    return got;
}

static int orcpt(const char *text, bool utf8)
{
    char *p = copy(text);
    int got = dsn_orcpt(p, strlen(text), utf8, &r);

    free(p);
    return got;
}

static int envid(const char *text)
{
    char *p = copy(text);
    int got = dsn_envid(p, strlen(text), &m);

    free(p);
    return got;
}

static void notify_is_never_or_a_set(void)
{
    static const struct { const char *text; int want; } rows[] = {
        { "NEVER", DSN_NEVER }, { "SUCCESS", DSN_SUCCESS }, { "FAILURE", DSN_FAILURE }, { "DELAY", DSN_DELAY },
        { "never", DSN_NEVER }, { "Success,faiLURE", DSN_SUCCESS | DSN_FAILURE },
        { "DELAY,SUCCESS,FAILURE", DSN_DELAY | DSN_SUCCESS | DSN_FAILURE },
        { "", -1 }, { ",", -1 }, { "SUCCESS,", -1 }, { ",SUCCESS", -1 }, { "SUCCESS,,DELAY", -1 }, { "ALWAYS", -1 },
        { "NEVER,SUCCESS", -1 }, { "FAILURE,NEVER", -1 }, { "NEVER,NEVER", -1 }, { "DELAY,DELAY", -1 },
        { "SUCCESS FAILURE", -1 }, { "SUCCES", -1 }, { "SUCCESSS", -1 }, { "SUCCESS;DELAY", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        r.notify = 0x55;
        int got = notify(rows[i].text);
        if (got != (rows[i].want < 0 ? -1 : 0) || r.notify != (rows[i].want < 0 ? 0x55u : (unsigned)rows[i].want))
            test_fail(__FILE__, __LINE__, "%s: %d, %x", rows[i].text, got, r.notify);
    }
}

static void ret_is_one_of_two(void)
{
    static const struct { const char *text; int want; } rows[] = {
        { "FULL", DSN_RET_FULL }, { "full", DSN_RET_FULL }, { "HDRS", DSN_RET_HDRS }, { "hDrS", DSN_RET_HDRS },
        { "", -1 }, { "FULLY", -1 }, { "FUL", -1 }, { "HDR", -1 }, { "FULL,HDRS", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        m.ret = DSN_RET_NONE;
        CHECK_EQ(dsn_ret(rows[i].text, strlen(rows[i].text), &m), rows[i].want < 0 ? -1 : 0);
        CHECK_EQ(m.ret, rows[i].want < 0 ? DSN_RET_NONE : rows[i].want);
    }
}

static void envids(void)
{
    static const struct { const char *text; int want; } rows[] = {
        { "QQ314159", 0 }, { "a+2Bb+3Dc", 0 }, { "a+20b", 0 }, { "<x@y>", 0 }, { "~!", 0 },
        { "", -1 }, { "a=b", -1 }, { "a b", -1 }, { "a+2bb", -1 }, { "a+", -1 }, { "a+2", -1 }, { "+GG", -1 },
        { "+0D+0A", -1 }, { "+00", -1 }, { "+7F", -1 }, { "+1F", -1 }, { "+80", -1 }, { "+FF", -1 }, { "\x7f", -1 },
        { "a\x01", -1 }, { "\xc3\xbc", -1 }, { "a\tb", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strcpy(m.envid, "before");
        int got = envid(rows[i].text);
        if (got != rows[i].want)
            test_fail(__FILE__, __LINE__, "%s: %d", rows[i].text, got);
        CHECK_STR(m.envid, rows[i].want ? "before" : rows[i].text);
    }
}

static void an_envid_of_100_and_101(void)
{
    char text[102];

    memset(text, 'e', 101);
    text[101] = '\0';
    CHECK_EQ(envid(text), -1);
    text[100] = '\0';
    CHECK_EQ(envid(text), 0);
    CHECK_EQ(strlen(m.envid), 100);
}

static void orcpts(void)
{
    static const struct { const char *text; int ascii, utf8; } rows[] = {
        { "rfc822;a@b.example", 0, 0 }, { "RFC822;a+2Bb@c", 0, 0 }, { "rfc822;\"a+20b\"@c", 0, 0 },
        { "x400;/C=us/", -1, -1 }, { "x400;/C+3Dus/", 0, 0 }, { "x-a;b;c", 0, 0 },
        { "", -1, -1 }, { ";", -1, -1 }, { "rfc822", -1, -1 }, { "rfc822;", -1, -1 }, { ";a@b", -1, -1 },
        { "rfc 822;a@b", -1, -1 }, { "rfc822;a b@c", -1, -1 }, { "rfc822;a+b@c", -1, -1 }, { "rf+63;a@b", -1, -1 },
        { "rfc822;a+0D+0Ab@c", -1, -1 }, { "rfc822;+00", -1, -1 }, { "rfc822;a+7F", -1, -1 },
        { "rfc822;a+2b@c", -1, -1 }, { "rfc822;a+C3+A9@c", 0, 0 }, { "rfc822;a\xc3\xa9@c", -1, -1 },
        { "rfc822;\\x{E9}@c", 0, 0 },                        /* seven bytes that mean themselves there */
        { "utf-8;\\x{E9}@c", 0, 0 }, { "UTF-8;a\\x{1F4EC}b@c", 0, 0 }, { "utf-8;\\x{10FFFF}", 0, 0 },
        { "utf-8;\\x{e9}@c", 0, 0 }, { "utf-8;a+2Bb@c", 0, 0 },
        { "utf-8;a\xc3\xa9@c", -1, 0 }, { "utf-8;\xf0\x9f\x93\xac", -1, 0 }, { "utf8;\xc3\xa9", -1, -1 },
        { "utf-8;\xc3", -1, -1 }, { "utf-8;\xc0\xaf", -1, -1 }, { "utf-8;\xed\xa0\x80", -1, -1 },
        { "utf-8;\xc2\x85", -1, -1 },                        /* NEL, a control */
        { "utf-8;\\x{0}", -1, -1 }, { "utf-8;\\x{00}", -1, -1 }, { "utf-8;\\x{0D}", -1, -1 },
        { "utf-8;\\x{0A}", -1, -1 }, { "utf-8;\\x{85}", -1, -1 }, { "utf-8;\\x{D800}", -1, -1 },
        { "utf-8;\\x{110000}", -1, -1 }, { "utf-8;\\x{1000000}", -1, -1 }, { "utf-8;\\x{}", -1, -1 },
        { "utf-8;\\x{E9", -1, -1 }, { "utf-8;\\x{E9@c", -1, -1 }, { "utf-8;\\xE9", -1, -1 }, { "utf-8;a\\b", -1, -1 },
        { "utf-8;\\", -1, -1 }, { "utf-8;\\x{G0}", -1, -1 },
        { "\xc3\xa9;a", -1, -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int utf8 = 0; utf8 < 2; utf8++) {
            int want = utf8 ? rows[i].utf8 : rows[i].ascii;
            strcpy(r.orcpt, "before");
            int got = orcpt(rows[i].text, utf8);
            if (got != want)
                test_fail(__FILE__, __LINE__, "%s, utf8 %d: %d", rows[i].text, utf8, got);
            CHECK_STR(r.orcpt, want ? "before" : rows[i].text);
        }
    }
}

static void an_orcpt_of_500_and_501(void)
{
    char text[502];

    memset(text, 'o', sizeof text);
    memcpy(text, "rfc822;", 7);
    text[501] = '\0';
    CHECK_EQ(orcpt(text, true), -1);
    text[500] = '\0';
    CHECK_EQ(orcpt(text, true), 0);
    CHECK_EQ(strlen(r.orcpt), 500);
}

static void b5_no_byte_that_is_a_control_by_any_name(void)
{
    char text[] = "rfc822;a+00b", raw[] = "utf-8;axb";
    static const char digits[] = "0123456789ABCDEF";

    for (int c = 0; c < 256; c++) {
        text[9] = digits[c >> 4];
        text[10] = digits[c & 15];
        CHECK_EQ(dsn_orcpt(text, sizeof text - 1, true, &r), c >= ' ' && c != 0x7f ? 0 : -1);
        CHECK_EQ(dsn_envid(text + 7, sizeof text - 8, &m), c >= ' ' && c <= '~' ? 0 : -1);
        raw[7] = (char)c;
        int got = dsn_orcpt(raw, sizeof raw - 1, true, &r);
        CHECK_EQ(got, c > ' ' && c <= '~' && c != '+' && c != '=' && c != '\\' ? 0 : -1);
    }
}

static void twice_named(void)
{
    static const struct { unsigned a, b, want; } rows[] = {
        { 0, 0, 0 }, { DSN_NEVER, DSN_NEVER, DSN_NEVER }, { DSN_SUCCESS, DSN_DELAY, DSN_SUCCESS | DSN_DELAY },
        { DSN_NEVER, DSN_SUCCESS, DSN_SUCCESS }, { 0, DSN_NEVER, DSN_FAILURE | DSN_DELAY },
        { 0, DSN_SUCCESS, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY }, { DSN_FAILURE, DSN_FAILURE, DSN_FAILURE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(dsn_merge(rows[i].a, rows[i].b), rows[i].want);
        CHECK_EQ(dsn_merge(rows[i].b, rows[i].a), rows[i].want);
    }
    CHECK(dsn_wants_failure(0) && dsn_wants_failure(DSN_FAILURE | DSN_SUCCESS));
    CHECK(!dsn_wants_failure(DSN_NEVER) && !dsn_wants_failure(DSN_SUCCESS) && !dsn_wants_failure(DSN_DELAY));
}

static void xtext_both_ways(void)
{
    char raw[256], coded[800], back[800];
    size_t n = 0;

    for (int c = ' '; c <= '~'; c++)
        raw[n++] = (char)c;
    size_t len = dsn_xtext_encode(raw, n, coded);
    CHECK_EQ(len, n + 2 * 3);                    /* the blank, + and = take three */
    CHECK_EQ(strlen(coded), len);
    CHECK_EQ(dsn_xtext_decode(coded, len, back), n);
    CHECK_MEM(raw, back, n);
    CHECK_EQ(back[n], '\0');
    CHECK_EQ(dsn_xtext_encode("a+b=c d", 7, coded), 13);
    CHECK_STR(coded, "a+2Bb+3Dc+20d");
    CHECK_EQ(dsn_xtext_decode("", 0, back), 0);
    CHECK_STR(back, "");
    dsn_xtext_encode("\r\n\xff", 3, coded);
    CHECK_STR(coded, "+0D+0A+FF");
    CHECK_EQ(dsn_xtext_decode(coded, 9, back), -1);
}

int main(void)
{
    RUN(notify_is_never_or_a_set);
    RUN(ret_is_one_of_two);
    RUN(envids);
    RUN(an_envid_of_100_and_101);
    RUN(orcpts);
    RUN(an_orcpt_of_500_and_501);
    RUN(b5_no_byte_that_is_a_control_by_any_name);
    RUN(twice_named);
    RUN(xtext_both_ways);
    TEST_DONE();
}
