/* Asking name servers: see resolve.h. */
#include "sys/resolve.h"

#include "base/page.h"
#include "mail/limits.h"
#include "mail/resconf.h"
#include "sys/await.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/peer.h"
#include "sys/rand.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 53
#define SLOW 1500                    /* ms that a slow server may take for an answer */

static struct {
    bool loaded;
    char *hosts;                     /* NULL when there is none */
    size_t hosts_n;
    unsigned first;                  /* the server that answered last is asked first */
    struct resconf conf;
    char fault[120];
} state;

/* One message, of whatever size: pages that no answer reaches are never made. */
static PAGE_ALONE uint8_t packet[DNSMSG_MOST];

/* ---- the files */

static char *load(const char *path, bool in_tree, size_t *n)
{
    char *text = NULL;
    enum sys_result r = file_read(path, LIMIT_HOSTS, &text, n);

    if (r != SYS_OK && errno == ENOENT && in_tree)
        r = file_read(path + 1, LIMIT_HOSTS, &text, n);
    if (r == SYS_OK)
        return text;
    *n = 0;
    if (errno != ENOENT && errno != ENOTDIR)
        snprintf(state.fault, sizeof state.fault, "%s: %s", path,
                 errno == EPERM   ? "everybody may write to the file: chmod o-w it"
                 : errno == EFBIG ? "the file is larger than 1 MB: make it smaller"
                                  : strerror(errno));
    return NULL;
}

/* Names of interfaces are looked up here: in a sandbox they cannot be. */
static void number_zones(void)
{
    for (unsigned i = 0; i < state.conf.servers; i++) {
        struct resconf_server *s = &state.conf.server[i];
        unsigned zone = *s->zone ? if_nametoindex(s->zone) : 0;
        if (zone)
            snprintf(s->zone, sizeof s->zone, "%u", zone);
    }
}

void resolve_load(bool in_tree)
{
    size_t n;
    char *text;

    if (state.loaded)
        return;
    state.loaded = true;
    text = load("/etc/resolv.conf", in_tree, &n);
    resconf_parse(&state.conf, text, n);
    free(text);
    number_zones();
    state.hosts = load("/etc/hosts", in_tree, &state.hosts_n);
}

const char *resolve_fault(void)
{
    resolve_load(false);
    return *state.fault ? state.fault : NULL;
}

bool resolve_hosts_name(const struct net_addr *addr, char name[HOSTS_NAME])
{
    resolve_load(false);
    return hosts_name_of(state.hosts, state.hosts_n, addr, name);
}

unsigned resolve_hosts_addresses(const char *name, struct net_addr *addr, unsigned most, char real[HOSTS_NAME])
{
    resolve_load(false);
    return hosts_addresses_of(state.hosts, state.hosts_n, name, addr, most, real);
}

const char *resolve_search(void)
{
    resolve_load(false);
    return state.conf.search;
}

/* ---- packets */

/* A socket that speaks to the server and hears nobody else: connected, which with UDP is done at once. */
static int open_socket(const struct resconf_server *server, int type)
{
    struct sockaddr_storage to;
    socklen_t len = peer_sockaddr(&server->addr, PORT, &to);

    if (*server->zone)
        ((struct sockaddr_in6 *)&to)->sin6_scope_id = (uint32_t)strtoul(server->zone, NULL, 10);
    int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len) && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Waits for an event until `end`. Returns false when the time is over. */
static bool await(int fd, short event, int64_t end)
{
    struct pollfd p = { .fd = fd, .events = event };

    for (;;) {
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            return false;
        int r = await_ready(&p, 1, left, NULL);
        if (r > 0)
            return true;
        if (r < 0 && errno != EINTR)
            return false;
    }
}

/* Reads exactly n bytes off a TCP connection. */
static bool receive_all(int fd, uint8_t *to, size_t n, int64_t end)
{
    while (n) {
        ssize_t got = await(fd, POLLIN, end) ? read(fd, to, n) : 0;
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return false;
        to += got;
        n -= (size_t)got;
    }
    return true;
}

/* The same question over TCP: a length of two bytes before each message (RFC 1035 4.2.2). They go out in one segment,
 * which a fresh connection always takes whole. */
static enum dnsmsg_result ask_tcp(struct resolve_ask *ask, const struct resconf_server *server, int64_t end)
{
    uint8_t query[2 + DNSMSG_QUERY], head[2];
    int fd = open_socket(server, SOCK_STREAM);
    enum dnsmsg_result r = DNSMSG_BROKEN;

    if (fd < 0)
        return r;
    ask->q.id = (uint16_t)rand_u64();
    size_t n = dnsmsg_write(&ask->q, query + 2);
    query[0] = (uint8_t)(n >> 8);
    query[1] = (uint8_t)n;
    if (await(fd, POLLOUT, end) && send(fd, query, n + 2, MSG_NOSIGNAL) == (ssize_t)(n + 2)
        && receive_all(fd, head, sizeof head, end)) {
        size_t want = (size_t)head[0] << 8 | head[1];
        if (receive_all(fd, packet, want, end))
            r = dnsmsg_read(packet, want, &ask->q, ask->answer);
    }
    close(fd);
    return r == DNSMSG_TRUNCATED || r == DNSMSG_NOT_OURS ? DNSMSG_BROKEN : r;
}

/* ---- tries */

static bool is_settled(const struct resolve_ask *ask)
{
    return ask->result >= RESOLVE_NONE;
}

/* Takes what a server said to a question. */
static void settle(struct resolve_ask *ask, enum dnsmsg_result r)
{
    ask->result = r == DNSMSG_ANSWER                          ? RESOLVE_ANSWER
                  : r == DNSMSG_NODATA || r == DNSMSG_NXDOMAIN ? RESOLVE_NONE
                                                               : RESOLVE_FAILED;
}

/* A datagram is here, or an error. Returns whether this try is over for the question. */
static bool hear(struct resolve_ask *ask, const struct resconf_server *server, int fd, int64_t end)
{
    ssize_t got = read(fd, packet, sizeof packet);

    if (got < 0)                     /* nobody listens there: the next server, at once */
        return errno != EAGAIN && errno != EINTR;
    enum dnsmsg_result r = dnsmsg_read(packet, (size_t)got, &ask->q, ask->answer);
    if (r == DNSMSG_NOT_OURS)
        return false;
    settle(ask, r == DNSMSG_TRUNCATED ? ask_tcp(ask, server, end) : r);
    return true;
}

/* Sends what is not settled yet to one server, each question from a new socket. Returns how many are under way. */
static unsigned send_all(struct resolve_ask *asks, unsigned n, const struct resconf_server *server, struct pollfd *p)
{
    uint8_t query[DNSMSG_QUERY];
    unsigned open = 0;

    for (unsigned i = 0; i < n; i++) {
        p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
        if (is_settled(&asks[i]) || (p[i].fd = open_socket(server, SOCK_DGRAM)) < 0)
            continue;
        asks[i].q.id = (uint16_t)rand_u64();
        size_t len = dnsmsg_write(&asks[i].q, query);
        if (send(p[i].fd, query, len, 0) == (ssize_t)len) {
            open++;
        } else {
            close(p[i].fd);
            p[i].fd = -1;
        }
    }
    return open;
}

/* What is asked, and until when. */
struct round {
    struct resolve_ask *asks;
    unsigned n;
    int64_t deadline;
    resolve_heard *heard;
    void *context;
};

/* Hears what is here. Returns for how many questions this try is over. */
static unsigned hear_all(struct round *r, const struct resconf_server *server, struct pollfd *p, int64_t end)
{
    unsigned over = 0;

    for (unsigned i = 0; i < r->n && r->deadline; i++) {
        if (p[i].fd < 0 || !p[i].revents || !hear(&r->asks[i], server, p[i].fd, end))
            continue;
        close(p[i].fd);
        p[i].fd = -1;
        over++;
        if (r->heard && is_settled(&r->asks[i]))
            r->deadline = r->heard(&r->asks[i], r->deadline, r->context);
    }
    return over;
}

/* One try of one server, which is over at `end`. */
static void try_server(struct round *r, const struct resconf_server *server, int64_t end)
{
    struct pollfd p[RESOLVE_ASKS];
    unsigned open = send_all(r->asks, r->n, server, p);
    bool over = false;               /* the time is; what came while another question was at TCP still counts */

    while (open && !over) {
        int64_t until = end < r->deadline ? end : r->deadline, left = until - clock_mono_ms();
        over = left <= 0;
        if (await_ready(p, r->n, over ? 0 : left, NULL) < 0 && errno != EINTR)
            break;
        open -= hear_all(r, server, p, until);
    }
    for (unsigned i = 0; i < r->n; i++)
        if (p[i].fd >= 0)
            close(p[i].fd);
}

/* How often servers are tried: as resolv.conf says, but not so often that one which takes a second for its answer is
 * given up each time; each server once at least. */
static unsigned tries_within(const struct resconf *c, int64_t ms)
{
    unsigned most = c->servers * c->attempts, room = ms > 0 ? (unsigned)(ms / SLOW) : 0;

    return room >= most ? most : room > c->servers ? room : c->servers;
}

void resolve_ask(struct resolve_ask *asks, unsigned n, int64_t deadline, resolve_heard *heard, void *context)
{
    struct round r = { asks, n, deadline, heard, context };
    const struct resconf *c = &state.conf;
    unsigned settled = 0, tries;

    resolve_load(false);
    tries = tries_within(c, deadline - clock_mono_ms());
    for (unsigned t = 0; t < tries && settled < n; t++) {
        int64_t now = clock_mono_ms(), share = (r.deadline - now) / (tries - t), most = (int64_t)c->timeout * 1000;
        unsigned which = (state.first + t) % c->servers;
        if (r.deadline <= now)
            break;
        try_server(&r, &c->server[which], now + (share < most ? share : most));
        settled = 0;
        for (unsigned i = 0; i < n; i++)
            settled += is_settled(&asks[i]);
        if (settled == n)
            state.first = which;
    }
}
