/* The %-expansions of hosts_access(5), in commands, values and banners. */
#ifndef MAIL_EXPAND_H
#define MAIL_EXPAND_H

#include "mail/access.h"

#include <stddef.h>

enum expand_result {
    EXPAND_OK,
    EXPAND_LONG,                 /* it does not fit */
    EXPAND_ASK_NAME,             /* the client's name is wanted, and not asked for yet */
    EXPAND_ASK_SERVER_NAME,      /* the server's likewise */
    EXPAND_ASK_USER              /* the user likewise */
};

/* Is every % in a text one of %a %A %c %d %h %H %n %N %p %r %R %s %u %%? Returns NULL, or what is wrong, with the
 * mend. */
const char *expand_check(const char *text, size_t n);

/* What the text needs and the facts do not have yet; EXPAND_OK when nothing. */
enum expand_result expand_needs(const char *text, size_t n, const struct access_facts *facts);

/* Writes the text with its expansions into out, of cap bytes, with a NUL. Every character of an expansion that is not a
 * letter, a digit or one of !@%-_=+:,./ becomes `_`: so nothing that the client has a hand in means anything to a
 * shell. The text itself is copied as it is. Of a host whose name was not asked for, %h, %H, %c and %s give the
 * address; a % with another letter expands to nothing, and one at the end stays. On EXPAND_LONG out holds what fits. */
enum expand_result expand_text(const char *text, size_t n, const struct access_facts *facts, char *out, size_t cap);

/* The client as the original names it in the log: `user@host`, `user@address`, host or address, by what is known.
 * Returns out, cut where it does not fit. It is not cleaned as above. */
const char *expand_client(const struct access_facts *facts, char *out, size_t cap);

#endif
