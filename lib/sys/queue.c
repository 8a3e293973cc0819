/* Storing a message in the queue: see queue.h. What waits there is qwork.c's. */
#include "sys/queue.h"

#include "base/crc32c.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/qpath.h"
#include "sys/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define WRITE_AHEAD (1 << 20)        /* bytes a step */
#define TRIES 8                      /* ids until one is free: the second is needed once in 2^60 messages */

static enum sys_result flush_buffer(struct queue_new *q)
{
    size_t n = q->n;

    q->n = 0;
    return file_write(q->fd, q->buffer, n);
}

/* A large message begins its way to the disk while the rest of it still comes in, so that the flush at its end has
 * little left to do, and memory does not fill with it. That flush tells what went wrong; a kernel that lacks the call
 * costs time only. */
static void write_ahead(struct queue_new *q)
{
    uint64_t whole = q->length & ~(uint64_t)65535;      /* pages that nothing more is written to, of any size */

    if (whole - q->ahead < WRITE_AHEAD)
        return;
    (void)sync_file_range(q->fd, (off_t)q->ahead, (off_t)(whole - q->ahead), SYNC_FILE_RANGE_WRITE);
    q->ahead = whole;
}

/* Adds n bytes that count for the length but not for the CRC. Small pieces are gathered, large ones go out at once. */
static enum sys_result append(struct queue_new *q, const void *data, size_t n)
{
    q->length += n;
    if (n < sizeof q->buffer - q->n) {
        memcpy(q->buffer + q->n, data, n);
        q->n += n;
        return SYS_OK;
    }
    if (flush_buffer(q) != SYS_OK || file_write(q->fd, data, n) != SYS_OK)
        return SYS_TEMP;
    write_ahead(q);
    return SYS_OK;
}

enum sys_result queue_create(struct queue_new *q, const struct envelope *e)
{
    char path[QPATH_MOST];

    q->n = 0;
    q->length = q->text_length = q->ahead = 0;
    q->is_8bit = false;
    q->fd = -1;
    for (int i = 0; i < TRIES && q->fd < 0; i++) {
        q->name.id = rand_u64() >> 4;
        qpath_tmp(path, q->name.id);
        q->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (q->fd < 0 && errno != EEXIST)
            return SYS_TEMP;
    }
    if (q->fd < 0)
        return SYS_TEMP;
    if (flock(q->fd, LOCK_EX | LOCK_NB) || append(q, e->text, e->len) != SYS_OK) {
        queue_abort(q);
        return SYS_TEMP;
    }
    q->crc = envelope_crc(e);
    return SYS_OK;
}

enum sys_result queue_put(struct queue_new *q, const void *text, size_t n)
{
    q->crc = crc32c(q->crc, text, n);
    q->text_length += n;
    q->is_8bit = q->is_8bit || str_has_8bit(text, n);
    return append(q, text, n);
}

void queue_abort(struct queue_new *q)
{
    char path[QPATH_MOST];
    int kept = errno;

    if (q->fd < 0)
        return;
    qpath_tmp(path, q->name.id);
    unlink(path);
    close(q->fd);
    q->fd = -1;
    errno = kept;
}

void queue_release(struct queue_new *q)
{
    close(q->fd);
    q->fd = -1;
}

/* The file is in queue/new under its name but may not be durable: take it back (CASES I2). */
static enum sys_result take_back(struct queue_new *q)
{
    char path[QPATH_MOST];
    int kept = errno;

    qpath_new(path, &q->name);
    unlink(path);
    queue_release(q);
    errno = kept;
    return SYS_TEMP;
}

enum sys_result queue_commit(struct queue_new *q, int64_t due)
{
    char end[ENVELOPE_END_LEN + 1], from[QPATH_MOST], to[QPATH_MOST];
    uint64_t length = q->length;

    envelope_end(length, q->crc, end);
    if (append(q, end, ENVELOPE_END_LEN) != SYS_OK || flush_buffer(q) != SYS_OK
        || (q->is_8bit && pwrite(q->fd, "8", 1, ENVELOPE_8BIT_AT) != 1)) {
        queue_abort(q);
        return SYS_TEMP;
    }
    q->name.due = due < 0 ? 0 : (uint64_t)due < QNAME_HOLD ? (uint64_t)due : QNAME_HOLD - 1;
    qpath_tmp(from, q->name.id);
    qpath_new(to, &q->name);
    /* First the name, then the flushes: on a journalling file system the file's flush then carries the rename too, and
     * the directory's finds nothing left to write. A crash between them leaves a file that its END record tells from a
     * whole one, or none; in both cases nobody was told 250. The lock keeps runners off until it is durable. */
    if (rename(from, to)) {
        queue_abort(q);
        return SYS_TEMP;
    }
    if (fdatasync(q->fd))
        return take_back(q);
    return qpath_sync("queue/new") ? take_back(q) : SYS_OK;
}

enum sys_result queue_has_room(uint64_t message, uint64_t space, uint64_t files)
{
    struct statvfs v;

    if (statvfs("queue", &v))
        return errno == ENOSYS || errno == EOPNOTSUPP ? SYS_OK : SYS_TEMP;
    if (v.f_flag & ST_RDONLY) {
        errno = EROFS;
        return SYS_TEMP;
    }
    errno = ENOSPC;
    if (v.f_blocks && (uint64_t)v.f_bavail * v.f_frsize < space + message)
        return SYS_TEMP;
    return v.f_files && v.f_favail < files ? SYS_TEMP : SYS_OK;
}
