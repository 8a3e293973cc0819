/* The server's side of SMTP: see srv.h. */
#include "mail/srv.h"

#include "base/num.h"
#include "base/str.h"

#include <string.h>

#define SRV_COMMANDS_MOST (2 * LIMIT_RCPTS)  /* commands of any kind between two messages */
#define SRV_IDLE_MOST 100            /* commands that bring no message on, between two messages (CASES C3) */
#define SRV_CHUNK_SMALL 1024         /* bytes: a chunk below that brings none on either, unless it is the last */
#define SRV_ERRORS_FREE 5            /* errors before replies to them are held back */

static enum srv_want answer(struct srv *s, enum srv_want want, const char *reply)
{
    struct str r;

    str_init(&r, s->reply, LIMIT_REPLY - 1);
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
    if (s->errors > SRV_ERRORS_FREE)
        s->delay = s->options.error_delay;
    return say(s, reply);
}

/* Passes a verdict on: a temporary one is no error of the client's, 421 ends the session. */
static enum srv_want refuse_by(struct srv *s, const char *reply)
{
    if (!memcmp(reply, "421", 3))
        return srv_end(s, reply);
    return *reply == '4' ? say(s, reply) : refuse(s, reply);
}

static void reset(struct srv *s)
{
    s->has_sender = false;
    s->sender.len = s->rcpt.len = 0;
    s->sender.text[0] = s->rcpt.text[0] = '\0';
    s->declared_size = s->chunks_size = 0;
    s->body = SRV_BODY_7BIT;
    s->utf8 = s->chunked = false;
    s->dsn = (struct dsn_mail){ 0 };
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
    if (s->options.tls && !s->is_tls)
        str_add(&r, "\r\n250-STARTTLS");
    if (*s->options.auth && (s->is_tls || !s->options.auth_tls)) {
        str_add(&r, "\r\n250-AUTH ");
        str_add(&r, s->options.auth);
    }
    str_add(&r, "\r\n250-8BITMIME\r\n250-DSN\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-ETRN"
                "\r\n250-HELP\r\n250-LIMITS RCPTMAX=");
    str_addu(&r, s->options.rcpt_limit);
    str_add(&r, "\r\n250 ENHANCEDSTATUSCODES\r\n");
    return s->asked = SRV_LINE;
}

/* ---- transactions */

enum param { PARAM_OK, PARAM_BAD, PARAM_UNKNOWN, PARAM_TOO_LARGE };

static enum param ok_if(bool good)
{
    return good ? PARAM_OK : PARAM_BAD;
}

static enum param size_param(struct srv *s, const char *value, size_t n)
{
    uint64_t v;

    if (n > 20 || num_dec(value, n, UINT64_MAX, &v))
        return PARAM_BAD;
    s->declared_size = v;
    return v > s->options.size_limit ? PARAM_TOO_LARGE : PARAM_OK;
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return strlen(word) == n && str_case_eqn(text, word, n);
}

static enum param body_param(struct srv *s, const char *value, size_t n)
{
    static const char *const bodies[] = { "7BIT", "8BITMIME", "BINARYMIME" };

    for (unsigned i = 0; i < 3; i++)
        if (is_word(value, n, bodies[i])) {
            s->body = (enum srv_body)i;
            return PARAM_OK;
        }
    return PARAM_BAD;
}

static enum param utf8_param(struct srv *s, const char *value, size_t n)
{
    (void)n;
    s->utf8 = !value;
    return ok_if(s->utf8);
}

static enum param ret_param(struct srv *s, const char *value, size_t n)
{
    return ok_if(value && dsn_ret(value, n, &s->dsn) == 0);
}

static enum param envid_param(struct srv *s, const char *value, size_t n)
{
    return ok_if(value && dsn_envid(value, n, &s->dsn) == 0);
}

/* RFC 4954 5: from a client that we do not trust with it, whose word it would be, it counts as `<>`. */
static enum param auth_param(struct srv *s, const char *value, size_t n)
{
    (void)n;
    return !*s->options.auth ? PARAM_UNKNOWN : ok_if(value);
}

static enum param notify_param(struct srv *s, const char *value, size_t n)
{
    return ok_if(value && dsn_notify(value, n, &s->dsn_rcpt) == 0);
}

static enum param orcpt_param(struct srv *s, const char *value, size_t n)
{
    return ok_if(value && dsn_orcpt(value, n, s->utf8, &s->dsn_rcpt) == 0);
}

/* `KEYWORD` or `KEYWORD=value`: value is NULL without the `=`. */
struct param_kind {
    const char *keyword;
    enum param (*set)(struct srv *s, const char *value, size_t n);
};

static const struct param_kind of_mail[] = {
    { "SIZE", size_param }, { "BODY", body_param }, { "SMTPUTF8", utf8_param }, { "RET", ret_param },
    { "ENVID", envid_param }, { "AUTH", auth_param }, { NULL, NULL },
};
static const struct param_kind of_rcpt[] = { { "NOTIFY", notify_param }, { "ORCPT", orcpt_param }, { NULL, NULL } };

/* One parameter of n bytes; *seen has a bit for each that came already: none may come twice. */
static enum param one_param(struct srv *s, const struct param_kind *kinds, const char *p, size_t n, unsigned *seen)
{
    const char *equals = memchr(p, '=', n), *value = equals ? equals + 1 : NULL;
    size_t name_n = equals ? (size_t)(equals - p) : n;

    for (unsigned i = 0; kinds[i].keyword; i++) {
        if (!is_word(p, name_n, kinds[i].keyword))
            continue;
        if (*seen & 1u << i || (value && value == p + n))
            return PARAM_BAD;
        *seen |= 1u << i;
        return kinds[i].set(s, value, value ? n - name_n - 1 : 0);
    }
    return PARAM_UNKNOWN;
}

/* The parameters behind a path, each with a blank before it. */
static enum param params(struct srv *s, const struct param_kind *kinds, const char *p, size_t n)
{
    const char *end = p + n;
    enum param r = PARAM_OK;
    unsigned seen = 0;

    while (p < end && r == PARAM_OK) {
        if (*p++ != ' ')
            return PARAM_BAD;
        while (p < end && *p == ' ')
            p++;
        const char *stop = memchr(p, ' ', (size_t)(end - p));
        size_t left = (size_t)((stop ? stop : end) - p);
        if (left == 0)
            break;                   /* blanks at the line's end: clients that fill in nothing leave them */
        r = s->greeted == SRV_EHLO ? one_param(s, kinds, p, left, &seen) : PARAM_UNKNOWN;
        p += left;
    }
    return r;
}

static enum srv_want refuse_param(struct srv *s, enum param why)
{
    switch (why) {
    case PARAM_BAD:
        return refuse(s, "501 5.5.4 a parameter is malformed or given twice");
    case PARAM_TOO_LARGE:
        return refuse(s, "552 5.3.4 the message is larger than this server takes");
    default:
        return refuse(s, "555 5.5.4 a parameter is not one that was offered");
    }
}

static enum srv_want refuse_address(struct srv *s, enum address_result why, bool is_sender)
{
    switch (why) {
    case ADDRESS_8BIT:
        return refuse(s, "553 5.6.7 the address needs SMTPUTF8 behind MAIL FROM:<...>");
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
    enum address_result r = address_path_utf8(arg, n, &s->sender, &used);
    if (r != ADDRESS_OK)
        return refuse_address(s, r, true);
    if (!address_is_null(&s->sender) && !*address_domain(&s->sender))
        return refuse(s, "501 5.1.7 the sender's address needs a domain");
    enum param p = params(s, of_mail, arg + used, n - used);
    if (p != PARAM_OK)
        return refuse_param(s, p);
    if (address_is_utf8(&s->sender) && !s->utf8)
        return refuse_address(s, ADDRESS_8BIT, true);
    s->reply[0] = '\0';
    return s->asked = SRV_SENDER;
}

static enum srv_want do_rcpt(struct srv *s, const char *arg, size_t n)
{
    size_t used;

    if (!s->has_sender || s->chunked)
        return refuse(s, s->chunked ? "503 5.5.1 the message has begun already" : "503 5.5.1 MAIL comes first");
    if (!skip_word(&arg, &n, "TO:"))
        return refuse(s, "501 5.5.4 the form is RCPT TO:<user@example.org>");
    enum address_result r = s->utf8 ? address_path_utf8(arg, n, &s->rcpt, &used)
                                    : address_path(arg, n, &s->rcpt, &used);
    if (r == ADDRESS_OK && address_has_route(&s->rcpt))
        r = ADDRESS_ROUTED;
    if (r != ADDRESS_OK)
        return refuse_address(s, r, false);
    if (address_is_null(&s->rcpt))
        return refuse(s, "501 5.1.3 a recipient cannot be empty");
    if (!*address_domain(&s->rcpt) && !address_local_is(&s->rcpt, "postmaster"))
        return refuse(s, "501 5.1.3 the recipient's address needs a domain");
    if (used < n && arg[used] != ' ')
        return refuse_address(s, ADDRESS_BAD, false);
    s->dsn_rcpt = (struct dsn_rcpt){ 0 };
    enum param p = params(s, of_rcpt, arg + used, n - used);
    if (p != PARAM_OK)
        return refuse_param(s, p);
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
    if (s->chunked || s->body == SRV_BODY_BINARYMIME)
        return refuse(s, "503 5.5.1 this message must come by BDAT");
    if (s->rcpts == 0)
        return refuse(s, "554 5.5.1 no valid recipients");
    s->reply[0] = '\0';
    return s->asked = SRV_DATA;
}

/* A chunk that nobody wants is read away all the same, for its bytes are no commands (RFC 3030 2). */
static enum srv_want skip_chunk(struct srv *s, const char *reply)
{
    s->after_skip = reply;
    s->reply[0] = '\0';
    return s->asked = SRV_SKIP;
}

enum srv_want srv_skipped(struct srv *s)
{
    return refuse(s, s->after_skip);
}

static enum srv_want do_bdat(struct srv *s, const char *arg, size_t n)
{
    const char *blank = memchr(arg, ' ', n);
    size_t size_n = blank ? (size_t)(blank - arg) : n;

    s->chunk_last = blank && is_word(blank + 1, n - size_n - 1, "LAST");
    /* Of what length, nobody knows: its bytes would be read as commands. */
    if (num_dec(arg, size_n, INT64_MAX, &s->chunk) || s->chunk_last != !!blank)
        return srv_end(s, "501 5.5.4 the form is BDAT SIZE or BDAT SIZE LAST, closing");
    if (s->chunk >= SRV_CHUNK_SMALL)
        s->commands--;
    else if (!s->chunk_last && idle(s, "") == SRV_CLOSE)
        return SRV_CLOSE;
    if (!s->has_sender)
        return skip_chunk(s, "503 5.5.1 MAIL comes first");
    if (s->rcpts == 0)
        return skip_chunk(s, "554 5.5.1 no valid recipients");
    if (s->chunk > s->options.size_limit - s->chunks_size) {
        reset(s);
        return skip_chunk(s, "552 5.3.4 the message is larger than this server takes");
    }
    s->chunks_size += s->chunk;
    s->chunk_first = !s->chunked;
    s->chunked = true;
    s->reply[0] = '\0';
    return s->asked = SRV_CHUNK;
}

enum srv_want srv_chunk_done(struct srv *s, const char *refusal)
{
    char reply[64];
    struct str r;

    if (refusal) {
        reset(s);
        return refuse_by(s, refusal);
    }
    str_init(&r, reply, sizeof reply);
    str_add(&r, "250 2.0.0 ");
    str_addu(&r, s->chunk);
    str_add(&r, " octets received");
    return say(s, reply);
}

enum srv_want srv_verdict(struct srv *s, const char *refusal)
{
    enum srv_want asked = s->asked;

    if (refusal) {
        if (asked == SRV_DATA)
            reset(s);
        return refuse_by(s, refusal);
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
    case SRV_ETRN:
        return say(s, "250 2.0.0 mail for that domain will be tried now");
    default:
        return srv_end(s, "421 4.3.0 internal fault");
    }
}

enum srv_want srv_text_done(struct srv *s, const char *reply)
{
    reset(s);
    s->idle = s->commands = 0;
    return *reply == '2' ? say(s, reply) : refuse_by(s, reply);
}

/* ---- TLS and AUTH: their seats. What is not offered in the options answers 502. */

static enum srv_want not_offered(struct srv *s)
{
    return refuse(s, "502 5.5.1 this command is not offered here");
}

static enum srv_want do_starttls(struct srv *s, const char *arg, size_t n)
{
    (void)arg;
    if (!s->options.tls)
        return not_offered(s);
    if (n)
        return refuse(s, "501 5.5.4 STARTTLS takes no argument");
    if (s->greeted != SRV_EHLO || s->is_tls || s->has_sender)
        return refuse(s, s->is_tls ? "503 5.5.1 TLS is on already"
                                   : "503 5.5.1 STARTTLS comes after EHLO, before MAIL");
    return answer(s, SRV_TLS, "220 2.0.0 begin TLS");
}

enum srv_want srv_tls_done(struct srv *s, const char *auth)
{
    reset(s);
    s->greeted = SRV_SILENT;
    s->helo[0] = s->reply[0] = '\0';
    s->is_tls = true;
    s->is_authenticated = false;
    s->options.auth = auth;
    return s->asked = SRV_LINE;
}

/* Notes the mechanism, in capitals, and the initial response. Is it one that is offered? */
static bool take_mechanism(struct srv *s, const char *arg, size_t n)
{
    const char *blank = memchr(arg, ' ', n);
    size_t name_n = blank ? (size_t)(blank - arg) : n;
    struct str m;

    str_init(&m, s->auth_mechanism, sizeof s->auth_mechanism);
    for (size_t i = 0; i < name_n; i++)
        str_addc(&m, arg[i] >= 'a' && arg[i] <= 'z' ? (char)(arg[i] - 'a' + 'A') : arg[i]);
    s->auth_initial = blank ? blank + 1 : NULL;
    s->auth_initial_n = blank ? n - name_n - 1 : 0;
    return name_n < sizeof s->auth_mechanism && str_in_words(s->options.auth, s->auth_mechanism);
}

static enum srv_want do_auth(struct srv *s, const char *arg, size_t n)
{
    if (!*s->options.auth)
        return not_offered(s);
    if (s->options.auth_tls && !s->is_tls)
        return refuse(s, "538 5.7.11 AUTH needs STARTTLS first");
    if (s->greeted != SRV_EHLO || s->is_authenticated || s->has_sender)
        return refuse(s, "503 5.5.1 AUTH comes once, after EHLO and before MAIL");
    if (!n)
        return refuse(s, "501 5.5.4 the form is AUTH MECHANISM");
    if (!take_mechanism(s, arg, n))
        return refuse(s, "504 5.5.4 a mechanism that is not offered");
    s->reply[0] = '\0';
    return s->asked = SRV_AUTH;
}

enum srv_want srv_auth_done(struct srv *s, bool yes, const char *reply)
{
    s->auth_initial = NULL;
    s->is_authenticated = yes;
    return yes ? say(s, reply) : refuse_by(s, reply);
}

const char *srv_protocol(const struct srv *s)
{
    static const char words[][12] = { "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA",
                                      "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA" };

    return s->greeted == SRV_EHLO ? words[4 * s->utf8 + 2 * s->is_tls + s->is_authenticated] : "SMTP";
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
    return idle(s, "214 2.0.0 HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY ETRN: RFC 5321");
}

/* `ETRN example.org`, `ETRN @example.org` for the domains below it too. We have no queues with names (`#`). */
static enum srv_want do_etrn(struct srv *s, const char *arg, size_t n)
{
    size_t at = n && *arg == '@';
    struct str d;

    if (s->greeted != SRV_EHLO || s->has_sender)
        return refuse(s, "503 5.5.1 ETRN comes after EHLO, before MAIL");
    if (!address_is_domain(arg + at, n - at))
        return refuse(s, "501 5.5.4 the form is ETRN example.org");
    if (idle(s, "") == SRV_CLOSE)
        return SRV_CLOSE;
    str_init(&d, s->etrn, sizeof s->etrn);
    str_addn(&d, arg, n);
    s->reply[0] = '\0';
    return s->asked = SRV_ETRN;
}

static enum srv_want do_not_here(struct srv *s, const char *arg, size_t n)
{
    (void)arg, (void)n;
    return not_offered(s);
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
    { "VRFY", do_vrfy },       { "HELP", do_help },       { "EXPN", do_not_here }, { "STARTTLS", do_starttls },
    { "AUTH", do_auth },       { "BDAT", do_bdat },       { "ETRN", do_etrn },     { "TURN", do_not_here },
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
    if (n + 2 > LIMIT_COMMAND && !is_word(line, verb_n, "MAIL") && !is_word(line, verb_n, "RCPT"))
        return srv_line_bad(s, SRV_BAD_LONG);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (is_word(line, verb_n, commands[i].verb))
            return commands[i].run(s, line + arg_at, n - arg_at);
    return refuse(s, "500 5.5.2 no such command");
}

enum srv_want srv_line_bad(struct srv *s, enum srv_bad what)
{
    if (what == SRV_BAD_END)
        return srv_end(s, "500 5.5.2 a line must end with CR LF, closing");
    return refuse(s, "500 5.5.2 the line is too long");
}
