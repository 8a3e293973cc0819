/* The server's machine on arbitrary lines: the first byte picks the options, every line's last byte the answers. */
#include "mail/srv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void check_reply(const struct srv *s)
{
    size_t n = strlen(s->reply);

    MUST(n >= 5 && n <= LIMIT_REPLY && memcmp(s->reply + n - 2, "\r\n", 2) == 0);
    MUST(s->reply[0] >= '2' && s->reply[0] <= '5' && (s->reply[3] == ' ' || s->reply[3] == '-'));
    for (size_t i = 0; i < n; i++) {
        if (s->reply[i] == '\r')
            MUST(s->reply[i + 1] == '\n');
        else if (s->reply[i] == '\n')
            MUST(s->reply[i - 1] == '\r');
        else
            MUST(s->reply[i] >= ' ' && s->reply[i] <= '~');
    }
}

static void check_state(const struct srv *s, enum srv_want want)
{
    MUST(want == SRV_LINE || want == SRV_CLOSE || want == SRV_TEXT || s->reply[0] == '\0');
    MUST(!s->rcpts || s->has_sender);
    MUST(!s->has_sender || s->greeted != SRV_SILENT);
    MUST(s->rcpts <= s->options.rcpt_limit);
    MUST(want != SRV_RCPT || (s->has_sender && s->rcpt.len && !address_has_route(&s->rcpt)));
    MUST(want != SRV_SENDER || !s->has_sender);
    MUST((want != SRV_DATA && want != SRV_TEXT) || (s->has_sender && s->rcpts));
    for (const char *p = s->helo; *p; p++)
        MUST(*p >= ' ' && *p <= '~');
    for (const char *p = s->sender.text; s->has_sender && *p; p++)
        MUST(*p >= ' ' && *p <= '~');
}

/* Answers what is asked until a line or the end is wanted. */
static enum srv_want answer(struct srv *s, enum srv_want want, uint8_t pick)
{
    static const char *const refusals[] = { NULL, NULL, NULL, "550 5.1.1 no", "450 4.2.1 later", "421 4.3.2 down" };
    const char *refusal = refusals[pick % 6];

    while (want != SRV_LINE && want != SRV_CLOSE) {
        check_state(s, want);
        if (want == SRV_TEXT) {
            check_reply(s);
            want = srv_text_done(s, refusal ? refusal : "250 2.0.0 ok");
            MUST(!s->has_sender && !s->rcpts);
        } else {
            want = srv_verdict(s, refusal);
        }
    }
    return want;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srv_options options = { .hostname = "mx.example.org", .size_limit = 100000, .rcpt_limit = 3, .auth = "" };
    static struct srv s;
    size_t at = 1;

    if (size == 0)
        return 0;
    options.lan = data[0] & 1;
    enum srv_want want = srv_start(&s, &options);
    check_reply(&s);
    while (at < size && want == SRV_LINE) {
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t n = (size_t)(lf ? lf - (data + at) : (ptrdiff_t)(size - at));
        uint8_t pick = n ? data[at + n - 1] : 0;
        char *line = malloc(n + 1);
        memcpy(line, data + at, n);
        if (n + 2 > srv_line_limit(&s))
            want = srv_line_bad(&s, SRV_BAD_LONG);
        else if (n == 1 && line[0] == '\r')
            want = srv_line_bad(&s, SRV_BAD_END);
        else
            want = srv_line(&s, line, n && line[n - 1] == '\r' ? n - 1 : n);
        free(line);
        want = answer(&s, want, pick);
        check_state(&s, want);
        check_reply(&s);
        at += n + 1;
    }
    return 0;
}
