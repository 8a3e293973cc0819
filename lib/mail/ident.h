/* The question and the answer of RFC 1413: whose is that connection? */
#ifndef MAIL_IDENT_H
#define MAIL_IDENT_H

#include <stddef.h>

#define IDENT_QUESTION 16            /* bytes of the longest question, with a NUL */
#define IDENT_USER     128           /* bytes of the longest name that is taken, with a NUL */
#define IDENT_LINE     1002          /* bytes of the longest answer, its line end included: RFC 1413 4 */

/* Writes `client , server` and a line end: the ports of the connection as the host that is asked sees them. */
void ident_question(unsigned client_port, unsigned server_port, char out[IDENT_QUESTION]);

/* Reads an answer of n bytes without its line end: it must be `USERID` for these two ports. The user is the first word
 * of what the host says; in it bytes that are not printable ASCII, and @, become `_`. Returns 0, or -1 for any other
 * answer, and for a user with no or too long a name. */
int ident_read(const char *line, size_t n, unsigned client_port, unsigned server_port, char user[IDENT_USER]);

#endif
