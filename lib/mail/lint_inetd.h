/* Lint for inetd.conf: does what it starts ask the rules, and is it there? */
#ifndef MAIL_LINT_INETD_H
#define MAIL_LINT_INETD_H

#include "mail/lint.h"

#include <stddef.h>

/* Tells the site's `found` what is doubtful in n bytes of inetd.conf, called `file`, line by line; all are warnings.
 * Programs are looked at when the site has a `program`. */
void lint_inetd(const char *file, const char *text, size_t n, const struct lint_site *site);

#endif
