/* The server's side of SMTP as a machine (RFC 5321 and the extensions that its EHLO names): fed a line, it says what it
 * wants next. It does no I/O.
 *
 *     want = srv_start(…);
 *     loop: wait s->delay seconds, send s->reply if it is not empty, then, by want:
 *       SRV_LINE    read a line, want = srv_line(s, line, n)          (or srv_line_bad)
 *       SRV_SENDER  judge s->sender, want = srv_verdict(s, reply)
 *       SRV_RCPT    judge s->rcpt and note it with s->dsn, want = srv_verdict(s, reply)
 *       SRV_DATA    make ready to store, want = srv_verdict(s, reply)
 *       SRV_TEXT    take the text up to its end, store it, want = srv_text_done(s, reply)
 *       SRV_CHUNK   take s->chunk bytes behind those of the chunks before, want = srv_chunk_done(s, refusal), or, when
 *                   it was s->chunk_last, store the whole and want = srv_text_done(s, reply)
 *       SRV_SKIP    read s->chunk bytes away, want = srv_skipped(s)
 *       SRV_ETRN    see that mail for s->etrn is sent on, want = srv_verdict(s, reply)
 *       SRV_TLS     begin TLS, unless bytes are here already, want = srv_tls_done(s)
 *       SRV_AUTH    ask for s->auth_mechanism and judge it, want = srv_auth_done(s, yes, reply)
 *       SRV_CLOSE   close
 */
#ifndef MAIL_SRV_H
#define MAIL_SRV_H

#include "mail/address.h"
#include "mail/dsn.h"
#include "mail/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum srv_want {
    SRV_LINE, SRV_SENDER, SRV_RCPT, SRV_DATA, SRV_TEXT, SRV_CHUNK, SRV_SKIP, SRV_ETRN, SRV_TLS, SRV_AUTH, SRV_CLOSE
};

enum srv_bad {
    SRV_BAD_LONG, /* a line over srv_line_limit(): it was skipped, the session goes on */
    SRV_BAD_END   /* a line that did not end in CR LF: the session ends, for what one host takes for the rest of
                     a line another takes for a command */
};

enum srv_greeted { SRV_SILENT, SRV_HELO, SRV_EHLO };
enum srv_body { SRV_BODY_7BIT, SRV_BODY_8BITMIME, SRV_BODY_BINARYMIME };

struct srv_options {
    const char *hostname;
    uint64_t size_limit;             /* of a message in bytes */
    uint32_t rcpt_limit;
    uint32_t error_delay;            /* seconds for which the reply to an error is held back, after the first few */
    bool lan;                        /* a client of lan-clients: its HELO is not judged */
    bool tls;                        /* STARTTLS is offered */
    const char *auth;                /* mechanisms that are offered now, separated by blanks; "" for none */
    bool auth_tls;                   /* … but only under TLS */
};

struct srv {
    char reply[LIMIT_EHLO + 1];      /* to be sent, with its CR LF; empty when nothing is to be sent yet */
    uint32_t delay;                  /* seconds to wait before that */
    struct address sender, rcpt;     /* rcpt: the one to be judged now */
    struct dsn_mail dsn;             /* of MAIL: RET and ENVID (RFC 3461) */
    struct dsn_rcpt dsn_rcpt;        /* of this RCPT: NOTIFY and ORCPT */
    uint64_t declared_size;          /* of SIZE=, 0 when not said (RFC 1870) */
    enum srv_body body;              /* of BODY= (RFC 6152, 3030) */
    bool utf8;                       /* SMTPUTF8 (RFC 6531) */
    enum srv_greeted greeted;
    char helo[LIMIT_DOMAIN + 1];     /* what the client called itself, printable */
    unsigned rcpts;                  /* accepted in this transaction */
    bool has_sender;                 /* a transaction is open */
    uint64_t chunk;                  /* bytes to take or to read away now (RFC 3030) */
    bool chunk_first, chunk_last;
    char etrn[LIMIT_DOMAIN + 2];     /* the domain (RFC 1985), with `@` before it for those below it too */
    char auth_mechanism[24];         /* in capitals */
    const char *auth_initial;        /* the initial response in the line, or NULL; of auth_initial_n bytes */
    size_t auth_initial_n;
    bool is_tls, is_authenticated;
    /* private: */
    struct srv_options options;
    enum srv_want asked;
    bool chunked;                    /* the message has begun to come in chunks */
    uint64_t chunks_size;            /* of all so far */
    const char *after_skip;          /* the reply that follows SRV_SKIP */
    unsigned errors, idle, commands;
};

/* Begins a session with the banner as its reply. `options` is copied. */
enum srv_want srv_start(struct srv *s, const struct srv_options *options);

/* Longest line that may come now, CR LF included. */
size_t srv_line_limit(const struct srv *s);

/* A line of n bytes without its line end. */
enum srv_want srv_line(struct srv *s, const char *line, size_t n);
enum srv_want srv_line_bad(struct srv *s, enum srv_bad what);

/* The answer to SRV_SENDER, SRV_RCPT, SRV_DATA, SRV_ETRN: NULL for yes, else a whole refusal such as "550 5.1.1 no such
 * user here", without CR LF. */
enum srv_want srv_verdict(struct srv *s, const char *refusal);

/* The answer to SRV_TEXT and to the last SRV_CHUNK: a whole reply line, without CR LF. The transaction is over. */
enum srv_want srv_text_done(struct srv *s, const char *reply);

/* The answer to SRV_CHUNK, whose bytes were read in either case: NULL, or a refusal, and the transaction is over. */
enum srv_want srv_chunk_done(struct srv *s, const char *refusal);
enum srv_want srv_skipped(struct srv *s);

/* TLS has begun: what the client said before is forgotten (RFC 3207 4.2). `auth` is what is offered from now on. */
enum srv_want srv_tls_done(struct srv *s, const char *auth);

/* AUTH is over: the reply line, and whether it made the client known (RFC 4954). */
enum srv_want srv_auth_done(struct srv *s, bool yes, const char *reply);

/* Ends the session with this reply: for a deadline, a text with a bad end, a fault. */
enum srv_want srv_end(struct srv *s, const char *reply);

/* How the message comes in, in the words of RFC 3848 and RFC 6531 4.3: SMTP, ESMTP, UTF8SMTP, with S for TLS and A for
 * AUTH behind. */
const char *srv_protocol(const struct srv *s);

#endif
