/* The access image on disk: see imagefile.h. */
#include "sys/imagefile.h"

#include "base/le.h"
#include "base/str.h"
#include "mail/compile.h"
#include "mail/limits.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* File systems keep times to two seconds at worst: what was written within them may change unseen. */
#define SETTLED 2

#define NEVER INT64_MIN                  /* the time of a source that has none to go by */
#define CHUNK 16384

static long read_source(void *context, int source, uint32_t offset, char *buf, size_t cap)
{
    const struct imagefile *f = context;

    return f->fd[source] < 0 ? -1 : (long)pread(f->fd[source], buf, cap, offset);
}

static void note(const struct stat *st, struct image_id *id)
{
    memset(id, 0, sizeof *id);
    id->there = true;
    id->size = (uint64_t)st->st_size;
    id->mtime = st->st_mtim.tv_sec;
    id->mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
    id->ctime = st->st_ctim.tv_sec;
    id->ctime_ns = (uint32_t)st->st_ctim.tv_nsec;
}

/* Can nobody write to the file system that the file lies on? Then its time is enough, wherever it was set. */
static bool is_read_only(int fd)
{
    struct statvfs v;

    return fstatvfs(fd, &v) == 0 && v.f_flag & ST_RDONLY;
}

/* A hash over all of a file, a piece at a time: each piece with the hash of those before it. *n: how many bytes there
 * were. It is not mapped, for whoever shortens it meanwhile would kill us. */
static enum sys_result content_hash(int fd, const uint8_t key[SIPHASH_KEY], uint64_t *hash, uint64_t *n)
{
    uint8_t piece[8 + CHUNK];
    ssize_t got;

    *hash = *n = 0;
    while ((got = pread(fd, piece + 8, CHUNK, (off_t)*n)) > 0) {
        le64_put(piece, *hash);
        *hash = siphash(key, piece, 8 + (size_t)got);
        *n += (uint64_t)got;
    }
    return got ? SYS_TEMP : SYS_OK;
}

static bool has_content(int fd, const struct image_id *id, const uint8_t key[SIPHASH_KEY])
{
    uint64_t hash, n;

    return content_hash(fd, key, &hash, &n) == SYS_OK && hash == id->hash && n == id->size;
}

/* A link to nothing is something. */
static bool is_missing(const char *path, int error)
{
    struct stat st;

    return error == ENOENT && lstat(path, &st) != 0;
}

/* Opens one source and holds it against what the image notes of it. NULL, or what is not as it was. */
static const char *open_source(struct imagefile *f, int i, const char *path)
{
    const struct image_id *was = &f->image.h.id[i];
    struct image_id is;
    struct stat st;

    f->fd[i] = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (f->fd[i] < 0)
        return path && !is_missing(path, errno) ? "cannot be read" : was->there ? "is gone" : NULL;
    if (fstat(f->fd[i], &st))
        return "cannot be read";
    if (file_is_null(&st)) {
        close(f->fd[i]);
        f->fd[i] = -1;
        return was->there ? "is gone" : NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_mode & S_IWOTH)
        return "is not as it should be";
    note(&st, &is);
    if (!was->there || is.size != was->size)
        return "was changed";
    f->opened[i] = is;
    /* The time of a file's content can be set to what it was; that of its last change cannot. */
    if (is.mtime == was->mtime && is.mtime_ns == was->mtime_ns
        && ((is.ctime == was->ctime && is.ctime_ns == was->ctime_ns) || is_read_only(f->fd[i])))
        return NULL;
    f->slow = true;
    return has_content(f->fd[i], was, f->image.h.key) ? NULL : "was changed";
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum sys_result refuse(struct imagefile *f, const char *path, const char *what, char *why, size_t cap)
{
    struct str s;

    str_init(&s, why, cap);
    str_add(&s, path);
    str_addc(&s, ' ');
    str_add(&s, what);
    if (!f->map.at)
        close_fd(&f->image_fd);
    imagefile_close(f);
    return SYS_TEMP;
}

static const char *map_image(struct imagefile *f, int fd)
{
    struct stat st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return "is no regular file";
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
        return "may be written by others";
    if (st.st_size < (off_t)IMAGE_BLOCK || st.st_size > (off_t)IMAGE_MOST)
        return "is damaged";
    if (mapped_open(&f->map, fd, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, &f->image.damaged))
        return "cannot be mapped";
    f->n = (size_t)st.st_size;
    note(&st, &f->image_opened);
    return image_open(&f->image, f->map.at, f->n, f->seen);
}

enum sys_result imagefile_open(struct imagefile *f, const struct imagefile_paths *paths, char *why, size_t cap)
{
    int fd = open(paths->image, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

    why[0] = '\0';
    if (fd < 0 && errno == ENOENT)
        return SYS_PERM;             /* and f, which is large, stays untouched */
    memset(f->seen, 0, f->n / IMAGE_BLOCK / 8 + 1);      /* what the last one used: the rest was never touched */
    memset(f, 0, offsetof(struct imagefile, seen));
    for (int i = 0; i < IMAGE_SOURCES; i++)
        f->fd[i] = -1;
    f->image_fd = fd;
    if (fd < 0)
        return refuse(f, paths->image, "cannot be opened", why, cap);
    const char *wrong = map_image(f, fd);
    if (wrong)
        return refuse(f, paths->image, wrong, why, cap);
    for (int i = 0; i < IMAGE_SOURCES; i++) {
        wrong = open_source(f, i, paths->source[i]);
        if (wrong)
            return refuse(f, paths->source[i] ? paths->source[i] : "etc/access", wrong, why, cap);
    }
    f->index = (struct access_index){ &f->image, read_source, f };
    return SYS_OK;
}

static bool is_as(int fd, const struct image_id *was)
{
    struct image_id is;
    struct stat st;

    if (fstat(fd, &st))
        return false;
    note(&st, &is);
    return memcmp(&is, was, sizeof is) == 0;
}

bool imagefile_unchanged(const struct imagefile *f)
{
    for (int i = 0; i < IMAGE_SOURCES; i++)
        if (f->fd[i] >= 0 && !is_as(f->fd[i], &f->opened[i]))
            return false;
    return is_as(f->image_fd, &f->image_opened);
}

enum sys_result imagefile_text(const struct imagefile *f, enum image_source source, char **text, size_t *n)
{
    *text = NULL;
    *n = 0;
    return f->fd[source] < 0 ? SYS_OK : file_read_fd(f->fd[source], LIMIT_ACCESS, text, n);
}

void imagefile_close_source(struct imagefile *f, enum image_source source)
{
    if (f->map.at)                      /* else it was never open, and its numbers mean nothing */
        close_fd(&f->fd[source]);
}

void imagefile_close(struct imagefile *f)
{
    if (!f->map.at)
        return;
    for (int i = 0; i < IMAGE_SOURCES; i++)
        imagefile_close_source(f, i);
    close_fd(&f->image_fd);
    mapped_close(&f->map);
}

/* ---- making it */

/* Sources and their texts while an image is made. */
struct making {
    struct compile c;
    mode_t mode;                         /* of the image: what all sources have */
};

/* Waits until the time of the file can tell its state from a later one; false where it lies in the future. */
static bool settle(const struct stat *st)
{
    const int64_t again = st->st_mtim.tv_sec + SETTLED;

    for (int i = 0; i < 10 * SETTLED && st->st_mtim.tv_sec <= clock_wall() && clock_wall() < again; i++)
        nanosleep(&(struct timespec){ 0, 200 * 1000 * 1000 }, NULL);
    return clock_wall() >= again;
}

static int load_fault(const char *path, struct fault *f)
{
    return fault_set(f, errno == EFBIG || errno == EINVAL || errno == EPERM ? EX_CONFIG : EX_OSFILE, "%s: %s", path,
                     file_fault(errno));
}

/* Loads one source, and notes what tells its state. */
static int load_source(struct making *m, int i, const char *path, struct fault *f)
{
    struct image_id *id = &m->c.h.id[i];
    struct stat before, after;
    uint64_t n;
    char *text;

    m->c.name[i] = path;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return path && !is_missing(path, errno) ? load_fault(path, f) : 0;
    memset(&before, 0, sizeof before);
    bool settled = fstat(fd, &before) == 0 && settle(&before);
    if (file_is_null(&before)) {
        close(fd);
        return 0;
    }
    if (file_read_fd(fd, LIMIT_ACCESS, &text, &m->c.n[i]) != SYS_OK) {
        int error = errno;
        close(fd);
        errno = error;
        return load_fault(path, f);
    }
    m->c.text[i] = text;
    enum sys_result r = content_hash(fd, m->c.h.key, &id->hash, &n);
    uint64_t hash = id->hash;
    bool changed = r != SYS_OK || fstat(fd, &after) || n != m->c.n[i];
    close(fd);
    note(&after, id);
    id->hash = hash;
    if (changed || before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
        return fault_set(f, EX_TEMPFAIL, "%s: changed while it was read: try again", path);
    if (!settled)
        id->mtime = NEVER;
    m->mode &= after.st_mode;
    return 0;
}

/* Beside its place, flushed, then renamed into it. */
static int put_image(const char *path, const uint8_t *image, size_t n, mode_t mode, struct fault *f)
{
    if (file_replace(path, image, n, mode) == SYS_OK)
        return 0;
    return fault_set(f, EX_CANTCREAT, "%s: cannot be written: %s", path, strerror(errno));
}

static int compile(struct making *m, const char *path, size_t *bytes, struct fault *f)
{
    struct compile *c = &m->c;

    if (compile_start(c, f))
        return -1;
    c->entries = calloc(c->entry_most + 1, sizeof *c->entries);
    int r = !c->entries || compile_sort(c, f) ? -1 : 0;
    *bytes = (size_t)c->h.blocks * IMAGE_BLOCK;
    uint8_t *image = r ? NULL : malloc(*bytes);
    if (image && !(r = compile_write(c, image, f)))
        r = put_image(path, image, *bytes, m->mode, f);
    else if (!c->entries || (!r && !image))
        r = fault_set(f, EX_OSERR, "%s: no memory for so many rules", path);
    free(c->entries);
    free(image);
    return r;
}

int imagefile_make(const struct imagefile_paths *paths, unsigned *rules, size_t *bytes, struct fault *f)
{
    struct making m;
    int r = 0;

    memset(&m, 0, sizeof m);
    m.mode = 0644;
    for (int i = 0; i < SIPHASH_KEY; i += 8)
        le64_put(m.c.h.key + i, rand_u64());
    for (int i = 0; !r && i < IMAGE_SOURCES; i++)
        r = load_source(&m, i, paths->source[i], f);
    if (!r)
        r = compile(&m, paths->image, bytes, f);
    *rules = m.c.h.rule_count;
    for (int i = 0; i < IMAGE_SOURCES; i++)
        free((char *)(uintptr_t)m.c.text[i]);
    return r;
}
