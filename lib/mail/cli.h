/* The client's side of SMTP as a machine (RFC 5321): told what to send, fed the server's replies, it says what it wants
 * next. It reads and sends nothing.
 *
 *     want = cli_start(…);
 *     loop by want:
 *       CLI_REPLY    send c->out if it is not empty, read a line, want = cli_line(c, line, n)
 *       CLI_READY    the session stands idle: want = cli_mail(…) for a message, or cli_quit(c)
 *       CLI_RCPT     want = cli_rcpt(c, address) for the next recipient, or cli_rcpt(c, NULL) when there is none left.
 *                    After each but the first call, c->reply is the answer to the one before
 *       CLI_TEXT     send the dot-stuffed text with its final dot, want = cli_text_sent(c)
 *       CLI_RESULT   the transaction is over: c->reply answers the text or what failed; want = cli_next(c)
 *       CLI_CLOSE    send c->out, close
 */
#ifndef MAIL_CLI_H
#define MAIL_CLI_H

#include "mail/limits.h"
#include "mail/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_want { CLI_REPLY, CLI_READY, CLI_RCPT, CLI_TEXT, CLI_RESULT, CLI_CLOSE };

/* How far a session or transaction has come: what c->reply answers. */
enum cli_step {
    CLI_AT_BANNER,
    CLI_AT_EHLO,
    CLI_AT_HELO,
    CLI_AT_READY,
    CLI_AT_MAIL,
    CLI_AT_RCPT,
    CLI_AT_DATA,
    CLI_AT_TEXT,
    CLI_AT_RSET,
    CLI_AT_QUIT
};

/* Has the message to do with SMTPUTF8 (RFC 6531)? */
enum cli_utf8 {
    CLI_UTF8_NO,
    CLI_UTF8_MAY,                    /* its sender said so, or a recipient is beyond ASCII: where the server knows it */
    CLI_UTF8_MUST                    /* its sender or a header field is beyond ASCII: other servers may not have it */
};

struct cli {
    char out[LIMIT_COMMAND_MAIL];    /* to be sent */
    size_t out_n;
    struct reply reply;
    enum cli_step step;
    bool broken;                     /* the server does not speak SMTP, or has said 421: the session is over */
    bool esmtp, pipelining, body_8bit, size, smtputf8;       /* what the server offered */
    bool utf8;                       /* this transaction said SMTPUTF8 */
    uint64_t size_limit;             /* of SIZE, 0 for none */
    unsigned accepted;               /* recipients in this transaction */
    const char *hostname;
};

/* Begins a session: the server speaks first. `hostname` is ours, for EHLO, and is kept. */
enum cli_want cli_start(struct cli *c, const char *hostname);

/* A line of the server without its end. A line that is no reply breaks the session: c->reply then says 421 with words
 * of our own (4.5.0), so that everything waits. */
enum cli_want cli_line(struct cli *c, const char *line, size_t n);

/* Opens a transaction. `sender` without brackets; `length` of the message in bytes. A message that is too large for the
 * server, or 8-bit or UTF-8 where it takes none, gives CLI_RESULT at once with a reply of ours (552 5.3.4, 554 5.6.3,
 * 553 5.6.7). */
enum cli_want cli_mail(struct cli *c, const char *sender, uint64_t length, bool is_8bit, enum cli_utf8 utf8);

/* One more recipient. An address beyond ASCII in a transaction without SMTPUTF8 gets a reply of ours (553 5.6.7), and
 * the next one is asked for, without a word to the server. */
enum cli_want cli_rcpt(struct cli *c, const char *address);
enum cli_want cli_text_sent(struct cli *c);
enum cli_want cli_next(struct cli *c);
enum cli_want cli_quit(struct cli *c);

#endif
