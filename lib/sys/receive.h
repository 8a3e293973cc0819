/* Taking a message into the queue, from DATA or BDAT to the reply. */
#ifndef SYS_RECEIVE_H
#define SYS_RECEIVE_H

#include "sys/session.h"

/* Makes ready to store: the envelope is whole. NULL, or a refusal. */
const char *receive_open(struct session *s);

/* Drops what is being stored, if anything is. */
void receive_drop(struct session *s);

/* The text behind DATA, up to its end and the reply to it. No 250 leaves before queue_commit has returned SYS_OK. */
enum srv_want receive_text(struct session *s);

/* A chunk behind BDAT; likewise when it was the last one. */
enum srv_want receive_chunk(struct session *s);

/* Reads a chunk away. */
enum srv_want receive_skip(struct session *s);

#endif
