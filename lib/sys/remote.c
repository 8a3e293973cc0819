/* The sending side: see remote.h. */
#include "sys/remote.h"

#include "base/str.h"
#include "mail/dot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One message on its way: what every step below needs. */
struct job {
    struct remote *r;
    struct queue_file *q;
    struct envelope *e;
    const unsigned *rcpts;
    unsigned n;
    unsigned at;                     /* recipients named so far */
    bool any_done;                   /* a mark must be durable before the next message goes out */
    bool unmarked;                   /* a mark could not be written */
    remote_told *told;
    void *context;
};

void remote_start(struct remote *r, const struct conf *conf)
{
    r->conf = conf;
    r->open = r->down = false;
    r->dial.fd = -1;
    r->dial.peer[0] = '\0';
}

static void hang_up(struct remote *r)
{
    if (r->dial.fd >= 0)
        close(r->dial.fd);
    r->dial.fd = -1;
    r->open = false;
}

static const char *const step_name[] = {
    [CLI_AT_BANNER] = "the banner", [CLI_AT_EHLO] = "EHLO", [CLI_AT_HELO] = "HELO", [CLI_AT_READY] = "nothing",
    [CLI_AT_MAIL] = "MAIL",         [CLI_AT_RCPT] = "RCPT", [CLI_AT_DATA] = "DATA", [CLI_AT_TEXT] = "the message",
    [CLI_AT_RSET] = "RSET",         [CLI_AT_QUIT] = "QUIT",
};

/* The connection failed: puts the reason in the reply's place. */
static enum cli_want lost(struct remote *r, enum io_result why)
{
    struct cli *c = &r->cli;
    const char *how = why == IO_TIMEOUT ? "no answer in time to" : why == IO_EOF ? "connection closed at"
                    : why == IO_LONG || why == IO_BARE ? "a line that is not SMTP in answer to" : "connection lost at";

    c->broken = true;
    c->reply.code = 421;
    snprintf(c->reply.text, sizeof c->reply.text, "4.4.2 %s %s", how, step_name[c->step]);
    return CLI_RESULT;
}

/* Sends what the machine wants sent, then feeds it lines until it wants something else. */
static enum cli_want exchange(struct remote *r, enum cli_want want)
{
    const struct conf *c = r->conf;

    while (want == CLI_REPLY) {
        const char *line;
        size_t n;
        /* RFC 5321 4.5.3.2.6: the answer to the text takes longest, for the server stores it then. */
        io_allow(&r->io, r->cli.step == CLI_AT_TEXT ? 2 * c->command_timeout : c->command_timeout);
        enum io_result got = io_put(&r->io, r->cli.out, r->cli.out_n);
        r->cli.out_n = 0;
        if (got == IO_OK)
            got = io_line(&r->io, IO_IN / 2, true, &line, &n);
        want = got == IO_OK ? cli_line(&r->cli, line, n) : lost(r, got);
    }
    return want;
}

/* Opens a session with the first smarthost that answers and greets. */
static enum sys_result connect_any(struct remote *r)
{
    const char *hosts = r->conf->smarthost, *host;
    size_t n;

    (void)str_copy(r->why, sizeof r->why, "4.4.4 no route: etc/buzon.conf names no smarthost");
    while ((host = str_word(&hosts, &n))) {
        if (dial(&r->dial, host, n, r->conf->connect_timeout) != SYS_OK) {
            snprintf(r->why, sizeof r->why, "4.4.1 %.110s", r->dial.why);
            continue;
        }
        io_start(&r->io, r->dial.fd, r->dial.fd);
        r->sent = 0;
        r->want = exchange(r, cli_start(&r->cli, r->conf->hostname));
        r->open = r->want == CLI_READY;
        if (r->open)
            return SYS_OK;
        snprintf(r->why, sizeof r->why, "4.4.2 %.60s: %d %.50s", r->dial.peer, r->cli.reply.code, r->cli.reply.text);
        hang_up(r);
    }
    return SYS_TEMP;
}

/* ---- what becomes of the recipients */

static void set_one(struct job *j, unsigned k, enum envelope_status status, const char *reason)
{
    size_t at, n;

    envelope_set_rcpt(j->e, j->rcpts[k], status, reason, &at, &n);
    if (queue_write_back(j->q, j->e, at, n) != SYS_OK)
        j->unmarked = true;
    j->any_done = j->any_done || status == ENVELOPE_DONE;
}

/* The reason that the reply gives, and the status that follows from its class. A refusal of what is no refusal of this
 * recipient, such as 3yz, waits. */
static enum envelope_status fate(struct remote *r, char reason[LIMIT_REASON + 1])
{
    char code[12];
    const struct reply *p = &r->cli.reply;
    int class = p->code / 100;

    reply_enhanced(p, code);
    snprintf(reason, LIMIT_REASON + 1, "%s %d %.90s", code, p->code, p->text);
    return class == 2 ? ENVELOPE_DONE : class == 5 ? ENVELOPE_FAILED : ENVELOPE_WAITING;
}

/* The same fate for all that were not refused by their own RCPT. */
static void set_rest(struct job *j, const bool *refused, enum envelope_status status, const char *reason)
{
    for (unsigned k = 0; k < j->n; k++)
        if (!refused[k])
            set_one(j, k, status, reason);
}

/* ---- one transaction */

static enum cli_want next_rcpt(struct job *j, bool *refused)
{
    char address[LIMIT_PATH + LIMIT_HOSTNAME], reason[LIMIT_REASON + 1];

    if (j->at > 0) {                 /* the answer to the one before */
        enum envelope_status s = fate(j->r, reason);
        refused[j->at - 1] = s != ENVELOPE_DONE;
        if (s != ENVELOPE_DONE)
            set_one(j, j->at - 1, s, reason);
    }
    if (j->at == j->n)
        return cli_rcpt(&j->r->cli, NULL);
    envelope_rcpt(j->e, j->rcpts[j->at++], address, sizeof address);
    return cli_rcpt(&j->r->cli, address);
}

/* Sends the text with its final dot in as few segments as it takes. A queue file that cannot be read leaves the
 * connection cut off within the text, so that the server throws away what it has. */
static enum cli_want send_text(struct job *j)
{
    struct remote *r = j->r;
    char data[4096], out[2 * sizeof data];
    struct dot_out d;
    uint64_t at = 0;
    long got;
    enum io_result sent = IO_OK;

    io_allow(&r->io, r->conf->data_timeout);
    dot_out_start(&d);
    while (sent == IO_OK && (got = queue_read(j->q, at, data, sizeof data)) > 0) {
        at += (uint64_t)got;
        sent = io_put(&r->io, out, dot_out_put(&d, data, (size_t)got, out));
    }
    r->cli.step = CLI_AT_TEXT;
    if (sent != IO_OK)
        return lost(r, sent);
    if (got < 0) {
        r->cli.broken = true;
        r->cli.reply.code = 421;
        snprintf(r->cli.reply.text, sizeof r->cli.reply.text, "4.3.0 queue: %s", strerror(errno));
        return CLI_RESULT;
    }
    io_put(&r->io, out, dot_out_end(&d, out));
    return cli_text_sent(&r->cli);
}

static void transaction(struct job *j)
{
    static bool refused[LIMIT_RCPTS];
    struct remote *r = j->r;
    char sender[LIMIT_ADDRESS + 1], reason[LIMIT_REASON + 1];
    struct envelope_state state;

    memset(refused, 0, sizeof refused);
    envelope_get(j->e, ENVELOPE_SENDER, sender, sizeof sender);
    envelope_state(j->e, &state);
    r->want = cli_mail(&r->cli, sender, j->q->text_length, state.is_8bit);
    for (;;) {
        r->want = exchange(r, r->want);
        if (r->want == CLI_RCPT)
            r->want = next_rcpt(j, refused);
        else if (r->want == CLI_TEXT)
            r->want = send_text(j);
        else
            break;
    }
    enum envelope_status s = fate(r, reason);
    /* Only the answer to the text itself hands the message over. */
    if (s == ENVELOPE_DONE && r->cli.step != CLI_AT_TEXT)
        s = ENVELOPE_WAITING;
    set_rest(j, refused, s, reason);
}

static void all_wait(struct job *j, const char *reason)
{
    static const bool none[LIMIT_RCPTS];

    set_rest(j, none, ENVELOPE_WAITING, reason);
}

void remote_deliver(struct remote *r, struct queue_file *q, struct envelope *e, const unsigned *rcpts, unsigned n,
                    remote_told *told, void *context)
{
    struct job j = { .r = r, .q = q, .e = e, .rcpts = rcpts, .n = n, .told = told, .context = context };

    if (!r->open && !r->down && connect_any(r) != SYS_OK)
        r->down = true;
    if (r->down) {
        all_wait(&j, r->why);
    } else {
        transaction(&j);
        r->sent++;
    }
    if (j.unmarked || (j.any_done && queue_sync(q) != SYS_OK)) {
        r->down = true;
        snprintf(r->why, sizeof r->why, "4.3.0 queue: cannot mark what was sent: %.60s", strerror(errno));
    }
    for (unsigned k = 0; k < n; k++)
        told(context, rcpts[k], r->dial.peer);
    if (!r->open)
        return;
    r->want = exchange(r, cli_next(&r->cli));
    if (r->want != CLI_READY) {
        /* A server may close after so many messages; one that fails at the first is down. */
        if (r->sent <= 1) {
            r->down = true;
            snprintf(r->why, sizeof r->why, "4.4.2 %.60s: %d %.50s", r->dial.peer, r->cli.reply.code,
                     r->cli.reply.text);
        }
        hang_up(r);
    }
}

void remote_finish(struct remote *r)
{
    if (r->open) {
        exchange(r, cli_quit(&r->cli));
        hang_up(r);
    }
}
