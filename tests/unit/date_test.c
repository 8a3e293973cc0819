/* Dates, against known ones and against the C library. */
#include "mail/date.h"

#include "test.h"

#include <stdbool.h>
#include <time.h>

static const char *date(int64_t t)
{
    static char text[DATE_TEXT];

    date_format(t, text);
    return text;
}

static void known_dates(void)
{
    static const struct { int64_t t; const char *want; } rows[] = {
        { 0, "Thu, 1 Jan 1970 00:00:00 +0000" }, { 86399, "Thu, 1 Jan 1970 23:59:59 +0000" },
        { 951782399, "Mon, 28 Feb 2000 23:59:59 +0000" }, { 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
        { 951868800, "Wed, 1 Mar 2000 00:00:00 +0000" }, { 1709164800, "Thu, 29 Feb 2024 00:00:00 +0000" },
        { 1709251200, "Fri, 1 Mar 2024 00:00:00 +0000" }, { 2147483647, "Tue, 19 Jan 2038 03:14:07 +0000" },
        { 2147483648, "Tue, 19 Jan 2038 03:14:08 +0000" }, { 4107542399, "Sun, 28 Feb 2100 23:59:59 +0000" },
        { 4107542400, "Mon, 1 Mar 2100 00:00:00 +0000" }, { 4294967296, "Sun, 7 Feb 2106 06:28:16 +0000" },
        { 1795801097, "Fri, 27 Nov 2026 17:38:17 +0000" }, { 253402300799, "Fri, 31 Dec 9999 23:59:59 +0000" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(date(rows[i].t), rows[i].want);
}

static void beyond_the_years_it_stays_at_the_edge(void)
{
    CHECK_STR(date(253402300800), "Fri, 31 Dec 9999 23:59:59 +0000");
    CHECK_STR(date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 +0000");
    CHECK_STR(date(-1), "Thu, 1 Jan 1970 00:00:00 +0000");
    CHECK_STR(date(INT64_MIN), "Thu, 1 Jan 1970 00:00:00 +0000");
}

/* One date each 13 days and a bit, up to 2037 so that a 32-bit time_t will do. */
static void as_the_c_library_says(void)
{
    char want[64];
    int compared = 0;

    for (int64_t t = 0; t < INT32_MAX; t += 13 * 86400 + 4567) {
        time_t now = (time_t)t;
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(want, sizeof want, "%a, %-d %b %Y %H:%M:%S +0000", &tm);
        /* musl's %-d is newer than some boards' C library. */
        if (strstr(want, "%"))
            return;
        CHECK_STR(date(t), want);
        compared++;
    }
    CHECK(compared > 1500);
}

static void every_day_for_five_centuries_follows_the_last(void)
{
    static const int days_of[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
                                          "Dec" };
    static const char *const week[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    char want[64];
    int64_t day = 0;

    for (int year = 1970; year < 2470; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int m = 0; m < 12; m++) {
            for (int d = 1; d <= days_of[m] + (m == 1 && leap); d++, day++) {
                snprintf(want, sizeof want, "%s, %d %s %d 12:34:56 +0000", week[day % 7], d, months[m], year);
                if (strcmp(date(day * 86400 + 45296), want) != 0)
                    CHECK_STR(date(day * 86400 + 45296), want);
            }
        }
    }
}

int main(void)
{
    RUN(known_dates);
    RUN(beyond_the_years_it_stays_at_the_edge);
    RUN(as_the_c_library_says);
    RUN(every_day_for_five_centuries_follows_the_last);
    TEST_DONE();
}
