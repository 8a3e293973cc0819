/* Limits that hold across processes: see limits.h, and docs/LIMITS.md for why they do. */
#include "sys/limits.h"

#include "base/le.h"
#include "mail/rate.h"
#include "sys/await.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/rand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define MAGIC ((uint64_t)0x62757a6c696d0001 + sizeof(struct limits_table))   /* another order of bytes is another */

/* All of the file, as it lies in memory. Any bytes behind the magic are a table. */
struct limits_table {
    uint64_t magic;
    uint8_t secret[SIPHASH_KEY];
    struct {
        uint64_t messages, bytes;            /* in queue/new when it was counted … */
        uint64_t more_messages, more_bytes;  /* … and put there since */
        int64_t when;
    } queue;
    uint8_t room[32];
    volatile uint32_t slot[LIMIT_CLIENTS];   /* 0, or who has it; believed only while the slot's bytes are locked */
    struct rate_table rates;
};

/* Bytes of the file that are locked (fcntl): two for each slot, so that a listener can hold one of them and its child
 * the other; a slot is free when both are. Locks go with their process, however it ends. */
#define SLOT_LOCK(slot) (2 * (off_t)(slot))
#define TABLE_LOCK      SLOT_LOCK(LIMIT_CLIENTS)
#define COUNT_LOCK      (TABLE_LOCK + 1)

#define PATIENCE        50           /* ms: a holder that takes longer is stopped, and nothing depends on the lock */
#define MAKING_PATIENCE 1000
#define COUNT_AGE       60000        /* ms */
#define COUNT_AGE_NO    1000         /* of a count that a refusal rests on */

static int set_lock(const struct limits *l, short type, off_t at, off_t n)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n };

    return fcntl(l->fd, F_SETLK, &lock);
}

static bool is_held(void)
{
    return errno == EAGAIN || errno == EACCES;
}

/* False when somebody has it for too long. The table is then used without: see docs/LIMITS.md. */
static bool lock_soon(const struct limits *l, off_t at)
{
    for (int i = 0; set_lock(l, F_WRLCK, at, 1); i++) {
        if (!is_held() || i == PATIENCE)
            return false;
        await_ready(NULL, 0, 1, NULL);
    }
    return true;
}

static void unlock(const struct limits *l, off_t at)
{
    set_lock(l, F_UNLCK, at, 1);
}

/* ---- the file */

/* Is it ours alone, and as long as it should be? Of a second name it would be somebody else's file. */
static bool is_sound(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077)
        && st.st_nlink == 1 && st.st_size == sizeof(struct limits_table);
}

/* Opens and maps what is there. 0; 1 when it is to be made anew; -1 when that would not help (errno). */
static int open_file(struct limits *l)
{
    int r = 1;

    l->fd = open(LIMITS_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (l->fd < 0)
        return errno == ENOENT || errno == ELOOP || errno == EACCES || errno == ENXIO || errno == EISDIR ? 1 : -1;
    l->gone = false;
    if (is_sound(l->fd))
        r = mapped_open(&l->map, l->fd, sizeof *l->table, PROT_READ | PROT_WRITE, MAP_SHARED, &l->gone);
    l->table = l->map.at;
    if (!r && l->table->magic == MAGIC)
        return 0;
    int kept = errno;
    mapped_close(&l->map);
    l->table = NULL;
    close(l->fd);
    errno = kept;
    return r < 0 ? -1 : 1;
}

/* Written whole, so that a file system that is full says so here and not when a page is touched. */
static int make_file(void)
{
    static const char new[] = LIMITS_FILE ".new";
    char zeros[4096];
    struct { uint64_t magic; uint8_t secret[SIPHASH_KEY]; } head = { .magic = MAGIC };

    for (int i = 0; i < SIPHASH_KEY; i += 8)
        le64_put(head.secret + i, rand_u64());
    memset(zeros, 0, sizeof zeros);
    unlink(new);
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    bool bad = false;
    for (size_t n = sizeof(struct limits_table); n && !bad; n -= n < sizeof zeros ? n : sizeof zeros)
        bad = file_write(fd, zeros, n < sizeof zeros ? n : sizeof zeros) != SYS_OK;
    bad = bad || pwrite(fd, &head, sizeof head, 0) != sizeof head;
    bad = close(fd) != 0 || bad;
    if (!bad && rename(new, LIMITS_FILE) == 0)
        return 0;
    int kept = errno;
    unlink(new);
    errno = kept;
    return -1;
}

/* One at a time: whoever came second would take the file away from sessions that hold slots in it already. */
static int renew_file(struct limits *l)
{
    int r = -1, dir = open("run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return -1;
    for (int i = 0; i < MAKING_PATIENCE && (r = flock(dir, LOCK_EX | LOCK_NB)) && errno == EWOULDBLOCK; i++)
        await_ready(NULL, 0, 1, NULL);
    if (!r && (r = open_file(l)) > 0)
        r = make_file() ? -1 : open_file(l);
    int kept = r > 0 ? EINVAL : errno;
    close(dir);
    errno = kept;
    return r ? -1 : 0;
}

const char *limits_mend(int error)
{
    switch (error) {
    case ENOENT: case EACCES: case EPERM:
        return "let run/ be a folder of the owner of queue/, mode 755";
    case EISDIR: case ENOTDIR:
        return "take away what is in its place";
    case EWOULDBLOCK:
        return "a stopped process has a lock on run/: end it";
    default:
        return "mount a tmpfs on run/, or see to its file system";
    }
}

int limits_open(struct limits *l, struct fault *f)
{
    memset(l, 0, sizeof *l);
    l->slot = -1;
    int r = open_file(l);
    if (r > 0)
        r = renew_file(l);
    return r ? fault_set(f, EX_CANTCREAT, LIMITS_FILE ": %s; %s", strerror(errno), limits_mend(errno)) : 0;
}

/* ---- slots */

static bool is_mine(const struct limits *l, int slot)
{
    return l->mine[slot / 8] >> slot % 8 & 1;
}

static void set_mine(struct limits *l, int slot, bool mine)
{
    uint8_t bit = (uint8_t)(1 << slot % 8);

    l->mine[slot / 8] = (uint8_t)(mine ? l->mine[slot / 8] | bit : l->mine[slot / 8] & ~bit);
}

static uint32_t mark_of(const struct limits *l)
{
    return (uint32_t)(l->host >> 32) | 1;
}

void limits_free(struct limits *l, int slot)
{
    l->table->slot[slot] = 0;
    set_mine(l, slot, false);
    set_lock(l, F_UNLCK, SLOT_LOCK(slot), 2);
}

void limits_leave(struct limits *l)
{
    if (l->table && l->slot >= 0)
        limits_free(l, l->slot);
    l->slot = -1;
}

void limits_close(struct limits *l)
{
    if (!l->table)
        return;
    limits_leave(l);
    mapped_close(&l->map);
    l->table = NULL;
    close(l->fd);                    /* and all its locks */
}

/* Locks a slot that nobody has marked. Its number, or -1. */
static int lock_slot(struct limits *l)
{
    for (int i = 0; i < LIMIT_CLIENTS; i++) {
        if (l->table->slot[i] || is_mine(l, i))
            continue;
        if (set_lock(l, F_WRLCK, SLOT_LOCK(i), 2) == 0)
            return i;
        if (!is_held())
            return -1;
    }
    errno = EAGAIN;
    return -1;
}

/* Takes away the marks (this one, or all: 0) of processes that are no more. Whoever gets a slot's lock is the only one
 * to write there. */
static void sweep(struct limits *l, uint32_t mark)
{
    for (int i = 0; i < LIMIT_CLIENTS; i++) {
        uint32_t is = l->table->slot[i];
        if (is && (!mark || is == mark) && !is_mine(l, i) && set_lock(l, F_WRLCK, SLOT_LOCK(i), 2) == 0)
            limits_free(l, i);
    }
}

/* Are there too many, we among them? */
static enum limits_result count_marks(const struct limits *l, const struct conf *c)
{
    uint32_t mark = mark_of(l);
    unsigned all = 0, host = 0;

    for (int i = 0; i < LIMIT_CLIENTS; i++) {
        uint32_t is = l->table->slot[i];
        all += is != 0;
        host += is == mark;
    }
    if (l->counts_host && host > c->client_limit_per_host)
        return LIMITS_HOST_BUSY;
    return all > c->client_limit ? LIMITS_ALL_BUSY : LIMITS_OK;
}

/* Between a write of ours and the reads behind it. MIPS16 has no instruction for that, the processor has. */
#ifdef __mips16
__attribute__((nomips16))
#endif
static void barrier(void)
{
    __sync_synchronize();
}

/* First our mark, then the count: of any set of sessions that are in, the one that marked last has seen the others, so
 * there are never too many, with the table's lock or without. */
static enum limits_result take_slot(struct limits *l, const struct conf *c)
{
    enum limits_result r, was = LIMITS_OK;
    int slot = lock_slot(l);

    if (slot < 0 && is_held()) {
        sweep(l, 0);
        slot = lock_slot(l);
    }
    if (slot < 0)
        return is_held() ? LIMITS_ALL_BUSY : LIMITS_BROKEN;
    l->slot = slot;
    set_mine(l, slot, true);
    l->table->slot[slot] = mark_of(l);
    barrier();
    while ((r = count_marks(l, c)) > was) {      /* too many, unless some of them are dead */
        sweep(l, r == LIMITS_HOST_BUSY ? mark_of(l) : 0);
        was = r;
    }
    if (r != LIMITS_OK)
        limits_leave(l);
    return r;
}

static void set_client(struct limits *l, const struct net_addr *client)
{
    l->counts_host = client->family != NET_NONE;
    l->host = rate_client(l->table->secret, client);
}

/* What every call ends with. A page that was taken away takes our mark with it. */
static enum limits_result result(struct limits *l, bool locked, enum limits_result r)
{
    int kept = l->gone ? EIO : errno;

    if (locked)
        unlock(l, TABLE_LOCK);
    errno = kept;
    return l->gone ? LIMITS_BROKEN : r;
}

enum limits_result limits_enter(struct limits *l, const struct net_addr *client, const struct conf *c, int64_t now)
{
    struct rate_table *t = &l->table->rates;
    enum limits_result r = LIMITS_CLIENT_FAST;

    set_client(l, client);
    bool locked = lock_soon(l, TABLE_LOCK);
    if (!l->counts_host || rate_room(t, RATE_CONNECTIONS, l->host, &c->connect_rate, 1, now))
        r = take_slot(l, c);
    if (r == LIMITS_OK && l->counts_host)
        rate_take(t, RATE_CONNECTIONS, l->host, &c->connect_rate, 1, now);
    r = result(l, locked, r);
    if (r != LIMITS_OK)
        limits_leave(l);
    return r;
}

enum limits_result limits_reserve(struct limits *l, const struct net_addr *client, const struct conf *c, int64_t now,
                                  int *slot)
{
    enum limits_result r = limits_enter(l, client, c, now);

    if (r == LIMITS_OK)
        unlock(l, SLOT_LOCK(l->slot) + 1);       /* for the child */
    *slot = l->slot;
    l->slot = -1;
    return r;
}

int limits_hold(struct limits *l, const struct net_addr *client, int slot)
{
    memset(l->mine, 0, sizeof l->mine);          /* what our parent holds is not ours */
    set_client(l, client);
    if (set_lock(l, F_WRLCK, SLOT_LOCK(slot) + 1, 1))
        return -1;
    if (l->table->slot[slot] != mark_of(l)) {    /* swept away: we do not count any more */
        set_lock(l, F_UNLCK, SLOT_LOCK(slot) + 1, 1);
        return -1;
    }
    l->slot = slot;
    set_mine(l, slot, true);
    return 0;
}

/* ---- rates */

enum limits_result limits_take(struct limits *l, enum limits_what what, unsigned n, const struct address *sender,
                               bool may_relay, const struct conf *c, int64_t now)
{
    const struct conf_rate *rate = what == LIMITS_MESSAGE ? &c->message_rate : &c->recipient_rate;
    enum rate_kind by_client = RATE_MESSAGES + what, by_sender = RATE_SENDER_MESSAGES + what;
    struct rate_table *t = &l->table->rates;
    bool counts_sender = !address_is_null(sender);
    uint64_t from = counts_sender ? rate_sender(l->table->secret, sender, may_relay) : 0;
    enum limits_result r = LIMITS_OK;

    if (l->slot >= 0)
        l->table->slot[l->slot] = mark_of(l);    /* in case that somebody has damaged it */
    bool locked = lock_soon(l, TABLE_LOCK);
    if (l->counts_host && !rate_room(t, by_client, l->host, rate, n, now))
        r = LIMITS_CLIENT_FAST;
    else if (counts_sender && !rate_room(t, by_sender, from, rate, n, now))
        r = LIMITS_SENDER_FAST;
    if (r == LIMITS_OK && l->counts_host)
        rate_take(t, by_client, l->host, rate, n, now);
    if (r == LIMITS_OK && counts_sender)
        rate_take(t, by_sender, from, rate, n, now);
    return result(l, locked, r);
}

/* ---- the queue */

/* The files of queue/new, and what they take. One that goes meanwhile does not matter. */
static int count_queue(uint64_t *messages, uint64_t *bytes)
{
    DIR *dir = opendir("queue/new");
    struct dirent *entry;
    struct stat st;
    char path[10 + sizeof entry->d_name];

    *messages = *bytes = 0;
    if (!dir)
        return -1;
    while ((void)(errno = 0), (entry = readdir(dir))) {
        snprintf(path, sizeof path, "queue/new/%s", entry->d_name);
        if (entry->d_name[0] == '.' || lstat(path, &st))
            continue;
        ++*messages;
        *bytes += (uint64_t)st.st_size;
    }
    int error = errno;
    closedir(dir);
    return error ? -1 : 0;
}

/* A stamp from a moment ahead is another's, whose clock was read after ours. */
static bool is_counted(const struct limits *l, int64_t now, int64_t most)
{
    int64_t age = (int64_t)((uint64_t)now - (uint64_t)l->table->queue.when);

    return age > -10 * COUNT_AGE_NO && age < most;
}

/* Counts anew, unless somebody has just done so. When it cannot be done the old count stands: a queue that cannot be
 * read takes no message, and that has words of its own. */
static void recount(struct limits *l, int64_t now)
{
    struct limits_table *t = l->table;
    uint64_t messages, bytes, had_messages = t->queue.more_messages, had_bytes = t->queue.more_bytes;
    int64_t began = clock_mono_ms();

    if (!lock_soon(l, COUNT_LOCK))
        return;
    if (!is_counted(l, now, COUNT_AGE_NO) && count_queue(&messages, &bytes) == 0) {
        bool locked = lock_soon(l, TABLE_LOCK);
        t->queue.messages = messages;
        t->queue.bytes = bytes;
        t->queue.more_messages -= had_messages;  /* what came meanwhile may count twice, but not never */
        t->queue.more_bytes -= had_bytes;
        t->queue.when = now + clock_mono_ms() - began;
        if (locked)
            unlock(l, TABLE_LOCK);
    }
    unlock(l, COUNT_LOCK);
}

static enum limits_result judge_queue(const struct limits *l, uint64_t bytes, const struct conf *c)
{
    const struct limits_table *t = l->table;

    if (c->queue_limit_messages && t->queue.messages + t->queue.more_messages >= c->queue_limit_messages)
        return LIMITS_QUEUE_MESSAGES;
    if (c->queue_limit_bytes && t->queue.bytes + t->queue.more_bytes + bytes > c->queue_limit_bytes)
        return LIMITS_QUEUE_BYTES;
    return LIMITS_OK;
}

enum limits_result limits_queue_room(struct limits *l, uint64_t bytes, const struct conf *c, int64_t now)
{
    enum limits_result r = judge_queue(l, bytes, c);

    if ((c->queue_limit_messages || c->queue_limit_bytes)
        && !is_counted(l, now, r == LIMITS_OK ? COUNT_AGE : COUNT_AGE_NO)) {
        recount(l, now);
        r = judge_queue(l, bytes, c);
    }
    return result(l, false, r);
}

void limits_queue_added(struct limits *l, uint64_t bytes)
{
    bool locked = lock_soon(l, TABLE_LOCK);

    l->table->queue.more_messages++;
    l->table->queue.more_bytes += bytes;
    result(l, locked, LIMITS_OK);
}
