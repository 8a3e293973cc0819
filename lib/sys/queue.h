/* The queue on disk: docs/QUEUE.md. Every path is relative to the tree, which is the working directory. */
#ifndef SYS_QUEUE_H
#define SYS_QUEUE_H

#include "mail/envelope.h"
#include "mail/qname.h"
#include "sys/sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- storing a message: create, put …, commit, then the reply, then release. Or abort at any time before commit. */

struct queue_new {
    int fd;                          /* -1 when there is none */
    struct qname name;
    uint64_t length;                 /* bytes of envelope and text so far */
    uint64_t text_length;
    uint64_t ahead;                  /* of length: on its way to the disk */
    uint32_t crc;
    bool is_8bit;
    size_t n;
    char buffer[4096];               /* small pieces, n bytes of them */
};

/* Makes a file in queue/tmp, locked, holding the finished envelope. SYS_OK or SYS_TEMP (errno). */
enum sys_result queue_create(struct queue_new *q, const struct envelope *e);

/* Adds text, which must have CR LF line ends. After SYS_TEMP only queue_abort is left. */
enum sys_result queue_put(struct queue_new *q, const void *text, size_t n);

/* Ends the file, moves it to queue/new, due at once (or at `due`), and makes both the file and its name durable: two
 * flushes. Only after SYS_OK may anybody be told that the message is accepted. After SYS_TEMP the message is not in the
 * queue; nothing is left to abort. */
enum sys_result queue_commit(struct queue_new *q, int64_t due);

/* Lets others take the message: call it when the reply has been sent. */
void queue_release(struct queue_new *q);

/* Removes what was written. Harmless when nothing was. */
void queue_abort(struct queue_new *q);

/* ---- what waits */

/* All names in queue/new, sorted by due time: *names is a new block that the caller frees. Other files there are
 * counted in *strange (may be NULL). SYS_OK or SYS_TEMP (errno). */
enum sys_result queue_list(struct qname **names, size_t *n, size_t *strange);

enum queue_opened {
    QUEUE_OPEN, /* locked and whole */
    QUEUE_BUSY, /* somebody else has it: its writer, or another runner */
    QUEUE_GONE, /* it is no longer there under this name */
    QUEUE_BAD,  /* torn, forged or of another format: *wrong says why; the file is locked and open */
    QUEUE_TEMP  /* it cannot be read now (errno) */
};

struct queue_file {
    int fd;
    struct qname name;
    uint64_t text_at, text_length;   /* where the message's text lies in fd */
};

/* Opens a message to work on it and checks all of it. `e` receives its envelope. Close with queue_close after any
 * result but GONE, BUSY and TEMP. */
enum queue_opened queue_open(struct queue_file *q, const struct qname *name, struct envelope *e, const char **wrong);

/* The same to look only: no lock is kept and only the envelope is checked. QUEUE_BUSY means: readable, and active. */
enum queue_opened queue_peek(struct queue_file *q, const struct qname *name, struct envelope *e, const char **wrong);

/* Reads text at an offset from its start. Returns the bytes read, 0 at the end, -1 on error. */
long queue_read(struct queue_file *q, uint64_t offset, void *data, size_t n);

/* Writes n changed bytes of the envelope back to the file; queue_sync makes them durable. SYS_OK or SYS_TEMP. */
enum sys_result queue_write_back(struct queue_file *q, const struct envelope *e, size_t at, size_t n);
enum sys_result queue_sync(struct queue_file *q);

/* Sets a recipient's status and reason in the envelope and in the file. SYS_OK or SYS_TEMP. */
enum sys_result queue_mark(struct queue_file *q, struct envelope *e, unsigned i, enum envelope_status status,
                           const char *reason);

/* Gives it another due time. SYS_OK or SYS_TEMP. */
enum sys_result queue_reschedule(struct queue_file *q, int64_t due);

/* Takes it out of the queue for good. */
enum sys_result queue_remove(struct queue_file *q);

/* Moves it to queue/bad, where it is kept for a person to look at. */
enum sys_result queue_set_aside(struct queue_file *q);

/* Closes it and lets go of its lock. */
void queue_close(struct queue_file *q);

/* ---- the pass */

/* The one lock of the tree's runner. Returns an fd to keep, or -1 with errno EWOULDBLOCK when another has it. */
int queue_lock(void);

/* Removes what writers that died left in queue/tmp. Returns how many. */
unsigned queue_sweep(void);

/* Is there room for one more message: `space` bytes and `files` inodes free after it? SYS_TEMP when not, or not known.
 * A file system that counts no inodes or cannot tell (some overlays) passes. */
enum sys_result queue_has_room(uint64_t message, uint64_t space, uint64_t files);

#endif
