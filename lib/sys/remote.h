/* The sending side of SMTP: one next hop, one connection that is kept from message to message. */
#ifndef SYS_REMOTE_H
#define SYS_REMOTE_H

#include "mail/cli.h"
#include "mail/conf.h"
#include "sys/dial.h"
#include "sys/io.h"
#include "sys/queue.h"

#include <stdbool.h>

struct remote {
    const struct conf *conf;
    struct dial dial;
    struct io io;
    struct cli cli;
    enum cli_want want;              /* where the session stands when it is open */
    bool open;
    bool down;                       /* it failed: not tried again in this pass */
    unsigned sent;                   /* transactions over this connection that it lived through */
    char why[LIMIT_REASON + 1];      /* the reason, while down */
};

/* Called when a recipient's fate is known and stands in the envelope, to log it. */
typedef void remote_told(void *context, unsigned rcpt, const char *relay);

/* Begins a pass: nothing is connected yet. `conf` is kept. */
void remote_start(struct remote *r, const struct conf *conf);

/* Sends the message to those `n` recipients (indexes into the envelope), in one transaction, or in more
 * where the server takes only so many at a time. Their status and reason
 * are set in e and written back, durably where one is done, before this returns. */
void remote_deliver(struct remote *r, struct queue_file *q, struct envelope *e, const unsigned *rcpts, unsigned n,
                    remote_told *told, void *context);

/* QUIT, and the connection's end. */
void remote_finish(struct remote *r);

#endif
