/* Calling another host: see dial.h. */
#include "sys/dial.h"

#include "base/num.h"
#include "base/str.h"
#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIAL_ADDRESSES 8             /* of one name that are tried (CASES G4) */

/* Takes `HOST:PORT` apart. The brackets of an address literal and its `IPv6:` tag go. */
static void split(const char *where, size_t n, char host[256], char port[6])
{
    const char *colon = NULL;
    struct str s;

    for (size_t i = n; i-- > 0 && where[i] != ']' && !colon;)
        if (where[i] == ':')
            colon = where + i;
    str_init(&s, port, 6);
    if (colon)
        str_addn(&s, colon + 1, n - (size_t)(colon - where) - 1);
    else
        str_add(&s, "25");
    if (colon)
        n = (size_t)(colon - where);
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
    int64_t deadline = clock_mono_ms() + (int64_t)timeout * 1000;
    int error = 0;

    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        if (left <= 0)
            return ETIMEDOUT;
        int r = poll(&p, 1, (int)left);
        if (r < 0 && errno != EINTR)
            return errno;
        if (r > 0)
            break;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error }) ? errno : error;
}

static int try_address(struct dial *d, const struct addrinfo *a, uint32_t timeout)
{
    int error = 0, on = 1;

    d->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return errno;
    if (connect(d->fd, a->ai_addr, a->ai_addrlen))
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
    char host[256], port[6], addr[64];
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int tried = 0;

    d->fd = -1;
    split(where, n, host, port);
    (void)str_copy(d->peer, sizeof d->peer, host);
    int r = getaddrinfo(host, port, &hints, &list);
    if (r) {
        snprintf(d->why, sizeof d->why, "%.100s: the name cannot be looked up now: %s", host, gai_strerror(r));
        return SYS_TEMP;
    }
    for (struct addrinfo *a = list; a && tried < DIAL_ADDRESSES && d->fd < 0; a = a->ai_next, tried++) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, addr, sizeof addr, NULL, 0, NI_NUMERICHOST))
            addr[0] = '\0';
        snprintf(d->peer, sizeof d->peer, "%s [%s]", host, addr);
        int error = try_address(d, a, timeout);
        if (error)
            snprintf(d->why, sizeof d->why, "%.60s port %s: %s", addr, port, strerror(error));
    }
    freeaddrinfo(list);
    return d->fd >= 0 ? SYS_OK : SYS_TEMP;
}
