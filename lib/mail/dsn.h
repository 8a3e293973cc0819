/* What a sender asks to be told of his message: the parameters of MAIL and RCPT of RFC 3461, read strictly. Their
 * values are kept as they came, encoded. */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include "mail/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* NOTIFY is a set. None of them: the sender did not say, and hears of failures. */
#define DSN_SUCCESS 1u
#define DSN_FAILURE 2u
#define DSN_DELAY   4u
#define DSN_NEVER   8u               /* stands alone */

/* What RCPT says of its recipient; all zero when it says nothing. */
struct dsn_rcpt {
    unsigned notify;
    char orcpt[LIMIT_ORCPT + 1];     /* `rfc822;xtext`, "" when not given */
};

/* What MAIL says. */
struct dsn_mail {
    enum dsn_ret { DSN_RET_NONE, DSN_RET_FULL, DSN_RET_HDRS } ret;
    char envid[LIMIT_ENVID + 1];     /* xtext, "" when not given */
};

/* Each reads the n bytes behind `NOTIFY=`, `ORCPT=`, `RET=` or `ENVID=` and returns 0, or -1 when they are not what
 * RFC 3461 (for ORCPT of the type utf-8 also RFC 6533) has there, are too long, or stand for a control character
 * (CASES B5); then nothing is changed. Bytes over 127 are let through with `utf8` alone, but ORCPT may stand for some:
 * Postfix writes a UTF-8 address as `rfc822;+C3+A9@b`. That a parameter comes once is the caller's to see to. */
int dsn_notify(const char *text, size_t n, struct dsn_rcpt *r);
int dsn_orcpt(const char *text, size_t n, bool utf8, struct dsn_rcpt *r);
int dsn_ret(const char *text, size_t n, struct dsn_mail *m);
int dsn_envid(const char *text, size_t n, struct dsn_mail *m);

/* One recipient that was named twice: what both asked for (DSN_NEVER only when both did). */
unsigned dsn_merge(unsigned notify, unsigned other);

/* Does a sender who asked so want to hear of a failure (RFC 3461 4.1)? */
bool dsn_wants_failure(unsigned notify);

/* xtext (RFC 3461 4) of n bytes, to what it stands for: printable ASCII and blanks. `out` has room for n + 1 bytes and
 * is terminated. Returns the length, or -1 when it is no xtext or stands for anything else. */
int dsn_xtext_decode(const char *text, size_t n, char *out);

/* The other way; `out` has room for 3 * n + 1 bytes. Returns the length. */
size_t dsn_xtext_encode(const char *text, size_t n, char *out);

#endif
