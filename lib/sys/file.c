/* Whole small files: see file.h. */
#include "sys/file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum sys_result file_read_fd(int fd, size_t most, char **text, size_t *n)
{
    struct stat st;
    ssize_t got = 0;

    if (fstat(fd, &st))
        return SYS_TEMP;
    errno = !S_ISREG(st.st_mode) ? EINVAL : st.st_mode & S_IWOTH ? EPERM
          : (unsigned long long)st.st_size > most ? EFBIG : 0;
    if (errno)
        return SYS_PERM;
    size_t want = (size_t)st.st_size;
    char *p = malloc(want + 1);
    if (!p)
        return SYS_TEMP;
    for (*n = 0; *n < want && (got = pread(fd, p + *n, want - *n, (off_t)*n)) > 0; *n += (size_t)got)
        ;
    if (got < 0) {
        int kept = errno;
        free(p);
        errno = kept;
        return SYS_TEMP;
    }
    p[*n] = '\0';
    *text = p;
    return SYS_OK;
}

enum sys_result file_read(const char *path, size_t most, char **text, size_t *n)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? SYS_PERM : SYS_TEMP;
    enum sys_result r = file_read_fd(fd, most, text, n);
    int kept = errno;
    close(fd);
    errno = kept;
    return r;
}

enum sys_result file_write(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            errno = put ? errno : ENOSPC;
            return SYS_TEMP;
        }
        p += put;
        n -= (size_t)put;
    }
    return SYS_OK;
}

const char *file_fault(int error)
{
    switch (error) {
    case EFBIG:  return "the file is too large: make it smaller";
    case EINVAL: return "no regular file: put one there, or take it away";
    case EPERM:  return "everybody may write to the file: chmod o-w it";
    case EACCES: return "the file may not be read by this program: chmod it";
    case ELOOP:  return "a ring of links: remove it, and put the file there";
    case ENOTDIR: return "what should be a folder above the file is none: mend its path";
    default:     return strerror(error);         /* constant text, for one that the kernel gave */
    }
}

bool file_is_null(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The folder's own record of the name. */
static bool flush_folder(const char *path)
{
    char folder[300];
    const char *slash = strrchr(path, '/');
    struct str s;

    str_init(&s, folder, sizeof folder);
    str_addn(&s, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    int fd = s.cut ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static enum sys_result put_beside(const char *to, const void *data, size_t n, mode_t mode, bool flush)
{
    char tmp[300];
    struct str s;

    str_init(&s, tmp, sizeof tmp);
    str_add(&s, to);
    str_add(&s, ".new");             /* and our number: others may be doing the same */
    str_addu(&s, (unsigned long long)getpid());
    if (s.cut) {
        errno = ENAMETOOLONG;
        return SYS_PERM;
    }
    unlink(tmp);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return SYS_TEMP;
    bool bad = file_write(fd, data, n) != SYS_OK || fchmod(fd, mode) || (flush && fsync(fd));
    bad = close(fd) != 0 || bad;
    if (bad || rename(tmp, to)) {
        int kept = errno;
        unlink(tmp);
        errno = kept;
        return SYS_TEMP;
    }
    return !flush || flush_folder(to) ? SYS_OK : SYS_TEMP;
}

enum sys_result file_replace(const char *to, const void *data, size_t n, mode_t mode)
{
    return put_beside(to, data, n, mode, true);
}

/* A copy has the size of what it was made of, and its time of change. */
static bool is_copy(const struct stat *from, const char *to)
{
    struct stat st;

    return lstat(to, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == from->st_size
        && st.st_mtim.tv_sec == from->st_mtim.tv_sec && st.st_mtim.tv_nsec == from->st_mtim.tv_nsec;
}

static bool holds(const char *path, size_t most, const char *want, size_t n)
{
    char *have;
    size_t have_n;

    if (file_read(path, most, &have, &have_n) != SYS_OK)
        return false;
    bool same = have_n == n && memcmp(have, want, n) == 0;
    free(have);
    return same;
}

enum sys_result file_refresh(const char *from, const char *to, size_t most)
{
    struct stat st;
    char *want;
    size_t want_n;

    if (stat(from, &st))
        return errno == ENOENT ? SYS_OK : SYS_TEMP;
    if (is_copy(&st, to))
        return SYS_OK;
    enum sys_result r = file_read(from, most, &want, &want_n);
    if (r != SYS_OK)
        return errno == ENOENT ? SYS_OK : r;
    if (!holds(to, most, want, want_n))
        r = put_beside(to, want, want_n, 0644, false);
    free(want);
    if (r == SYS_OK)                 /* of before it was read: should it have changed since, the copy has another */
        (void)utimensat(AT_FDCWD, to, (struct timespec[]){ { .tv_nsec = UTIME_OMIT }, st.st_mtim },
                        AT_SYMLINK_NOFOLLOW);
    return r;
}
