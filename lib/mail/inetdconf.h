/* inetd.conf, as far as access rules are concerned: which daemons does it start, and are rules asked for them? */
#ifndef MAIL_INETDCONF_H
#define MAIL_INETDCONF_H

#include "base/str.h"

#include <stddef.h>

/* Adds to `asked`, each with a blank behind it, the names that rules know the daemons by which n bytes of inetd.conf
 * start through tcpd, and buzon's own smtpd, which asks by itself; to `bare` those that are started without either.
 * Lines that are no services are passed over. */
void inetdconf_daemons(const char *text, size_t n, struct str *asked, struct str *bare);

#endif
