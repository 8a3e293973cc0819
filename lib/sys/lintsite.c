/* What the lint of access rules wants to know of this machine: see lintsite.h. */
#include "sys/lintsite.h"

#include "base/str.h"
#include "mail/inetdconf.h"
#include "sys/clock.h"
#include "sys/dns.h"
#include "sys/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define MOST 1048576             /* bytes of inetd.conf and of resolv.conf */

static int read_inetd(struct lint_site *site, const char *path, struct fault *f)
{
    char *text;
    size_t n;
    struct str asked, bare;

    if (file_read(path, MOST, &text, &n) != SYS_OK)
        return fault_set(f, EX_NOINPUT, "%s: %s", path, strerror(errno));
    /* A word of the file is at most as long as its line, but a line for smtpd may stand for all its names. */
    size_t cap = 4 * n + 64;
    char *a = malloc(cap), *b = malloc(cap);
    if (!a || !b)
        return fault_set(f, EX_OSERR, "%s: no memory to read it", path);
    str_init(&asked, a, cap);
    str_init(&bare, b, cap);
    inetdconf_daemons(text, n, &asked, &bare);
    free(text);
    site->daemons = a;
    site->bare = b;
    return 0;
}

static bool has_name_server(const char *path)
{
    char *text;
    size_t n;
    bool found = false;

    if (file_read(path, MOST, &text, &n) != SYS_OK)
        return errno != ENOENT;
    for (char *line = strtok(text, "\n"); line && !found; line = strtok(NULL, "\n"))
        found = strncmp(line, "nameserver", 10) == 0 && (line[10] == ' ' || line[10] == '\t');
    free(text);
    return found;
}

/* That everybody may write to the file itself is an error, which the rules bear already. */
static const char *doubt_about(const char *path)
{
    char directory[1024];
    struct stat st;
    const char *slash = strrchr(path, '/');

    if (stat(path, &st) || !S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH))
        return NULL;
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return "the file belongs neither to root nor to you: chown it";
    if (st.st_mode & S_IWGRP)
        return "a group may write to the file: chmod g-w it";
    int n = slash ? snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path)
                  : snprintf(directory, sizeof directory, ".");
    if (n < (int)sizeof directory && stat(directory, &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return "everybody may put another file in its place: chmod o-w its directory";
    return NULL;
}

int lintsite_read(struct lint_site *site, const struct access_rules *rules, const char *inetd, bool in_tree,
                  struct fault *f)
{
    const char *own = "etc/resolv.conf", *systems = "/etc/resolv.conf";

    if (inetd && read_inetd(site, inetd, f))
        return -1;
    /* The tree's is refreshed from the system's whenever a server starts. */
    site->names = has_name_server(systems) || (in_tree && access(systems, F_OK) && has_name_server(own));
    site->doubt_allow = doubt_about(rules->allow.name);
    site->doubt_deny = doubt_about(rules->deny.name);
    site->seen_n = lint_room(rules);
    site->seen = calloc(site->seen_n, sizeof *site->seen);
    return site->seen ? 0 : fault_set(f, EX_OSERR, "no memory to compare the rules with each other");
}

const char *lintsite_host(void *ctx, const char *name)
{
    static char text[DNS_NAME + 80];
    struct dns_found found;
    struct net_addr addr;

    (void)ctx;
    switch (dns_address_of(name, &addr)) {
    case SYS_OK:
        break;
    case SYS_PERM:
        return "no such host: mend the name, or take it out";
    default:
        return "no name server answers about this name";
    }
    dns_name_of(&addr, clock_mono_ms() + 1000 * DNS_TIMEOUT, &found);
    if (found.state != ACCESS_NAME_KNOWN)
        return found.failed ? "no name server answers about this host's address"
                      : "its address does not lead back to a name, so that it never matches: write the address";
    if (str_case_eq(found.name, name))
        return NULL;
    snprintf(text, sizeof text, "the host is called %s, and never matches by another name: write that", found.name);
    return text;
}
