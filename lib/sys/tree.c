/* The tree and the jail: see tree.h. */
#include "sys/tree.h"

#include "mail/limits.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define TREE_LOG "run/log"

const char *tree_option(int *argc, char **argv)
{
    const char *root = NULL;
    int to = 1, from = 1;

    for (; from < *argc && strcmp(argv[from], "--") != 0; from++) {
        if (strncmp(argv[from], "--root=", 7) == 0) {
            root = argv[from] + 7;
        } else if (strcmp(argv[from], "--root") == 0) {
            if (++from >= *argc) {
                *argc = -1;
                return NULL;
            }
            root = argv[from];
        } else {
            argv[to++] = argv[from];
        }
    }
    while (from < *argc)
        argv[to++] = argv[from++];
    argv[to] = NULL;
    *argc = to;
    return root;
}

/* A directory above the tree, or the tree itself: whoever may write here may put another tree in its place (CASES J3).
 * A sticky directory such as /tmp is safe, since what belongs to us cannot be renamed there. */
static int check_above(const char *path, struct fault *f)
{
    struct stat st;

    if (stat(path, &st))
        return fault_set(f, EX_CONFIG, "%s: %s; make the tree with `make install` or name it with --root", path,
                         strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return fault_set(f, EX_CONFIG, "%s: not a directory", path);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return fault_set(f, EX_CONFIG, "%s belongs to uid %u, who could replace the tree; chown it to root", path,
                         (unsigned)st.st_uid);
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return fault_set(f, EX_CONFIG, "%s is writable by everybody, who could replace the tree; chmod o-w %s", path,
                         path);
    if ((st.st_mode & S_IWGRP) && st.st_gid != 0 && geteuid() == 0 && !(st.st_mode & S_ISVTX))
        return fault_set(f, EX_CONFIG, "%s is writable by group %u, which could replace the tree; chmod g-w %s", path,
                         (unsigned)st.st_gid, path);
    return 0;
}

static int check_all_above(char *root, struct fault *f)
{
    if (check_above("/", f))
        return -1;
    for (char *p = root + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        int r = check_above(root, f);
        *p = '/';
        if (r)
            return -1;
    }
    return root[1] ? check_above(root, f) : 0;
}

static int check_queue_part(const struct tree *t, const char *path, struct fault *f)
{
    struct stat st;

    if (lstat(path, &st))
        return fault_set(f, EX_CONFIG, "%s/%s: %s; make it, owned by the queue's owner, mode 700", t->root, path,
                         strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return fault_set(f, EX_CONFIG, "%s/%s: not a directory; move it away and make one", t->root, path);
    if (st.st_uid != t->uid)
        return fault_set(f, EX_CONFIG, "%s/%s belongs to uid %u, queue/ to uid %u; chown -R queue/ to one of them",
                         t->root, path, (unsigned)st.st_uid, (unsigned)t->uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return fault_set(f, EX_CONFIG, "%s/%s is writable by others; chmod 700 it", t->root, path);
    if ((st.st_mode & S_IRWXU) != S_IRWXU)
        return fault_set(f, EX_CONFIG, "%s/%s is not writable by its owner; chmod 700 it", t->root, path);
    return 0;
}

static int check_queue(struct tree *t, struct fault *f)
{
    static const char *const parts[] = { "queue", "queue/tmp", "queue/new", "queue/bad" };
    struct stat st;

    if (lstat("queue", &st))
        return fault_set(f, EX_CONFIG, "%s/queue: %s; make the tree with `make install` or name it with --root",
                         t->root, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return fault_set(f, EX_CONFIG, "%s/queue: not a directory; move it away and make one", t->root);
    t->uid = st.st_uid;
    t->gid = st.st_gid;
    if (t->uid == 0)
        return fault_set(f, EX_CONFIG, "%s/queue belongs to root; chown -R it to a user of its own, whom buzon becomes",
                         t->root);
    if (geteuid() != 0 && geteuid() != t->uid)
        return 0;                    /* what lies inside cannot be seen; tree_enter refuses */
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (check_queue_part(t, parts[i], f))
            return -1;
    return 0;
}

/* Without it every local user would seem unknown, and mail would bounce: a stick that is not plugged in, a link that
 * leads nowhere inside the jail. */
static int check_mail(const struct tree *t, struct fault *f)
{
    struct stat st;

    if (lstat("mail", &st))
        return fault_set(f, EX_CONFIG, "%s/mail: %s; make it, owned like queue/", t->root, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return fault_set(f, EX_CONFIG,
                         "%s/mail: not a directory; a link cannot leave the jail: mount --bind its target there",
                         t->root);
    return 0;
}

static int check_etc(const struct tree *t, struct fault *f)
{
    struct stat st;

    if (lstat("etc", &st))
        return errno == ENOENT ? 0 : fault_set(f, EX_CONFIG, "%s/etc: %s", t->root, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return fault_set(f, EX_CONFIG, "%s/etc: not a directory", t->root);
    /* Whoever may write there could make root read any file for him, or obey his configuration. */
    bool loose = st.st_mode & S_IWOTH || (geteuid() == 0 && (st.st_uid != 0 || st.st_mode & S_IWGRP));
    if (loose)
        return fault_set(f, EX_CONFIG, "%s/etc is writable by others; chown it to root and chmod 755 it", t->root);
    return 0;
}

int tree_open(struct tree *t, const char *root_option, struct fault *f)
{
    const char *root = root_option, *env = getenv("BUZON_ROOT");

    t->jailed = false;
    if (!root && env && *env && !proc_is_secure_exec())
        root = env;
    if (!root)
        root = TREE_DEFAULT;
    if (!(t->root = realpath(root, NULL)))
        return fault_set(f, EX_CONFIG, "%s: %s; make the tree with `make install` or name it with --root", root,
                         strerror(errno));
    if (check_all_above(t->root, f))
        return -1;
    if (chdir(t->root))
        return fault_set(f, EX_CONFIG, "%s: %s", t->root, strerror(errno));
    log_fallback(TREE_LOG);          /* from here on even a tree with faults can take the log's lines about them */
    if (check_queue(t, f) || check_etc(t, f) || check_mail(t, f))
        return -1;
    return 0;
}

int tree_enter(struct tree *t, struct fault *f)
{
    if (geteuid() != 0) {
        if (geteuid() != t->uid || getuid() != t->uid)
            return fault_set(f, EX_NOPERM, "%s/queue belongs to uid %u; start this as that user or as root", t->root,
                             (unsigned)t->uid);
        return 0;
    }
    /* Best effort: without them names are not found, and rules on names do not match. */
    (void)file_refresh("/etc/resolv.conf", "etc/resolv.conf", LIMIT_HOSTS);
    (void)file_refresh("/etc/hosts", "etc/hosts", LIMIT_HOSTS);
    if (chroot(t->root) || chdir("/"))
        return fault_set(f, EX_OSERR, "chroot %s: %s", t->root, strerror(errno));
    t->jailed = true;
    return proc_drop(t->uid, t->gid, f);
}
