/* What the lint of access rules wants to know of this machine: see lintsite.h. */
#include "sys/lintsite.h"

#include "base/str.h"
#include "mail/inetdconf.h"
#include "mail/lint_inetd.h"
#include "sys/clock.h"
#include "sys/dns.h"
#include "sys/file.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define MOST 1048576             /* bytes of inetd.conf and of resolv.conf */

/* May everybody put something else into a directory above the path? */
static bool is_open_above(const char *path)
{
    char directory[1024];
    struct stat st;

    if (str_copy(directory, sizeof directory, path))
        return false;
    for (char *slash; (slash = strrchr(directory, '/')); *slash = '\0') {
        if (slash == directory)
            break;
        *slash = '\0';
        if (stat(directory, &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
            return true;
    }
    return stat(*path == '/' ? "/" : ".", &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX);
}

/* That everybody may write to the file itself is an error, which the rules bear already. */
static const char *doubt_about(const char *path)
{
    struct stat st;

    if (stat(path, &st) || !S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH))
        return NULL;
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return "the file belongs neither to root nor to you: chown it";
    if (st.st_mode & S_IWGRP)
        return "a group may write to the file: chmod g-w it";
    if (is_open_above(path))
        return "everybody may put another file in its place: chmod o-w the directory above it";
    return NULL;
}

/* lint_site.account */
static bool account(void *ctx, const char *name, bool group)
{
    (void)ctx;
    return group ? getgrnam(name) != NULL : getpwnam(name) != NULL;
}

/* lint_site.program */
static const char *program(void *ctx, const char *path, bool is_tcpd)
{
    struct stat st;

    (void)ctx;
    if (*path != '/')
        return "inetd runs it wherever it stands: write its whole path";
    if (stat(path, &st))
        return errno == ENOENT || errno == ENOTDIR ? "no such program: mend the path, or take the line out"
                                                   : strerror(errno);
    if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
        return "it cannot be executed: mend the path, or chmod +x it";
    if (is_tcpd && (st.st_mode & (S_ISUID | S_ISGID)))
        return "tcpd needs nobody else's rights, and daemons get them: chmod ug-s it";
    if ((st.st_mode & S_IWOTH) || is_open_above(path))
        return "everybody may put another program in its place: chmod o-w it and the directories above it";
    return NULL;
}

static int read_inetd(struct lint_site *site, const char *path, struct fault *f)
{
    char *text;
    const char *doubt;
    size_t n;
    struct str asked, bare, internal;

    if (file_read(path, MOST, &text, &n) != SYS_OK)
        return fault_set(f, EX_NOINPUT, "%s: %s", path,
                         errno == EPERM ? "everybody may write to the file: chmod o-w it" : strerror(errno));
    /* A word of the file is at most as long as its line, but a line for smtpd may stand for all its names. */
    size_t cap = 4 * n + 64;
    char *a = malloc(cap), *b = malloc(cap), *c = malloc(cap);
    if (!a || !b || !c)
        return fault_set(f, EX_OSERR, "%s: no memory to read it", path);
    str_init(&asked, a, cap);
    str_init(&bare, b, cap);
    str_init(&internal, c, cap);
    inetdconf_daemons(text, n, &asked, &bare, &internal);
    if ((doubt = doubt_about(path)))
        site->found(site->ctx, &(struct lint_finding){ path, 0, false, doubt });
    lint_inetd(path, text, n, site);
    free(text);
    site->daemons = a;
    site->bare = b;
    site->internal = c;
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

int lintsite_read(struct lint_site *site, const struct access_rules *rules, const char *inetd, bool in_tree,
                  struct fault *f)
{
    const char *own = "etc/resolv.conf", *systems = "/etc/resolv.conf";

    site->program = program;
    site->account = account;
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

/* What is wrong with one of the host's addresses, or NULL. */
static const char *wrong_address(const struct net_addr *addr, const char *name)
{
    static char text[DNS_NAME + 80];
    struct dns_found found;
    char address[NET_TEXT];

    dns_name_of(addr, clock_after(DNS_TIMEOUT), &found);
    if (found.state == ACCESS_NAME_KNOWN && str_case_eq(found.name, name))
        return NULL;
    net_format(addr, address);
    if (found.state == ACCESS_NAME_KNOWN)
        snprintf(text, sizeof text, "the host is called %s, and never matches by another name: write that", found.name);
    else if (found.failed)
        snprintf(text, sizeof text, "no name server answers about its address %s", address);
    else
        snprintf(text, sizeof text, "its address %s does not lead back to the name, so that it never matches: write "
                 "the address", address);
    return text;
}

const char *lintsite_host(void *ctx, const char *name, bool server)
{
    struct dns_addresses found;
    const char *wrong = NULL;

    (void)ctx;
    switch (dns_addresses_of(name, &found)) {
    case SYS_OK:
        break;
    case SYS_PERM:
        return "no such host: mend the name, or take it out";
    default:
        return "no name server answers about this name";
    }
    for (unsigned i = 0; i < found.n && !wrong; i++)
        wrong = wrong_address(&found.addr[i], name);
    if (!wrong && server && found.n > 1)
        return "the host has several addresses, and the rule is for all of them: write the one that is meant";
    return wrong;
}
