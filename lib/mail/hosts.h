/* hosts(5): names and addresses that the administrator wrote down. Pure: text in, facts out. */
#ifndef MAIL_HOSTS_H
#define MAIL_HOSTS_H

#include "mail/net.h"

#define HOSTS_NAME 256           /* the longest name, with its NUL; a longer one in the file is passed over */

/* The name of an address: the first on the first line that begins with it, as it is written. Returns false when no line
 * does. text of n bytes may be NULL when n is 0, here and below. */
bool hosts_name_of(const char *text, size_t n, const struct net_addr *addr, char name[HOSTS_NAME]);

/* Up to `most` addresses of a name (one trailing dot is as good as none, and case does not matter), of all lines in
 * their order. Returns how many. `real` is set to the first name on the first of these lines: another than `name` when
 * that is an alias. */
unsigned hosts_addresses_of(const char *text, size_t n, const char *name, struct net_addr *addr, unsigned most,
                            char real[HOSTS_NAME]);

#endif
