/* The trace header that every server adds (RFC 5321 4.4). */
#ifndef MAIL_TRACE_H
#define MAIL_TRACE_H

#include "mail/net.h"

#include <stddef.h>
#include <stdint.h>

#define TRACE_MOST 1200

struct trace {
    const char *helo;                /* what the client called itself; "" for a message handed in here */
    const char *name;                /* its verified name, or "" */
    struct net_addr client;          /* NET_NONE: none, as for a message handed in here */
    const char *hostname;            /* ours */
    const char *protocol;            /* SMTP, ESMTP (RFC 3848), or local */
    const char *id;                  /* in our queue */
    const char *rcpt; /* the recipient when there is just one, else NULL: others must not learn of each other */
    int64_t when;
};

/* Writes the Received field with its CR LF into text; returns its length. Whatever bytes the client put into helo, it
 * is one well-formed field (CASES F1). */
size_t trace_received(const struct trace *t, char text[TRACE_MOST]);

#endif
