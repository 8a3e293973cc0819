/* Whose is the client's end of the connection? Asked of its host, as RFC 1413 has it. */
#ifndef SYS_OWNER_H
#define SYS_OWNER_H

#include "mail/access.h"
#include "mail/ident.h"

/* Asks port 113 of the client's host, from the address of ours that the client speaks to, for at most so many seconds
 * in all. `user` gets the name, or ACCESS_NO_USER where none is told in time, and where the facts have no addresses of
 * one family or no ports. What is told is what that host likes to say: no proof of anything. */
void owner_ask(const struct access_facts *facts, unsigned seconds, char user[IDENT_USER]);

#endif
