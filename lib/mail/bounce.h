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
    const struct envelope *envelope; /* its recipients with ENVELOPE_FAILED are reported */
};

/* Takes the next bytes of the report, CR LF line ends. */
typedef void bounce_put(void *context, const char *text, size_t n);

/* Everything up to where the failed message's header section follows, and what comes behind that. */
void bounce_head(const struct bounce *b, bounce_put *put, void *context);
void bounce_tail(const struct bounce *b, bounce_put *put, void *context);

#endif
