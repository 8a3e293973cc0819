/* Whole small files: see file.h. */
#include "sys/file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sys_result give_up(int fd, int error, enum sys_result result)
{
    close(fd);
    errno = error;
    return result;
}

enum sys_result file_read(const char *path, size_t most, char **text, size_t *n)
{
    struct stat st;
    ssize_t got = 0;
    /* O_NONBLOCK: a FIFO in the file's place must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? SYS_PERM : SYS_TEMP;
    if (fstat(fd, &st))
        return give_up(fd, errno, SYS_TEMP);
    if (!S_ISREG(st.st_mode))
        return give_up(fd, EINVAL, SYS_PERM);
    if (st.st_mode & S_IWOTH)
        return give_up(fd, EPERM, SYS_PERM);
    if ((unsigned long long)st.st_size > most)
        return give_up(fd, EFBIG, SYS_PERM);
    size_t want = (size_t)st.st_size;
    char *p = malloc(want + 1);
    if (!p)
        return give_up(fd, ENOMEM, SYS_TEMP);
    for (*n = 0; *n < want && (got = read(fd, p + *n, want - *n)) > 0; *n += (size_t)got)
        ;
    if (got < 0) {
        int kept = errno;
        free(p);
        return give_up(fd, kept, SYS_TEMP);
    }
    close(fd);
    p[*n] = '\0';
    *text = p;
    return SYS_OK;
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

static enum sys_result write_beside(const char *to, const char *text, size_t n)
{
    char tmp[300];
    struct str s;

    str_init(&s, tmp, sizeof tmp);
    str_add(&s, to);
    str_add(&s, ".new");             /* and our number: others may be doing the same */
    str_addu(&s, (unsigned long long)getpid());
    if (s.cut)
        return SYS_PERM;
    unlink(tmp);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return SYS_TEMP;
    bool bad = file_write(fd, text, n) != SYS_OK || fchmod(fd, 0644);
    bad = close(fd) != 0 || bad;
    if (bad || rename(tmp, to)) {
        unlink(tmp);
        return SYS_TEMP;
    }
    return SYS_OK;
}

enum sys_result file_refresh(const char *from, const char *to, size_t most)
{
    char *want, *have;
    size_t want_n, have_n;
    enum sys_result r = file_read(from, most, &want, &want_n);

    if (r != SYS_OK)
        return errno == ENOENT ? SYS_OK : r;
    bool same = file_read(to, most, &have, &have_n) == SYS_OK;
    if (same) {
        same = have_n == want_n && memcmp(have, want, want_n) == 0;
        free(have);
    }
    if (!same)
        r = write_beside(to, want, want_n);
    free(want);
    return r;
}
