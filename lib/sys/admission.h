/* The verdicts within a session: on the sender and on each recipient, in the order that smtpd(8) gives. */
#ifndef SYS_ADMISSION_H
#define SYS_ADMISSION_H

#include "sys/session.h"

/* May mail from s->srv.sender come in? NULL, or the reply, which is logged. It begins the envelope, and says by
 * s->discard whether the message is to be thrown away. */
const char *admission_sender(struct session *s);

/* May it go to s->srv.rcpt? Likewise; the recipient is in the envelope then, unless it is thrown away. */
const char *admission_rcpt(struct session *s);

/* Now that the message is about to come: is it one too many for its client or sender? NULL, or the reply, which is
 * logged. */
const char *admission_message(struct session *s);

/* All of it is here: has the queue still room for s->queued, whose size may not have been declared? Likewise. */
const char *admission_stored(struct session *s);

/* May the client have mail for s->srv.etrn sent on, and is it noted for the queue's runner? Likewise. */
const char *admission_etrn(struct session *s);

#endif
