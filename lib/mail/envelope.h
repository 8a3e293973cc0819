/* The front of a queue file, docs/QUEUE.md: the message's state and its envelope. Kept in memory as the very text that
 * stands in the file, so that a change is the same bytes in both places.
 *
 *     BUZON1 00000110 00000000692466c8 0000 00000000 0000000000000000 -
 *     s sender@example.org
 *     c client.example.org [192.0.2.1]
 *     r. ….120 blanks or the reason…. rcpt@example.net
 *     oSF-- rfc822;alias@example.com
 *
 *     text, CR LF line ends
 *     END 0000000000000a2f 1c291ca3
 *
 * The numbers are hexadecimal: the envelope's length, the arrival, then what changes in place: attempts, seconds
 * waited, the last attempt, and `8` for an 8-bit text. In a recipient's line its status and reason change in place. The
 * CRC leaves out what changes. */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "mail/dsn.h"
#include "mail/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of line. An unknown one makes the file unreadable to this version. */
#define ENVELOPE_SENDER   's'        /* reverse-path without brackets, "" for the null one */
#define ENVELOPE_CLIENT   'c'        /* `name [address]` of who handed it in, for the log */
#define ENVELOPE_PROTOCOL 'p'        /* SMTP, ESMTP, local */
#define ENVELOPE_MSGID    'm'        /* Message-ID, for the log */
#define ENVELOPE_ENVID    'e'        /* MAIL's ENVID, as xtext */
#define ENVELOPE_RET      'n'        /* MAIL's RET: FULL or HDRS */
#define ENVELOPE_BODY     'b'        /* MAIL's BODY: 7BIT, 8BITMIME or BINARYMIME */
#define ENVELOPE_UTF8     'u'        /* SMTPUTF8, when MAIL said so */
#define ENVELOPE_RCPT     'r'
#define ENVELOPE_DSN      'o'        /* NOTIFY and ORCPT of the recipient before: `oSFDN xtext`, a letter or `-` */

enum envelope_status {
    ENVELOPE_WAITING = '.',
    ENVELOPE_DONE = 'd',             /* delivered, or handed on: will never be tried again */
    ENVELOPE_FAILED = 'f',           /* for good; the sender is still to be told */
    ENVELOPE_TOLD = 't'              /* failed, and a bounce that says so is in the queue */
};

struct envelope {
    size_t len;
    unsigned rcpts;
    uint32_t rcpt_at[LIMIT_RCPTS];   /* offset of each recipient's line */
    char text[LIMIT_ENVELOPE];
};

struct envelope_state {
    int64_t arrival;
    uint32_t attempts;
    uint32_t waited;                 /* seconds spent waiting for attempts, however the clock jumped */
    int64_t last;                    /* wall time of the last attempt, 0 when there was none */
    bool is_8bit;                    /* the text has bytes over 127 (RFC 6152) */
};

#define ENVELOPE_STATE_AT   33       /* where the part of the first line begins that changes … */
#define ENVELOPE_STATE_LEN  32       /* … and its length */
#define ENVELOPE_8BIT_AT    64       /* the byte that is `8` for an 8-bit text, else `-` */
#define ENVELOPE_END_LEN    30       /* length of the END record */

/* Building. Each returns 0, or -1 when there is no room or the value holds a byte that would break the format (a
 * control character, CASES B5); the envelope is unchanged then. envelope_finish must come last. */
void envelope_start(struct envelope *e, int64_t arrival);
int envelope_add(struct envelope *e, char kind, const char *value);
int envelope_add_dsn(struct envelope *e, const struct dsn_mail *m);   /* its lines, if it says anything */
int envelope_add_rcpt(struct envelope *e, const char *address);      /* once: one that is there already stays one */
/* The same with what RCPT said of DSN. One that is there already then wants what both asked for (dsn_merge), and keeps
 * the ORCPT that it has. */
int envelope_add_rcpt_dsn(struct envelope *e, const char *address, const struct dsn_rcpt *dsn);
int envelope_finish(struct envelope *e);

/* Reading. Length of the envelope from the first ENVELOPE_STATE_AT bytes of a file; 0 when they are no queue file's. */
size_t envelope_length(const char *front);
/* Checks e->text of e->len bytes and finds the recipients. Returns NULL, or what is wrong. */
const char *envelope_parse(struct envelope *e);

/* The value of the first line of a kind, "" when there is none. Cut to fit. */
void envelope_get(const struct envelope *e, char kind, char *value, size_t cap);
void envelope_rcpt(const struct envelope *e, unsigned i, char *address, size_t cap);
void envelope_rcpt_dsn(const struct envelope *e, unsigned i, struct dsn_rcpt *dsn);
bool envelope_is_utf8(const struct envelope *e);     /* did MAIL say SMTPUTF8? */
void envelope_reason(const struct envelope *e, unsigned i, char reason[LIMIT_REASON + 1]);
enum envelope_status envelope_status(const struct envelope *e, unsigned i);
bool envelope_has(const struct envelope *e, enum envelope_status status);
void envelope_state(const struct envelope *e, struct envelope_state *s);

/* Changing in place: set the bytes in e->text; *at and *n say which bytes of the file must be written again. */
void envelope_set_rcpt(struct envelope *e, unsigned i, enum envelope_status status, const char *reason, size_t *at,
                       size_t *n);
void envelope_set_state(struct envelope *e, const struct envelope_state *s, size_t *at, size_t *n);

/* CRC-32C of the envelope without the bytes that change: the text's CRC goes on from it. */
uint32_t envelope_crc(const struct envelope *e);

/* The END record of a file whose envelope and text have `length` bytes together. */
void envelope_end(uint64_t length, uint32_t crc, char end[ENVELOPE_END_LEN + 1]);

#endif
