/* What waits in the queue, and the work on it: see queue.h. Named apart from queue.c, which only stores. */
#include "sys/queue.h"

#include "base/crc32c.h"
#include "sys/clock.h"
#include "sys/qpath.h"
#include "sys/rand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_YOUNG 60 /* seconds: a file in tmp/ may exist for a moment before its writer has locked it */
#define BUSY_TRIES  3                /* mailq looks at a lock for a moment; a writer holds it for long */

static int compare(const void *a, const void *b)
{
    return qname_compare(a, b);
}

enum sys_result queue_list(struct qname **names, size_t *n, size_t *strange)
{
    size_t cap = 64, odd = 0;
    struct qname *list = malloc(cap * sizeof *list);
    DIR *dir = opendir("queue/new");
    struct dirent *entry;

    *n = 0;
    if (!list || !dir)
        goto fail;
    while ((void)(errno = 0), (entry = readdir(dir))) {
        struct qname name;
        if (entry->d_name[0] == '.')
            continue;
        if (qname_parse(entry->d_name, &name)) {
            odd++;
            continue;
        }
        if (*n == cap) {
            struct qname *more = realloc(list, 2 * cap * sizeof *list);
            if (!more)
                goto fail;
            list = more;
            cap *= 2;
        }
        list[(*n)++] = name;
    }
    if (errno)                       /* a folder read in part is not a shorter queue */
        goto fail;
    closedir(dir);
    qsort(list, *n, sizeof *list, compare);
    *names = list;
    if (strange)
        *strange = odd;
    return SYS_OK;
fail:
    free(list);
    if (dir)
        closedir(dir);
    return SYS_TEMP;
}

/* Reads n bytes at an offset. Returns 0, or -1 (errno 0 when the file is shorter). */
static int read_at(int fd, void *data, size_t n, uint64_t at)
{
    char *p = data;

    while (n) {
        ssize_t got = pread(fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got ? errno : 0;
            return -1;
        }
        p += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return 0;
}

static enum queue_opened bad(const char **wrong, const char *why)
{
    *wrong = why;
    return QUEUE_BAD;
}

/* A power cut in the middle of a rename can leave both names on a file system that logs them apart: drop the old. */
static bool has_twin_in_tmp(const struct qname *name, const struct stat *st)
{
    char path[QPATH_MOST];
    struct stat twin;

    qpath_tmp(path, name->id);
    return lstat(path, &twin) == 0 && twin.st_ino == st->st_ino && twin.st_dev == st->st_dev && unlink(path) == 0;
}

/* Is the file what we would have written: ours, a plain file, with one name (CASES J1)? NULL or why not. */
static const char *check_inode(const struct qname *name, const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "it is no regular file";
    if (st->st_uid != geteuid())
        return "it belongs to somebody else";
    if (st->st_nlink > 1 && !has_twin_in_tmp(name, st))
        return "it has another name elsewhere (a hard link)";
    return NULL;
}

static enum queue_opened read_envelope(struct queue_file *q, struct envelope *e, const char **wrong)
{
    if (read_at(q->fd, e->text, ENVELOPE_STATE_AT, 0))
        return errno ? QUEUE_TEMP : bad(wrong, "it is too short");
    e->len = envelope_length(e->text);
    if (e->len == 0)
        return bad(wrong, "it does not begin as a queue file of this version does");
    if (read_at(q->fd, e->text, e->len, 0))
        return errno ? QUEUE_TEMP : bad(wrong, "it ends within its envelope");
    const char *why = envelope_parse(e);
    return why ? bad(wrong, why) : QUEUE_OPEN;
}

/* Reads all of the text and compares with the END record. */
static enum queue_opened check_text(struct queue_file *q, const struct envelope *e, const char **wrong)
{
    char data[16384], end[ENVELOPE_END_LEN + 1];
    uint32_t crc = envelope_crc(e);
    uint64_t at = 0;

    while (at < q->text_length) {
        size_t n = q->text_length - at < sizeof data ? (size_t)(q->text_length - at) : sizeof data;
        if (read_at(q->fd, data, n, q->text_at + at))
            return errno ? QUEUE_TEMP : bad(wrong, "it became shorter while it was read");
        crc = crc32c(crc, data, n);
        at += n;
    }
    envelope_end(q->text_at + q->text_length, crc, end);
    if (read_at(q->fd, data, ENVELOPE_END_LEN, q->text_at + q->text_length))
        return QUEUE_TEMP;
    return memcmp(data, end, ENVELOPE_END_LEN) ? bad(wrong, "its END record does not fit: torn or changed")
                                               : QUEUE_OPEN;
}

/* Takes the lock, waiting out somebody who only looks. */
static int lock(int fd)
{
    for (int i = 0; i < BUSY_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK)
            return -1;
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static int open_named(const struct qname *name, int flags, struct stat *st)
{
    char path[QPATH_MOST];
    int fd;

    qpath_new(path, name);
    fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, st)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Has the name been taken away between our open and our lock (CASES J2)? */
static bool still_named(const struct qname *name, const struct stat *st)
{
    char path[QPATH_MOST];
    struct stat now;

    qpath_new(path, name);
    return lstat(path, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

static enum queue_opened give_up(struct queue_file *q, enum queue_opened result)
{
    int kept = errno;

    queue_close(q);
    errno = kept;
    return result;
}

/* errno says why a file could not be opened: a link, a device, a socket or a folder is no file of ours. */
static enum queue_opened not_opened(const char **wrong)
{
    if (errno == ENOENT)
        return QUEUE_GONE;
    return errno == ELOOP || errno == ENXIO || errno == EISDIR ? bad(wrong, "it is no regular file") : QUEUE_TEMP;
}

enum queue_opened queue_open(struct queue_file *q, const struct qname *name, struct envelope *e, const char **wrong)
{
    struct stat st;

    q->name = *name;
    q->fd = open_named(name, O_RDWR, &st);
    if (q->fd < 0)
        return not_opened(wrong);
    if (lock(q->fd))
        return give_up(q, errno == EWOULDBLOCK ? QUEUE_BUSY : QUEUE_TEMP);
    if (!still_named(name, &st))
        return give_up(q, QUEUE_GONE);
    if (fstat(q->fd, &st))           /* its writer may have finished it since it was opened */
        return give_up(q, QUEUE_TEMP);
    const char *why = check_inode(name, &st);
    if (why)
        return bad(wrong, why);
    enum queue_opened r = read_envelope(q, e, wrong);
    if (r == QUEUE_OPEN && (uint64_t)st.st_size < e->len + ENVELOPE_END_LEN)
        r = bad(wrong, "it has no END record: torn");
    if (r == QUEUE_OPEN) {
        q->text_at = e->len;
        q->text_length = (uint64_t)st.st_size - e->len - ENVELOPE_END_LEN;
        r = check_text(q, e, wrong);
    }
    return r == QUEUE_TEMP ? give_up(q, r) : r;
}

enum queue_opened queue_peek(struct queue_file *q, const struct qname *name, struct envelope *e, const char **wrong)
{
    struct stat st;

    q->name = *name;
    q->fd = open_named(name, O_RDONLY, &st);
    if (q->fd < 0)
        return not_opened(wrong);
    bool busy = flock(q->fd, LOCK_SH | LOCK_NB) != 0;
    enum queue_opened r = check_inode(name, &st) ? bad(wrong, "it is no queue file") : read_envelope(q, e, wrong);
    q->text_at = e->len;
    q->text_length =
        (uint64_t)st.st_size > e->len + ENVELOPE_END_LEN ? (uint64_t)st.st_size - e->len - ENVELOPE_END_LEN : 0;
    queue_close(q);
    return r == QUEUE_OPEN && busy ? QUEUE_BUSY : r;
}

long queue_read(struct queue_file *q, uint64_t offset, void *data, size_t n)
{
    if (offset >= q->text_length)
        return 0;
    if (n > q->text_length - offset)
        n = (size_t)(q->text_length - offset);
    return read_at(q->fd, data, n, q->text_at + offset) ? -1 : (long)n;
}

enum sys_result queue_write_back(struct queue_file *q, const struct envelope *e, size_t at, size_t n)
{
    return pwrite(q->fd, e->text + at, n, (off_t)at) == (ssize_t)n ? SYS_OK : SYS_TEMP;
}

enum sys_result queue_sync(struct queue_file *q)
{
    return fdatasync(q->fd) ? SYS_TEMP : SYS_OK;
}

enum sys_result queue_mark(struct queue_file *q, struct envelope *e, unsigned i, enum envelope_status status,
                           const char *reason)
{
    size_t at, n;

    envelope_set_rcpt(e, i, status, reason, &at, &n);
    return queue_write_back(q, e, at, n);
}

enum sys_result queue_reschedule(struct queue_file *q, int64_t due)
{
    char from[QPATH_MOST], to[QPATH_MOST];
    struct qname name = q->name;

    name.due = due < 0 ? 0 : (uint64_t)due < QNAME_HOLD ? (uint64_t)due : QNAME_HOLD - 1;
    qpath_new(from, &q->name);
    qpath_new(to, &name);
    if (rename(from, to))
        return SYS_TEMP;
    q->name = name;
    return SYS_OK;
}

enum sys_result queue_remove(struct queue_file *q)
{
    char path[QPATH_MOST];

    qpath_new(path, &q->name);
    return unlink(path) ? SYS_TEMP : SYS_OK;
}

enum sys_result queue_set_aside(struct queue_file *q)
{
    char from[QPATH_MOST], to[QPATH_MOST];
    struct stat mine, there;

    qpath_new(from, &q->name);
    qpath_bad(to, q->name.id);
    if (lstat(to, &there) == 0) {
        /* Another name of this very file, which rename would leave in both places; or another file, to be kept too. */
        if (lstat(from, &mine) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
            return unlink(from) ? SYS_TEMP : SYS_OK;
        qpath_bad(to, rand_u64() >> 4);
    }
    return rename(from, to) ? SYS_TEMP : SYS_OK;
}

void queue_close(struct queue_file *q)
{
    if (q->fd >= 0)
        close(q->fd);
    q->fd = -1;
}

int queue_lock(void)
{
    int fd = open("queue/lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        int kept = errno;
        close(fd);
        errno = kept;
        return -1;
    }
    return fd;
}

/* Debris is what no living writer holds: the lock tells, not the clock. The clock only guards the moment between a
 * writer's open and its lock, so a clock that jumped can at worst cost that writer a 451. */
static bool is_debris(const char *path, int64_t now)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ELOOP || errno == ENXIO;
    bool young = fstat(fd, &st) || (st.st_mtime > now - SWEEP_YOUNG && st.st_mtime <= now);
    bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return !young && !held;
}

unsigned queue_sweep(void)
{
    DIR *dir = opendir("queue/tmp");
    struct dirent *entry;
    unsigned n = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir))) {
        uint64_t id;
        char path[QPATH_MOST];
        if (qname_read_id(entry->d_name, &id))
            continue;
        qpath_tmp(path, id);
        if (is_debris(path, clock_wall()) && unlink(path) == 0)
            n++;
    }
    closedir(dir);
    return n;
}
