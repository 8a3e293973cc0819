/* Small files that an administrator wrote: read whole, with every doubt about them said. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include "sys/sys.h"

#include <stddef.h>

/* Reads the whole regular file at path into a new block, NUL-terminated, its length in *n; the caller frees it.
 * SYS_OK; SYS_TEMP when it could not be read this time; SYS_PERM when it is not there (errno ENOENT), larger than
 * `most` (EFBIG), no regular file (EINVAL) or writable by everybody (EPERM). */
enum sys_result file_read(const char *path, size_t most, char **text, size_t *n);

/* Makes `to` hold what `from` holds, if it does not yet: written beside it and renamed, mode 0644. A missing
 * `from` leaves `to` as it is. */
enum sys_result file_refresh(const char *from, const char *to, size_t most);

/* Writes all n bytes, in as many calls as it takes. SYS_OK, or SYS_TEMP (errno; ENOSPC when nothing is taken). */
enum sys_result file_write(int fd, const void *data, size_t n);

#endif
