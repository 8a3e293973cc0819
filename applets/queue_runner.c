/* queue-runner: one pass over what is due, or one at every interval. */
#include "applets.h"

#include "base/num.h"
#include "base/str.h"
#include "mail/bounce.h"
#include "mail/policy.h"
#include "sys/clock.h"
#include "sys/dns.h"
#include "sys/local.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/queue.h"
#include "sys/rand.h"
#include "sys/remote.h"
#include "sys/resolve.h"
#include "sys/sandbox.h"
#include "sys/site.h"
#include "sys/wake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define BOUNCE_HEADER_MOST 16384     /* bytes of the failed message's header section that a bounce carries */
#define ROUNDS             3         /* over the queue in one pass: a bounce made in one is delivered in the next */

struct options {
    const char *root;
    uint32_t interval;               /* seconds, 0: one pass */
    bool background, verbose, flush;
    const char *id, *rcpt, *sender;  /* -I, -R, -S: only these, due or not */
};

static struct runner {
    struct site site;
    struct options options;
    struct remote remote;
    struct envelope envelope;        /* of the message that is worked on */
    struct queue_file file;
    int64_t now;
    char asked[WAKE_LIST + 1];       /* the domains of ETRN: their mail is tried, due or not */
    bool early;                      /* the message is tried before it is due */
    bool bounced;                    /* a bounce came into the queue: look again */
} runner;

/* ---- logging: the lines that people and fail2ban know from sendmail */

static void log_rcpt(struct runner *r, unsigned i, const char *relay)
{
    char id[QNAME_ID + 1], address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1];
    struct envelope_state state;
    enum envelope_status status = envelope_status(&r->envelope, i);

    qname_id(r->file.name.id, id);
    envelope_rcpt(&r->envelope, i, address, sizeof address);
    envelope_reason(&r->envelope, i, reason);
    envelope_state(&r->envelope, &state);
    int64_t delay = clock_wall() - state.arrival;
    size_t n = strcspn(reason, " ");
    log_line(status == ENVELOPE_DONE ? LOG_INFO : LOG_NOTICE,
             "%s: to=<%s>, delay=%lld, relay=%s, dsn=%.*s, stat=%s (%s)", id, address,
             (long long)(delay < 0 ? 0 : delay), *relay ? relay : "none", (int)n, reason,
             status == ENVELOPE_DONE      ? "Sent"
             : status == ENVELOPE_WAITING ? "Deferred"
                                          : "Failed",
             reason[n] == ' ' ? reason + n + 1 : reason);
}

static void told(void *context, unsigned i, const char *relay)
{
    log_rcpt(context, i, relay);
}

/* ---- delivery */

/* Where recipient i goes, and its address taken apart. */
static enum policy_route route_of(struct runner *r, unsigned i, struct address *to)
{
    char text[LIMIT_PATH + LIMIT_HOSTNAME];

    envelope_rcpt(&r->envelope, i, text, sizeof text);
    if (address_mailbox_utf8(text, strlen(text), to) != ADDRESS_OK) {
        *to = (struct address){ .len = 0 };
        return POLICY_LOCAL;         /* nobody's mailbox: fails as an unknown user */
    }
    return policy_route(&r->site.conf, to);
}

static void deliver_local(struct runner *r, unsigned i, const struct address *to)
{
    char reason[LIMIT_REASON + 1];
    enum sys_result result = local_deliver(&r->file, &r->envelope, i, to, reason);
    enum envelope_status status = result == SYS_OK ? ENVELOPE_DONE
                                : result == SYS_PERM ? ENVELOPE_FAILED : ENVELOPE_WAITING;

    if (queue_mark(&r->file, &r->envelope, i, status, reason) != SYS_OK
        || (result == SYS_OK && queue_sync(&r->file) != SYS_OK))
        log_line(LOG_ERR, "queue: cannot mark what was delivered: %s", strerror(errno));
    log_rcpt(r, i, "local");
}

/* Tries every recipient that waits. */
static void deliver(struct runner *r)
{
    static unsigned remote[LIMIT_RCPTS];
    unsigned n = 0;
    struct address to;

    for (unsigned i = 0; i < r->envelope.rcpts; i++) {
        if (envelope_status(&r->envelope, i) != ENVELOPE_WAITING)
            continue;
        if (route_of(r, i, &to) == POLICY_LOCAL)
            deliver_local(r, i, &to);
        else
            remote[n++] = i;
    }
    if (n)
        remote_deliver(&r->remote, &r->file, &r->envelope, remote, n, told, r);
}

/* ---- bounces */

struct bouncing {
    struct queue_new *q;
    enum sys_result result;
};

static void put_bounce(void *context, const char *text, size_t n)
{
    struct bouncing *b = context;

    if (b->result == SYS_OK)
        b->result = queue_put(b->q, text, n);
}

/* Copies the failed message's header section, 7-bit, up to its end or the cap at a line's end. */
static void copy_header(struct runner *r, struct bouncing *b)
{
    static char text[BOUNCE_HEADER_MOST];
    long got = queue_read(&r->file, 0, text, sizeof text);
    size_t n = got > 0 ? (size_t)got : 0, end = 0;

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] >= 0x80)
            text[i] = '?';
        if (text[i] == '\n') {
            if (i + 1 - end == 2)    /* the empty line */
                break;
            end = i + 1;
        }
    }
    put_bounce(b, text, end);
}

/* Puts the report into the queue. Returns SYS_OK when it is safe there. */
static enum sys_result queue_bounce(struct runner *r, const char *sender, const char *id)
{
    static struct envelope envelope;
    static struct queue_new q;
    struct bounce report = {
        .hostname = r->site.conf.hostname, .id = id, .to = sender, .now = r->now, .envelope = &r->envelope
    };
    struct bouncing b = { &q, SYS_OK };
    char new_id[QNAME_ID + 1];

    envelope_start(&envelope, r->now);
    envelope_add(&envelope, ENVELOPE_SENDER, "");
    envelope_add(&envelope, ENVELOPE_CLIENT, "bounce");
    envelope_add(&envelope, ENVELOPE_PROTOCOL, "local");
    if (str_has_8bit(sender, strlen(sender)))
        envelope_add(&envelope, ENVELOPE_UTF8, "SMTPUTF8");
    if (envelope_add_rcpt(&envelope, sender) || envelope_finish(&envelope) || queue_create(&q, &envelope) != SYS_OK)
        return SYS_TEMP;
    bounce_head(&report, put_bounce, &b);
    copy_header(r, &b);
    bounce_tail(&report, put_bounce, &b);
    if (b.result != SYS_OK) {
        queue_abort(&q);
        return SYS_TEMP;
    }
    if (queue_commit(&q, r->now) != SYS_OK)
        return SYS_TEMP;
    qname_id(q.name.id, new_id);
    log_line(LOG_INFO, "%s: %s: sender notify: could not be delivered", id, new_id);
    queue_release(&q);
    r->bounced = true;
    return SYS_OK;
}

/* Tells the sender of what failed. A bounce's own failure ends here, with a log line (CASES F5, F6). */
static enum sys_result tell_sender(struct runner *r)
{
    char sender[LIMIT_ADDRESS + 1], id[QNAME_ID + 1], reason[LIMIT_REASON + 1];

    envelope_get(&r->envelope, ENVELOPE_SENDER, sender, sizeof sender);
    qname_id(r->file.name.id, id);
    if (!*sender)
        log_line(LOG_WARNING, "%s: from=<>: could not be delivered, and has no sender to tell: dropped", id);
    else if (!bounce_is_wanted(&r->envelope))
        log_line(LOG_NOTICE, "%s: could not be delivered; its sender did not want to be told (NOTIFY): dropped", id);
    else if (queue_bounce(r, sender, id) != SYS_OK)
        return SYS_TEMP;
    for (unsigned i = 0; i < r->envelope.rcpts; i++) {
        if (envelope_status(&r->envelope, i) != ENVELOPE_FAILED)
            continue;
        envelope_reason(&r->envelope, i, reason);
        if (queue_mark(&r->file, &r->envelope, i, ENVELOPE_TOLD, reason) != SYS_OK)
            return SYS_TEMP;
    }
    return SYS_OK;
}

/* ---- one message */

/* Does somebody want these messages tried now, due or not? */
static bool is_forced(const struct options *o)
{
    return o->flush || o->id || o->rcpt || o->sender;
}

/* Counts this attempt. The time waited is the sum of what lay between attempts, each no longer than two retries: a
 * clock that jumps by decades neither expires a message nor keeps it for ever (CASES I5). */
static void count_attempt(struct runner *r, struct envelope_state *s)
{
    size_t at, n;

    envelope_state(&r->envelope, s);
    int64_t since = r->now - (s->last ? s->last : s->arrival);
    if (since < 0)
        since = 0;
    if (since > 2 * (int64_t)r->site.conf.retry_max)
        since = 2 * (int64_t)r->site.conf.retry_max;
    s->waited = UINT32_MAX - s->waited < since ? UINT32_MAX : s->waited + (uint32_t)since;
    if (!r->early)                   /* who flushes on each ifup, or asks by ETRN, must not push the schedule out */
        s->attempts += s->attempts < 0xffff;
    s->last = r->now;
    envelope_set_state(&r->envelope, s, &at, &n);
    if (queue_write_back(&r->file, &r->envelope, at, n) != SYS_OK)
        log_line(LOG_ERR, "queue: cannot count an attempt: %s", strerror(errno));
}

static void expire(struct runner *r)
{
    char old[LIMIT_REASON + 1], reason[2 * LIMIT_REASON];

    for (unsigned i = 0; i < r->envelope.rcpts; i++) {
        if (envelope_status(&r->envelope, i) != ENVELOPE_WAITING)
            continue;
        envelope_reason(&r->envelope, i, old);
        snprintf(reason, sizeof reason, "4.4.7 given up after %u hours: %s", r->site.conf.queue_lifetime / 3600, old);
        (void)queue_mark(&r->file, &r->envelope, i, ENVELOPE_FAILED, reason);
        log_rcpt(r, i, "none");
    }
}

/* After the attempts: bounce, remove or reschedule. */
static void finish(struct runner *r)
{
    struct envelope_state s;
    enum sys_result saved = SYS_OK;

    if (envelope_has(&r->envelope, ENVELOPE_WAITING)) {
        count_attempt(r, &s);
        if (s.waited > r->site.conf.queue_lifetime)
            expire(r);
    }
    if (envelope_has(&r->envelope, ENVELOPE_FAILED))
        saved = tell_sender(r);
    if (saved == SYS_OK && !envelope_has(&r->envelope, ENVELOPE_WAITING)) {
        if (queue_remove(&r->file) != SYS_OK)
            log_line(LOG_ERR, "queue: cannot remove what is delivered: %s", strerror(errno));
        return;
    }
    envelope_state(&r->envelope, &s);
    if (queue_reschedule(&r->file, r->now + policy_backoff(&r->site.conf, s.attempts, (uint32_t)rand_u64())) != SYS_OK)
        log_line(LOG_ERR, "queue: cannot reschedule: %s", strerror(errno));
}

/* Was mail for a recipient's domain asked for by ETRN? */
static bool is_asked_for(struct runner *r)
{
    struct address to;

    for (unsigned i = 0; i < r->envelope.rcpts; i++)
        if (route_of(r, i, &to) != POLICY_LOCAL && wake_wants(r->asked, address_domain(&to)))
            return true;
    return false;
}

static bool is_due(const struct runner *r, const struct qname *name)
{
    return is_forced(&r->options) || qname_is_due(name, r->now, 2 * r->site.conf.retry_max);
}

static bool has_substring(struct runner *r, const char *sender, const char *rcpt)
{
    char text[LIMIT_PATH + LIMIT_HOSTNAME];

    envelope_get(&r->envelope, ENVELOPE_SENDER, text, sizeof text);
    if (sender && !strstr(text, sender))
        return false;
    for (unsigned i = 0; rcpt && i < r->envelope.rcpts; i++) {
        envelope_rcpt(&r->envelope, i, text, sizeof text);
        if (strstr(text, rcpt))
            return true;
    }
    return !rcpt;
}

static void set_aside(struct runner *r, const char *wrong)
{
    char id[QNAME_ID + 1];

    qname_id(r->file.name.id, id);
    if (queue_set_aside(&r->file) == SYS_OK)
        log_line(LOG_ERR, "%s: set aside to queue/bad, not sent: %s", id, wrong);
    else
        log_line(LOG_ERR, "%s: not sent: %s; cannot set it aside: %s", id, wrong, strerror(errno));
}

static void work_on(struct runner *r, const struct qname *name)
{
    const char *wrong = "";
    char id[QNAME_ID + 1];

    switch (queue_open(&r->file, name, &r->envelope, &wrong)) {
    case QUEUE_OPEN:
        r->early = is_forced(&r->options) || !is_due(r, name);
        if (has_substring(r, r->options.sender, r->options.rcpt) && (is_due(r, name) || is_asked_for(r))) {
            deliver(r);
            finish(r);
        }
        break;
    case QUEUE_BAD:
        set_aside(r, wrong);
        break;
    case QUEUE_TEMP:
        qname_id(name->id, id);
        log_line(LOG_ERR, "%s: cannot be read now: %s", id, strerror(errno));
        return;
    case QUEUE_BUSY: case QUEUE_GONE:
        return;
    }
    queue_close(&r->file);
}

/* ---- the pass */

static bool is_wanted(const struct runner *r, const struct qname *name)
{
    const struct options *o = &r->options;
    char id[QNAME_ID + 1];

    if (o->id) {
        qname_id(name->id, id);
        if (!strstr(id, o->id))
            return false;
    }
    if (is_forced(o) || *r->asked)
        return name->due != QNAME_HOLD;
    return is_due(r, name);
}

/* To the log, and to whoever started this by hand: cron mails it. */
static int not_ready(const struct runner *r, const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    if (!r->options.verbose)         /* else the log's echo has said it */
        fprintf(stderr, "queue-runner: %s\n", f->text);
    return f->code;
}

static int one_round(struct runner *r)
{
    struct fault f;
    struct qname *names;
    size_t n, strange;

    r->now = clock_wall();
    r->bounced = false;
    if (queue_list(&names, &n, &strange) != SYS_OK) {
        fault_set(&f, EX_TEMPFAIL, "queue/new: %s", strerror(errno));
        return not_ready(r, &f);
    }
    if (strange)
        log_line(LOG_WARNING, "queue/new holds %u files that are not buzon's; move them away", (unsigned)strange);
    for (size_t i = 0; i < n; i++)
        if (is_wanted(r, &names[i]))
            work_on(r, &names[i]);
    free(names);
    return EX_OK;
}

static int pass(struct runner *r)
{
    struct fault f;
    int lock, code = EX_OK;

    log_open("queue-runner", r->options.verbose);    /* anew for each pass: syslogd may have come, gone or come back */
    if (site_open(&r->site, r->options.root, &f))
        return not_ready(r, &f);
    resolve_load(true);
    dns_set_timeout(r->site.conf.name_timeout);
    if (tree_enter(&r->site.tree, &f))
        return not_ready(r, &f);
    wake_prepare();
    if (sandbox_enter(SECCOMP_RUNNER, &(struct sandbox_limits){ 0 }, &f))
        return not_ready(r, &f);
    lock = queue_lock();
    if (lock < 0 && errno == EWOULDBLOCK)
        return EX_OK;                /* another pass is under way: cron runs may overlap */
    if (lock < 0) {
        fault_set(&f, EX_TEMPFAIL, "queue/lock: %s", strerror(errno));
        return not_ready(r, &f);
    }
    wake_take(r->asked);
    unsigned swept = queue_sweep();
    if (swept)
        log_line(LOG_INFO, "removed %u files of interrupted writers from queue/tmp", swept);
    remote_start(&r->remote, &r->site.conf);
    for (int i = 0; i < ROUNDS && code == EX_OK && (i == 0 || r->bounced); i++) {
        code = one_round(r);
        r->asked[0] = '\0';
    }
    remote_finish(&r->remote);
    close(lock);
    return code;
}

/* Each pass is a child that enters the jail anew: so it sees today's configuration and resolv.conf, and what a pass
 * does to memory ends with it. The parent only waits. */
static int stay(struct runner *r)
{
    pid_t child = r->options.background ? fork() : 0;
    int pipe = -1;

    if (child > 0)
        return EX_OK;                /* it goes on in the background */
    if (child < 0 || (r->options.background && proc_detach())) {
        log_line(LOG_ERR, "cannot go to the background: %s", strerror(errno));
        return EX_OSERR;
    }
    for (;;) {
        child = fork();
        if (child == 0)
            _exit(pass(r));
        if (child < 0)
            log_line(LOG_ERR, "fork: %s; the next pass will try again", strerror(errno));
        else
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
        if (pipe < 0)
            pipe = wake_open();      /* the first pass has made it */
        wake_wait(pipe, r->options.interval);
    }
}

static int usage(const char *what)
{
    fprintf(stderr, "queue-runner: %s\n"
            "usage: queue-runner [--root DIR] [-q[TIME] [-b]] [-f] [-v] [-I ID] [-R SUBSTRING] [-S SUBSTRING]\n", what);
    return EX_USAGE;
}

static int parse(struct options *o, int argc, char **argv)
{
    int c;

    o->root = tree_option(&argc, argv);
    if (argc < 0)
        return usage("--root needs a directory");
    optind = 1;
    opterr = 0;
    while ((c = getopt(argc, argv, "q::bfvI:R:S:")) != -1) {
        switch (c) {
        case 'q':
            if (optarg && (num_time(optarg, strlen(optarg), 60, &o->interval) || o->interval == 0))
                return usage("-q: not a time; write it like 15m or 1h30m");
            break;
        case 'b': o->background = true; break;
        case 'f': o->flush = true; break;
        case 'v': o->verbose = true; break;
        case 'I': o->id = optarg; break;
        case 'R': o->rcpt = optarg; break;
        case 'S': o->sender = optarg; break;
        default:  return usage("unknown option");
        }
    }
    if (o->background && !o->interval)
        return usage("-b needs -qTIME: a single pass is no daemon");
    return optind < argc ? usage("takes no arguments") : EX_OK;
}

int queue_runner_main(int argc, char **argv)
{
    struct runner *r = &runner;
    struct fault f;

    if (proc_init())
        return EX_OSERR;
    int code = parse(&r->options, argc, argv);
    if (code != EX_OK)
        return code;
    if (!r->options.interval)
        return pass(r);
    /* One that stays tells whoever starts it of a fault now, before it goes to the background. */
    log_open("queue-runner", r->options.verbose);
    if (site_open(&r->site, r->options.root, &f))
        return not_ready(r, &f);
    r->options.root = r->site.tree.root;    /* the working directory is the tree's from here on */
    return stay(r);
}
