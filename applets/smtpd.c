/* smtpd: speaks SMTP to a client on fd 0, and puts what it accepts into the queue. */
#include "applets.h"

#include "base/str.h"
#include "mail/dot.h"
#include "mail/header.h"
#include "mail/option.h"
#include "mail/policy.h"
#include "mail/srv.h"
#include "mail/trace.h"
#include "sys/access_table.h"
#include "sys/clock.h"
#include "sys/dns.h"
#include "sys/effect.h"
#include "sys/io.h"
#include "sys/log.h"
#include "sys/maildir.h"
#include "sys/peer.h"
#include "sys/proc.h"
#include "sys/queue.h"
#include "sys/resolve.h"
#include "sys/rules.h"
#include "sys/site.h"
#include "sys/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* All of a session's memory, and its ceiling: nothing here grows with what a client sends. Pages that a session does
 * not touch are never made. */
static struct session {
    struct site site;
    struct peer peer;
    struct access_rules rules;
    struct access_facts facts;
    struct dns_names names;          /* the client's and our own, as far as they were asked for */
    struct verdict_names verdict;
    struct access_table table;
    struct table_answer answer;      /* of the question asked last; TABLE_SKIP when no key spoke of it */
    bool relay, lan;
    bool welcome;                    /* the table lets the client in, whatever its name */
    bool discard_all;                /* whatever the client sends is taken and thrown away … */
    bool discard;                    /* … or this message */
    struct io io;
    struct srv srv;
    struct envelope envelope;
    struct queue_new queued;
    struct dot dot;
    struct header header;
    uint64_t size;                   /* of the message's text */
    char text[2 * IO_IN + 2];
} session;

/* How the client is called in the log: `name [address]` as the relay of a message, and without the blank in a refusal,
 * as fail2ban's filters know it. */
static const char *label(const struct session *s, const char *blank)
{
    static char text[320];
    char addr[NET_TEXT];

    net_format(&s->facts.client, addr);
    if (!s->peer.is_socket)
        return "local user";
    snprintf(text, sizeof text, "%s%s[%s]",
             s->facts.client_state == ACCESS_NAME_KNOWN ? s->names.client : "unknown", blank, addr);
    return text;
}

static const char *refused_label(const struct session *s)
{
    return label(s, "");
}

static const char *relay_label(const struct session *s)
{
    return label(s, " ");
}

static const char *protocol(const struct session *s)
{
    return s->srv.greeted == SRV_EHLO ? "ESMTP" : "SMTP";
}

/* ---- before the session */

static void ask_name(struct session *s)
{
    if (s->facts.client_state == ACCESS_NAME_UNASKED)
        dns_ask_client(&s->names, &s->facts);
}

/* Does the client match relay-clients or lan-clients? */
static bool client_in(struct session *s, const char *patterns)
{
    int r;

    if (!s->peer.is_socket || !*patterns)
        return false;
    r = access_client_in(patterns, &s->facts, NULL);     /* all are good: conf_parse has read them */
    if (r < 0) {
        ask_name(s);
        r = access_client_in(patterns, &s->facts, NULL);
    }
    return r == 1;
}

/* A refusal that rests on a name which the resolver could not tell holds for now only (CASES G7). Returns the reply. */
static const char *refusal(const struct session *s, const char *permanent)
{
    return s->names.failed ? "421 4.7.25 your address's name cannot be looked up now, try again later" : permanent;
}

/* NULL when the rules let the client in, else the reply. */
static const char *judge_client(struct session *s)
{
    struct access_why why;
    struct effect_way way = { .facts = &s->facts, .names = &s->verdict, .granted = LOG_INFO, .refused = LOG_NOTICE };

    s->verdict.dns = &s->names;
    enum access_verdict v = verdict_reach(&s->rules, &s->facts, &s->verdict, &why);
    enum effect_result e = effect_run(&why, &way);
    umask(077);                      /* an option's is for the commands of its rule: the queue's files keep theirs */
    if (v == ACCESS_ALLOW && e == EFFECT_GO_ON)
        return NULL;
    const char *no = refusal(s, "554 5.7.1 access denied");
    log_line(way.refused, "reject: CONNECT from %s: %s by %s:%u: %s%s%s", refused_label(s), no,
             why.file ? why.file : "default", why.line, why.rule, *why.fault ? ": " : "", why.fault);
    return no;
}

/* ---- the access table */

/* ` by FILE:LINE: the line`, or why the table cannot be used; "" when a refusal is not the table's. */
static const char *by_table(const struct session *s, bool table)
{
    static char text[400];

    text[0] = '\0';
    if (table)
        snprintf(text, sizeof text, " by " ACCESS_TABLE_FILE ":%u: %s", s->answer.line,
                 *s->answer.fault ? s->answer.fault : s->answer.rule);
    return text;
}

/* Asks the table, which is for remote clients only. Returns the refusal, or NULL; s->answer has the rest. */
static const char *ask_table(struct session *s, enum table_tag tag, const struct address *a, const char *reject)
{
    struct table_query q = { .tag = tag, .client = s->peer.client, .address = a, .hostname = s->site.conf.hostname };
    enum table_result r = TABLE_NOTHING;

    if (s->peer.is_socket) {
        do {
            q.state = s->facts.client_state;
            q.name = s->names.client;
            r = access_table_find(&s->table, &q, &s->answer);
            if (r == TABLE_ASK_NAME)
                ask_name(s);
        } while (r == TABLE_ASK_NAME);
    }
    if (r == TABLE_BROKEN)
        return "421 4.3.0 this server is not set up, closing";
    if (r == TABLE_NOTHING)
        s->answer.action = TABLE_SKIP;
    switch (s->answer.action) {
    case TABLE_REJECT: return reject;
    case TABLE_REPLY:  return s->answer.reply;
    default:           return NULL;
    }
}

/* NULL when the table lets the client in, and what else it says of him is noted. */
static const char *judge_listed(struct session *s)
{
    const char *no = ask_table(s, TABLE_CONNECT, NULL, "554 5.7.1 access denied");
    enum table_action a = s->answer.action;

    /* A key for the name, had it been known, might have said something else. */
    if (s->names.failed && s->answer.past_name && (no || a == TABLE_DISCARD))
        no = refusal(s, no);
    if (no) {
        log_line(LOG_NOTICE, "reject: CONNECT from %s: %s%s", refused_label(s), no, by_table(s, true));
        return no;
    }
    s->relay = a == TABLE_RELAY;
    s->welcome = a == TABLE_OK || a == TABLE_RELAY || a == TABLE_DISCARD;
    s->discard_all = a == TABLE_DISCARD;
    if (s->discard_all)
        log_line(LOG_NOTICE, "discard: CONNECT from %s%s", refused_label(s), by_table(s, true));
    return NULL;
}

/* require-name: NULL when the client's name is enough, else the reply. */
static const char *judge_name(struct session *s)
{
    uint32_t want = s->site.conf.require_name;

    if (want == CONF_NAME_OFF || s->welcome)
        return NULL;
    ask_name(s);
    enum access_name have = s->facts.client_state;
    if (have == ACCESS_NAME_KNOWN || (want == CONF_NAME_KNOWN && have == ACCESS_NAME_PARANOID))
        return NULL;
    const char *no = refusal(s, want == CONF_NAME_KNOWN ? "554 5.7.25 your address has no name"
                                                        : "554 5.7.25 your address has no name that leads back to it");
    log_line(LOG_NOTICE, "reject: CONNECT from %s: %s", refused_label(s), no);
    return no;
}

/* A refusal at the door: RFC 5321 3.1 and 3.8. */
static int refuse(struct session *s, const char *reply, int code)
{
    io_revive(&s->io);
    io_put(&s->io, reply, strlen(reply));
    io_put(&s->io, "\r\n", 2);
    io_finish(&s->io);
    return code;
}

/* ---- verdicts */

static const char *judge_room(struct session *s)
{
    const struct conf *c = &s->site.conf;

    if (queue_has_room(s->srv.declared_size, c->free_space, c->free_files) != SYS_OK) {
        bool full = errno == ENOSPC;
        log_line(LOG_ERR, "queue: %s for mail from %s: %s; %s", full ? "no room" : "no use", refused_label(s),
                 strerror(errno),
                 full ? "free some space or set free-space and free-files lower" : "see to the file system");
        return full ? "452 4.3.1 no room for mail now, try again later"
                    : "451 4.3.0 the message cannot be stored now, try again later";
    }
    return NULL;
}

static const char *judge_sender(struct session *s)
{
    s->discard = s->discard_all;
    if (s->discard)
        return NULL;
    const char *no = ask_table(s, TABLE_FROM, &s->srv.sender, "550 5.7.1 access denied");
    s->discard = !no && s->answer.action == TABLE_DISCARD;
    if (no || s->discard)
        log_line(LOG_NOTICE, "%s: MAIL from %s%s%s%s; from=<%s> proto=%s helo=<%s>", no ? "reject" : "discard",
                 refused_label(s), no ? ": " : "", no ? no : "", by_table(s, true), s->srv.sender.text, protocol(s),
                 s->srv.helo);
    return no || s->discard ? no : judge_room(s);
}

static const char *judge_local(struct session *s)
{
    char folder[LIMIT_LOCAL_PART + 1];

    if (policy_is_postmaster(&s->site.conf, &s->srv.rcpt))
        return NULL;                 /* RFC 5321 4.5.1: always */
    enum sys_result r = maildir_of(&s->srv.rcpt, folder);
    if (r == SYS_TEMP) {
        log_line(LOG_ERR, "mail/%s: %s", folder, strerror(errno));
        return "451 4.3.0 the mailbox cannot be looked at now, try again later";
    }
    return r == SYS_OK ? NULL : "550 5.1.1 no such user here";
}

static const char *judge_remote(struct session *s)
{
    const struct conf *c = &s->site.conf;
    const char *no_route = *c->smarthost ? NULL : "550 5.4.4 no route: etc/buzon.conf names no smarthost";

    if (!s->peer.is_socket || s->answer.action == TABLE_RELAY)
        return no_route;
    if (!s->relay && s->names.failed)
        return "450 4.7.25 your address's name cannot be looked up now, try again later";
    if (!s->relay)
        return "550 5.7.1 relaying denied";
    if (c->relay_senders == CONF_SENDERS_OURS && !address_is_null(&s->srv.sender) && !policy_is_ours(c, &s->srv.sender))
        return "550 5.7.1 relaying denied: the sender's address is not of a domain of ours";
    return no_route;
}

static const char *judge_route(struct session *s)
{
    switch (policy_route(&s->site.conf, &s->srv.rcpt)) {
    case POLICY_LOCAL:  return judge_local(s);
    case POLICY_REMOTE: return judge_remote(s);
    default:            return NULL;
    }
}

static const char *judge_rcpt(struct session *s)
{
    char address[LIMIT_ADDRESS + LIMIT_HOSTNAME + 2];

    if (s->discard)
        return NULL;                 /* whoever it is for */
    const char *no = ask_table(s, TABLE_TO, &s->srv.rcpt, "550 5.7.1 access denied");
    bool table = no, discard = !no && s->answer.action == TABLE_DISCARD;
    if (!no && !discard)
        no = judge_route(s);
    if (!no && !discard) {
        policy_destination(&s->site.conf, &s->srv.rcpt, address, sizeof address);
        if (envelope_add_rcpt(&s->envelope, address))
            no = "452 4.5.3 too many recipients; send the others in another message";
    }
    if (no || discard)
        log_line(LOG_NOTICE, "%s: RCPT from %s%s%s%s; from=<%s> to=<%s> proto=%s helo=<%s>", no ? "reject" : "discard",
                 refused_label(s), no ? ": " : "", no ? no : "", by_table(s, table || discard), s->srv.sender.text,
                 s->srv.rcpt.text, protocol(s), s->srv.helo);
    return no;
}

/* ---- the message */

static void start_envelope(struct session *s)
{
    envelope_start(&s->envelope, clock_wall());
    envelope_add(&s->envelope, ENVELOPE_SENDER, s->srv.sender.text);
    envelope_add(&s->envelope, ENVELOPE_CLIENT, relay_label(s));
    envelope_add(&s->envelope, ENVELOPE_PROTOCOL, protocol(s));
}

static const char *storage_failed(struct session *s, const char *what)
{
    int error = errno;

    queue_abort(&s->queued);
    log_line(LOG_ERR, "queue: %s: %s; message from %s not accepted", what, strerror(error), refused_label(s));
    return error == ENOSPC || error == EDQUOT ? "452 4.3.1 no room for mail now, try again later"
                                              : "451 4.3.0 the message cannot be stored now, try again later";
}

static const char *open_message(struct session *s)
{
    char trace[TRACE_MOST], id[QNAME_ID + 1], rcpt[LIMIT_ADDRESS + LIMIT_HOSTNAME + 2];
    struct trace t = {
        .helo = s->srv.helo,
        .name = s->facts.client_state == ACCESS_NAME_KNOWN ? s->names.client : "",
        .client = s->peer.client,
        .hostname = s->site.conf.hostname,
        .protocol = protocol(s),
        .id = id,
        .when = clock_wall(),
    };

    header_start(&s->header);
    dot_start(&s->dot, s->lan);
    s->discard = s->discard || s->envelope.rcpts == 0;       /* no recipient is left */
    if (s->discard)
        return NULL;
    if (envelope_finish(&s->envelope)) {
        errno = E2BIG;
        return storage_failed(s, "envelope");
    }
    if (queue_create(&s->queued, &s->envelope) != SYS_OK)
        return storage_failed(s, "queue/tmp");
    qname_id(s->queued.name.id, id);
    if (s->envelope.rcpts == 1) {
        envelope_rcpt(&s->envelope, 0, rcpt, sizeof rcpt);
        t.rcpt = rcpt;
    }
    if (queue_put(&s->queued, trace, trace_received(&t, trace)) != SYS_OK)
        return storage_failed(s, "queue/tmp");
    return NULL;
}

static const char *const bad_text[] = {
    [DOT_BARE_CR] = "554 5.6.0 a bare CR in the message, closing",
    [DOT_BARE_LF] = "554 5.6.0 a bare LF in the message, closing",
    [DOT_NUL] = "554 5.6.0 a NUL in the message, closing",
};

/* Takes the text up to its end into the queue file. *refusal is why it will not be accepted although it is read to its
 * end, or NULL. Returns IO_OK at the end; IO_BARE for a bad line end, after which no byte may be believed. */
static enum io_result take_text(struct session *s, const char **refusal)
{
    uint64_t most = s->site.conf.message_size_limit;
    enum dot_result d = DOT_MORE;

    s->size = 0;
    io_allow(&s->io, s->site.conf.data_timeout);
    while (d == DOT_MORE) {
        const char *data;
        size_t n, used, made;
        enum io_result r = io_some(&s->io, &data, &n);
        if (r != IO_OK)
            return r;
        d = dot_take(&s->dot, data, n, s->text, &used, &made);
        io_used(&s->io, used);
        if (d == DOT_BAD)
            return IO_BARE;
        s->size += made;
        header_watch(&s->header, s->text, made);
        if (*refusal)
            continue;                /* only the end is looked for */
        if (s->size > most) {
            queue_abort(&s->queued);
            *refusal = "552 5.3.4 the message is larger than this server takes";
        } else if (!s->discard && queue_put(&s->queued, s->text, made) != SYS_OK) {
            *refusal = storage_failed(s, "queue/tmp");
        }
    }
    return IO_OK;
}

static enum srv_want drop_session(struct session *s, const char *reply)
{
    queue_abort(&s->queued);
    return srv_end(&s->srv, reply);
}

/* Why a message that was read whole is refused all the same, or NULL. */
static const char *judge_message(struct session *s)
{
    if (s->header.count[HEADER_RECEIVED] > LIMIT_HOPS)
        return "554 5.4.6 too many hops: a mail loop";
    return NULL;
}

static void log_accepted(struct session *s, const char *id)
{
    log_line(LOG_INFO, "%s: from=<%s>, size=%llu, nrcpts=%u, msgid=%s, proto=%s, relay=%s", id, s->srv.sender.text,
             (unsigned long long)s->queued.text_length, s->envelope.rcpts, s->header.message_id, protocol(s),
             relay_label(s));
}

static enum srv_want send_reply(struct session *s, enum srv_want want)
{
    const char *reply = s->srv.reply;

    if (want == SRV_CLOSE && (*reply == '4' || *reply == '5'))
        log_line(LOG_NOTICE, "reject: session with %s ended: %.*s; from=<%s>", refused_label(s),
                 (int)strcspn(reply, "\r"), reply, s->srv.sender.text);
    io_put(&s->io, reply, strlen(reply));
    s->srv.reply[0] = '\0';
    return want;
}

/* Everything between 354 and the reply to the final dot. No 250 leaves before queue_commit has returned SYS_OK. */
static enum srv_want receive(struct session *s)
{
    char id[QNAME_ID + 1], ok[64];
    const char *no = NULL;

    switch (take_text(s, &no)) {
    case IO_OK:
        break;
    case IO_BARE:
        return drop_session(s, bad_text[s->dot.fault]);
    case IO_TIMEOUT:
        io_revive(&s->io);
        return drop_session(s, "421 4.4.2 the message did not come in time, closing");
    default:
        return drop_session(s, "421 4.4.2 the connection broke within the message");
    }
    if (s->srv.greeted != SRV_EHLO && io_has_input(&s->io))      /* CASES A23 */
        return drop_session(s, "554 5.5.0 bytes behind the message that nobody asked for, closing");
    if (!no && (no = judge_message(s)))
        queue_abort(&s->queued);
    if (!no && s->discard) {
        log_line(LOG_NOTICE, "discard: DATA from %s: size=%llu, nrcpts=%u, msgid=%s; from=<%s>", refused_label(s),
                 (unsigned long long)s->size, s->srv.rcpts, s->header.message_id, s->srv.sender.text);
        return srv_text_done(&s->srv, "250 2.0.0 message accepted");
    }
    if (!no && queue_commit(&s->queued, clock_wall()) != SYS_OK)
        no = storage_failed(s, "queue/new");
    if (no) {
        log_line(LOG_NOTICE, "reject: DATA from %s: %s; from=<%s>", refused_label(s), no, s->srv.sender.text);
        return srv_text_done(&s->srv, no);
    }
    qname_id(s->queued.name.id, id);
    log_accepted(s, id);
    snprintf(ok, sizeof ok, "250 2.0.0 queued as %s", id);
    enum srv_want want = send_reply(s, srv_text_done(&s->srv, ok));
    io_flush(&s->io);                /* then, and not before, may a runner send it on */
    queue_release(&s->queued);
    return want;
}

/* ---- the session */

static enum srv_want next_command(struct session *s)
{
    const char *line;
    size_t n;

    io_allow(&s->io, s->site.conf.command_timeout);
    switch (io_line(&s->io, srv_line_limit(&s->srv), s->lan, &line, &n)) {
    case IO_OK:
        return srv_line(&s->srv, line, n);
    case IO_LONG:
        return srv_line_bad(&s->srv, SRV_BAD_LONG);
    case IO_BARE:
        return srv_line_bad(&s->srv, SRV_BAD_END);
    case IO_TIMEOUT:
        io_revive(&s->io);
        return srv_end(&s->srv, "421 4.4.2 no command came in time, closing");
    default:
        s->srv.reply[0] = '\0';      /* gone: nobody to answer */
        return SRV_CLOSE;
    }
}

static void converse(struct session *s)
{
    struct srv_options options = {
        .hostname = s->site.conf.hostname, .size_limit = s->site.conf.message_size_limit,
        .rcpt_limit = s->site.conf.recipient_limit, .lan = s->lan,
    };
    enum srv_want want = srv_start(&s->srv, &options);

    for (;;) {
        want = send_reply(s, want);
        switch (want) {
        case SRV_LINE:
            want = next_command(s);
            break;
        case SRV_SENDER:
            start_envelope(s);
            want = srv_verdict(&s->srv, judge_sender(s));
            break;
        case SRV_RCPT:
            want = srv_verdict(&s->srv, judge_rcpt(s));
            break;
        case SRV_DATA:
            want = srv_verdict(&s->srv, open_message(s));
            break;
        case SRV_TEXT:
            want = receive(s);
            break;
        case SRV_CLOSE:
            io_finish(&s->io);
            return;
        }
    }
}

static int usage(struct session *s, const char *what)
{
    log_line(LOG_ERR, "%s; usage: smtpd [--root DIR]", what);
    return refuse(s, "421 4.3.0 this server is not set up, closing", EX_USAGE);
}

static int not_ready(struct session *s, const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    return refuse(s, "421 4.3.0 this server is not set up, closing", f->code);
}

/* By the name that it was called by first, be it smtpd or sendmail. */
static void set_facts(struct session *s, const char *called)
{
    const char *slash = strrchr(called, '/'), *name = slash ? slash + 1 : called;
    const bool ours = str_in_words(access_daemons("smtpd"), name);

    s->facts = (struct access_facts){
        .daemons = access_daemons(ours ? name : "smtpd"), .client = s->peer.client,
        .server = s->peer.server,
        .client_port = s->peer.client_port, .server_port = s->peer.server_port, .pid = (unsigned long)getpid(),
    };
}

int smtpd_main(int argc, char **argv)
{
    struct session *s = &session;
    struct fault f;
    const char *root;

    if (proc_init() || peer_of(0, &s->peer))
        return EX_OSERR;             /* the peer is gone already, or there are no descriptors: nobody to tell */
    if (s->peer.is_socket && proc_guard_stderr())
        return EX_OSERR;
    log_open("smtpd", !s->peer.is_socket);
    s->queued.fd = -1;
    io_start(&s->io, 0, s->peer.is_socket ? 0 : 1);
    root = tree_option(&argc, argv);
    if (argc < 0)
        return usage(s, "--root needs a directory");
    if (argc > 1)
        return usage(s, strcmp(argv[1], "-S") == 0 || strcmp(argv[1], "-l") == 0 ? "-S and -l are not supported yet"
                                                                                : "unknown argument");
    if (site_open(&s->site, root, &f))
        return not_ready(s, &f);
    rules_load(&s->rules, rules_of_tree());
    if (s->peer.is_socket)
        access_table_load(&s->table, ACCESS_TABLE_FILE, rules_image(&s->rules));
    resolve_load(true);
    dns_set_timeout(s->site.conf.name_timeout);
    set_facts(s, argv[0]);
    const char *no = NULL;
    bool early = s->peer.is_socket && option_wants_root(&s->rules);
    if (early)                       /* commands are run outside of the jail, by whoever started us */
        no = judge_client(s);
    if (tree_enter(&s->site.tree, &f))
        return not_ready(s, &f);
    if (s->peer.is_socket
        && (no || (!early && (no = judge_client(s))) || (no = judge_listed(s)) || (no = judge_name(s))))
        return refuse(s, no, *s->answer.fault ? EX_CONFIG : EX_NOPERM);
    rules_done(&s->rules);
    s->relay = s->relay || client_in(s, s->site.conf.relay_clients);
    s->lan = !s->peer.is_socket || client_in(s, s->site.conf.lan_clients);
    converse(s);
    return EX_OK;
}
