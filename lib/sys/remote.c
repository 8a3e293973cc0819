/* The sending side: see remote.h. */
#include "sys/remote.h"

#include "base/page.h"
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
    unsigned *rcpts;
    unsigned n;
    unsigned at;                     /* recipients named so far */
    bool handed_over;                /* the server has taken the text */
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
                    : why == IO_LONG || why == IO_BARE ? "a line that is not SMTP in answer to"
                    : why == IO_UNASKED ? "a reply that nobody asked for before" : "connection lost at";

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
        /* Replies answer in turn. One that is here before its command would be taken for the answer to the next, and a
         * message be thought delivered that nobody has. */
        enum io_result got = r->cli.out_n ? io_quiet(&r->io, 0) : IO_OK;
        if (got == IO_OK)
            got = io_put(&r->io, r->cli.out, r->cli.out_n);
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
    if (queue_mark(j->q, j->e, j->rcpts[k], status, reason) != SYS_OK)
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
        /* RFC 5321 4.5.3.1.10: a 552 here means too many recipients, as 452 does. */
        if (j->r->cli.reply.code == 552)
            s = ENVELOPE_WAITING;
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
    long got = 0;
    enum io_result sent = io_quiet(&r->io, 0);

    io_allow(&r->io, r->conf->data_timeout);
    dot_out_start(&d);
    errno = 0;
    while (sent == IO_OK && (got = queue_read(j->q, at, data, sizeof data)) > 0) {
        at += (uint64_t)got;
        sent = io_put(&r->io, out, dot_out_put(&d, data, (size_t)got, out));
    }
    r->cli.step = CLI_AT_TEXT;
    if (sent == IO_OK && got >= 0)
        sent = io_quiet(&r->io, 0);     /* an answer to a text that has not ended */
    if (sent != IO_OK)
        return lost(r, sent);
    if (got < 0) {
        r->cli.broken = true;
        r->cli.reply.code = 421;
        snprintf(r->cli.reply.text, sizeof r->cli.reply.text, "4.3.0 queue: %s",
                 errno ? strerror(errno) : "the file became shorter");
        return CLI_RESULT;
    }
    io_put(&r->io, out, dot_out_end(&d, out));
    return cli_text_sent(&r->cli);
}

/* Has the header section a byte over 127? */
static bool header_is_8bit(struct queue_file *q)
{
    char data[4096];
    bool empty = true;               /* the line so far */
    uint64_t at = 0;
    long got;

    for (; (got = queue_read(q, at, data, sizeof data)) > 0; at += (uint64_t)got)
        for (long i = 0; i < got; i++) {
            if ((unsigned char)data[i] >= 0x80)
                return true;
            if (data[i] == '\n' && empty)
                return false;
            if (data[i] != '\r')
                empty = data[i] == '\n';
        }
    return false;
}

/* What this transaction has to do with SMTPUTF8. A header field beyond ASCII in a message whose sender did not say
 * SMTPUTF8 is as old as mail: it goes as it always did. */
static enum cli_utf8 utf8_of(struct job *j, const char *sender, bool is_8bit)
{
    char address[LIMIT_PATH + LIMIT_HOSTNAME];
    bool said = envelope_is_utf8(j->e);

    if (str_has_8bit(sender, strlen(sender)) || (said && is_8bit && header_is_8bit(j->q)))
        return CLI_UTF8_MUST;
    for (unsigned k = 0; k < j->n && !said; k++) {
        envelope_rcpt(j->e, j->rcpts[k], address, sizeof address);
        said = str_has_8bit(address, strlen(address));
    }
    return said ? CLI_UTF8_MAY : CLI_UTF8_NO;
}

static void transaction(struct job *j, bool *refused)
{
    struct remote *r = j->r;
    char sender[LIMIT_ADDRESS + 1], reason[LIMIT_REASON + 1];
    struct envelope_state state;

    memset(refused, 0, j->n * sizeof *refused);
    j->at = 0;
    envelope_get(j->e, ENVELOPE_SENDER, sender, sizeof sender);
    envelope_state(j->e, &state);
    r->want = cli_mail(&r->cli, sender, j->q->text_length, state.is_8bit,
                       utf8_of(j, sender, state.is_8bit));
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
    j->handed_over = s == ENVELOPE_DONE && r->cli.step == CLI_AT_TEXT;
    if (s == ENVELOPE_DONE && !j->handed_over)
        s = ENVELOPE_WAITING;
    set_rest(j, refused, s, reason);
}

/* Makes what became of this transaction's recipients durable and tells it. Those that the server put off because it had
 * enough of them stay in the job for another transaction; everybody else leaves it. */
static void settle(struct job *j, const bool *refused)
{
    struct remote *r = j->r;
    unsigned left = 0;

    if (j->unmarked || (j->any_done && queue_sync(j->q) != SYS_OK)) {
        r->down = true;
        snprintf(r->why, sizeof r->why, "4.3.0 queue: cannot mark what was sent: %.60s", strerror(errno));
    }
    for (unsigned k = 0; k < j->n; k++) {
        bool put_off = refused[k] && envelope_status(j->e, j->rcpts[k]) == ENVELOPE_WAITING;
        if (put_off && j->handed_over && !r->down)
            j->rcpts[left++] = j->rcpts[k];
        else
            j->told(j->context, j->rcpts[k], r->dial.peer);
    }
    j->n = left;
    j->any_done = false;
}

/* Brings the session back to where the next message can begin, or closes it. */
static void idle(struct remote *r)
{
    r->want = exchange(r, cli_next(&r->cli));
    if (r->want == CLI_READY)
        return;
    if (r->sent == 0) {              /* it fails at its first message: not tried again for the others */
        r->down = true;
        snprintf(r->why, sizeof r->why, "4.4.2 %.60s: %d %.50s", r->dial.peer, r->cli.reply.code, r->cli.reply.text);
    }
    hang_up(r);
}

void remote_deliver(struct remote *r, struct queue_file *q, struct envelope *e, const unsigned *rcpts, unsigned n,
                    remote_told *told, void *context)
{
    static PAGE_ALONE unsigned waiting[LIMIT_RCPTS];
    static PAGE_ALONE bool refused[LIMIT_RCPTS];
    struct job j = { .r = r, .q = q, .e = e, .rcpts = waiting, .n = n, .told = told, .context = context };

    memcpy(waiting, rcpts, n * sizeof *rcpts);
    while (j.n) {
        bool reused = r->open;
        if (!r->open && !r->down && connect_any(r) != SYS_OK)
            r->down = true;
        if (r->down) {
            memset(refused, 0, sizeof refused);
            set_rest(&j, refused, ENVELOPE_WAITING, r->why);
        } else {
            transaction(&j, refused);
            if (r->cli.broken && reused && r->cli.step == CLI_AT_MAIL) {
                hang_up(r);          /* the server takes so many messages a connection: a new one, once */
                continue;
            }
            r->sent += !r->cli.broken;
        }
        settle(&j, refused);
        if (r->open)
            idle(r);
    }
}

void remote_finish(struct remote *r)
{
    if (r->open) {
        exchange(r, cli_quit(&r->cli));
        hang_up(r);
    }
}
