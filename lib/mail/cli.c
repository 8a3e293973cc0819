/* The client's side of SMTP: see cli.h. */
#include "mail/cli.h"

#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

/* Puts `verb<value>rest CRLF` out and waits for its reply. An address with a control character never leaves (CASES B5):
 * it was refused on entry, and a queue file cannot hold it. Nor does a byte over 127, but as UTF-8 with SMTPUTF8. */
static enum cli_want command(struct cli *c, enum cli_step step, const char *verb, const char *value, const char *rest)
{
    struct str s;

    str_init(&s, c->out, sizeof c->out);
    str_add(&s, verb);
    if (c->utf8 && utf8_is_text(value, strlen(value)))
        str_add(&s, value);
    else
        str_add_clean(&s, value, strlen(value));
    str_add(&s, rest);
    str_add(&s, "\r\n");
    c->out_n = s.len;
    c->step = step;
    reply_start(&c->reply);
    return CLI_REPLY;
}

/* Words of our own in the place of a reply. */
static enum cli_want own_reply(struct cli *c, int code, const char *text, enum cli_want want)
{
    c->reply.code = code;
    (void)str_copy(c->reply.text, sizeof c->reply.text, text);
    return want;
}

enum cli_want cli_start(struct cli *c, const char *hostname)
{
    memset(c, 0, sizeof *c);
    c->hostname = hostname;
    c->step = CLI_AT_BANNER;
    reply_start(&c->reply);
    return CLI_REPLY;
}

/* One line of the reply to EHLO: an extension (RFC 5321 4.1.1.1). */
static void extension(struct cli *c, const char *line, size_t n)
{
    uint64_t limit;

    line += 4;
    n -= 4;
    if (n == 10 && str_case_eqn(line, "PIPELINING", 10))
        c->pipelining = true;
    else if (n == 8 && str_case_eqn(line, "8BITMIME", 8))
        c->body_8bit = true;
    else if (n == 8 && str_case_eqn(line, "SMTPUTF8", 8))
        c->smtputf8 = true;
    else if (n >= 4 && str_case_eqn(line, "SIZE", 4) && (n == 4 || line[4] == ' ')) {
        c->size = true;
        if (n > 5 && num_dec(line + 5, n - 5, UINT64_MAX, &limit) == 0)
            c->size_limit = limit;
    }
}

/* A session that could not be opened, or cannot go on. */
static enum cli_want give_up(struct cli *c)
{
    c->broken = true;
    c->out_n = 0;
    return CLI_RESULT;
}

static enum cli_want after_banner(struct cli *c, bool ok)
{
    if (!ok)
        return give_up(c);
    return command(c, CLI_AT_EHLO, "EHLO ", c->hostname, "");
}

static enum cli_want after_ehlo(struct cli *c, bool ok)
{
    if (ok) {
        c->esmtp = c->step == CLI_AT_EHLO;
        c->step = CLI_AT_READY;
        return CLI_READY;
    }
    /* RFC 5321 3.2: a server that refuses EHLO with a 5yz may know HELO. */
    if (c->step == CLI_AT_EHLO && c->reply.code / 100 == 5)
        return command(c, CLI_AT_HELO, "HELO ", c->hostname, "");
    return give_up(c);
}

/* The whole reply is there: what next? */
static enum cli_want answered(struct cli *c)
{
    int class = c->reply.code / 100;

    if (c->reply.code == 421) {
        c->broken = true;
        return c->step == CLI_AT_QUIT ? CLI_CLOSE : CLI_RESULT;
    }
    switch (c->step) {
    case CLI_AT_BANNER:
        return after_banner(c, class == 2);
    case CLI_AT_EHLO: case CLI_AT_HELO:
        return after_ehlo(c, class == 2);
    case CLI_AT_MAIL:
        return class == 2 ? CLI_RCPT : CLI_RESULT;
    case CLI_AT_RCPT:
        c->accepted += class == 2;
        return CLI_RCPT;
    case CLI_AT_DATA:
        return c->reply.code == 354 ? CLI_TEXT : CLI_RESULT;
    case CLI_AT_RSET:
        if (class != 2)
            return give_up(c);
        c->step = CLI_AT_READY;
        return CLI_READY;
    case CLI_AT_QUIT:
        return CLI_CLOSE;
    default:
        return CLI_RESULT;
    }
}

enum cli_want cli_line(struct cli *c, const char *line, size_t n)
{
    c->out_n = 0;
    enum reply_result r = reply_line(&c->reply, line, n);
    if (r == REPLY_BAD) {
        c->broken = true;
        return own_reply(c, 421, "4.5.0 the server's reply is not SMTP", CLI_RESULT);
    }
    if (c->step == CLI_AT_EHLO && c->reply.code == 250 && n > 4 && c->reply.lines > 1)
        extension(c, line, n);
    return r == REPLY_MORE ? CLI_REPLY : answered(c);
}

enum cli_want cli_mail(struct cli *c, const char *sender, uint64_t length, bool is_8bit, enum cli_utf8 utf8)
{
    char rest[64];
    struct str s;

    c->accepted = 0;
    c->utf8 = c->smtputf8 && utf8 != CLI_UTF8_NO;
    if (c->size_limit && length > c->size_limit)
        return own_reply(c, 552, "5.3.4 the message is larger than the server takes", CLI_RESULT);
    if (is_8bit && !c->body_8bit)
        return own_reply(c, 554, "5.6.3 the message is 8-bit and the server takes 7-bit only", CLI_RESULT);
    if (utf8 == CLI_UTF8_MUST && !c->utf8)
        return own_reply(c, 553, "5.6.7 the message needs SMTPUTF8 and the server does not know it", CLI_RESULT);
    str_init(&s, rest, sizeof rest);
    str_add(&s, ">");
    if (c->size) {
        str_add(&s, " SIZE=");
        str_addu(&s, length);
    }
    if (is_8bit)
        str_add(&s, " BODY=8BITMIME");
    if (c->utf8)
        str_add(&s, " SMTPUTF8");
    return command(c, CLI_AT_MAIL, "MAIL FROM:<", sender, rest);
}

enum cli_want cli_rcpt(struct cli *c, const char *address)
{
    if (address && !c->utf8 && str_has_8bit(address, strlen(address)))
        return own_reply(c, 553, "5.6.7 the address needs SMTPUTF8 and the server does not know it", CLI_RCPT);
    if (address)
        return command(c, CLI_AT_RCPT, "RCPT TO:<", address, ">");
    if (c->accepted)
        return command(c, CLI_AT_DATA, "DATA", "", "");
    return CLI_RESULT;
}

enum cli_want cli_text_sent(struct cli *c)
{
    c->step = CLI_AT_TEXT;
    reply_start(&c->reply);
    return CLI_REPLY;
}

enum cli_want cli_next(struct cli *c)
{
    if (c->broken)
        return CLI_CLOSE;
    /* After the text's reply the server stands at the start; after anything else a transaction may be open there. */
    if (c->step == CLI_AT_TEXT || c->step == CLI_AT_READY) {
        c->step = CLI_AT_READY;
        return CLI_READY;
    }
    return command(c, CLI_AT_RSET, "RSET", "", "");
}

enum cli_want cli_quit(struct cli *c)
{
    return command(c, CLI_AT_QUIT, "QUIT", "", "");
}
