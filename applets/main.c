/* One binary, many names: runs the applet that it was called as. */
#include "applets.h"

#include "base/str.h"
#include "sys/proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct applet {
    int (*entry)(int argc, char **argv);
    const char *name, *other_names, *help;
};

static const struct applet applets[] = {
#define APPLET(entry, name, other_names, help) { entry##_main, name, other_names, help },
#include "applets.h"
};

#define APPLETS (sizeof applets / sizeof applets[0])

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const struct applet *find(const char *name)
{
    for (size_t i = 0; i < APPLETS; i++)
        if (strcmp(name, applets[i].name) == 0 || (*name && str_in_words(applets[i].other_names, name)))
            return &applets[i];
    return NULL;
}

static void list(FILE *to)
{
    for (size_t i = 0; i < APPLETS; i++) {
        fprintf(to, "  %-14s %s\n", applets[i].name, applets[i].help);
        if (*applets[i].other_names)
            fprintf(to, "  %-14s (also called %s)\n", "", applets[i].other_names);
    }
}

static int usage(FILE *to)
{
    fprintf(to, "usage: buzon [--list | --version | --install DIR | APPLET ARGUMENT ...]\n"
                "or through a link that bears an applet's name:\n");
    list(to);
    return EX_USAGE;
}

/* Makes dir/name a link to the binary: `buzon` itself when it lies in dir too, else its whole path. */
static int link_name(const char *dir, const char *name, size_t n, const char *target)
{
    char path[600];
    int len = snprintf(path, sizeof path, "%s/%.*s", dir, (int)n, name);

    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode)) {
        errno = EEXIST;              /* somebody's real sendmail stays where it is */
        return -1;
    }
    unlink(path);
    return symlink(target, path);
}

static int install(const char *dir)
{
    char self[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    if (len <= 0) {
        fprintf(stderr, "buzon: --install needs /proc to find its own file: %s\n", strerror(errno));
        return EX_OSERR;
    }
    self[len] = '\0';
    for (size_t i = 0; i < APPLETS; i++) {
        const char *names = applets[i].other_names, *name = applets[i].name;
        size_t n = strlen(name);
        do {
            if (link_name(dir, name, n, self)) {
                fprintf(stderr, "buzon: %s/%.*s: %s%s\n", dir, (int)n, name, strerror(errno),
                        errno == EEXIST ? " and is no link; move it away first" : "");
                return EX_CANTCREAT;
            }
        } while ((name = str_word(&names, &n)));
    }
    return EX_OK;
}

/* Whether what was printed has arrived. */
static int printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EX_OK;
    fprintf(stderr, "buzon: cannot write: %s\n", strerror(errno));
    return EX_IOERR;
}

/* Called as itself: `buzon --list`, `buzon APPLET …`. */
static int buzon_main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < APPLETS; i++)
            printf("%s%s%s\n", applets[i].name, *applets[i].other_names ? " " : "", applets[i].other_names);
        return printed();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("buzon %s\n", BUZON_VERSION);
        return printed();
    }
    if (strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return printed();
    }
    if (strcmp(argv[1], "--install") == 0 && argc == 3)
        return install(argv[2]);
    const struct applet *a = find(argv[1]);
    if (a)
        return a->entry(argc - 1, argv + 1);
    fprintf(stderr, "buzon: %s: no such applet\n", argv[1]);
    return usage(stderr);
}

int main(int argc, char **argv)
{
    /* inetd runs `/usr/sbin/tcpd sendmail -bs` with the daemon's name as argv[0]: only the executed file's own name
     * then says that this is tcpd. */
    if (strcmp(base_name(proc_exec_name()), "tcpd") == 0)
        return tcpd_main(argc, argv);
    if (argc < 1 || !argv[0] || !*argv[0]) {
        fprintf(stderr, "buzon: called without a name, so it cannot know which applet to be\n");
        return EX_USAGE;
    }
    const char *name = base_name(argv[0]);
    if (*name == '-')                /* a login shell's mark */
        name++;
    if (strncmp(name, "buzon", 5) == 0)
        return buzon_main(argc, argv);
    const struct applet *a = find(name);
    if (a)
        return a->entry(argc, argv);
    fprintf(stderr, "buzon: there is no applet called %s\n", name);
    return usage(stderr);
}
