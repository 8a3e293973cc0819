/* The server's side of SMTP as a machine (RFC 5321): fed a line, it says what it wants next. It does no I/O.
 *
 *     want = srv_start(…);
 *     loop: send s->reply if it is not empty, then, by want:
 *       SRV_LINE    read a line, want = srv_line(s, line, n)          (or srv_line_bad)
 *       SRV_SENDER  judge s->sender, want = srv_verdict(s, reply)
 *       SRV_RCPT    judge s->rcpt and note it, want = srv_verdict(s, reply)
 *       SRV_DATA    make ready to store, want = srv_verdict(s, reply)
 *       SRV_TEXT    take the text up to its end, store it, want = srv_text_done(s, reply)
 *       SRV_CLOSE   close
 */
#ifndef MAIL_SRV_H
#define MAIL_SRV_H

#include "mail/address.h"
#include "mail/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum srv_want { SRV_LINE, SRV_SENDER, SRV_RCPT, SRV_DATA, SRV_TEXT, SRV_CLOSE };

enum srv_bad {
    SRV_BAD_LONG, /* a line over srv_line_limit(): it was skipped, the session goes on */
    SRV_BAD_END   /* a line that did not end in CR LF: the session ends, for what one host takes for the rest of
                     a line another takes for a command */
};

enum srv_greeted { SRV_SILENT, SRV_HELO, SRV_EHLO };

struct srv_options {
    const char *hostname;
    uint64_t size_limit;             /* of a message in bytes */
    uint32_t rcpt_limit;
    bool lan;                        /* a client of lan-clients: its HELO is not judged */
};

struct srv {
    char reply[LIMIT_REPLY + 1];     /* to be sent, with its CR LF; empty when nothing is to be sent yet */
    struct address sender, rcpt;     /* rcpt: the one to be judged now */
    uint64_t declared_size;          /* of SIZE=, 0 when not said (RFC 1870) */
    bool body_8bit;                  /* BODY=8BITMIME */
    enum srv_greeted greeted;
    char helo[LIMIT_DOMAIN + 1];     /* what the client called itself, printable */
    unsigned rcpts;                  /* accepted in this transaction */
    bool has_sender;                 /* a transaction is open */
    /* private: */
    struct srv_options options;
    enum srv_want asked;
    unsigned errors, idle, commands;
};

/* Begins a session with the banner as its reply. `options` is copied. */
enum srv_want srv_start(struct srv *s, const struct srv_options *options);

/* Longest line that may come now, CR LF included. */
size_t srv_line_limit(const struct srv *s);

/* A line of n bytes without its line end. */
enum srv_want srv_line(struct srv *s, const char *line, size_t n);
enum srv_want srv_line_bad(struct srv *s, enum srv_bad what);

/* The answer to SRV_SENDER, SRV_RCPT, SRV_DATA: NULL for yes, else a whole refusal such as "550 5.1.1 no such user
 * here", without CR LF. */
enum srv_want srv_verdict(struct srv *s, const char *refusal);

/* The answer to SRV_TEXT: a whole reply line, without CR LF. The transaction is over. */
enum srv_want srv_text_done(struct srv *s, const char *reply);

/* Ends the session with this reply: for a deadline, a text with a bad end, a fault. */
enum srv_want srv_end(struct srv *s, const char *reply);

#endif
