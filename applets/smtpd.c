/* smtpd: speaks SMTP to a client on fd 0, or listens for clients itself. */
#include "applets.h"

#include "base/page.h"
#include "mail/option.h"
#include "sys/clock.h"
#include "sys/listen.h"
#include "sys/log.h"
#include "sys/proc.h"
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
#define STOP_TICK 1                  /* seconds between reminders to the sessions of a server that is being stopped */

static const char not_set_up[] = "421 4.3.0 this server is not set up, closing";

static PAGE_ALONE struct smtpd {
    struct session session;
    struct site site;
    struct limits limits;
    const char *called;              /* argv[0] */
    bool borrowed;                   /* the rules that are loaded are /etc's, which the jail lacks */
    int fd[LISTENERS];
    unsigned fds;
    pid_t child[LIMIT_CLIENTS];      /* by its slot in the limits; 0: none */
} smtpd;

static volatile sig_atomic_t stopping;

static int refuse(struct smtpd *d, const char *reply, int code)
{
    session_refuse(&d->session, reply);
    return code;
}

static int not_ready(struct smtpd *d, const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    return refuse(d, not_set_up, f->code);
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
    if (tree_enter(&d->site.tree, &f))
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

/* SIGTERM and SIGINT stop, SIGCHLD wakes; all wait until ppoll lets them in, so that none is missed. */
static void catch_signals(sigset_t *waiting)
{
    struct sigaction a = { .sa_handler = stop };
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, waiting);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    a.sa_handler = note;
    sigaction(SIGCHLD, &a, NULL);
}

/* The child of one connection. */
static int serve_child(struct smtpd *d, int fd, int slot, const struct net_addr *client, const sigset_t *signals)
{
    struct session *s = &d->session;
    struct client *c = &s->client;

    for (unsigned i = 0; i < d->fds; i++)
        close(d->fd[i]);
    if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || close(fd) || peer_of(0, &c->peer))
        return EX_OSERR;
    session_start(s, 0, 0);
    s->io.stop = &stopping;
    sigprocmask(SIG_SETMASK, signals, NULL);
    if (limits_hold(&d->limits, client, slot))
        return refuse(d, "421 4.3.2 this server is being stopped, closing", EX_TEMPFAIL);
    meet(d);
    c->limits = &d->limits;
    c->admitted = true;
    const struct imagefile_paths *paths = rules_of_tree();
    bool own = rules_are_own(paths);
    if (!own && !d->borrowed) {      /* the jail has no other: nobody would be refused any more */
        log_line(LOG_ERR, "etc/hosts.allow and etc/hosts.deny are gone: put them back, or restart smtpd to use /etc's");
        return refuse(d, not_set_up, EX_CONFIG);
    }
    client_load(c, own ? paths : NULL);
    const char *no = client_judge_rules(c);
    return no ? refuse(d, no, EX_NOPERM) : serve(d);
}

/* The slots of children that have ended are free again. */
static void reap(struct smtpd *d)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        for (int i = 0; i < LIMIT_CLIENTS; i++)
            if (d->child[i] == pid) {
                d->child[i] = 0;
                limits_free(&d->limits, i);
            }
}

/* A process for this connection, if the limits have room. Returns -1, or in the child its exit status. */
static int begin(struct smtpd *d, int fd, const struct net_addr *client, const sigset_t *signals)
{
    int slot;
    const char *no = client_admit(&d->limits, &d->site.conf, client, &slot);

    if (no) {
        io_turn_away(fd, no);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        return serve_child(d, fd, slot, client, signals);
    if (pid < 0) {
        log_line(LOG_ERR, "fork: %s; a client was turned away: lower client-limit, or give this host more memory",
                 strerror(errno));
        limits_free(&d->limits, slot);
        io_turn_away(fd, "421 4.3.2 this server is overloaded, try again later");
        return -1;
    }
    d->child[slot] = pid;
    close(fd);
    return -1;
}

/* Takes the connections that wait on one socket. Likewise. */
static int take_all(struct smtpd *d, int listener, const sigset_t *signals)
{
    struct net_addr client;
    struct fault f;

    if (site_refresh(&d->site, &f))
        log_line(LOG_ERR, "%s; going on as before", f.text);
    for (int i = 0; i < LISTEN_AT_ONCE; i++) {
        int fd = listen_accept(listener, &client);
        if (fd < 0 && errno == EAGAIN)
            return -1;
        if (fd < 0) {
            log_line(LOG_ERR, "accept: %s", strerror(errno));
            sleep(1);                /* the connection still waits: trying at once would only keep us busy */
            return -1;
        }
        int status = begin(d, fd, &client, signals);
        if (status >= 0)
            return status;
    }
    return -1;
}

/* No more connections; the sessions may finish what they are at, and answer 421 to the next command. */
static int wind_up(struct smtpd *d, const sigset_t *signals)
{
    const struct timespec tick = { .tv_sec = STOP_TICK };
    bool any = true;

    for (unsigned i = 0; i < d->fds; i++)
        close(d->fd[i]);
    log_line(LOG_INFO, "stopping");
    while (any) {
        any = false;
        reap(d);
        for (int i = 0; i < LIMIT_CLIENTS; i++)
            if (d->child[i]) {
                any = true;
                kill(d->child[i], SIGTERM);      /* more than once: it may come just before it is waited for */
            }
        if (any)
            ppoll(NULL, 0, &tick, signals);
    }
    return EX_OK;
}

static int listen_loop(struct smtpd *d)
{
    struct pollfd p[LISTENERS];
    sigset_t signals;

    catch_signals(&signals);
    for (unsigned i = 0; i < d->fds; i++)
        p[i] = (struct pollfd){ .fd = d->fd[i], .events = POLLIN };
    while (!stopping) {
        int n = ppoll(p, d->fds, NULL, &signals);
        reap(d);
        for (unsigned i = 0; n > 0 && i < d->fds; i++) {
            int status = p[i].revents ? take_all(d, d->fd[i], &signals) : -1;
            if (status >= 0)
                return status;       /* a child's */
        }
    }
    return wind_up(d, &signals);
}

static int failed(const struct fault *f)
{
    log_line(LOG_ERR, "%s", f->text);
    return f->code;
}

static int listening(struct smtpd *d, const char *root, char *const where[])
{
    struct fault f;

    log_open("smtpd", true);
    if (site_open(&d->site, root, &f))
        return failed(&f);
    for (; *where; where++)
        if ((d->fd[d->fds++] = listen_open(*where, &f)) < 0)
            return failed(&f);
    const struct imagefile_paths *paths = rules_of_tree();
    d->borrowed = !rules_are_own(paths);
    if (d->borrowed) {
        rules_load(&d->session.client.rules, paths);
        log_line(LOG_INFO, "the rules are those of /etc as they are now: restart smtpd when they change");
    }
    if (tree_enter_to_fork(&d->site.tree, &f) || limits_open(&d->limits, &f))
        return failed(&f);
    if (!isatty(2)) {
        if (proc_silence())
            return EX_OSERR;
        log_open("smtpd", false);
    }
    log_line(LOG_INFO, "listening");
    return listen_loop(d);
}

/* ---- the start */

static int usage(struct smtpd *d, const char *what)
{
    log_line(LOG_ERR, "%s; usage: smtpd [--root DIR] [-l [ADDR:]PORT]", what);
    return refuse(d, not_set_up, EX_USAGE);
}

/* The values of -l, or NULL when there is something else. */
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
    char *where[LISTENERS + 1];
    const char *root;

    d->called = argv[0];
    if (proc_init())
        return EX_OSERR;             /* there are no descriptors: nobody to tell */
    root = tree_option(&argc, argv);
    bool understood = argc > 0 && take_options(argc, argv, where);
    if (understood && where[0])
        return listening(d, root, where);
    if (peer_of(0, &d->session.client.peer) || (d->session.client.peer.is_socket && proc_guard_stderr()))
        return EX_OSERR;             /* the peer is gone already */
    log_open("smtpd", !d->session.client.peer.is_socket);
    session_start(&d->session, 0, d->session.client.peer.is_socket ? 0 : 1);
    if (argc < 0)
        return usage(d, "--root needs a directory");
    if (!understood)
        return usage(d, argc > 1 && strcmp(argv[1], "-S") == 0 ? "-S is not supported yet" : "unknown argument");
    return under_inetd(d, root);
}
