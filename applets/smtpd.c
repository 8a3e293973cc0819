/* smtpd: speaks SMTP to a client on fd 0, or listens for clients itself. */
#include "applets.h"

#include "base/page.h"
#include "mail/option.h"
#include "sys/listen.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "sys/session.h"
#include "sys/site.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define LISTENERS 8                  /* -l options */
#define LISTEN_AT_ONCE 16            /* connections that are taken before the other sockets have their turn */

static const char overloaded[] = "421 4.3.2 this server has no room for a session now, try again later";

/* What a session uses stands together. */
static PAGE_ALONE struct smtpd {
    struct site site;
    const char *called;              /* argv[0] */
    bool borrowed;                   /* the rules that are loaded are /etc's, which the jail lacks */
    int fd[LISTENERS];               /* that we listen on */
    unsigned fds;
    sigset_t waiting;                /* the signals that are blocked while we wait: not those that stop and wake us */
    struct limits limits;
    struct session session;
} smtpd;

/* A listener's; its sessions give it back. */
static PAGE_ALONE struct child {
    pid_t pid;                       /* 0: none */
    int slot;                        /* in the limits, or -1 */
} children[LIMIT_CLIENTS];

static volatile sig_atomic_t stopping;

/* Who is refused takes nobody's place while he reads it. */
static int refuse(struct smtpd *d, const char *reply, int code)
{
    limits_leave(&d->limits);
    session_refuse(&d->session, reply);
    return code;
}

static int not_ready(struct smtpd *d, const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    return refuse(d, client_not_set_up, f->code);
}

/* ---- one session on fd 0, as inetd starts it */

/* In the jail: the client is judged and served. */
static int serve(struct smtpd *d)
{
    struct client *c = &d->session.client;
    const char *no = client_judge(c);

    if (no)
        return refuse(d, no, *c->answer.fault ? EX_CONFIG : EX_NOPERM);
    rules_done(&c->rules);
    proc_give_back_stack();
    session_run(&d->session);
    return EX_OK;
}

/* All is loaded; from here on strangers are listened to, name servers among them. */
static int confine(struct smtpd *d, struct fault *f)
{
    const struct client *c = &d->session.client;
    const uint64_t most = d->site.conf.message_size_limit;
    /* As base64, which binary messages become, a message is larger by 37 %. */
    const struct sandbox_limits l = { most + most / 2, rules_bytes(&c->rules) + c->table.file.n };

    return sandbox_enter(SECCOMP_SESSION, &l, f);
}

static void meet(struct smtpd *d)
{
    d->session.conf = d->session.client.conf = &d->site.conf;
    client_facts(&d->session.client, d->called);
}

static int under_inetd(struct smtpd *d, const char *root)
{
    struct client *c = &d->session.client;
    const char *no = NULL;
    struct fault f;

    if (site_open(&d->site, root, &f))
        return not_ready(d, &f);
    meet(d);
    client_load(c, rules_of_tree());
    bool early = c->peer.is_socket && option_wants_root(&c->rules);
    if (early)                       /* commands are run outside of the jail, by whoever started us */
        no = client_judge_rules(c);
    if (tree_enter(&d->site.tree, &f) || confine(d, &f))
        return not_ready(d, &f);
    if (c->peer.is_socket && !early)
        no = client_judge_rules(c);
    if (no)
        return refuse(d, no, EX_NOPERM);
    if (c->peer.is_socket) {
        if (limits_open(&d->limits, &f))
            return not_ready(d, &f);
        c->limits = &d->limits;
    }
    return serve(d);
}

/* ---- listening */

static void stop(int sig)
{
    (void)sig;
    stopping = 1;
}

static void note(int sig)
{
    (void)sig;                       /* it has woken ppoll, which is all */
}

/* SIGTERM and SIGINT stop, SIGCHLD wakes; all are kept waiting until ppoll lets them in, so that none is missed. In the
 * children they stay so. What SIGHUP makes others read anew is read for each connection anyway. */
static void catch_signals(struct smtpd *d)
{
    struct sigaction a = { .sa_handler = stop };
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, &d->waiting);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    a.sa_handler = note;
    sigaction(SIGCHLD, &a, NULL);
    signal(SIGHUP, SIG_IGN);
}

static void close_all(struct smtpd *d)
{
    while (d->fds)
        close(d->fd[--d->fds]);
}

/* Loads what a client is judged by. Returns NULL, or the reply when there are no rules any more. */
static const char *load(struct smtpd *d)
{
    const struct imagefile_paths *paths = rules_of_tree();
    bool own = rules_are_own(paths);

    meet(d);
    if (!own && !d->borrowed) {      /* the jail has no other: nobody would be refused any more */
        log_line(LOG_ERR, "etc/hosts.allow and etc/hosts.deny are gone: put them back, or restart smtpd to use /etc's");
        return client_not_set_up;
    }
    client_load(&d->session.client, own ? paths : NULL);
    return NULL;
}

/* The child of one connection. Returns its exit status. */
static int serve_child(struct smtpd *d, int fd, int slot, const struct net_addr *client)
{
    struct session *s = &d->session;
    struct client *c = &s->client;
    struct fault f;

    close_all(d);
    proc_give_back(children, sizeof children);
    signal(SIGCHLD, SIG_DFL);
    if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || close(fd) || peer_of(0, &c->peer))
        return EX_OSERR;             /* or the client is gone already */
    session_start(s, 0, 0);
    s->io.stop = &stopping;
    s->io.stop_mask = &d->waiting;
    if (limits_hold(&d->limits, client, slot))
        return refuse(d, "421 4.3.2 this server is being stopped, closing", EX_TEMPFAIL);
    c->limits = &d->limits;
    c->admitted = true;
    const char *no = load(d);
    if (no)
        return refuse(d, no, EX_CONFIG);
    if (confine(d, &f))
        return not_ready(d, &f);
    no = client_judge_rules(c);
    return no ? refuse(d, no, EX_NOPERM) : serve(d);
}

/* The child with this number; with 0, a place for another one. NULL when there is none. */
static struct child *child_of(pid_t pid)
{
    for (int i = 0; i < LIMIT_CLIENTS; i++)
        if (children[i].pid == pid)
            return &children[i];
    return NULL;
}

/* The slots of children that have ended are free again. */
static void reap(struct smtpd *d)
{
    struct child *c;
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (WIFSIGNALED(status))
            log_line(LOG_ERR, "session %d was ended by signal %d%s", (int)pid, WTERMSIG(status),
                     WTERMSIG(status) == SIGSYS ? ": a system call that its filter lacks; please report it" : "");
        if (!(c = child_of(pid)))
            continue;                /* of a process that had our place before */
        if (c->slot >= 0)
            limits_free(&d->limits, c->slot);
        c->pid = 0;
    }
}

/* The table was taken from under us (it was shortened): a new one, in which those who are here do not count. */
static void renew_limits(struct smtpd *d)
{
    struct fault f;

    limits_close(&d->limits);
    for (int i = 0; i < LIMIT_CLIENTS; i++)
        children[i].slot = -1;
    if (limits_open(&d->limits, &f))
        log_line(LOG_ERR, "%s", f.text);
}

/* A place for this client in the limits and among our children: NULL and *child; or the reply. */
static const char *make_place(struct smtpd *d, const struct net_addr *client, struct child **child)
{
    int slot;

    reap(d);
    if (d->limits.gone || !d->limits.table)
        renew_limits(d);
    *child = child_of(0);
    if (!d->limits.table)
        return client_not_set_up;
    if (!*child)
        return overloaded;
    const char *no = client_admit(&d->limits, &d->site.conf, client, &slot);
    (*child)->slot = slot;
    return no;
}

/* A process for this connection, if the limits have room. Returns -1, or in the child its exit status. */
static int begin(struct smtpd *d, int fd, const struct net_addr *client)
{
    struct child *child;
    const char *no = make_place(d, client, &child);
    pid_t pid = no ? -1 : fork();

    if (pid == 0)
        return serve_child(d, fd, child->slot, client);
    if (pid > 0) {
        child->pid = pid;
        close(fd);
        return -1;
    }
    if (!no) {
        log_line(LOG_ERR, "fork: %s; a client was turned away: lower client-limit, or give this host more memory",
                 strerror(errno));
        limits_free(&d->limits, child->slot);
        no = overloaded;
    }
    io_turn_away(fd, no);
    return -1;
}

/* What fails for want of something would fail again at once. A child that ends, or a signal to stop, ends the wait. */
static void wait_a_second(struct smtpd *d)
{
    static const struct timespec second = { .tv_sec = 1 };

    ppoll(NULL, 0, &second, &d->waiting);
}

/* Takes connections that wait on one socket. Likewise. */
static int take_some(struct smtpd *d, int listener)
{
    struct net_addr client;
    struct fault f;

    if (site_refresh(&d->site, &f))
        log_line(LOG_ERR, "%s; smtpd goes by what it read before", f.text);
    for (int i = 0; i < LISTEN_AT_ONCE; i++) {
        int fd = listen_accept(listener, &client);
        if (fd < 0 && errno == EAGAIN)
            return -1;
        if (fd < 0) {
            log_line(LOG_ERR, "accept: %s; clients must wait", strerror(errno));
            wait_a_second(d);
            return -1;
        }
        int status = begin(d, fd, &client);
        if (status >= 0)
            return status;
    }
    return -1;
}

/* No more connections; each session may finish its transaction and answers 421 to the next command. */
static void wind_up(struct smtpd *d)
{
    unsigned left;

    close_all(d);
    log_line(LOG_INFO, "stopping");
    for (bool told = false;; told = true) {
        reap(d);
        left = 0;
        for (int i = 0; i < LIMIT_CLIENTS; i++) {
            left += children[i].pid != 0;
            if (children[i].pid && !told)
                kill(children[i].pid, SIGTERM);
        }
        if (!left)
            break;
        ppoll(NULL, 0, NULL, &d->waiting);
    }
    log_line(LOG_INFO, "stopped");
}

static int listen_loop(struct smtpd *d)
{
    struct pollfd p[LISTENERS];

    for (unsigned i = 0; i < d->fds; i++)
        p[i] = (struct pollfd){ .fd = d->fd[i], .events = POLLIN };
    while (!stopping) {
        int n = ppoll(p, d->fds, NULL, &d->waiting);
        if (n < 0 && errno != EINTR)
            wait_a_second(d);
        reap(d);
        for (unsigned i = 0; n > 0 && i < d->fds; i++) {
            int status = p[i].revents ? take_some(d, d->fd[i]) : -1;
            if (status >= 0)
                return status;       /* a child's */
        }
    }
    wind_up(d);
    return EX_OK;
}

static int failed(const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    return f->code;
}

/* Says, before a client has to hear it, what the sessions will not be able to read or to do with the rights that they
 * will have. In a child, which leaves nothing behind. */
static void rehearse(struct smtpd *d)
{
    struct client *c = &d->session.client;
    pid_t pid = fork();

    if (pid > 0)
        waitpid(pid, NULL, 0);
    if (pid)
        return;
    c->peer.is_socket = true;
    if (!load(d))
        client_foresee(c);
    _exit(0);
}

static int open_all(struct smtpd *d, char *const where[], struct fault *f)
{
    for (; *where; where++) {
        int fd = listen_open(*where, f);
        if (fd < 0)
            return -1;
        d->fd[d->fds++] = fd;
    }
    return 0;
}

static int listening(struct smtpd *d, const char *root, char *const where[])
{
    struct fault f;

    log_open("smtpd", true);
    if (site_open(&d->site, root, &f) || open_all(d, where, &f))
        return failed(&f);
    if (proc_null(0, 1))
        return EX_OSERR;
    const struct imagefile_paths *paths = rules_of_tree();
    d->borrowed = !rules_are_own(paths);
    if (d->borrowed) {
        rules_load(&d->session.client.rules, paths);
        log_line(LOG_INFO, "the rules are those of /etc as they are now: restart smtpd when they change");
    }
    if (tree_enter(&d->site.tree, &f) || sandbox_enter(SECCOMP_LISTENER, &(struct sandbox_limits){ 0 }, &f)
        || limits_open(&d->limits, &f))
        return failed(&f);
    rehearse(d);
    catch_signals(d);
    for (; *where; where++)
        log_line(LOG_INFO, "listening at %s", *where);
    if (!isatty(2)) {                /* for faults at the start only: nobody may be reading */
        log_quiet();
        dup2(0, 2);
    }
    return listen_loop(d);
}

/* ---- the start */

static int usage(struct smtpd *d, const char *what)
{
    log_line(LOG_ERR, "%s; usage: smtpd [--root DIR] [-l [ADDR:]PORT]", what);
    return refuse(d, client_not_set_up, EX_USAGE);
}

/* Takes the values of -l. False when there is something else. */
static bool take_options(int argc, char **argv, char *where[LISTENERS + 1])
{
    int n = 0;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-l", 2) != 0 || n == LISTENERS)
            return false;
        where[n] = argv[i][2] ? argv[i] + 2 : argv[++i];
        if (!where[n++])
            return false;
    }
    where[n] = NULL;
    return true;
}

int smtpd_main(int argc, char **argv)
{
    struct smtpd *d = &smtpd;
    const struct peer *peer = &d->session.client.peer;
    char *where[LISTENERS + 1] = { NULL };
    const char *root;

    d->called = argv[0];
    if (proc_init())
        return EX_OSERR;             /* there are no descriptors: nobody to tell */
    root = tree_option(&argc, argv);
    int gone = peer_of(0, &d->session.client.peer);
    bool understood = argc > 0 && take_options(argc, argv, where);
    if (understood && where[0] && peer->client.family == NET_NONE)
        return listening(d, root, where);
    if (gone || (peer->is_socket && proc_guard_stderr()))
        return EX_OSERR;             /* the peer is gone already */
    log_open("smtpd", !peer->is_socket);
    session_start(&d->session, 0, peer->is_socket ? 0 : 1);
    if (argc < 0)
        return usage(d, "--root needs a directory");
    if (!understood)
        return usage(d, argc > 1 && strcmp(argv[1], "-S") == 0 ? "-S is not supported yet" : "unknown argument");
    if (where[0])
        return usage(d, "-l is not for inetd's line: inetd listens itself");
    return under_inetd(d, root);
}
