/* From BINARYMIME to lines: whole messages in and out, every cut of them, and what cannot be converted. */
#include "mail/recode.h"

#include "test.h"

#include <stdlib.h>

static char out[RECODE_ROOM(20000)];
static size_t out_n;

/* Feeds it in pieces of `piece` bytes, each from and to a block of just its size, so that the sanitised build sees a
 * byte too many. */
static enum recode_result feed(const char *text, size_t n, size_t piece, bool binary)
{
    struct recode *r = malloc(sizeof *r);
    enum recode_result result = RECODE_GOOD;
    size_t made;

    memset(r, 0x55, sizeof *r);
    recode_start(r, binary);
    out_n = 0;
    for (size_t at = 0; at < n; at += piece) {
        size_t part = n - at < piece ? n - at : piece;
        char *in = malloc(part), *to = malloc(RECODE_ROOM(part));
        memcpy(in, text + at, part);
        result = recode_take(r, in, part, to, &made);
        memcpy(out + out_n, to, made);
        out_n += made;
        free(in);
        free(to);
    }
    char *to = malloc(RECODE_ROOM(0));
    result = recode_finish(r, to, &made);
    memcpy(out + out_n, to, made);
    out_n += made;
    out[out_n] = '\0';
    free(to);
    free(r);
    return result;
}

static void check_n(int line, const char *in, size_t n, enum recode_result want, const char *to, size_t to_n)
{
    for (size_t piece = 1; piece <= n; piece++) {
        enum recode_result got = feed(in, n, piece, true);
        if (got != want || (want == RECODE_GOOD && (out_n != to_n || memcmp(out, to, to_n) != 0))) {
            char quoted[500];
            test_fail(__FILE__, line, "in pieces of %u: %d, %s", (unsigned)piece, got,
                      test_quote(quoted, sizeof quoted, out));
            return;
        }
    }
}

#define BECOMES(in, to) check_n(__LINE__, in, sizeof(in) - 1, RECODE_GOOD, to, sizeof(to) - 1)
#define SAME(in)        BECOMES(in, in)
#define FAILS(in, why)  check_n(__LINE__, in, sizeof(in) - 1, why, "", 0)

#define BINARY "Content-Transfer-Encoding: binary\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"
#define EIGHT  "Content-Transfer-Encoding: 8bit\r\n"
#define MIXED  "Content-Type: multipart/mixed; boundary=abc\r\n"

static void what_is_not_binary_goes_through(void)
{
    SAME("Subject: x\r\n\r\nhello\r\n");
    SAME("\r\nhello\r\n");
    SAME("\r\n");
    SAME("Subject: x\r\n folded\r\n\tagain\r\n\r\n\r\n\r\n--\r\n-\r\n");
    SAME("content-transfer-encoding:8bit\r\nContent-Type: text/plain\r\n\r\ngr\xc3\xbc\xc3\x9f" "e\r\n");
    SAME("Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
    SAME(MIXED "\r\npre\r\n--abc\r\n\r\none\r\n"
         "--abc\r\nA: b\r\n\r\n--not\r\n--abcd\r\n--ab\r\n--abc-\r\n--abc--\r\nepi\r\n");
    SAME("Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody\r\n");
    BECOMES("Subject: x\r\n\r\nno end", "Subject: x\r\n\r\nno end\r\n");
}

static void a_binary_body_becomes_base64(void)
{
    BECOMES("Subject: x\r\n" BINARY "\r\n\x00\r\n\xff", "Subject: x\r\n" BASE64 "\r\nAA0K/w==\r\n");
    BECOMES(BINARY "Subject: x\r\n\r\n\r", "Subject: x\r\n" BASE64 "\r\nDQ==\r\n");
    BECOMES(BINARY "\r\n", BASE64 "\r\n");
    BECOMES(BINARY "\r\n\r\n", BASE64 "\r\nDQo=\r\n");
    BECOMES(BINARY "\r\nab\nc\n", BASE64 "\r\nYWIKYwo=\r\n");
    BECOMES(BINARY "\r\n--\n-\r--\r\n--", BASE64 "\r\nLS0KLQ0tLQ0KLS0=\r\n");
    BECOMES("content-TRANSFER-encoding : \r\n\tBinary (yes)\r\nContent-Type: text/plain\r\n\r\nabc",
            "Content-Type: text/plain\r\n" BASE64 "\r\nYWJj\r\n");
}

static void lines_of_base64_are_76_long(void)
{
    char in[400] = BINARY "\r\n", want[800];
    size_t head = strlen(in), n;

    for (size_t bytes = 0; bytes < 200; bytes++) {
        memset(in + head, 0, bytes);
        n = (size_t)sprintf(want, "%s", BASE64 "\r\n");
        for (size_t i = 0, col = 0; i < (bytes + 2) / 3 * 4; i++, col++) {
            if (col == 76)
                n += (size_t)sprintf(want + n, "\r\n");
            col %= 76;
            want[n++] = i >= (bytes * 4 + 2) / 3 ? '=' : 'A';
        }
        if (bytes)
            n += (size_t)sprintf(want + n, "\r\n");
        CHECK_EQ(feed(in, head + bytes, 1000, true), RECODE_GOOD);
        CHECK_EQ(out_n, n);
        CHECK_MEM(out, want, n);
    }
}

static void binary_parts(void)
{
    BECOMES(MIXED BINARY "\r\n--abc\r\n" BINARY "Content-Type: x/y\r\n\r\n"
            "\x01\r\n--ab\x00\r\n--abc\r\n\r\ntext\r\n--abc--\r\n",
            MIXED EIGHT "\r\n--abc\r\nContent-Type: x/y\r\n" BASE64
            "\r\nAQ0KLS1hYgA=\r\n--abc\r\n\r\ntext\r\n--abc--\r\n");
    /* The line end before a delimiter is the delimiter's. */
    BECOMES(MIXED "\r\n--abc\r\n" BINARY "\r\n--abc\r\n" BINARY "\r\n\r\n--abc\r\n" BINARY "\r\nX\r\n--abc\r\n" BINARY
            "\r\nX\r\n\r\n--abc--",
            MIXED "\r\n--abc\r\n" BASE64 "\r\n--abc\r\n" BASE64 "\r\n\r\n--abc\r\n" BASE64 "\r\nWA==\r\n--abc\r\n"
            BASE64 "\r\nWA0K\r\n--abc--\r\n");
    /* Blanks behind it are not looked at; a bare LF or CR before or behind it makes it none. */
    BECOMES(MIXED "\r\n--abc \t\r\n" BINARY "\r\nX\n--abc\r\r\n--abc\n\r\n--abc-- \r\nepilogue\r\n",
            MIXED "\r\n--abc \t\r\n" BASE64 "\r\nWAotLWFiYw0NCi0tYWJjCg==\r\n--abc-- \r\nepilogue\r\n");
    /* One without a closing delimiter ends with the message. */
    BECOMES(MIXED "\r\n--abc\r\n" BINARY "\r\nX\r\n--ab", MIXED "\r\n--abc\r\n" BASE64 "\r\nWA0KLS1hYg==\r\n");
}

static void parts_in_parts(void)
{
    BECOMES("Content-Type: multipart/alternative;\r\n boundary=\"a b\"\r\n\r\n"
            "--a b\r\n" MIXED BINARY "\r\n--abc\r\n" BINARY "\r\n\n\r\n--abc--\r\n"
            "--a b\r\n" BINARY "\r\n\n\r\n--a b--\r\n",
            "Content-Type: multipart/alternative;\r\n boundary=\"a b\"\r\n\r\n"
            "--a b\r\n" MIXED EIGHT "\r\n--abc\r\n" BASE64 "\r\nCg==\r\n--abc--\r\n"
            "--a b\r\n" BASE64 "\r\nCg==\r\n--a b--\r\n");
    /* A delimiter of the outer one ends the inner ones. */
    BECOMES("Content-Type: multipart/x; boundary=out\r\n\r\n--out\r\n" MIXED "\r\n--abc\r\n" BINARY
            "\r\n\n\r\n--out\r\n" BINARY "\r\n\r\n--abc\r\n--out--\r\n",
            "Content-Type: multipart/x; boundary=out\r\n\r\n--out\r\n" MIXED "\r\n--abc\r\n" BASE64
            "\r\nCg==\r\n--out\r\n" BASE64 "\r\nDQotLWFiYw==\r\n--out--\r\n");
    BECOMES("Content-Type: message/rfc822\r\n" BINARY "\r\nSubject: in\r\n" BINARY "\r\n\n",
            "Content-Type: message/rfc822\r\n" EIGHT "\r\nSubject: in\r\n" BASE64 "\r\nCg==\r\n");
    BECOMES("Content-Type: multipart/digest; boundary=abc\r\n\r\n--abc\r\n\r\nFrom: a\r\n" BINARY "\r\n\n\r\n--abc\r\n"
            "Content-Type: x/y\r\n" BINARY "\r\n\n\r\n--abc--\r\n",
            "Content-Type: multipart/digest; boundary=abc\r\n\r\n--abc\r\n\r\nFrom: a\r\n" BASE64
            "\r\nCg==\r\n--abc\r\nContent-Type: x/y\r\n" BASE64 "\r\nCg==\r\n--abc--\r\n");
    BECOMES("Content-Type: message/delivery-status\r\n" BINARY "\r\nAction: failed\r\n",
            "Content-Type: message/delivery-status\r\n" EIGHT "\r\nAction: failed\r\n");
}

static void boundaries_as_they_are_written(void)
{
    static const struct { const char *type, *boundary; } rows[] = {
        { "multipart/mixed; boundary=abc", "abc" }, { "Multipart/Mixed;BOUNDARY=abc", "abc" },
        { "multipart/mixed; boundary=\"abc\"", "abc" }, { "multipart/mixed; boundary=\"a b;c\"", "a b;c" },
        { "multipart/mixed; boundary=\"a\\\"b\"", "a\"b" }, { "multipart/mixed; charset=x; boundary=abc; x=y", "abc" },
        { "multipart/mixed; x=\"; boundary=no\"; boundary=abc", "abc" },
        { "multipart/mixed;\r\n\tboundary=abc\r\n ", "abc" },
        { "multipart/mixed; boundary = abc", "abc" }, { "multipart/mixed; boundary=abc (comment)", "abc" },
        { "multipart/mixed; xboundary=no; boundary=abc", "abc" }, { "multipart/mixed ; boundary=abc;", "abc" },
        { "multipart/mixed; boundary==_=:?/'()+,-.", "=_=:?/'" },
        { "multipart/mixed; boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
          "1234567890123456789012345678901234567890123456789012345678901234567890" },
        { "multipart/mixed", NULL }, { "multipart/mixed; boundary=", NULL }, { "multipart/mixed; boundary", NULL },
        { "multipart/mixed; boundary=\"\"", NULL }, { "multipart/mixed; boundary=\"abc", NULL },
        { "multipart/mixed; boundary=\"a\r\n b\"", NULL }, { "multipart/mixed; boundary=a\xc3\xbc", NULL },
        { "multipart/mixed; boundary*0=a", NULL },
        { "multipart/mixed; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", NULL },
    };
    char in[1000], want[1000];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = sprintf(in, "Content-Type: %s\r\n\r\n--%s\r\n" BINARY "\r\n\n", rows[i].type, rows[i].boundary);
        sprintf(want, "Content-Type: %s\r\n\r\n--%s\r\n" BASE64 "\r\nCg==\r\n", rows[i].type, rows[i].boundary);
        enum recode_result got = feed(in, (size_t)n, 1000, true);
        if (got != (rows[i].boundary ? RECODE_GOOD : RECODE_BROKEN) || (rows[i].boundary && strcmp(out, want) != 0))
            test_fail(__FILE__, __LINE__, "%s: %d\n%s", rows[i].type, got, out);
    }
}

static void a_bare_line_end_where_nothing_says_binary(void)
{
    FAILS("Subject: x\r\n\r\na\nb\r\n", RECODE_BARE);
    FAILS("Subject: x\r\n\r\na\rb\r\n", RECODE_BARE);
    FAILS("Subject: x\r\n\r\na\x00" "b\r\n", RECODE_BARE);
    FAILS("Subject: x\r\n\r\na\r\r\n", RECODE_BARE);
    FAILS("Subject: x\r\n\r\na\r", RECODE_BARE);
    FAILS("Subject: x\r\n\r\n\r", RECODE_BARE);
    FAILS("Subject: x\r\n\r\n\n", RECODE_BARE);
    FAILS("Subject: x\r\n\r\n\x00", RECODE_BARE);
    FAILS("Subject: x\r\n\r\na\r\n\n", RECODE_BARE);
    FAILS("Subject: x\n\r\nab\r\n", RECODE_BARE);
    FAILS("Subject: x\r\n\n", RECODE_BARE);
    FAILS("Subject: x\r\n\rx", RECODE_BARE);
    FAILS("Subject\n: x\r\n\r\n", RECODE_BARE);
    FAILS("Subject: x\ry\r\n\r\n", RECODE_BARE);
    FAILS("Subject: \x00\r\n\r\n", RECODE_BARE);
    FAILS("S\x00: x\r\n\r\n", RECODE_BARE);
    FAILS("\n", RECODE_BARE);
    FAILS(MIXED "\r\npre\namble\r\n", RECODE_BARE);
    FAILS(MIXED BINARY "\r\n--abc\r\n\r\na\nb\r\n--abc--\r\n", RECODE_BARE);
    FAILS(MIXED "\r\n--abc\r\n" BINARY "\r\n\n\r\n--abc\r\n\r\n-\n\r\n--abc--\r\n", RECODE_BARE);
    FAILS(MIXED "\r\n--abc\r\n" BINARY "\r\n\n\r\n--abc--\r\nepi\nlogue\r\n", RECODE_BARE);
    FAILS("Content-Type: message/rfc822\r\n" BINARY "\r\nA: b\r\n\r\na\n", RECODE_BARE);
    FAILS("Content-Type: message/partial\r\n" BINARY "\r\n\n", RECODE_BARE);
}

static void header_sections_that_are_none(void)
{
    FAILS("Subject: x\r\n", RECODE_BROKEN);
    FAILS("Subject: x", RECODE_BROKEN);
    FAILS("Subject: x\r\n\r", RECODE_BROKEN);
    FAILS(" x\r\n\r\n", RECODE_BROKEN);
    FAILS("no colon\r\n\r\n", RECODE_BROKEN);
    FAILS(MIXED "\r\n--abc\r\nA: b\r\n--abc--\r\n", RECODE_BROKEN);
    FAILS(MIXED "\r\n--abc\r\n", RECODE_BROKEN);
    FAILS(MIXED "\r\n--abc", RECODE_BROKEN);
    FAILS(MIXED MIXED "\r\n", RECODE_BROKEN);
    FAILS(BINARY BINARY "\r\n", RECODE_BROKEN);
    FAILS(EIGHT BINARY "\r\n", RECODE_BROKEN);
    FAILS("Content-Type: message/rfc822\r\n\r\nA: b\r\n", RECODE_BROKEN);
    FAILS("Content-Type: message/rfc822\r\n\r\n", RECODE_BROKEN);
}

static void fields_of_any_length_but_those_that_are_read(void)
{
    static char in[8000];
    size_t n;

    for (int field = 0; field < 3; field++) {
        static const char *const names[] = { "Subject: ", "Content-Type: x/y; z=", "Content-Transfer-Encoding: x-y;" };
        static const size_t lengths[] = { RECODE_HOLD - 2, RECODE_HOLD - 1, 6000 };
        for (int i = 0; i < 3; i++) {
            memset(in, 'z', sizeof in);
            memcpy(in, names[field], strlen(names[field]));
            memcpy(in + lengths[i], "\r\n\r\n", 4);
            n = lengths[i] + 4;
            enum recode_result got = feed(in, n, 777, true);
            CHECK_EQ(got, field && i ? RECODE_BROKEN : RECODE_GOOD);
            if (got == RECODE_GOOD) {
                CHECK_EQ(out_n, n);
                CHECK_MEM(out, in, n);
            }
        }
    }
}

static void as_deep_as_it_goes(void)
{
    char in[2000];

    for (int depth = RECODE_DEPTH; depth <= RECODE_DEPTH + 1; depth++) {
        size_t n = 0;
        for (int i = 0; i < depth; i++)
            n += (size_t)sprintf(in + n, "Content-Type: multipart/mixed; boundary=%d\r\n" BINARY "\r\n--%d\r\n", i, i);
        n += (size_t)sprintf(in + n, BINARY "\r\n\n\r\n--%d--\r\n--0\r\n" BINARY "\r\n\r", depth - 1);
        CHECK_EQ(feed(in, n, 10, true), depth > RECODE_DEPTH ? RECODE_DEEP : RECODE_GOOD);
        if (depth == RECODE_DEPTH)
            CHECK(strstr(out, BASE64 "\r\nCg==\r\n--7--\r\n--0\r\n" BASE64 "\r\nDQ==\r\n"));
    }
    /* Messages in messages take no room. */
    size_t n = 0;
    for (int i = 0; i < 50; i++)
        n += (size_t)sprintf(in + n, "Content-Type: message/rfc822\r\n\r\n");
    n += (size_t)sprintf(in + n, BINARY "\r\n\n");
    CHECK_EQ(feed(in, n, 10, true), RECODE_GOOD);
    CHECK(strstr(out, "rfc822\r\n\r\n" BASE64 "\r\nCg==\r\n"));
}

static void without_binary_only_line_ends_are_looked_at(void)
{
    static const char text[] = BINARY MIXED "no field\r\n\r\n--abc\r\n" BINARY "\r\nx\r\n";

    for (size_t piece = 1; piece < sizeof text; piece++) {
        CHECK_EQ(feed(text, sizeof text - 1, piece, false), RECODE_GOOD);
        CHECK_STR(out, text);
    }
    CHECK_EQ(feed("", 0, 1, false), RECODE_GOOD);
    CHECK_EQ(out_n, 0);
    CHECK_EQ(feed("a\nb\r\n", 5, 1, false), RECODE_BARE);
    CHECK_EQ(feed("a\r", 2, 1, false), RECODE_BARE);
    CHECK_EQ(feed("\r\n\x00", 3, 2, false), RECODE_BARE);
    CHECK_EQ(feed("-", 1, 1, false), RECODE_GOOD);
    CHECK_STR(out, "-\r\n");
}

static void a_fault_stays(void)
{
    static struct recode r;
    size_t made;

    recode_start(&r, true);
    CHECK_EQ(recode_take(&r, "a\n", 2, out, &made), RECODE_BARE);
    CHECK_EQ(recode_take(&r, "A: b\r\n\r\n", 8, out, &made), RECODE_BARE);
    CHECK_EQ(made, 0);
    CHECK_EQ(recode_finish(&r, out, &made), RECODE_BARE);
    CHECK_EQ(made, 0);
}

int main(void)
{
    RUN(what_is_not_binary_goes_through);
    RUN(a_binary_body_becomes_base64);
    RUN(lines_of_base64_are_76_long);
    RUN(binary_parts);
    RUN(parts_in_parts);
    RUN(boundaries_as_they_are_written);
    RUN(a_bare_line_end_where_nothing_says_binary);
    RUN(header_sections_that_are_none);
    RUN(fields_of_any_length_but_those_that_are_read);
    RUN(as_deep_as_it_goes);
    RUN(without_binary_only_line_ends_are_looked_at);
    RUN(a_fault_stays);
    TEST_DONE();
}
