/* Dates as mail writes them, without the C library's locale and time zone files, which the jail lacks. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdint.h>

#define DATE_TEXT 32         /* `Fri, 27 Nov 2026 17:38:17 +0000` and its NUL */

/* RFC 5322 3.3, in UTC. A time before 1970 or after the year 9999 becomes the nearest in between. */
void date_format(int64_t seconds_since_1970, char text[DATE_TEXT]);

#endif
