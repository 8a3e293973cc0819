/* Paths of queue files: see qpath.h. */
#include "sys/qpath.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void with_id(char path[QPATH_MOST], const char *folder, uint64_t id)
{
    char text[QNAME_ID + 1];
    struct str s;

    qname_id(id, text);
    str_init(&s, path, QPATH_MOST);
    str_add(&s, folder);
    str_add(&s, text);
}

void qpath_tmp(char path[QPATH_MOST], uint64_t id)
{
    with_id(path, "queue/tmp/", id);
}

void qpath_bad(char path[QPATH_MOST], uint64_t id)
{
    with_id(path, "queue/bad/", id);
}

void qpath_new(char path[QPATH_MOST], const struct qname *name)
{
    char text[QNAME_TEXT];
    struct str s;

    qname_format(name, text);
    str_init(&s, path, QPATH_MOST);
    str_add(&s, "queue/new/");
    str_add(&s, text);
}

int qpath_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    int r = fsync(fd), kept = errno;
    close(fd);
    errno = kept;
    return r;
}
