/* What the lint of access rules wants to know of this machine. */
#ifndef SYS_LINTSITE_H
#define SYS_LINTSITE_H

#include "base/fault.h"
#include "mail/lint.h"

#include <stdbool.h>

/* Fills in the daemons from inetd.conf (NULL: they are not known), and tells what is doubtful in it; then whether there
 * is a name server, how users are looked up, what is doubtful about the modes of the rules' files, and the room for
 * lint. In the tree's directory, in_tree, its resolv.conf counts when it has one. Returns 0, or -1 with the fault. What
 * is made lives until the process ends. */
int lintsite_read(struct lint_site *site, const struct access_rules *rules, const char *inetd, bool in_tree,
                  struct fault *f);

/* lint_site.host: looks a name up, and its addresses back. */
const char *lintsite_host(void *ctx, const char *name, bool server);

#endif
