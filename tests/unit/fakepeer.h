/* A whole session without a network: session_run() over a descriptor that does not exist, whose reads give the peer's
 * bytes in exactly the segments that a test wants. Link with -Wl,--wrap=read,--wrap=write,--wrap=await_ready. The
 * working directory becomes a tree. What every session must leave behind is checked here too. */
#ifndef TESTS_UNIT_FAKEPEER_H
#define TESTS_UNIT_FAKEPEER_H

#include "base/crc32c.h"
#include "sys/await.h"
#include "sys/queue.h"
#include "sys/session.h"

#include "tempdir.h"

#include <ctype.h>
#include <stdint.h>
#include <unistd.h>

#define FAKEPEER_FD   777
#define FAKEPEER_OUT  65536          /* bytes of replies that are kept */

static struct fakepeer {
    const char *in;                  /* what the peer sends … */
    size_t n, at;
    size_t (*segment)(size_t at);    /* … and how many bytes of it come in the read at `at`: at least 1 */
    size_t write_most;               /* bytes that one write takes; 0: all */
    bool early;                      /* it does not wait for the banner */
    char out[FAKEPEER_OUT + 1];
    size_t out_n;
} fakepeer;

static struct session fakepeer_session;
static struct conf fakepeer_conf;

ssize_t __real_read(int fd, void *data, size_t n);
ssize_t __real_write(int fd, const void *data, size_t n);
int __real_await_ready(struct pollfd *p, unsigned n, int64_t ms, const sigset_t *mask);
ssize_t __wrap_read(int fd, void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
int __wrap_await_ready(struct pollfd *p, unsigned n, int64_t ms, const sigset_t *mask);

ssize_t __wrap_read(int fd, void *data, size_t n)
{
    struct fakepeer *f = &fakepeer;

    if (fd != FAKEPEER_FD)
        return __real_read(fd, data, n);
    size_t part = f->n - f->at;
    if (part && f->segment(f->at) < part)
        part = f->segment(f->at);
    if (part > n)
        part = n;
    memcpy(data, f->in + f->at, part);
    f->at += part;
    return (ssize_t)part;
}

ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    struct fakepeer *f = &fakepeer;

    if (fd != FAKEPEER_FD)
        return __real_write(fd, data, n);
    if (f->write_most && n > f->write_most)
        n = f->write_most;
    size_t room = FAKEPEER_OUT - f->out_n, kept = n < room ? n : room;
    memcpy(f->out + f->out_n, data, kept);
    f->out_n += kept;
    f->out[f->out_n] = '\0';
    return (ssize_t)n;
}

/* A peer that is not early says nothing before the banner; later there is always something to read, the end at last. */
int __wrap_await_ready(struct pollfd *p, unsigned n, int64_t ms, const sigset_t *mask)
{
    if (n != 1 || p->fd != FAKEPEER_FD)
        return __real_await_ready(p, n, ms, mask);
    p->revents = p->events & (fakepeer.out_n || fakepeer.early ? POLLIN | POLLOUT : POLLOUT);
    return p->revents ? 1 : 0;
}

/* Makes the tree and a session that the fields of fakepeer_session.client and fakepeer_conf may still change. Returns 0
 * or -1. */
static int fakepeer_prepare(void)
{
    static const char *const folders[] = { "etc", "queue", "queue/tmp", "queue/new", "queue/bad", "run", "mail",
                                           "mail/user", "mail/postmaster" };
    struct client *c = &fakepeer_session.client;

    if (access("/dev/shm", W_OK) == 0)       /* in memory: a message is flushed to the disk twice */
        setenv("TMPDIR", "/dev/shm", 1);
    if (tempdir_enter())
        return -1;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (mkdir(folders[i], 0700))
            return -1;
    conf_defaults(&fakepeer_conf);
    fakepeer_conf.hostname = "mx.example.org";
    fakepeer_conf.local_domains = "example.org";
    fakepeer_conf.relay_domains = "relayed.example";
    fakepeer_conf.smarthost = "127.0.0.1";
    fakepeer_conf.tarpit = fakepeer_conf.greet_delay = 0;
    fakepeer_conf.free_space = fakepeer_conf.free_files = 0;
    fakepeer_session.conf = c->conf = &fakepeer_conf;
    c->peer.is_socket = true;
    if (net_parse("192.0.2.7", 9, &c->peer.client) || net_parse("192.0.2.1", 9, &c->peer.server))
        return -1;
    client_facts(c, "smtpd");
    access_table_load(&c->table, ACCESS_TABLE_FILE, NULL);
    return 0;
}

/* The whole conversation; the peer's bytes and their segments are set. */
static void fakepeer_run(void)
{
    struct session *s = &fakepeer_session;

    fakepeer.at = fakepeer.out_n = 0;
    fakepeer.out[0] = '\0';
    s->discard = false;
    unlink("run/etrn");              /* it has room for so many domains only */
    session_start(s, FAKEPEER_FD, FAKEPEER_FD);
    session_run(s);
}

/* ---- the replies */

/* Is what was sent a series of whole reply lines, each of at most 512 bytes (RFC 5321 4.2, 4.5.3.1.5)? */
static bool fakepeer_replies_are_well_formed(void)
{
    for (const char *p = fakepeer.out, *end; *p; p = end + 2) {
        end = strstr(p, "\r\n");
        if (!end || end - p < 3 || end - p > 510 || *p < '2' || *p > '5' || !isdigit(p[1]) || !isdigit(p[2])
            || (p[3] != ' ' && p[3] != '-'))
            return false;
        for (const char *q = p; q < end; q++)
            if (*q < ' ' || *q > '~')
                return false;
    }
    return strlen(fakepeer.out) == fakepeer.out_n;
}

/* How many messages the replies say were queued. */
static size_t fakepeer_promised(void)
{
    size_t n = 0;

    for (const char *p = fakepeer.out; (p = strstr(p, "\r\n250 2.0.0 queued as ")); p++)
        n++;
    return n;
}

/* Makes ids and what comes after them equal, so that two runs can be compared. */
static void fakepeer_mask_ids(void)
{
    for (char *p = fakepeer.out; (p = strstr(p, "queued as ")); p++)
        for (char *id = p + 10; *id >= ' '; id++)
            *id = 'x';
}

/* ---- the queue */

struct fakepeer_queue {
    size_t messages;
    uint32_t sum;                    /* of senders, recipients and texts, but for ids and dates; in any order */
    const char *wrong;               /* NULL, or what is not as it must be */
};

static char fakepeer_text[1 << 20];
static size_t fakepeer_text_n;

/* The text as it is compared: without what the server dates and numbers. */
static uint32_t sum_text(void)
{
    static const char *const dated[] = { "Received: from ", "\tby ", "\tfor ", "\tMon", "\tTue", "\tWed", "\tThu",
                                         "\tFri", "\tSat", "\tSun", "Date: ", "Message-ID: " };
    uint32_t sum = 0;

    for (char *p = fakepeer_text, *end = p + fakepeer_text_n, *next; p < end; p = next) {
        next = memchr(p, '\n', (size_t)(end - p));
        next = next ? next + 1 : end;
        size_t n = (size_t)(next - p);
        for (size_t i = 0; i < sizeof dated / sizeof *dated; i++)
            if (n > strlen(dated[i]) && !memcmp(p, dated[i], strlen(dated[i])))
                n = strlen(dated[i]);
        sum = crc32c(sum, p, n);
    }
    return sum;
}

/* Only CR LF ends a line, and there is no NUL. */
static bool text_is_clean(void)
{
    const char *p = fakepeer_text;

    for (size_t i = 0; i < fakepeer_text_n; i++)
        if (p[i] == '\0' || (p[i] == '\n' && (i == 0 || p[i - 1] != '\r')) || (p[i] == '\r' && p[i + 1] != '\n'))
            return false;
    return fakepeer_text_n && p[fakepeer_text_n - 1] == '\n';
}

static uint32_t sum_envelope(const struct envelope *e)
{
    char value[600];
    uint32_t sum = 1;

    for (const char *kind = "spenbu"; *kind; kind++) {
        envelope_get(e, *kind, value, sizeof value);
        sum = crc32c(sum, value, strlen(value) + 1);
    }
    for (unsigned i = 0; i < e->rcpts; i++) {
        struct dsn_rcpt dsn;
        envelope_rcpt(e, i, value, sizeof value);
        envelope_rcpt_dsn(e, i, &dsn);
        sum = crc32c(sum, value, strlen(value) + 1);
        sum = crc32c(sum, dsn.orcpt, strlen(dsn.orcpt) + 1) + dsn.notify;
    }
    return sum;
}

static const char *look_at(const struct qname *name, struct fakepeer_queue *found)
{
    static struct envelope e;
    struct queue_file q;
    const char *wrong = "a file in queue/new cannot be opened, or has no whole END record";
    char path[64] = "queue/new/";

    if (queue_open(&q, name, &e, &wrong) != QUEUE_OPEN)
        return wrong;
    fakepeer_text_n = (size_t)q.text_length;
    if (fakepeer_text_n >= sizeof fakepeer_text
        || queue_read(&q, 0, fakepeer_text, fakepeer_text_n) != (long)fakepeer_text_n)
        return "a queue file's text cannot be read";
    fakepeer_text[fakepeer_text_n] = '\0';
    queue_close(&q);
    qname_format(name, path + strlen(path));
    unlink(path);
    if (!text_is_clean())
        return "a queued text has line ends other than CR LF, or a NUL";
    if (e.rcpts == 0)
        return "a queued message has no recipient";
    found->sum += sum_text() + sum_envelope(&e);
    return NULL;
}

/* Looks at the queue and empties it. Each 250 to a message is one whole file in queue/new; nothing else is there. */
static struct fakepeer_queue fakepeer_take_queue(void)
{
    struct fakepeer_queue found = { 0 };
    struct qname *names = NULL;
    size_t strange = 0;

    if (tempdir_count("queue/tmp") != 0 || tempdir_count("queue/bad") != 0)
        found.wrong = "something is left in queue/tmp or queue/bad";
    if (queue_list(&names, &found.messages, &strange) != SYS_OK || strange)
        found.wrong = "queue/new has other files";
    for (size_t i = 0; i < found.messages && !found.wrong; i++)
        found.wrong = look_at(&names[i], &found);
    if (found.messages != fakepeer_promised())
        found.wrong = "the messages in queue/new are not those that got a 250";
    free(names);
    return found;
}

#endif
