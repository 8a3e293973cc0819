/* Limits that hold across processes: a table in run/limits that all sessions map. docs/LIMITS.md has its format. */
#ifndef SYS_LIMITS_H
#define SYS_LIMITS_H

#include "base/fault.h"
#include "mail/address.h"
#include "mail/conf.h"
#include "mail/limits.h"
#include "mail/net.h"
#include "sys/mapped.h"

#include <stdbool.h>
#include <stdint.h>

#define LIMITS_FILE "run/limits"

enum limits_result {
    LIMITS_OK,
    LIMITS_HOST_BUSY,        /* client-limit-per-host is reached */
    LIMITS_ALL_BUSY,         /* client-limit is reached */
    LIMITS_CLIENT_FAST,      /* connect-rate, message-rate or recipient-rate of the client is used up */
    LIMITS_SENDER_FAST,      /* message-rate or recipient-rate of the sender's address is */
    LIMITS_QUEUE_MESSAGES,   /* queue-limit-messages is reached */
    LIMITS_QUEUE_BYTES,      /* queue-limit-bytes is */
    LIMITS_BROKEN            /* the table cannot be used (any more), errno; limits_mend has the mend. Refuse for now */
};

/* A process has one, which stays where it is, and opens the file through nothing else: closing any other descriptor of
 * it would let go of the slot. */
struct limits {
    int fd;
    struct limits_table *table;
    struct mapped map;
    bool gone;                       /* a page of the file was taken from under us */
    int slot;                        /* ours, -1 when we have none */
    bool counts_host;                /* the client has an address: a terminal has none, and no limit of its own */
    uint64_t host;                   /* the client's key */
    uint8_t mine[(LIMIT_CLIENTS + 7) / 8];   /* slots that this process holds, its children's among them */
};

/* Maps LIMITS_FILE of the tree, which is the working directory; to be called after the drop, for the file is the
 * queue's owner's. One that is missing, or not what it should be, is made anew. Returns 0, or -1 with a fault that has
 * the mend; then nothing is open, and no client may be let in. */
int limits_open(struct limits *l, struct fault *f);
/* Leaves, and closes; does nothing where nothing is open. */
void limits_close(struct limits *l);

/* What an administrator is to do about LIMITS_BROKEN with this errno: a constant text. */
const char *limits_mend(int error);

/* Takes a slot for a session with this client (NET_NONE: a local user, who counts among all only) at `now` on the
 * monotonic clock (ms). OK, HOST_BUSY, ALL_BUSY, CLIENT_FAST, BROKEN; on anything but OK nothing is held, and the
 * attempt does not count for connect-rate. The slot is free again when limits_leave is called or the process ends in
 * any way. */
enum limits_result limits_enter(struct limits *l, const struct net_addr *client, const struct conf *c, int64_t now);
void limits_leave(struct limits *l);

/* The same for a listener that forks: it reserves *slot before the fork, and frees it when the fork failed or the child
 * has been waited for. The child holds it first of all, which tells the client's key, too; it then leaves like any
 * other. hold returns 0, or -1 when the listener died meanwhile and the slot is another's. */
enum limits_result limits_reserve(struct limits *l, const struct net_addr *client, const struct conf *c, int64_t now,
                                  int *slot);
int limits_hold(struct limits *l, const struct net_addr *client, int slot);
void limits_free(struct limits *l, int slot);

enum limits_what { LIMITS_MESSAGE, LIMITS_RECIPIENT };

/* Counts n messages or recipients of the client that entered and of this sender (not of the null sender), all of them
 * for both or none for either. OK, CLIENT_FAST, SENDER_FAST, BROKEN. */
enum limits_result limits_take(struct limits *l, enum limits_what what, unsigned n, const struct address *sender,
                               bool may_relay, const struct conf *c, int64_t now);

/* May one more message of so many bytes wait in the queue? Goes by a count of queue/new and what was added since; no
 * refusal rests on a count that is older than a second. OK, QUEUE_MESSAGES, QUEUE_BYTES, BROKEN. */
enum limits_result limits_queue_room(struct limits *l, uint64_t bytes, const struct conf *c, int64_t now);

/* A message of so many bytes was put into the queue. */
void limits_queue_added(struct limits *l, uint64_t bytes);

#endif
