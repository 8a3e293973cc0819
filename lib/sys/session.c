/* One SMTP session: see session.h. */
#include "sys/session.h"

#include "sys/admission.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/receive.h"

#include <string.h>

static const char being_stopped[] = "421 4.3.2 this server is being stopped, closing";

void session_start(struct session *s, int in_fd, int out_fd)
{
    s->queued.fd = -1;
    io_start(&s->io, in_fd, out_fd);
}

void session_refuse(struct session *s, const char *reply)
{
    io_revive(&s->io);
    io_put(&s->io, reply, strlen(reply));
    io_put(&s->io, "\r\n", 2);
    io_part(&s->io);
}

void session_reply(struct session *s, enum srv_want want)
{
    const char *reply = s->srv.reply;

    if (s->srv.delay) {              /* what was answered before need not wait for it */
        io_flush(&s->io);
        io_pause(&s->io, s->srv.delay);
        s->srv.delay = 0;
    }
    if (want == SRV_CLOSE && (*reply == '4' || *reply == '5'))
        log_line(LOG_NOTICE, "reject: session with %s ended: %.*s; from=<%s>", client_label(&s->client),
                 (int)strcspn(reply, "\r"), reply, s->srv.sender.text);
    io_put(&s->io, reply, strlen(reply));
    s->srv.reply[0] = '\0';
}

void session_wait(struct session *s)
{
    s->patience = clock_after(SESSION_PATIENCE * s->conf->data_timeout);
}

/* A server that is being stopped lets a transaction be finished, for which there is as long as for one command. */
static bool must_stop(struct session *s)
{
    if (!io_is_stopping(&s->io))
        return false;
    if (!s->last)
        s->last = s->io.deadline;
    s->io.deadline = s->last;
    return !s->srv.has_sender;
}

static enum srv_want next_command(struct session *s)
{
    const char *line;
    size_t n;

    io_allow(&s->io, s->conf->command_timeout);
    if (clock_mono_ms() > s->patience)
        return srv_end(&s->srv, "421 4.4.2 no message came in time, closing");
    s->io.finishing = s->srv.has_sender;
    if (must_stop(s))
        return srv_end(&s->srv, being_stopped);
    switch (io_line(&s->io, srv_line_limit(&s->srv), s->client.lan, &line, &n)) {
    case IO_OK:
        return srv_line(&s->srv, line, n);
    case IO_LONG:
        return srv_line_bad(&s->srv, SRV_BAD_LONG);
    case IO_BARE:
        return srv_line_bad(&s->srv, SRV_BAD_END);
    case IO_TIMEOUT:
        io_revive(&s->io);
        return srv_end(&s->srv, "421 4.4.2 no command came in time, closing");
    case IO_STOPPED:
        return srv_end(&s->srv, being_stopped);
    default:
        s->srv.reply[0] = '\0';      /* gone: nobody to answer */
        return SRV_CLOSE;
    }
}

/* Does what is wanted; returns what is wanted next. */
static enum srv_want act(struct session *s, enum srv_want want)
{
    switch (want) {
    case SRV_LINE:
        want = next_command(s);
        if (s->queued.fd >= 0 && !s->srv.chunked)
            receive_drop(s);         /* RSET, EHLO or QUIT behind a chunk */
        return want;
    case SRV_SENDER:
        return srv_verdict(&s->srv, admission_sender(s));
    case SRV_RCPT:
        return srv_verdict(&s->srv, admission_rcpt(s));
    case SRV_DATA:
        return srv_verdict(&s->srv, receive_open(s));
    case SRV_TEXT:
        return receive_text(s);
    case SRV_CHUNK:
        return receive_chunk(s);
    case SRV_SKIP:
        return receive_skip(s);
    case SRV_ETRN:
        return srv_verdict(&s->srv, admission_etrn(s));
    default:                         /* SRV_TLS, SRV_AUTH: not offered yet, so that nobody gets here */
        return srv_end(&s->srv, "421 4.3.0 internal fault");
    }
}

/* Who speaks before the banner is no mail server, and must not be taken for one (CASES E2). */
static bool is_early(struct session *s)
{
    static const char no[] = "554 5.5.1 you spoke before the banner, closing";

    if (!client_is_stranger(&s->client) || io_quiet(&s->io, s->conf->greet_delay) != IO_UNASKED)
        return false;
    session_refuse(s, client_refused(&s->client, no));
    return true;
}

void session_run(struct session *s)
{
    struct srv_options options = {
        .hostname = s->conf->hostname, .size_limit = s->conf->message_size_limit,
        .rcpt_limit = s->conf->recipient_limit, .error_delay = s->conf->tarpit, .lan = s->client.lan, .auth = "",
    };

    if (is_early(s))
        return;
    session_wait(s);
    for (enum srv_want want = srv_start(&s->srv, &options); ; want = act(s, want)) {
        session_reply(s, want);
        if (want == SRV_CLOSE)
            break;
    }
    receive_drop(s);
    io_finish(&s->io);
}
