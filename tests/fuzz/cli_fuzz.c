/* The client's machine against a server that says anything: what leaves is one clean line, it comes to an end, and a
 * message counts as handed over only after a text was sent. The first two bytes pick what the caller does. */
#include "mail/cli.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void check_out(const struct cli *c)
{
    char code[12];

    MUST(c->out_n <= sizeof c->out);
    if (c->out_n) {
        MUST(c->out_n > 2 && memcmp(c->out + c->out_n - 2, "\r\n", 2) == 0);
        MUST(utf8_is_text(c->out, c->out_n - 2));
        for (size_t i = 0; i < c->out_n - 2; i++)
            MUST(!(c->out[i] & 0x80) || (c->utf8 && c->smtputf8));
    }
    for (const char *p = c->reply.text; *p; p++)
        MUST(*p >= ' ' && *p <= '~');
    reply_enhanced(&c->reply, code);
    MUST(strlen(code) >= 5 && code[1] == '.' && strchr("245", code[0]));
    MUST(!c->reply.code || code[0] == (c->reply.code / 100 == 3 ? '2' : '0' + c->reply.code / 100));
    MUST(c->reply.lines <= LIMIT_REPLY_LINES + 1);
}

/* Does what is wanted until the server must speak, or false at the end. */
static int act(struct cli *c, enum cli_want *want, const uint8_t pick[2], unsigned *rcpts, unsigned *texts)
{
    for (int steps = 0;; steps++) {
        check_out(c);
        MUST(steps < 10);
        switch (*want) {
        case CLI_REPLY:
            return 1;
        case CLI_READY:
            MUST(!c->broken);
            *rcpts = 0;
            if (pick[0] & 1)
                *want = cli_quit(c);
            else
                *want = cli_mail(c, pick[0] & 2 ? "" : pick[1] & 1 ? "\xc3\xbc@b" : "a@b", pick[1] * 100u, pick[0] & 4,
                                 pick[1] & 1 ? CLI_UTF8_MUST : pick[1] & 2 ? CLI_UTF8_MAY : CLI_UTF8_NO);
            if (*want == CLI_RESULT)
                return 0;
            break;
        case CLI_RCPT:
            *want = cli_rcpt(c, (*rcpts)++ < (pick[0] >> 4) ? *rcpts & 1 ? "x@y" : "\xc3\xbc@y" : NULL);
            break;
        case CLI_TEXT:
            MUST(c->accepted && c->reply.code == 354);
            (*texts)++;
            *want = cli_text_sent(c);
            break;
        case CLI_RESULT:
            MUST(c->step != CLI_AT_TEXT || *texts);
            *want = cli_next(c);
            break;
        case CLI_CLOSE:
            return 0;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cli c;
    unsigned rcpts = 0, texts = 0;
    size_t at = 2;

    if (size < 2)
        return 0;
    enum cli_want want = cli_start(&c, "mx.example.org");
    while (act(&c, &want, data, &rcpts, &texts) && at < size) {
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t n = (size_t)(lf ? lf - (data + at) : (ptrdiff_t)(size - at));
        char *line = malloc(n + 1);
        memcpy(line, data + at, n);
        want = cli_line(&c, line, n);
        free(line);
        at += n + 1;
    }
    return 0;
}
