/* hosts.allow and hosts.deny from disk. */
#ifndef SYS_RULES_H
#define SYS_RULES_H

#include "mail/access.h"

/* Loads one file. A missing file is an empty one, and so is /dev/null; one that cannot be read, that
 * everybody may write, or that is a link to nothing has its fault, so that it refuses. The path is kept as the file's
 * name, not copied. What is loaded lives until the process ends. */
void rules_load_file(struct access_file *file, const char *path);

/* Loads the pair from two paths, and the files of patterns that they name. A missing file of the two is an empty one,
 * and so is /dev/null; one that cannot be read, that everybody may write, or that is a link to nothing stands in the
 * rules with its fault, so that it refuses. A file of patterns that is missing does, too, but only where a rule that
 * names it is reached. The paths are kept as the files' names, not copied. What is loaded lives until the process ends
 * or rules are loaded anew. */
void rules_load(struct access_rules *rules, const char *allow, const char *deny);

/* The pair that the server in the tree obeys: `etc/hosts.allow` and `etc/hosts.deny` below the working directory when
 * either exists there, else /etc's. Call it in the tree and before the jail. */
void rules_load_tree(struct access_rules *rules);

#endif
