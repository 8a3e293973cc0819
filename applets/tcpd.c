/* tcpd: checks the client on fd 0 against /etc/hosts.allow and /etc/hosts.deny, then becomes the daemon it was started
 * for. What the daemon gets (fds 0 to 2, environment, umask, limits, signals) is what inetd gave, but for what a rule's
 * options say, and nothing is written to the client unless they do. */
#include "applets.h"

#include "base/page.h"
#include "base/str.h"
#include "mail/access.h"
#include "sys/effect.h"
#include "sys/io.h"
#include "sys/log.h"
#include "sys/peer.h"
#include "sys/proc.h"
#include "sys/rules.h"
#include "sys/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DAEMON_NAME 255

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The file to run: an absolute name as it stands, any other beside tcpd itself. Returns 0, or -1 when it is too long.
 */
static int daemon_path(const char *name, char path[PATH_MAX])
{
    const char *self = proc_exec_name();
    struct str s;

    str_init(&s, path, PATH_MAX);
    if (name[0] != '/')
        str_addn(&s, self, (size_t)(base_name(self) - self));
    str_add(&s, name);
    return s.cut ? -1 : 0;
}

/* A descriptor that inetd left closed must not become the log's socket, which the daemon would take for its client. */
static int hold_012(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -1;
    return 0;
}

/* The client as the original logs it: user and name where they are known, and its address. */
static void log_verdict(int level, const char *what, const struct access_facts *facts)
{
    char address[NET_TEXT], client[ACCESS_CLIENT];

    net_format(&facts->client, address);
    log_line(level, "%s from %s (%s)", what, expand_client(facts, client, sizeof client), address);
}

static void set_facts(struct access_facts *facts)
{
    struct peer peer;

    if (peer_of(0, &peer)) {
        if (peer_of_datagram(0, &peer) == 0)
            facts->user = ACCESS_NO_USER;        /* RFC 1413 is about TCP */
        else
            log_line(LOG_DAEMON | LOG_ERR, "warning: can't get client address: %s", strerror(errno));
    }
    facts->client = peer.client;
    facts->server = peer.server;
    facts->client_port = peer.client_port;
    facts->server_port = peer.server_port;
    facts->pid = (unsigned long)getpid();
}

/* Loose and strict source routes let a client pass for another: as the original does, nobody with one is served. Other
 * options of IP are switched off. */
static bool routes_honestly(const struct access_facts *facts)
{
    char options[PEER_OPTIONS], client[ACCESS_CLIENT];

    switch (peer_ip_options(0, options)) {
    case PEER_NO_OPTIONS:
        return true;
    case PEER_CLEARED:
        log_line(LOG_DAEMON | LOG_NOTICE, "connect from %s with IP options (ignored):%s",
                 expand_client(facts, client, sizeof client), options);
        return true;
    case PEER_ROUTED:
        log_line(LOG_DAEMON | LOG_WARNING, "refused connect from %s with IP source routing options",
                 expand_client(facts, client, sizeof client));
        return false;
    default:
        log_line(LOG_DAEMON | LOG_ERR, "error: IP options cannot be switched off: %s", strerror(errno));
        return false;
    }
}

/* Is the client welcome? Logs it, and does what the deciding rule says. */
static bool let_in(const char *daemon)
{
    static struct dns_names dns;
    static struct verdict_names names = { .dns = &dns };
    static PAGE_ALONE struct access_why why;
    char daemons[DAEMON_NAME + 16];
    struct access_facts facts = { .daemons = daemons };
    struct effect_way way = { .facts = &facts, .names = &names, .becomes_daemon = true, .facility = LOG_DAEMON,
                              .granted = LOG_DAEMON | LOG_INFO, .refused = LOG_DAEMON | LOG_WARNING };
    struct access_rules rules;
    struct str s;

    set_facts(&facts);
    if (!routes_honestly(&facts))
        return false;
    str_init(&s, daemons, sizeof daemons);
    str_add(&s, daemon);
    if (facts.server_port) {             /* hosts_access(5): daemons are named by their port, too */
        str_addc(&s, ' ');
        str_addu(&s, facts.server_port);
    }
    rules_load(&rules, &rules_of_system);
    enum access_verdict v = verdict_reach(&rules, &facts, &names, &why);
    if (*why.fault)
        log_line(LOG_DAEMON | LOG_ERR, "error: %s, line %u: %s", why.file, why.line, why.fault);
    if (effect_run(&why, &way) == EFFECT_REFUSE)
        v = ACCESS_DENY;
    /* Only what is known by now is logged: no name is looked up for the log's sake. */
    log_verdict(v == ACCESS_ALLOW ? way.granted : way.refused, v == ACCESS_ALLOW ? "connect" : "refused connect",
                &facts);
    return v == ACCESS_ALLOW;
}

/* Started by hand, a word on how it is meant; under inetd fd 2 is the client, who hears nothing. */
static int no_daemon(void)
{
    log_open("tcpd", isatty(2));
    log_line(LOG_DAEMON | LOG_ERR, "error: no daemon named; in inetd.conf: /usr/sbin/tcpd DAEMON ARGS...");
    return EX_USAGE;
}

int tcpd_main(int argc, char **argv)
{
    char path[PATH_MAX];

    if (hold_012())
        return EX_OSERR;
    if (argc > 0 && strcmp(base_name(argv[0]), "tcpd") == 0) {
        argc--;
        argv++;
    }
    const char *daemon = argc > 0 ? base_name(argv[0]) : "";
    if (!*daemon)
        return no_daemon();
    log_open(daemon, false);
    log_facility(LOG_DAEMON);
    if (strlen(daemon) > DAEMON_NAME || strpbrk(daemon, " \t") || daemon_path(argv[0], path)) {
        log_line(LOG_DAEMON | LOG_ERR, "error: no usable name for a daemon: %s", argv[0]);
        return EX_USAGE;
    }
    if (!let_in(daemon)) {
        io_drop_datagram(0);
        return EX_OK;                    /* as the original: inetd need not report what the log says already */
    }
    if (argv[0][0] == '/')
        argv[0] += daemon - argv[0];     /* the daemon sees its base name, as from the original */
    execv(path, argv);
    log_line(LOG_DAEMON | LOG_ERR, "error: cannot execute %s: %s", path, strerror(errno));
    io_drop_datagram(0);
    return EX_OSFILE;
}
