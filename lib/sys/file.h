/* Small files that an administrator wrote: read whole, with every doubt about them said. */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include "sys/sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads the whole regular file at path into a new block, NUL-terminated, its length in *n; the caller frees it.
 * SYS_OK; SYS_TEMP when it could not be read this time; SYS_PERM when it is not there (errno ENOENT), larger than
 * `most` (EFBIG), no regular file (EINVAL) or writable by everybody (EPERM). */
enum sys_result file_read(const char *path, size_t most, char **text, size_t *n);

/* The same of an open file, from its beginning whatever its offset. */
enum sys_result file_read_fd(int fd, size_t most, char **text, size_t *n);

/* What an administrator is to do about a file that could not be read, by the errno that file_read left. */
const char *file_fault(int error);

/* Is it /dev/null, which stands for an empty file? */
struct stat;
bool file_is_null(const struct stat *st);

/* Puts n bytes at `to` in one step, durably, with this mode: written and flushed beside it, renamed, and the folder
 * flushed. On anything but SYS_OK (errno) what was there before stays, or stands there whole already. */
enum sys_result file_replace(const char *to, const void *data, size_t n, mode_t mode);

/* Makes `to` hold what `from` holds, if it does not yet: in one step, mode 0644, but not flushed, for it can be done
 * again. It gets the time of change of `from`, too: where size and time agree, neither is read. A missing `from` leaves
 * `to` as it is. */
enum sys_result file_refresh(const char *from, const char *to, size_t most);

/* Writes all n bytes, in as many calls as it takes. SYS_OK, or SYS_TEMP (errno; ENOSPC when nothing is taken). */
enum sys_result file_write(int fd, const void *data, size_t n);

#endif
