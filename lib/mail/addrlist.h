/* The addresses in a To, Cc or Bcc field (RFC 5322 3.4): names, comments, groups and quoted strings read past. */
#ifndef MAIL_ADDRLIST_H
#define MAIL_ADDRLIST_H

#include "mail/address.h"

#include <stddef.h>

struct addrlist {
    const char *p, *end;
    char bad[80];                    /* printable: the first entry that was no address, "" for none */
};

/* Reads the value of a field, n bytes, folded lines and all. It must outlive l. */
void addrlist_start(struct addrlist *l, const char *value, size_t n);

/* The next address into a. Returns 1; 0 at the end; -1 for an entry that is no address (then l->bad says which), after
 * which the list goes on. */
int addrlist_next(struct addrlist *l, struct address *a);

#endif
