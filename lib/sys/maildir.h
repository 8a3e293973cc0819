/* Mailboxes of the tree: mail/USER as Maildir. */
#ifndef SYS_MAILDIR_H
#define SYS_MAILDIR_H

#include "mail/address.h"
#include "sys/sys.h"

#include <stddef.h>

/* Does mail/FOLDER exist? SYS_OK, SYS_PERM when it does not, SYS_TEMP when it cannot be told now or is no directory. */
enum sys_result maildir_exists(const char *folder);

/* The same for a local address: writes its folder's name. */
enum sys_result maildir_of(const struct address *a, char folder[LIMIT_LOCAL_PART + 1]);

/* One message on its way into a mailbox. */
struct maildir {
    int fd;
    char tmp[160], final[160];
};

/* Begins a message in mail/FOLDER/tmp, making tmp, new and cur where they are missing; `create` makes FOLDER too. The
 * file's name comes from `unique` (no slash, no colon) alone, so that a message that is delivered again after a crash
 * meets itself. SYS_PERM: no such mailbox. */
enum sys_result maildir_begin(struct maildir *m, const char *folder, const char *unique, int create);
enum sys_result maildir_put(struct maildir *m, const void *data, size_t n);

/* Makes the file durable, then visible in new/, then its name durable. A file of that name in new/ is this very
 * message, delivered before a crash: it is left and counts as success. */
enum sys_result maildir_commit(struct maildir *m);
void maildir_abort(struct maildir *m);

#endif
