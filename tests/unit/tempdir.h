/* A folder of its own for a unit program that writes files: made under $TMPDIR or /tmp, entered, and removed at the
 * end. Paths in the program are then relative to it, as they are in the tree. */
#ifndef TESTS_UNIT_TEMPDIR_H
#define TESTS_UNIT_TEMPDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tempdir_path[300];

/* Returns 0 or -1. The umask becomes 077, as every applet's is. */
__attribute__((unused))
static int tempdir_enter(void)
{
    const char *base = getenv("TMPDIR");

    umask(077);
    snprintf(tempdir_path, sizeof tempdir_path, "%s/buzon-unit-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(tempdir_path) && chdir(tempdir_path) == 0 ? 0 : -1;
}

/* Removes what is in the folder `path`, which stays. */
__attribute__((unused))
static void tempdir_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char inside[600];

    while (dir && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (unlink(inside)) {
            tempdir_empty(inside);
            rmdir(inside);
        }
    }
    if (dir)
        closedir(dir);
}

__attribute__((unused))
static void tempdir_leave(void)
{
    if (chdir("/") || !*tempdir_path)
        return;
    tempdir_empty(tempdir_path);
    rmdir(tempdir_path);
}

/* A file with these bytes and this mode. Returns 0 or -1. */
__attribute__((unused))
static int tempdir_write(const char *path, const void *data, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0)
        return -1;
    int bad = write(fd, data, n) != (ssize_t)n || fchmod(fd, mode);
    return close(fd) || bad ? -1 : 0;
}

/* The whole file in a static block, NUL-terminated and its length in *n; NULL when there is none. */
__attribute__((unused))
static char *tempdir_read(const char *path, size_t *n)
{
    static char data[100000];
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, data, sizeof data - 1);

    if (fd >= 0)
        close(fd);
    if (got < 0)
        return NULL;
    data[got] = '\0';
    if (n)
        *n = (size_t)got;
    return data;
}

/* How many entries a folder has, -1 when it is none. */
__attribute__((unused))
static int tempdir_count(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

#endif
