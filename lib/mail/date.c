/* Dates: see date.h. */
#include "mail/date.h"

#include "base/str.h"

#define DATE_DAY 86400
#define DATE_LAST 253402300799          /* 9999-12-31 23:59:59 */

static void two_digits(struct str *s, unsigned v)
{
    str_addc(s, (char)('0' + v / 10));
    str_addc(s, (char)('0' + v % 10));
}

void date_format(int64_t t, char text[DATE_TEXT])
{
    struct str s;

    if (t < 0)
        t = 0;
    if (t > DATE_LAST)
        t = DATE_LAST;
    unsigned day = (unsigned)(t / DATE_DAY), second = (unsigned)(t % DATE_DAY);
    /* Days since 1 March of year 0, in 400-year eras: leap days fall at the end of a year. */
    unsigned z = day + 719468, era = z / 146097, doe = z % 146097;
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), m = (5 * doy + 2) / 153;
    unsigned mday = doy - (153 * m + 2) / 5 + 1, month = m < 10 ? m + 2 : m - 10;     /* 0 is January */
    unsigned year = yoe + era * 400 + (month < 2);

    str_init(&s, text, DATE_TEXT);
    str_addn(&s, "ThuFriSatSunMonTueWed" + day % 7 * 3, 3);
    str_add(&s, ", ");
    str_addu(&s, mday);
    str_addc(&s, ' ');
    str_addn(&s, "JanFebMarAprMayJunJulAugSepOctNovDec" + month * 3, 3);
    str_addc(&s, ' ');
    str_addu(&s, year);
    str_addc(&s, ' ');
    two_digits(&s, second / 3600);
    str_addc(&s, ':');
    two_digits(&s, second / 60 % 60);
    str_addc(&s, ':');
    two_digits(&s, second % 60);
    str_add(&s, " +0000");
}
