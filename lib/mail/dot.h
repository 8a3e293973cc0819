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
    bool whole;                      /* dots mean nothing, for the text's end is known otherwise (RFC 3030): set it
                                        behind dot_start */
};

enum dot_result { DOT_MORE, DOT_END, DOT_BAD };

/* Ready for a text's first byte. */
void dot_start(struct dot *d, bool mend);

/* Takes from in[0..n) and writes un-stuffed text with CR LF line ends to out, which has room for 2 * n + 2 bytes.
 * *used and *made say how much was taken and written. DOT_MORE: all was taken. DOT_END: the end was found, what follows
 * in[*used] is the next command. DOT_BAD: d->fault says why; feed it nothing more. */
enum dot_result dot_take(struct dot *d, const char *in, size_t n, char *out, size_t *used, size_t *made);

/* At the end of a whole text: writes the last line's end to out (room for 2 bytes) where it is missing, or DOT_BAD. */
enum dot_result dot_finish(struct dot *d, char *out, size_t *made);

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
