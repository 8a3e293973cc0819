/* The text of a message between DATA and the final dot (RFC 5321 4.1.1.4, 4.5.2), in both directions. */
#ifndef MAIL_DOT_H
#define MAIL_DOT_H

#include <stdbool.h>
#include <stddef.h>

/* Receiving. Only CR LF ends a line and only CR LF . CR LF ends the text; a bare CR, a bare LF or a NUL makes the text
 * bad (CASES A) for good: the session must end then, since nobody can say where the text would. With `mend`
 * (lan-clients) a bare LF counts as CR LF, in the final dot too. */
enum dot_state { DOT_LINE_START, DOT_TEXT, DOT_CR, DOT_DOT, DOT_DOT_CR };
enum dot_fault { DOT_GOOD, DOT_BARE_CR, DOT_BARE_LF, DOT_NUL };

struct dot {
    enum dot_state state;
    enum dot_fault fault;
    bool mend;
    bool chunks;                     /* dots mean nothing: the client counts bytes */
};

enum dot_result { DOT_MORE, DOT_END, DOT_BAD };

/* Ready for the first byte of a text that a dot ends. */
void dot_start(struct dot *d, bool mend);

/* Ready for that of one in chunks (BDAT, RFC 3030 2), whose lines have the same ends; dot_next never says DOT_END. */
void dot_start_chunks(struct dot *d, bool mend);

/* Takes from in[0..n), n at least 1, up to *used. *text, of *made bytes, is the next piece of the text without stuffing
 * and with CR LF line ends; it lies in `in` or is constant, and may be empty. DOT_MORE: go on behind *used. DOT_END:
 * the end was found, what follows *used is the next command. DOT_BAD: d->fault says why; feed it nothing more. */
enum dot_result dot_next(struct dot *d, const char *in, size_t n, size_t *used, const char **text, size_t *made);

/* Behind the last chunk: DOT_BAD for a CR that waits for its LF, else DOT_END, and *text is what the last line
 * lacks. */
enum dot_result dot_last(struct dot *d, const char **text, size_t *made);

/* Sending. Text that has CR LF line ends only goes out with dots doubled at line starts. */
struct dot_out {
    bool line_start;
    bool last_cr;
};

/* Ready for a text's first byte. */
void dot_out_start(struct dot_out *d);

/* Writes stuffed text to out (room for 2 * n bytes); returns how much. */
size_t dot_out_put(struct dot_out *d, const char *in, size_t n, char *out);

/* Writes the end to out (room for 5 bytes): `.CRLF`, behind a CRLF when the text lacked one. Returns how much. */
size_t dot_out_end(struct dot_out *d, char *out);

#endif
