/* The text of a message that a program on this host hands in, with whatever line ends it has. */
#ifndef MAIL_EOL_H
#define MAIL_EOL_H

#include <stdbool.h>
#include <stddef.h>

/* LF and CR LF end a line and become CR LF. Any other CR is dropped: it could neither leave (CASES B1) nor become a
 * line end, which would let a text make its own header lines. */
struct eol {
    bool dot_ends;                   /* a line of one dot ends the text, as sendmail without -i has it */
    bool line_start, dot;            /* at a line's start; behind a dot there */
    bool nul;                        /* a NUL was met: the text is no mail */
};

enum eol_result { EOL_MORE, EOL_END };

/* Ready for a text's first byte. */
void eol_start(struct eol *e, bool dot_ends);

/* Takes in[0..n) and writes to out, which has room for 2 * n + 2 bytes; *made is how much. EOL_END: the dot was found,
 * the rest of `in` is not looked at. */
enum eol_result eol_take(struct eol *e, const char *in, size_t n, char *out, size_t *made);

/* At the end of the input: what is still to be written, a dot kept back and the last line's end. Room for 3 bytes. */
size_t eol_finish(struct eol *e, char *out);

#endif
