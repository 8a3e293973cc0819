/* The server's side of SMTP: see srv.h. */
#include "mail/srv.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

#define SRV_COMMANDS_MOST (2 * LIMIT_RCPTS)  /* commands of any kind between two messages */
#define SRV_IDLE_MOST 100            /* commands that bring no message on, between two messages (CASES C3) */

static enum srv_want answer(struct srv *s, enum srv_want want, const char *reply)
{
    struct str r;

    str_init(&r, s->reply, sizeof s->reply - 2);
    str_add_clean(&r, reply, strlen(reply));
    memcpy(s->reply + r.len, "\r\n", 3);
    s->asked = want;
    return want;
}

static enum srv_want say(struct srv *s, const char *reply)
{
    return answer(s, SRV_LINE, reply);
}

enum srv_want srv_end(struct srv *s, const char *reply)
{
    return answer(s, SRV_CLOSE, reply);
}

/* Refuses a command. Who errs too often is sent away (CASES E13). */
static enum srv_want refuse(struct srv *s, const char *reply)
{
    if (++s->errors >= LIMIT_ERRORS)
        return srv_end(s, "421 4.7.0 too many errors, closing");
    return say(s, reply);
}

static void reset(struct srv *s)
{
    s->has_sender = false;
    s->sender.len = s->rcpt.len = 0;
    s->declared_size = 0;
    s->body_8bit = false;
    s->rcpts = 0;
}

enum srv_want srv_start(struct srv *s, const struct srv_options *options)
{
    char banner[LIMIT_REPLY];
    struct str b;

    memset(s, 0, sizeof *s);
    s->options = *options;
    str_init(&b, banner, sizeof banner);
    str_add(&b, "220 ");
    str_add(&b, options->hostname);
    str_add(&b, " ESMTP buzon");
    return say(s, banner);
}

size_t srv_line_limit(const struct srv *s)
{
    return s->greeted == SRV_EHLO ? LIMIT_COMMAND_MAIL : LIMIT_COMMAND;
}

static enum srv_want idle(struct srv *s, const char *reply)
{
    if (++s->idle > SRV_IDLE_MOST)
        return srv_end(s, "421 4.7.0 too many commands without a message, closing");
    return say(s, reply);
}

/* ---- greetings */

static bool greeting_is_good(const struct srv *s, const char *arg, size_t n)
{
    if (n == 0 || n > LIMIT_DOMAIN)
        return false;
    return s->options.lan || address_is_domain(arg, n) || address_is_literal(arg, n);
}

static bool greet(struct srv *s, enum srv_greeted how, const char *arg, size_t n)
{
    struct str h;

    if (!greeting_is_good(s, arg, n))
        return false;
    reset(s);                        /* RFC 5321 4.1.4 */
    s->greeted = how;
    str_init(&h, s->helo, sizeof s->helo);
    str_add_clean(&h, arg, n);
    return true;
}

static enum srv_want do_helo(struct srv *s, const char *arg, size_t n)
{
    char reply[LIMIT_REPLY];
    struct str r;

    if (!greet(s, SRV_HELO, arg, n))
        return refuse(s, "501 5.5.4 HELO needs your domain name or [address]");
    str_init(&r, reply, sizeof reply);
    str_add(&r, "250 ");
    str_add(&r, s->options.hostname);
    return idle(s, reply);
}

static enum srv_want do_ehlo(struct srv *s, const char *arg, size_t n)
{
    struct str r;

    if (!greet(s, SRV_EHLO, arg, n))
        return refuse(s, "501 5.5.4 EHLO needs your domain name or [address]");
    if (idle(s, "") == SRV_CLOSE)
        return SRV_CLOSE;
    str_init(&r, s->reply, sizeof s->reply);
    str_add(&r, "250-");
    str_add(&r, s->options.hostname);
    str_add(&r, "\r\n250-PIPELINING\r\n250-SIZE ");
    str_addu(&r, s->options.size_limit);
    str_add(&r, "\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n");
    return s->asked = SRV_LINE;
}

/* ---- transactions */

enum param { PARAM_OK, PARAM_BAD, PARAM_UNKNOWN, PARAM_TOO_LARGE };

static enum param size_param(struct srv *s, const char *value, size_t n)
{
    uint64_t v;

    if (n > 20 || num_dec(value, n, UINT64_MAX, &v))
        return PARAM_BAD;
    s->declared_size = v;
    return v > s->options.size_limit ? PARAM_TOO_LARGE : PARAM_OK;
}

static enum param body_param(struct srv *s, const char *value, size_t n)
{
    s->body_8bit = n == 8 && str_case_eqn(value, "8BITMIME", n);
    return s->body_8bit || (n == 4 && str_case_eqn(value, "7BIT", n)) ? PARAM_OK : PARAM_BAD;
}

/* The parameters behind MAIL's path: blanks and `KEYWORD=value`, each at most once. */
static enum param mail_params(struct srv *s, const char *p, size_t n)
{
    bool had_size = false, had_body = false;
    const char *end = p + n;
    enum param r = PARAM_OK;

    while (p < end && r == PARAM_OK) {
        if (*p++ != ' ')
            return PARAM_BAD;
        while (p < end && *p == ' ')
            p++;
        const char *stop = memchr(p, ' ', (size_t)(end - p));
        size_t left = (size_t)((stop ? stop : end) - p);
        if (left == 0)
            break;                   /* blanks at the line's end: clients that fill in nothing leave them */
        if (s->greeted != SRV_EHLO)
            return PARAM_UNKNOWN;
        if (left > 5 && str_case_eqn(p, "SIZE=", 5) && !had_size) {
            had_size = true;
            r = size_param(s, p + 5, left - 5);
        } else if (left > 5 && str_case_eqn(p, "BODY=", 5) && !had_body) {
            had_body = true;
            r = body_param(s, p + 5, left - 5);
        } else {
            bool known =
                left >= 4 && (str_case_eqn(p, "SIZE", 4) || str_case_eqn(p, "BODY", 4)) && (left == 4 || p[4] == '=');
            return known ? PARAM_BAD : PARAM_UNKNOWN;
        }
        p += left;
    }
    return r;
}

static enum srv_want refuse_address(struct srv *s, enum address_result why, bool is_sender)
{
    switch (why) {
    case ADDRESS_8BIT:
        return refuse(s, "553 5.6.7 the address needs SMTPUTF8, which is not offered");
    case ADDRESS_ROUTED:
        return refuse(s, "550 5.7.1 the address holds a route to another host: refused");
    case ADDRESS_LONG:
        return refuse(s, is_sender ? "501 5.1.7 the address is too long" : "501 5.1.3 the address is too long");
    default:
        return refuse(s, is_sender ? "501 5.1.7 bad sender address: MAIL FROM:<user@example.org>"
                                   : "501 5.1.3 bad recipient address: RCPT TO:<user@example.org>");
    }
}

/* Steps over `FROM:` or `TO:` and blanks behind it, which RFC 5321 does not allow but many clients send. */
static bool skip_word(const char **arg, size_t *n, const char *word)
{
    size_t w = strlen(word);

    if (*n < w || !str_case_eqn(*arg, word, w))
        return false;
    while (w < *n && (*arg)[w] == ' ')
        w++;
    *arg += w;
    *n -= w;
    return true;
}

static enum srv_want do_mail(struct srv *s, const char *arg, size_t n)
{
    size_t used;

    if (s->greeted == SRV_SILENT)
        return refuse(s, "503 5.5.1 say HELO or EHLO first");
    if (s->has_sender)
        return refuse(s, "503 5.5.1 there is a sender already; RSET to start anew");
    if (!skip_word(&arg, &n, "FROM:"))
        return refuse(s, "501 5.5.4 the form is MAIL FROM:<user@example.org>");
    reset(s);
    enum address_result r = address_path(arg, n, &s->sender, &used);
    if (r != ADDRESS_OK)
        return refuse_address(s, r, true);
    if (!address_is_null(&s->sender) && !*address_domain(&s->sender))
        return refuse(s, "501 5.1.7 the sender's address needs a domain");
    switch (mail_params(s, arg + used, n - used)) {
    case PARAM_BAD:
        return refuse(s, "501 5.5.4 a parameter is malformed or given twice");
    case PARAM_UNKNOWN:
        return refuse(s, "555 5.5.4 a parameter is not one that was offered");
    case PARAM_TOO_LARGE:
        return refuse(s, "552 5.3.4 the message is larger than this server takes");
    case PARAM_OK:
        break;
    }
    s->reply[0] = '\0';
    return s->asked = SRV_SENDER;
}

static enum srv_want do_rcpt(struct srv *s, const char *arg, size_t n)
{
    size_t used;

    if (!s->has_sender)
        return refuse(s, "503 5.5.1 MAIL comes first");
    if (!skip_word(&arg, &n, "TO:"))
        return refuse(s, "501 5.5.4 the form is RCPT TO:<user@example.org>");
    enum address_result r = address_path(arg, n, &s->rcpt, &used);
    if (r == ADDRESS_OK && address_has_route(&s->rcpt))
        r = ADDRESS_ROUTED;
    if (r != ADDRESS_OK)
        return refuse_address(s, r, false);
    if (address_is_null(&s->rcpt))
        return refuse(s, "501 5.1.3 a recipient cannot be empty");
    if (!*address_domain(&s->rcpt) && !address_local_is(&s->rcpt, "postmaster"))
        return refuse(s, "501 5.1.3 the recipient's address needs a domain");
    while (used < n && arg[used] == ' ')
        used++;
    if (used < n)
        return refuse(s, arg[used - 1] == ' ' ? "555 5.5.4 a parameter is not one that was offered"
                                              : "501 5.1.3 bad recipient address: RCPT TO:<user@example.org>");
    if (s->rcpts >= s->options.rcpt_limit)
        return say(s, "452 4.5.3 too many recipients; send the others in another message");
    s->reply[0] = '\0';
    return s->asked = SRV_RCPT;
}

static enum srv_want do_data(struct srv *s, const char *arg, size_t n)
{
    (void)arg;
    if (n)
        return refuse(s, "501 5.5.4 DATA takes no argument");
    if (!s->has_sender)
        return refuse(s, "503 5.5.1 MAIL comes first");
    if (s->rcpts == 0)
        return refuse(s, "554 5.5.1 no valid recipients");
    s->reply[0] = '\0';
    return s->asked = SRV_DATA;
}

enum srv_want srv_verdict(struct srv *s, const char *refusal)
{
    enum srv_want asked = s->asked;

    if (refusal) {
        if (asked == SRV_DATA)
            reset(s);
        if (!memcmp(refusal, "421", 3))
            return srv_end(s, refusal);
        return refusal[0] == '4' ? say(s, refusal) : refuse(s, refusal);
    }
    switch (asked) {
    case SRV_SENDER:
        s->has_sender = true;
        return say(s, "250 2.1.0 sender ok");
    case SRV_RCPT:
        s->rcpts++;
        return say(s, "250 2.1.5 recipient ok");
    case SRV_DATA:
        return answer(s, SRV_TEXT, "354 send the message, end it with a dot on a line of its own");
    default:
        return srv_end(s, "421 4.3.0 internal fault");
    }
}

enum srv_want srv_text_done(struct srv *s, const char *reply)
{
    reset(s);
    s->idle = s->commands = 0;
    return reply[0] == '2' || reply[0] == '4' ? say(s, reply) : refuse(s, reply);
}

/* ---- the rest */

static enum srv_want do_rset(struct srv *s, const char *arg, size_t n)
{
    (void)arg;
    if (n)
        return refuse(s, "501 5.5.4 RSET takes no argument");
    reset(s);
    return idle(s, "250 2.0.0 reset");
}

static enum srv_want do_noop(struct srv *s, const char *arg, size_t n)
{
    (void)arg, (void)n;
    return idle(s, "250 2.0.0 ok");
}

static enum srv_want do_quit(struct srv *s, const char *arg, size_t n)
{
    (void)arg;
    if (n)
        return refuse(s, "501 5.5.4 QUIT takes no argument");
    return srv_end(s, "221 2.0.0 bye");
}

/* The same answer whoever is asked for, at once: nobody learns here who exists (CASES D15). */
static enum srv_want do_vrfy(struct srv *s, const char *arg, size_t n)
{
    (void)arg;
    if (n == 0)
        return refuse(s, "501 5.5.4 VRFY needs an address");
    return idle(s, "252 2.1.5 send some mail, and it will be tried");
}

static enum srv_want do_help(struct srv *s, const char *arg, size_t n)
{
    (void)arg, (void)n;
    return idle(s, "214 2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY: RFC 5321");
}

static enum srv_want do_not_here(struct srv *s, const char *arg, size_t n)
{
    (void)arg, (void)n;
    return refuse(s, "502 5.5.1 this command is not offered here");
}

/* A browser that was sent here, or another protocol's client: no word of theirs may pass for mail (CASES E1, E11). */
static enum srv_want do_foreign(struct srv *s, const char *arg, size_t n)
{
    (void)arg, (void)n;
    return srv_end(s, "554 5.5.1 this is a mail server, closing");
}

static const struct srv_command {
    const char *verb;
    enum srv_want (*run)(struct srv *s, const char *arg, size_t n);
} commands[] = {
    { "HELO", do_helo },       { "EHLO", do_ehlo },       { "MAIL", do_mail },     { "RCPT", do_rcpt },
    { "DATA", do_data },       { "RSET", do_rset },       { "NOOP", do_noop },     { "QUIT", do_quit },
    { "VRFY", do_vrfy },       { "HELP", do_help },       { "EXPN", do_not_here }, { "STARTTLS", do_not_here },
    { "AUTH", do_not_here },   { "BDAT", do_not_here },   { "ETRN", do_not_here }, { "TURN", do_not_here },
    { "GET", do_foreign },     { "POST", do_foreign },    { "PUT", do_foreign },   { "HEAD", do_foreign },
    { "CONNECT", do_foreign }, { "OPTIONS", do_foreign }, { "HOST:", do_foreign }, { "USER-AGENT:", do_foreign },
};

static bool is_printable(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            return false;
    return true;
}

static bool is_verb(const char *line, size_t n, const char *verb)
{
    return strlen(verb) == n && str_case_eqn(verb, line, n);
}

enum srv_want srv_line(struct srv *s, const char *line, size_t n)
{
    if (!is_printable(line, n)) {
        if (s->greeted == SRV_SILENT)
            return srv_end(s, "500 5.5.2 that is not SMTP, closing");
        return refuse(s, "500 5.5.2 control characters are not allowed in a command");
    }
    if (++s->commands > SRV_COMMANDS_MOST)
        return srv_end(s, "421 4.7.0 too many commands without a message, closing");
    while (n && line[n - 1] == ' ')
        n--;
    const char *blank = memchr(line, ' ', n);
    size_t verb_n = blank ? (size_t)(blank - line) : n, arg_at = verb_n;
    while (arg_at < n && line[arg_at] == ' ')
        arg_at++;
    /* Only these two have parameters that the extensions may lengthen (RFC 1870, 6152). */
    if (n + 2 > LIMIT_COMMAND && !is_verb(line, verb_n, "MAIL") && !is_verb(line, verb_n, "RCPT"))
        return srv_line_bad(s, SRV_BAD_LONG);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is_verb(line, verb_n, commands[i].verb))
            return commands[i].run(s, line + arg_at, n - arg_at);
    return refuse(s, "500 5.5.2 no such command");
}

enum srv_want srv_line_bad(struct srv *s, enum srv_bad what)
{
    if (what == SRV_BAD_END)
        return srv_end(s, "500 5.5.2 a line must end with CR LF, closing");
    return refuse(s, "500 5.5.2 the line is too long");
}
