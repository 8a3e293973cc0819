/* The server's machine on arbitrary lines: the first byte picks the options, every line's last byte the answers. */
#include "mail/srv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

enum { LAN = 1, TLS = 2, AUTH = 4, AUTH_TLS = 8 };

static void check_reply(const struct srv *s)
{
    for (const char *line = s->reply, *end; *line || line == s->reply; line = end + 2) {
        end = strstr(line, "\r\n");
        MUST(end && end - line >= 3 && end - line + 2 <= LIMIT_REPLY);
        MUST(*line >= '2' && *line <= '5' && !memcmp(line, s->reply, 3));
        MUST(line[3] == (end[2] ? '-' : ' '));
        for (const char *p = line; p < end; p++)
            MUST(*p >= ' ' && *p <= '~');
    }
}

static void check_text(const char *text, bool wide)
{
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ' && *text != 0x7f && (wide || (unsigned char)*text < 0x80));
}

static void check_state(const struct srv *s, enum srv_want want)
{
    MUST(!s->rcpts || s->has_sender);
    MUST(!s->has_sender || s->greeted != SRV_SILENT);
    MUST(s->rcpts <= s->options.rcpt_limit);
    MUST(want != SRV_RCPT || (s->has_sender && s->rcpt.len && !address_has_route(&s->rcpt)));
    MUST(want != SRV_SENDER || !s->has_sender);
    MUST((want != SRV_DATA && want != SRV_TEXT) || (s->has_sender && s->rcpts && !s->chunked));
    MUST((want != SRV_DATA && want != SRV_TEXT) || s->body != SRV_BODY_BINARYMIME);
    MUST(want != SRV_CHUNK || (s->has_sender && s->rcpts && s->chunked && s->chunks_size <= s->options.size_limit));
    MUST(!s->chunked || (s->has_sender && s->rcpts));
    MUST(want != SRV_ETRN || (s->greeted == SRV_EHLO && !s->has_sender));
    MUST(want != SRV_TLS || (s->options.tls && !s->is_tls && !s->has_sender && s->greeted == SRV_EHLO));
    MUST(want != SRV_AUTH || (*s->options.auth && !s->is_authenticated && !s->has_sender));
    MUST(want != SRV_AUTH || !s->options.auth_tls || s->is_tls);
    check_text(s->helo, false);
    check_text(s->sender.text, s->has_sender ? s->utf8 : true);
    check_text(s->dsn.envid, false);
    check_text(s->dsn_rcpt.orcpt, s->utf8);
    check_text(s->etrn, false);
    MUST(strlen(srv_protocol(s)) >= 4);
}

/* One answer to what is asked. */
static enum srv_want answer_once(struct srv *s, enum srv_want want, const char *refusal)
{
    switch (want) {
    case SRV_TEXT:
        want = srv_text_done(s, refusal ? refusal : "250 2.0.0 ok");
        MUST(!s->has_sender && !s->rcpts);
        return want;
    case SRV_CHUNK:
        if (!s->chunk_last)
            return srv_chunk_done(s, refusal);
        want = srv_text_done(s, refusal ? refusal : "250 2.0.0 ok");
        MUST(!s->has_sender && !s->chunked);
        return want;
    case SRV_SKIP:
        return srv_skipped(s);
    case SRV_TLS:
        if (refusal)
            return srv_end(s, refusal);
        want = srv_tls_done(s, s->options.auth);
        MUST(want == SRV_LINE && s->greeted == SRV_SILENT && !s->is_authenticated && !*s->helo && !*s->sender.text);
        memcpy(s->reply, "220 x\r\n", 8);        /* nothing is said then: the check that follows wants something */
        return want;
    case SRV_AUTH:
        return srv_auth_done(s, !refusal, refusal ? refusal : "235 2.7.0 ok");
    default:
        return srv_verdict(s, refusal);
    }
}

/* Answers what is asked until a line or the end is wanted. */
static enum srv_want answer(struct srv *s, enum srv_want want, uint8_t pick)
{
    static const char *const refusals[] = { NULL, NULL, NULL, "550 5.1.1 no", "450 4.2.1 later", "421 4.3.2 down" };

    while (want != SRV_LINE && want != SRV_CLOSE) {
        check_state(s, want);
        if (want == SRV_TEXT || want == SRV_TLS)
            check_reply(s);
        else
            MUST(s->reply[0] == '\0');
        want = answer_once(s, want, refusals[pick % 6]);
    }
    return want;
}

static enum srv_want take_line(struct srv *s, const uint8_t *data, size_t n)
{
    enum srv_want want;
    char *line = malloc(n + 1);

    memcpy(line, data, n);
    if (n + 2 > srv_line_limit(s))
        want = srv_line_bad(s, SRV_BAD_LONG);
    else if (n == 1 && line[0] == '\r')
        want = srv_line_bad(s, SRV_BAD_END);
    else
        want = srv_line(s, line, n && line[n - 1] == '\r' ? n - 1 : n);
    if (want == SRV_AUTH && s->auth_initial)
        MUST(s->auth_initial >= line && s->auth_initial + s->auth_initial_n <= line + n);
    free(line);
    return want;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srv_options options = { .hostname = "mx.example.org", .size_limit = 100000, .rcpt_limit = 3,
                                   .error_delay = 1 };
    static struct srv s;
    size_t at = 1;

    if (size == 0)
        return 0;
    options.lan = data[0] & LAN;
    options.tls = data[0] & TLS;
    options.auth = data[0] & AUTH ? "PLAIN LOGIN" : "";
    options.auth_tls = data[0] & AUTH_TLS;
    enum srv_want want = srv_start(&s, &options);
    check_reply(&s);
    while (at < size && want == SRV_LINE) {
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t n = (size_t)(lf ? lf - (data + at) : (ptrdiff_t)(size - at));
        uint8_t pick = n ? data[at + n - 1] : 0;
        s.delay = 0;
        want = answer(&s, take_line(&s, data + at, n), pick);
        check_state(&s, want);
        check_reply(&s);
        MUST(s.delay <= options.error_delay);
        at += n + 1;
    }
    return 0;
}
