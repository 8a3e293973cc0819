/* What options do: see effect.h. */
#include "sys/effect.h"

#include "base/page.h"
#include "base/str.h"
#include "mail/option.h"
#include "sys/file.h"
#include "sys/io.h"
#include "sys/log.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL         "/bin/sh"
#define VALUE         8192           /* the longest value with its expansions, as in the original */
#define BANNER        65536          /* bytes of a banner */
#define BANNER_LINE   4096
#define BANNER_TIME   30             /* seconds until a client must have taken it */

/* One option being carried out. */
struct act {
    const struct access_why *why;
    struct effect_way *w;
    struct option o;
    char value[VALUE];
    bool has_group;                  /* a group was set already: the user's own is not wanted */
};

static void say(const struct act *a, const char *kind, const char *format, va_list args)
{
    char text[600];

    vsnprintf(text, sizeof text, format, args);
    log_line(a->w->facility | LOG_ERR, "%s: %s, line %u: %s", kind, a->why->file, a->why->line, text);
}

/* As the original words it: something is amiss, and the option has no effect. */
__attribute__((format(printf, 2, 3)))
static enum effect_result warn(const struct act *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(a, "warning", format, args);
    va_end(args);
    return EFFECT_GO_ON;
}

__attribute__((format(printf, 2, 3)))
static enum effect_result fail(const struct act *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(a, "error", format, args);
    va_end(args);
    return EFFECT_REFUSE;
}

static enum effect_result no_shell(const struct act *a, int error)
{
    return fail(a, "`%.*s`: " SHELL ": %s: %s", (int)(a->o.text.n < 80 ? a->o.text.n : 80), a->o.text.p,
                strerror(error), error == ENOENT ? "there is no shell here: take the option out"
                                 : "the shell cannot be run: mend it, or take the option out");
}

/* ---- commands */

/* Starts the shell with fds 0 to 2 on /dev/null and SIGPIPE as it should be. Returns 0 or an errno. */
static int start_shell(char *command, pid_t *pid)
{
    static char sh[] = "sh", c[] = "-c";
    char *const argv[] = { sh, c, command, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t pipe_only;
    int error;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if ((error = posix_spawn_file_actions_init(&files)) != 0)
        return error;
    error = posix_spawnattr_init(&attr);
    if (!error)
        error = posix_spawnattr_setsigdefault(&attr, &pipe_only);
    if (!error)
        error = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    if (!error)
        error = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
    for (int fd = 1; fd <= 2 && !error; fd++)
        error = posix_spawn_file_actions_adddup2(&files, 0, fd);
    if (!error)
        error = posix_spawn(pid, SHELL, &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* In a sandbox no process is started. Only smtpd -l carries options out there. */
static bool may_run(const struct act *a)
{
    if (sandbox_entered())
        fail(a, "`%.*s`: smtpd -l runs no commands: take the option out, or start smtpd from inetd",
             (int)(a->o.text.n < 80 ? a->o.text.n : 80), a->o.text.p);
    return !sandbox_entered();
}

/* Runs the command and waits for it. Returns its wait status, *who it was, or -1 when there is no way
 * to run it (logged). */
static int run_shell(struct act *a, pid_t *who)
{
    if (!may_run(a))
        return -1;
    /* As in the original: what runs on in the background must outlive its session. */
    void (*hup)(int) = signal(SIGHUP, SIG_IGN);
    pid_t pid = -1, got;
    int status = -1;
    int error = start_shell(a->value, &pid);

    signal(SIGHUP, hup);
    if (error) {
        no_shell(a, error);
        return -1;
    }
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        fail(a, "waiting for the command: %s", strerror(errno));
        return -1;
    }
    *who = pid;
    return status;
}

static enum effect_result do_spawn(struct act *a)
{
    pid_t pid;

    return run_shell(a, &pid) < 0 ? EFFECT_REFUSE : EFFECT_GO_ON;
}

static enum effect_result do_aclexec(struct act *a)
{
    pid_t pid;
    int status = run_shell(a, &pid);

    if (status < 0)
        return EFFECT_REFUSE;
    if (WIFSIGNALED(status))
        warn(a, "process %d exited with signal %d", (int)pid, WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return EFFECT_GO_ON;
    log_line(a->w->facility | LOG_INFO, "aclexec returned %d", WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    return EFFECT_REFUSE;
}

static enum effect_result do_twist(const struct act *a)
{
    char client[ACCESS_CLIENT];
    int flags = fcntl(0, F_GETFL);

    if (!may_run(a))
        return EFFECT_REFUSE;
    log_line(a->w->refused, "twist %s to %s", expand_client(a->w->facts, client, sizeof client), a->value);
    if (access(SHELL, X_OK))
        return no_shell(a, errno);
    if (flags >= 0 && flags & O_NONBLOCK)
        fcntl(0, F_SETFL, flags & ~O_NONBLOCK);
    if (dup2(0, 1) < 0 || dup2(0, 2) < 0)
        return fail(a, "the client's descriptor: %s", strerror(errno));
    signal(SIGPIPE, SIG_DFL);
    execl(SHELL, "sh", "-c", a->value, (char *)NULL);
    return no_shell(a, errno);
}

/* ---- banners */

static void add_line(struct act *a, struct io *io, const char *line, size_t n, bool ends)
{
    enum expand_result r;

    for (size_t i = 0; i + 1 < n; i++)
        if (line[i] == '%' && expand_check(line + i, 2))
            warn(a, "unrecognized %%%c", line[++i]);
        else if (line[i] == '%')
            i++;
    while ((r = expand_text(line, n, a->w->facts, a->value, sizeof a->value)) > EXPAND_LONG)
        verdict_look_up(r, a->w->facts, a->w->names);
    if (r == EXPAND_LONG)
        warn(a, "a line of the banner gets too long");
    io_put(io, a->value, strlen(a->value));
    if (ends)
        io_put(io, "\r\n", 2);
}

static void send_banner(struct act *a, const char *text, size_t n)
{
    static PAGE_ALONE struct io io;
    int flags = fcntl(0, F_GETFL);

    io_start(&io, 0, 0);
    io_allow(&io, BANNER_TIME);
    for (const char *end = text + n; text < end; ) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        if (stop - text > BANNER_LINE) {
            warn(a, "the banner has a line of more than %d bytes: it ends there", BANNER_LINE);
            break;
        }
        add_line(a, &io, text, (size_t)(stop - text), newline != NULL);
        text = newline ? newline + 1 : end;
    }
    io_flush(&io);                               /* a client that is gone or deaf is the daemon's to find out */
    if (flags >= 0)
        fcntl(0, F_SETFL, flags);                /* what comes next has it as it was */
}

static enum effect_result do_banners(struct act *a)
{
    char path[VALUE + 256], *text;
    const char *daemons = a->w->facts->daemons;
    struct stat st;
    size_t n;

    snprintf(path, sizeof path, "%s/%.*s", a->value, (int)strcspn(daemons, " \t"), daemons);
    if (file_read(path, BANNER, &text, &n) == SYS_OK) {
        send_banner(a, text, n);
        free(text);
        return EFFECT_GO_ON;
    }
    if (errno != ENOENT)
        return warn(a, "%s: %s", path, errno == EPERM ? "everybody may write to the file: chmod o-w it"
                                                      : strerror(errno));
    return lstat(a->value, &st) ? warn(a, "%s: %s", a->value, strerror(errno)) : EFFECT_GO_ON;
}

/* ---- the process and its socket */

static enum effect_result do_keepalive(const struct act *a)
{
    return setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int))
        ? warn(a, "setsockopt SO_KEEPALIVE: %s", strerror(errno)) : EFFECT_GO_ON;
}

static enum effect_result do_linger(const struct act *a)
{
    const struct linger l = { a->o.number != 0, a->o.number };

    return setsockopt(0, SOL_SOCKET, SO_LINGER, &l, sizeof l)
        ? warn(a, "setsockopt SO_LINGER %d: %s", a->o.number, strerror(errno)) : EFFECT_GO_ON;
}

static enum effect_result do_nice(const struct act *a)
{
    if (sandbox_entered())
        return warn(a, "nice: this server cannot do it in its sandbox: let inetd start it by nice(1)");
    errno = 0;
    return nice(a->o.number) == -1 && errno ? warn(a, "nice(%d): %s", a->o.number, strerror(errno)) : EFFECT_GO_ON;
}

/* For the commands of its rule, of which a sandbox has none. */
static enum effect_result do_umask(const struct act *a)
{
    if (!sandbox_entered())
        umask((mode_t)a->o.number);
    return EFFECT_GO_ON;
}

static enum effect_result do_setenv(const struct act *a)
{
    char name[OPTION_NAME + 1];

    memcpy(name, a->o.name.p, a->o.name.n);
    name[a->o.name.n] = '\0';
    return setenv(name, a->value, 1) ? fail(a, "setenv %s: %s", name, strerror(errno)) : EFFECT_GO_ON;
}

static void copy_name(const struct rule_span *from, char to[256])
{
    size_t n = from->n < 255 ? from->n : 255;    /* a longer name is nobody's */

    memcpy(to, from->p, n);
    to[n] = '\0';
}

/* Is a switch of ids ours to make? */
static bool may_switch(const struct act *a)
{
    if (!a->w->becomes_daemon)
        fail(a, "`%.*s`: this server becomes the owner of queue/ by itself: take the option out", (int)a->o.text.n,
             a->o.text.p);
    return a->w->becomes_daemon;
}

static enum effect_result set_group(struct act *a, const struct rule_span *group)
{
    char name[256];

    copy_name(group, name);
    const struct group *g = getgrnam(name);
    if (!g)
        return fail(a, "unknown group: \"%s\"", name);
    if ((geteuid() == 0 && setgroups(1, &g->gr_gid)) || setgid(g->gr_gid) || getegid() != g->gr_gid)
        return fail(a, "setgid(%s): %s", name, strerror(errno));
    a->has_group = true;
    return EFFECT_GO_ON;
}

/* The user's own groups come along unless a group is named, here or before: the original leaves root's. */
static enum effect_result do_user(struct act *a)
{
    char name[256];
    struct rule_span group = a->o.value;

    if (!may_switch(a) || (group.n > 0 && set_group(a, &group) != EFFECT_GO_ON))
        return EFFECT_REFUSE;
    copy_name(&a->o.name, name);
    const struct passwd *p = getpwnam(name);
    if (!p)
        return fail(a, "unknown user: \"%s\"", name);
    if (!a->has_group && ((geteuid() == 0 && initgroups(name, p->pw_gid)) || setgid(p->pw_gid)))
        return fail(a, "initgroups(%s): %s", name, strerror(errno));
    if (setuid(p->pw_uid) || getuid() != p->pw_uid || geteuid() != p->pw_uid)
        return fail(a, "setuid(%s): %s", name, strerror(errno));
    if (p->pw_uid != 0 && setuid(0) == 0)
        return fail(a, "setuid(%s): root's rights can be taken back", name);
    return EFFECT_GO_ON;
}

static enum effect_result do_group(struct act *a)
{
    return may_switch(a) ? set_group(a, &a->o.name) : EFFECT_REFUSE;
}

static enum effect_result do_severity(const struct act *a)
{
    a->w->granted = a->w->refused = (a->o.facility < 0 ? a->w->facility : a->o.facility << 3) | a->o.number;
    return EFFECT_GO_ON;
}

static enum effect_result carry_out(struct act *a)
{
    switch (a->o.kind) {
    case OPTION_SEVERITY:  return do_severity(a);
    case OPTION_BANNERS:   return do_banners(a);
    case OPTION_SETENV:    return do_setenv(a);
    case OPTION_UMASK:     return do_umask(a);
    case OPTION_NICE:      return do_nice(a);
    case OPTION_KEEPALIVE: return do_keepalive(a);
    case OPTION_LINGER:    return do_linger(a);
    case OPTION_USER:      return do_user(a);
    case OPTION_GROUP:     return do_group(a);
    case OPTION_SPAWN:     return do_spawn(a);
    case OPTION_TWIST:     return do_twist(a);
    case OPTION_ACLEXEC:   return do_aclexec(a);
    default:               return EFFECT_GO_ON;  /* in the verdict, or looked up, already */
    }
}

static enum effect_result run_all(struct act *a)
{
    struct rule_span rest = { a->why->options, strlen(a->why->options) };
    struct effect_way *w = a->w;
    enum expand_result e;

    while (rest.p) {
        if (option_next(&rest, &a->o))
            return fail(a, "an option that cannot be understood");      /* cannot be: the judge has read it */
        while ((e = option_value(&a->o, w->facts, a->value, sizeof a->value)) > EXPAND_LONG)
            verdict_look_up(e, w->facts, w->names);
        if (e == EXPAND_LONG)
            return fail(a, "expansion too long: %.30s...: make the command shorter", a->value);
        if (carry_out(a) == EFFECT_REFUSE)
            return EFFECT_REFUSE;
    }
    return EFFECT_GO_ON;
}

enum effect_result effect_run(const struct access_why *why, struct effect_way *w)
{
    static PAGE_ALONE struct act a;

    if (!*why->options)
        return EFFECT_GO_ON;
    a = (struct act){ .why = why, .w = w };
    enum effect_result r = run_all(&a);
    if (!w->becomes_daemon && !sandbox_entered())
        umask(077);                  /* the server's own files keep theirs */
    return r;
}
