/* hosts.allow and hosts.deny from disk: compiled where there is an image of them that holds, else as text. */
#ifndef SYS_RULES_H
#define SYS_RULES_H

#include "mail/access.h"
#include "sys/imagefile.h"

#include <stdbool.h>

/* Loads one file. A missing file is an empty one, and so is /dev/null; one that cannot be read, that
 * everybody may write, or that is a link to nothing has its fault, so that it refuses. The path is kept as the file's
 * name, not copied. What is loaded lives until the process ends. */
void rules_load_file(struct access_file *file, const char *path);

/* Where servers other than smtpd find their rules, and the image of them. */
extern const struct imagefile_paths rules_of_system;

/* Where the server in the tree finds its own: `etc/hosts.allow` and `etc/hosts.deny` below the working directory when
 * either exists there, else /etc's; and `etc/access`. Call it in the tree and before the jail. */
const struct imagefile_paths *rules_of_tree(void);

/* Are they the tree's own, and not /etc's? */
bool rules_are_own(const struct imagefile_paths *paths);

/* Loads the pair, and the files of patterns that the rules name; a file of patterns that is missing refuses where a
 * rule that names it is reached. With paths->image, and an image there that holds, the texts are not read; one that
 * does not hold is logged. The paths live on as the files' names. What is loaded lives until the process ends or rules
 * are loaded anew: there is one set of them. */
void rules_load(struct access_rules *rules, const struct imagefile_paths *paths);

/* After a verdict: may it stand? With an image, not when access_decide said ACCESS_BAD_INDEX, and not when a text has
 * changed since: then the texts are loaded instead, through descriptors that are open, which also works in the jail,
 * and it is logged. Returns whether it stands; else decide anew. */
bool rules_stand(struct access_rules *rules, enum access_verdict v);

/* The verdict is reached and told: closes the two files. An image stays, for the table: see access_table.h. */
void rules_done(struct access_rules *rules);

/* How much memory they have, texts that may still be loaded instead of an image included. */
uint64_t rules_bytes(const struct access_rules *rules);

/* The image that is in use and is of the access table, too; else NULL. */
struct imagefile *rules_image(const struct access_rules *rules);

#endif
