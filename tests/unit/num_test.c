/* Strict numbers: what is a number, what is none, and where each overflows. */
#include "base/num.h"

#include "test.h"

#define BAD UINT64_MAX           /* in a table: refused */
#define ROWS(rows) (sizeof rows / sizeof *rows)

static void decimal(void)
{
    static const struct {
        const char *text;
        uint64_t max, want;
    } rows[] = {
        { "0", 0, 0 }, { "0", 100, 0 }, { "100", 100, 100 }, { "101", 100, BAD }, { "1", 0, BAD }, { "9", 8, BAD },
        { "007", 7, 7 }, { "4294967295", UINT32_MAX, UINT32_MAX }, { "4294967296", UINT32_MAX, BAD },
        { "18446744073709551614", UINT64_MAX, UINT64_MAX - 1 }, { "18446744073709551616", UINT64_MAX, BAD },
        { "99999999999999999999", UINT64_MAX, BAD }, { "184467440737095516150", UINT64_MAX, BAD },
        { "00000000000000000000000001", 1, 1 },
        { "", 9, BAD }, { " 1", 9, BAD }, { "1 ", 9, BAD }, { "+1", 9, BAD }, { "-1", 9, BAD }, { "-0", 9, BAD },
        { "0x1", 99, BAD }, { "1e3", 9999, BAD }, { "1.0", 99, BAD }, { "1\n", 9, BAD }, { "/", 99, BAD },
        { ":", 99, BAD },
        { "\xb2", 9, BAD },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t v = 77;
        int r = num_dec(rows[i].text, strlen(rows[i].text), rows[i].max, &v);
        if (r != (rows[i].want == BAD ? -1 : 0) || v != (r ? 77 : rows[i].want))
            test_fail(__FILE__, __LINE__, "%s up to %llu: %d, %llu", rows[i].text, (unsigned long long)rows[i].max, r,
                      (unsigned long long)v);
    }
}

static void decimal_reaches_the_very_last(void)
{
    uint64_t v = 0;

    CHECK_EQ(num_dec("18446744073709551615", 20, UINT64_MAX, &v), 0);
    CHECK(v == UINT64_MAX);
}

static void decimal_near_every_small_maximum(void)
{
    char text[8];

    for (unsigned max = 0; max < 130; max++) {
        for (unsigned value = 0; value < 140; value++) {
            uint64_t v;
            int n = snprintf(text, sizeof text, "%u", value);
            CHECK_EQ(num_dec(text, (size_t)n, max, &v), value <= max ? 0 : -1);
        }
    }
}

static void exactly_n_bytes_are_read(void)
{
    uint64_t v;

    CHECK_EQ(num_dec("123", 2, 999, &v), 0);
    CHECK_EQ(v, 12);
    CHECK_EQ(num_dec("1\0" "2", 3, 999, &v), -1);
    CHECK_EQ(num_hex("abz", 2, &v), 0);
    CHECK_EQ(v, 0xab);
    CHECK_EQ(num_size("12k", 2, &v), 0);
    CHECK_EQ(v, 12);
}

static void hexadecimal(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        { "0", 0 }, { "0000000000000000", 0 }, { "deadbeef", 0xdeadbeef }, { "fffffffffffffffe", UINT64_MAX - 1 },
        { "8000000000000000", 1ull << 63 }, { "00000000000000001", BAD }, { "", BAD }, { "A", BAD }, { "g", BAD },
        { "`", BAD },
        { "0x1", BAD }, { "-1", BAD }, { " 1", BAD }, { "1 ", BAD },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t v = 77;
        int r = num_hex(rows[i].text, strlen(rows[i].text), &v);
        if (r != (rows[i].want == BAD ? -1 : 0) || v != (r ? 77 : rows[i].want))
            test_fail(__FILE__, __LINE__, "%s: %d, %llx", rows[i].text, r, (unsigned long long)v);
    }
}

static void sizes(void)
{
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        { "0", 0 }, { "512", 512 }, { "1k", 1024 }, { "1K", 1024 }, { "32M", 32 << 20 }, { "32m", 32 << 20 },
        { "1G", 1 << 30 }, { "0G", 0 }, { "17179869183G", 17179869183ull << 30 }, { "17179869184G", BAD },
        { "18446744073709551616", BAD }, { "18014398509481984k", BAD }, { "", BAD }, { "k", BAD }, { "1kk", BAD },
        { "1kB", BAD },
        { "1T", BAD }, { "1 M", BAD }, { "-1", BAD }, { "1.5M", BAD }, { "M1", BAD }, { "1b", BAD },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t v = 0;
        int r = num_size(rows[i].text, strlen(rows[i].text), &v);
        if (r != (rows[i].want == BAD ? -1 : 0) || (r == 0 && v != rows[i].want))
            test_fail(__FILE__, __LINE__, "%s: %d, %llu", rows[i].text, r, (unsigned long long)v);
    }
}

#define BAD_TIME UINT32_MAX

static void times(void)
{
    static const struct {
        const char *text;
        uint32_t unit, want;
    } rows[] = {
        { "90s", 1, 90 }, { "15m", 1, 900 }, { "1h", 1, 3600 }, { "5d", 1, 432000 }, { "2w", 1, 1209600 },
        { "1h30m", 1, 5400 },
        { "1W2D3H4M5S", 1, 604800 + 172800 + 10800 + 240 + 5 }, { "30", 1, 30 }, { "30", 60, 1800 }, { "0", 1, 0 },
        { "0s", 60, 0 }, { "30s", 60, 30 }, { "1m1m", 1, 120 }, { "2147483647", 1, INT32_MAX },
        { "2147483648", 1, BAD_TIME }, { "2147483647s1s", 1, BAD_TIME }, { "4294967295w", 1, BAD_TIME },
        { "4294967296s", 1, BAD_TIME }, { "1h30", 1, BAD_TIME }, { "1h30", 60, BAD_TIME }, { "", 1, BAD_TIME },
        { "s", 1, BAD_TIME }, { "1x", 1, BAD_TIME }, { "1hh", 1, BAD_TIME }, { "-1s", 1, BAD_TIME },
        { "1 h", 1, BAD_TIME },
        { "1h ", 1, BAD_TIME }, { "1.5h", 1, BAD_TIME }, { "5", 0, BAD_TIME },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t v = 77;
        int r = num_time(rows[i].text, strlen(rows[i].text), rows[i].unit, &v);
        if (r != (rows[i].want == BAD_TIME ? -1 : 0) || v != (r ? 77 : rows[i].want))
            test_fail(__FILE__, __LINE__, "%s, unit %u: %d, %u", rows[i].text, rows[i].unit, r, v);
    }
}

int main(void)
{
    RUN(decimal);
    RUN(decimal_reaches_the_very_last);
    RUN(decimal_near_every_small_maximum);
    RUN(exactly_n_bytes_are_read);
    RUN(hexadecimal);
    RUN(sizes);
    RUN(times);
    TEST_DONE();
}
