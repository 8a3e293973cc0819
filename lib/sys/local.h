/* Final delivery of a queued message into a mailbox of the tree. */
#ifndef SYS_LOCAL_H
#define SYS_LOCAL_H

#include "mail/address.h"
#include "mail/limits.h"
#include "sys/queue.h"
#include "sys/sys.h"

/* Delivers to the mailbox of `to` for recipient i of the envelope, with Return-Path (RFC 5321 4.4) and Delivered-To,
 * and the line ends of the file system. postmaster's mailbox is made when it is missing. SYS_OK; SYS_TEMP; SYS_PERM: no
 * such mailbox. `reason` says what happened, beginning with an enhanced status code. */
enum sys_result local_deliver(struct queue_file *q, const struct envelope *e, unsigned i, const struct address *to,
                              char reason[LIMIT_REASON + 1]);

#endif
