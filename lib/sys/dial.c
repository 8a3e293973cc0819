/* Calling another host: see dial.h. */
#include "sys/dial.h"

#include "base/num.h"
#include "base/str.h"
#include "sys/await.h"
#include "sys/clock.h"
#include "sys/dns.h"
#include "sys/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIAL_PORT 25

/* Takes `HOST:PORT` apart. The brackets of an address literal and its `IPv6:` tag go. */
static void split(const char *where, size_t n, char host[256], unsigned *port)
{
    const char *colon = NULL;
    uint64_t v = DIAL_PORT;
    struct str s;

    for (size_t i = n; i-- > 0 && where[i] != ']' && !colon;)
        if (where[i] == ':')
            colon = where + i;
    if (colon) {
        (void)num_dec(colon + 1, n - (size_t)(colon - where) - 1, 65535, &v);    /* conf_parse has read it */
        n = (size_t)(colon - where);
    }
    *port = (unsigned)v;
    if (n >= 2 && where[0] == '[') {
        where++;
        n -= 2;
        if (n > 5 && str_case_eqn(where, "IPv6:", 5)) {
            where += 5;
            n -= 5;
        }
    }
    str_init(&s, host, 256);
    str_addn(&s, where, n);
}

/* Waits for the connection. Returns 0, or an errno. */
static int await(int fd, uint32_t timeout)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int64_t deadline = clock_after(timeout);
    int error = 0;

    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        if (left <= 0)
            return ETIMEDOUT;
        int r = await_ready(&p, 1, left, NULL);
        if (r < 0 && errno != EINTR)
            return errno;
        if (r > 0)
            break;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error }) ? errno : error;
}

static int try_address(struct dial *d, const struct net_addr *a, unsigned port, uint32_t timeout)
{
    struct sockaddr_storage to;
    socklen_t len = peer_sockaddr(a, port, &to);
    int error = 0, on = 1;

    d->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return errno;
    if (connect(d->fd, (struct sockaddr *)&to, len))
        error = errno == EINPROGRESS ? await(d->fd, timeout) : errno;
    if (error) {
        close(d->fd);
        d->fd = -1;
    } else {
        /* A body's last segment must not wait for the acknowledgement of the one before it (44 ms a message). */
        setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return error;
}

enum sys_result dial(struct dial *d, const char *where, size_t n, uint32_t timeout)
{
    char host[256], text[NET_TEXT];
    struct dns_addresses found = { .n = 1 };
    unsigned port;

    d->fd = -1;
    split(where, n, host, &port);
    (void)str_copy(d->peer, sizeof d->peer, host);
    if (net_parse(host, strlen(host), &found.addr[0]) && dns_addresses_of(host, &found) != SYS_OK) {
        snprintf(d->why, sizeof d->why, "%.60s: the name cannot be looked up now: %s", host, found.why);
        return SYS_TEMP;
    }
    for (unsigned i = 0; i < found.n && d->fd < 0; i++) {
        net_format(&found.addr[i], text);
        snprintf(d->peer, sizeof d->peer, "%s [%s]", host, text);
        int error = try_address(d, &found.addr[i], port, timeout);
        if (error)
            snprintf(d->why, sizeof d->why, "%s port %u: %s", text, port, strerror(error));
    }
    return d->fd >= 0 ? SYS_OK : SYS_TEMP;
}
