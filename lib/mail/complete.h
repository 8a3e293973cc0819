/* The header fields that every message must have (RFC 5322 3.6), for a submission that lacks them (RFC 6409 8). */
#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include "mail/header.h"

#include <stddef.h>
#include <stdint.h>

#define COMPLETE_MOST 1600           /* bytes of all of them */

struct complete {
    const char *name;                /* the sender's own, for people; "" when not known */
    const char *sender;              /* reverse-path, "" for the null one */
    const char *hostname;            /* ours */
    const char *id;                  /* the message's in the queue */
    int64_t when;
};

/* Writes From, Date and Message-ID as far as the header section lacks them, each with its CR LF. Returns the length, 0
 * when none is missing. A Message-ID that is made is noted in h. */
size_t complete_fields(const struct complete *c, struct header *h, char out[COMPLETE_MOST]);

#endif
