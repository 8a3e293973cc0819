/* Every fixed size of the mail logic in one place, with the standard that asks for it. */
#ifndef MAIL_LIMITS_H
#define MAIL_LIMITS_H

#define LIMIT_LOCAL_PART   64        /* RFC 5321 4.5.3.1.1 */
#define LIMIT_DOMAIN       255       /* RFC 5321 4.5.3.1.2 */
#define LIMIT_LABEL        63        /* RFC 1035 2.3.4 */
#define LIMIT_PATH         256       /* RFC 5321 4.5.3.1.3, the angle brackets included */
#define LIMIT_ADDRESS      (LIMIT_PATH - 2)
#define LIMIT_COMMAND      512       /* RFC 5321 4.5.3.1.4, CRLF included … */
#define LIMIT_COMMAND_MAIL 1280      /* … and what extensions add to MAIL (RFC 1870, 3030, 3461, 4954, 6531: 26, 17,
                                        8, 107, 500, 10) and RCPT (RFC 3461: 28, 507) */
#define LIMIT_ENVID        100       /* RFC 3461 4.4: of xtext */
#define LIMIT_ORCPT        500       /* RFC 3461 4.2: the addr-type included */
#define LIMIT_REPLY        512       /* RFC 5321 4.5.3.1.5, CRLF included */
#define LIMIT_EHLO         1024      /* bytes of the reply to EHLO, all its lines */
#define LIMIT_REPLY_LINES  64        /* of one reply from a server; more is a broken server */
#define LIMIT_TEXT_LINE    998       /* RFC 5322 2.1.1, without CRLF */
#define LIMIT_RCPTS        1000      /* the most that recipient-limit may say; RFC 5321 4.5.3.1.8 asks for 100 */
#define LIMIT_ENVELOPE     393216    /* bytes of one envelope in its file: LIMIT_RCPTS of the longest recipients fit;
                                        pages that are not used cost nothing */
#define LIMIT_HOPS         100       /* Received lines; RFC 5321 6.3 asks for "at least 100" */
#define LIMIT_ERRORS       20        /* refused commands in a session, then 421 */
#define LIMIT_REASON       120       /* what is kept of why a recipient waits or failed */
#define LIMIT_CLIENTS      1000      /* the most that client-limit may say */
#define LIMIT_DNSBL        8         /* zones of dnsbl: all are asked at once */
#define LIMIT_HOSTNAME     255
#define LIMIT_CONF         65536     /* bytes of buzon.conf */
#define LIMIT_ACCESS       (32 << 20) /* bytes of hosts.allow or hosts.deny */
#define LIMIT_HOSTS        (1 << 20) /* bytes of resolv.conf, and of hosts */
#define LIMIT_HEADER       65536     /* header section of a message handed to sendmail -t */

#endif
