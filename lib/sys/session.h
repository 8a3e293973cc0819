/* One SMTP session: what the machine in mail/srv.h wants, done. */
#ifndef SYS_SESSION_H
#define SYS_SESSION_H

#include "mail/dot.h"
#include "mail/header.h"
#include "mail/recode.h"
#include "mail/srv.h"
#include "sys/client.h"
#include "sys/io.h"
#include "sys/queue.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_PATIENCE 2           /* data-timeouts that a session may take for a message */
#define SESSION_RECODE 4096          /* bytes that are converted at a time */

/* All of a session's memory, and its ceiling: nothing here grows with what a client sends. Pages that a session does
 * not touch are never made, so what is small stands together, between the ends of buffers that are used first. */
struct session {
    struct io io;
    const struct conf *conf;
    struct client client;
    struct srv srv;
    struct dot dot;
    struct header header;
    unsigned told;                   /* lines about refusals */
    int64_t patience;                /* when a message must have been accepted, on clock_mono_ms */
    bool discard;                    /* this message is taken and thrown away */
    const char *refusal;             /* why the message will be refused although it is read to its end, or NULL */
    uint64_t size;                   /* of its text so far */
    int64_t until;                   /* when all of it must be here, on clock_mono_ms */
    int64_t last;                    /* when a server that is being stopped gives the transaction up, or 0 */
    struct queue_new queued;         /* fd is -1 while no message is being stored */
    struct envelope envelope;
    struct recode recode;            /* of a message that comes in BINARYMIME */
    char recoded[RECODE_ROOM(SESSION_RECODE)];
};

/* Ready for the peer on these descriptors; the client and conf are set up by the caller after it. */
void session_start(struct session *s, int in_fd, int out_fd);

/* A refusal at the door: RFC 5321 3.1 and 3.8. */
void session_refuse(struct session *s, const char *reply);

/* A message was accepted, or the session begins: there is time for the next. Nobody keeps a place without sending. */
void session_wait(struct session *s);

/* Sends the machine's reply, held back as long as it wants. */
void session_reply(struct session *s, enum srv_want want);

/* The whole conversation, to its end. The client was judged. */
void session_run(struct session *s);

#endif
