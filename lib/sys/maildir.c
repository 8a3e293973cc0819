/* Maildir: see maildir.h. */
#include "sys/maildir.h"

#include "base/str.h"
#include "sys/file.h"
#include "sys/qpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int join(char *path, size_t cap, const char *folder, const char *part, const char *name)
{
    struct str s;

    str_init(&s, path, cap);
    str_add(&s, "mail/");
    str_add(&s, folder);
    str_add(&s, part);
    str_add(&s, name);
    return s.cut ? -1 : 0;
}

enum sys_result maildir_exists(const char *folder)
{
    char path[160];
    struct stat st;

    if (join(path, sizeof path, folder, "", ""))
        return SYS_PERM;
    if (lstat(path, &st))
        return errno == ENOENT || errno == ENOTDIR ? SYS_PERM : SYS_TEMP;
    errno = ENOTDIR;                 /* something is in the way: a mistake, not the lack of a user */
    return S_ISDIR(st.st_mode) ? SYS_OK : SYS_TEMP;
}

enum sys_result maildir_of(const struct address *a, char folder[LIMIT_LOCAL_PART + 1])
{
    return address_folder(a, folder) ? SYS_PERM : maildir_exists(folder);
}

static enum sys_result make_folders(const char *folder, int create)
{
    static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
    char path[160];

    bool made = false;

    for (size_t i = create ? 0 : 1; i < sizeof parts / sizeof parts[0]; i++) {
        errno = 0;
        if (join(path, sizeof path, folder, parts[i], "") || (mkdir(path, 0700) && errno != EEXIST))
            return SYS_TEMP;
        made = made || errno != EEXIST;
    }
    if (!made)
        return SYS_OK;
    /* New folders must be as durable as what is put into them. */
    return join(path, sizeof path, folder, "", "") || qpath_sync(path) || qpath_sync("mail") ? SYS_TEMP : SYS_OK;
}

enum sys_result maildir_begin(struct maildir *m, const char *folder, const char *unique, int create)
{
    enum sys_result r = maildir_exists(folder);

    m->fd = -1;
    if (r == SYS_TEMP || (r == SYS_PERM && !create))
        return r;
    if (join(m->tmp, sizeof m->tmp, folder, "/tmp/", unique)
        || join(m->final, sizeof m->final, folder, "/new/", unique))
        return SYS_PERM;
    if (make_folders(folder, create) != SYS_OK)
        return SYS_TEMP;
    unlink(m->tmp);                  /* of an attempt that died: the queue's lock makes us the only one */
    m->fd = open(m->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return m->fd < 0 ? SYS_TEMP : SYS_OK;
}

enum sys_result maildir_put(struct maildir *m, const void *data, size_t n)
{
    return file_write(m->fd, data, n);
}

void maildir_abort(struct maildir *m)
{
    int kept = errno;

    if (m->fd < 0)
        return;
    unlink(m->tmp);
    close(m->fd);
    m->fd = -1;
    errno = kept;
}

enum sys_result maildir_commit(struct maildir *m)
{
    char folder[160];
    int r;

    /* A mail reader must never see a torn file, so here the flush comes before the name. link, not rename: it does not
     * replace what is there. */
    if (fsync(m->fd)) {
        maildir_abort(m);
        return SYS_TEMP;
    }
    r = link(m->tmp, m->final);
    if (r && errno != EEXIST) {
        r = rename(m->tmp, m->final);        /* a file system without hard links, such as vfat */
        if (r) {
            maildir_abort(m);
            return SYS_TEMP;
        }
    }
    unlink(m->tmp);
    close(m->fd);
    m->fd = -1;
    memcpy(folder, m->final, sizeof folder);
    *strrchr(folder, '/') = '\0';
    return qpath_sync(folder) ? SYS_TEMP : SYS_OK;
}
