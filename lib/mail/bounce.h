/* The report that a message could not be delivered (RFC 3464), told to its sender. */
#ifndef MAIL_BOUNCE_H
#define MAIL_BOUNCE_H

#include "mail/envelope.h"

#include <stddef.h>
#include <stdint.h>

struct bounce {
    const char *hostname;            /* ours */
    const char *id;                  /* of the failed message; also makes the boundary */
    const char *to;                  /* the sender who is told */
    int64_t now;
    const struct envelope *envelope; /* its recipients with ENVELOPE_FAILED are reported, unless NOTIFY forbids it */
};

/* Is there a failed recipient of whom the sender wants to hear (RFC 3461 4.1)? Else no report may be made. */
bool bounce_is_wanted(const struct envelope *e);

/* Takes the next bytes of the report, CR LF line ends. */
typedef void bounce_put(void *context, const char *text, size_t n);

/* The report is 7-bit, but for a sender's address that is not: elsewhere bytes over 127 are written as RFC 6533 has it.
 * Everything up to where the failed message's header section follows, and what comes behind that. */
void bounce_head(const struct bounce *b, bounce_put *put, void *context);
void bounce_tail(const struct bounce *b, bounce_put *put, void *context);

#endif
