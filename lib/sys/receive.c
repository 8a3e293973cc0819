/* Taking a message into the queue: see receive.h. */
#include "sys/receive.h"

#include "mail/complete.h"
#include "mail/trace.h"
#include "sys/admission.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/proc.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LARGE_ENVELOPE 4096          /* bytes: to give back less is not worth a call */

static const char too_large[] = "552 5.3.4 the message is larger than this server takes";

void receive_drop(struct session *s)
{
    queue_abort(&s->queued);
}

/* Why mail cannot be stored now, as the reply for errno; it is logged. */
static const char *storage_failed(struct session *s, const char *what)
{
    int error = errno;

    receive_drop(s);
    log_line(LOG_ERR, "queue: %s: %s; message from %s not accepted", what, strerror(error), client_label(&s->client));
    return error == ENOSPC || error == EDQUOT ? "452 4.3.1 no room for mail now, try again later"
                                              : "451 4.3.0 the message cannot be stored now, try again later";
}

/* The Received line (RFC 5321 4.4). */
static enum sys_result put_trace(struct session *s)
{
    char text[TRACE_MOST], id[QNAME_ID + 1], rcpt[LIMIT_ADDRESS + LIMIT_HOSTNAME + 2];
    struct trace t = {
        .helo = s->srv.helo,
        .name = client_name(&s->client),
        .client = s->client.peer.client,
        .hostname = s->conf->hostname,
        .protocol = srv_protocol(&s->srv),
        .id = id,
        .when = clock_wall(),
    };

    qname_id(s->queued.name.id, id);
    if (s->envelope.rcpts == 1) {
        envelope_rcpt(&s->envelope, 0, rcpt, sizeof rcpt);
        t.rcpt = rcpt;
    }
    return queue_put(&s->queued, text, trace_received(&t, text));
}

/* It stands in the file: all but how many recipients it has is no longer needed. */
static void give_back(struct envelope *e)
{
    const size_t kept = offsetof(struct envelope, rcpt_at);

    proc_give_back((char *)e + kept, sizeof *e - kept);
}

const char *receive_open(struct session *s)
{
    const char *no;

    header_start(&s->header);
    dot_start(&s->dot, s->client.lan);
    s->size = 0;
    s->refusal = NULL;
    s->until = clock_after(s->conf->data_timeout);
    s->discard = s->discard || s->envelope.rcpts == 0;       /* no recipient is left */
    no = admission_message(s);
    if (no || s->discard)
        return no;
    if (envelope_finish(&s->envelope)) {
        errno = E2BIG;
        return storage_failed(s, "envelope");
    }
    if (queue_create(&s->queued, &s->envelope) != SYS_OK || put_trace(s) != SYS_OK)
        return storage_failed(s, "queue/tmp");
    if (s->envelope.len > LARGE_ENVELOPE)
        give_back(&s->envelope);
    return NULL;
}

/* ---- text */

static const char *const bad_text[] = {
    [DOT_BARE_CR] = "554 5.6.0 a bare CR in the message",
    [DOT_BARE_LF] = "554 5.6.0 a bare LF in the message",
    [DOT_NUL] = "554 5.6.0 a NUL in the message",
};

static enum srv_want drop_session(struct session *s, const char *reply)
{
    receive_drop(s);
    return srv_end(&s->srv, reply);
}

/* The end of a session whose bytes did not come. */
static enum srv_want broken(struct session *s, enum io_result why)
{
    if (why != IO_TIMEOUT)
        return drop_session(s, "421 4.4.2 the connection broke within the message");
    io_revive(&s->io);
    return drop_session(s, "421 4.4.2 the message did not come in time, closing");
}

/* The end of the header section: what a submission lacks there is added. Others' messages stay as they are (RFC 5321
 * 6.4). */
static enum sys_result complete(struct session *s)
{
    char fields[COMPLETE_MOST], id[QNAME_ID + 1];
    struct complete c = { .name = "", .sender = s->srv.sender.text, .hostname = s->conf->hostname, .id = id,
                          .when = clock_wall() };

    if (!s->client.relay && s->client.peer.is_socket)
        return SYS_OK;
    qname_id(s->queued.name.id, id);
    return queue_put(&s->queued, fields, complete_fields(&c, &s->header, fields));
}

static enum sys_result put(struct session *s, const char *text, size_t n, size_t head)
{
    if (head == n)
        return queue_put(&s->queued, text, n);
    enum sys_result r = queue_put(&s->queued, text, head);
    if (r == SYS_OK)
        r = complete(s);
    return r == SYS_OK ? queue_put(&s->queued, text + head, n - head) : r;
}

/* Stores n bytes, which have CR LF line ends only. A text that is refused is read to its end. */
static void store(struct session *s, const char *text, size_t n)
{
    size_t head = header_watch(&s->header, text, n);

    s->size += n;
    if (s->refusal)
        return;
    if (s->size > s->conf->message_size_limit && s->srv.body != SRV_BODY_BINARYMIME) {       /* base64 is larger */
        receive_drop(s);
        s->refusal = too_large;
    } else if (!s->discard && put(s, text, n, head) != SYS_OK) {
        s->refusal = storage_failed(s, "queue/tmp");
    }
}

/* Takes the text up to its end into the queue file. IO_OK at the end; IO_BARE for a bad line end, after which no byte
 * may be believed. */
static enum io_result take_text(struct session *s)
{
    enum dot_result d = DOT_MORE;

    s->io.deadline = s->until;
    while (d == DOT_MORE) {
        const char *data, *text;
        size_t n, used, made;
        enum io_result r = io_some(&s->io, &data, &n);
        if (r != IO_OK)
            return r;
        d = dot_next(&s->dot, data, n, &used, &text, &made);
        io_used(&s->io, used);
        if (d == DOT_BAD)
            return IO_BARE;
        store(s, text, made);
    }
    return IO_OK;
}

/* Why a message that was read whole is refused all the same, or NULL. */
static const char *judge_message(struct session *s)
{
    if (s->header.count[HEADER_RECEIVED] > LIMIT_HOPS)
        return "554 5.4.6 too many hops: a mail loop";
    return NULL;
}

static enum srv_want refuse_message(struct session *s, const char *no)
{
    receive_drop(s);
    log_line(LOG_NOTICE, "reject: DATA from %s: %s; from=<%s>", client_label(&s->client), no, s->srv.sender.text);
    return srv_text_done(&s->srv, no);
}

static void log_accepted(struct session *s, const char *id)
{
    log_line(LOG_INFO, "%s: from=<%s>, size=%llu, nrcpts=%u, msgid=%s, proto=%s, relay=%s", id, s->srv.sender.text,
             (unsigned long long)s->queued.text_length, s->envelope.rcpts, s->header.message_id,
             srv_protocol(&s->srv), client_relay_label(&s->client));
}

/* The whole text is here: into the queue with it, then the reply. */
static enum srv_want finish(struct session *s)
{
    char id[QNAME_ID + 1], ok[64];
    const char *no = s->refusal ? s->refusal : judge_message(s);

    if (!no && !s->discard)
        no = admission_stored(s);
    if (no)
        return refuse_message(s, no);
    if (s->discard) {
        log_line(LOG_NOTICE, "discard: DATA from %s: size=%llu, nrcpts=%u, msgid=%s; from=<%s>",
                 client_label(&s->client), (unsigned long long)s->size, s->srv.rcpts, s->header.message_id,
                 s->srv.sender.text);
        return srv_text_done(&s->srv, "250 2.0.0 message accepted");
    }
    if (queue_commit(&s->queued, clock_wall()) != SYS_OK)
        return refuse_message(s, storage_failed(s, "queue/new"));
    if (s->client.limits)
        limits_queue_added(s->client.limits, s->queued.length);
    qname_id(s->queued.name.id, id);
    log_accepted(s, id);
    snprintf(ok, sizeof ok, "250 2.0.0 queued as %s", id);
    enum srv_want want = srv_text_done(&s->srv, ok);
    session_reply(s, want);
    session_wait(s);
    io_flush(&s->io);                /* then, and not before, may a runner send it on */
    queue_release(&s->queued);
    return want;
}

enum srv_want receive_text(struct session *s)
{
    enum io_result r = take_text(s);

    if (r == IO_BARE)
        return drop_session(s, bad_text[s->dot.fault]);
    if (r != IO_OK)
        return broken(s, r);
    if (s->srv.greeted != SRV_EHLO && io_quiet(&s->io, 0) == IO_UNASKED)     /* CASES A23 */
        return drop_session(s, "554 5.5.0 bytes behind the message that nobody asked for, closing");
    return finish(s);
}

/* ---- chunks (RFC 3030): their length is known, so that no byte of them can pass for a command */

static const char *const bad_parts[] = {
    [RECODE_BARE] = "554 5.6.0 a bare CR, a bare LF or a NUL in a part that is not binary",
    [RECODE_BROKEN] = "554 5.6.3 the binary message cannot be converted: its parts cannot be told apart",
    [RECODE_DEEP] = "554 5.6.3 the binary message cannot be converted: parts in parts, too deep",
};

/* Stores n bytes of s->recoded, unless there is a fault. */
static void store_recoded(struct session *s, enum recode_result r, size_t n)
{
    if (r == RECODE_GOOD)
        store(s, s->recoded, n);
    else
        s->refusal = bad_parts[r];
}

static void store_binary(struct session *s, const char *data, size_t n)
{
    while (n && !s->refusal) {
        size_t part = n < SESSION_RECODE ? n : SESSION_RECODE, made;
        enum recode_result r = recode_take(&s->recode, data, part, s->recoded, &made);
        store_recoded(s, r, made);
        data += part;
        n -= part;
    }
}

/* Stores n bytes of a chunk. */
static void store_chunk(struct session *s, const char *data, size_t n)
{
    if (s->srv.body == SRV_BODY_BINARYMIME) {
        store_binary(s, data, n);
        return;
    }
    while (n && !s->refusal) {
        const char *text;
        size_t used, made;
        if (dot_next(&s->dot, data, n, &used, &text, &made) == DOT_BAD)
            s->refusal = bad_text[s->dot.fault];
        else
            store(s, text, made);
        data += used;
        n -= used;
    }
}

/* What the last chunk left open. */
static void end_chunks(struct session *s)
{
    const char *text;
    size_t made;

    if (s->refusal)
        return;
    if (s->srv.body == SRV_BODY_BINARYMIME) {
        enum recode_result r = recode_finish(&s->recode, s->recoded, &made);
        store_recoded(s, r, made);
        return;
    }
    if (dot_last(&s->dot, &text, &made) == DOT_BAD)
        s->refusal = bad_text[s->dot.fault];
    else
        store(s, text, made);
}

static enum io_result read_chunk(struct session *s, bool wanted)
{
    s->io.deadline = s->until;
    for (uint64_t left = s->srv.chunk; left;) {
        const char *data;
        size_t n;
        enum io_result r = io_some(&s->io, &data, &n);
        if (r != IO_OK)
            return r;
        if (n > left)
            n = (size_t)left;
        if (wanted)
            store_chunk(s, data, n);
        io_used(&s->io, n);
        left -= n;
    }
    return IO_OK;
}

enum srv_want receive_skip(struct session *s)
{
    receive_drop(s);                 /* what came before, where this chunk was too much */
    s->until = clock_after(s->conf->data_timeout);
    enum io_result r = read_chunk(s, false);
    return r == IO_OK ? srv_skipped(&s->srv) : broken(s, r);
}

enum srv_want receive_chunk(struct session *s)
{
    if (s->srv.chunk_first) {
        const char *no = receive_open(s);
        dot_start_chunks(&s->dot, s->client.lan);
        recode_start(&s->recode, true);
        s->refusal = no;
    }
    enum io_result r = read_chunk(s, true);
    if (r != IO_OK)
        return broken(s, r);
    if (s->srv.chunk_last) {
        end_chunks(s);
        return finish(s);
    }
    if (!s->refusal)
        return srv_chunk_done(&s->srv, NULL);
    receive_drop(s);
    log_line(LOG_NOTICE, "reject: BDAT from %s: %s; from=<%s>", client_label(&s->client), s->refusal,
             s->srv.sender.text);
    return srv_chunk_done(&s->srv, s->refusal);
}
