/* Replies of a server, line by line (RFC 5321 4.2). */
#ifndef MAIL_REPLY_H
#define MAIL_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_TEXT 200

struct reply {
    int code;                        /* 0 before the first line */
    unsigned lines;
    char text[REPLY_TEXT];           /* the last line's, printable, with its enhanced code */
};

enum reply_result {
    REPLY_MORE,                      /* a further line must follow */
    REPLY_DONE,
    REPLY_BAD                        /* no reply: a bad code, another code in the middle, too many lines (CASES C9) */
};

/* Ready for a reply's first line. */
void reply_start(struct reply *r);

/* Takes a line of n bytes without its end. */
enum reply_result reply_line(struct reply *r, const char *line, size_t n);

/* The enhanced status code at the start of the text, as `2.0.0`, if its class fits the reply code (a stale one does not
 * count); else a general one of the class. At most 11 bytes and a NUL. */
void reply_enhanced(const struct reply *r, char code[12]);

#endif
