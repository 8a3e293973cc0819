/* Sockets that wait for connections: see listen.h. */
#include "sys/listen.h"

#include "base/num.h"
#include "sys/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define LISTEN_BACKLOG 128           /* short ones collapse under a handful of clients */

static int parse(const char *where, struct net_addr *a, unsigned *port, struct fault *f)
{
    const char *colon = strrchr(where, ':'), *digits = colon ? colon + 1 : where;
    size_t n = colon ? (size_t)(colon - where) : 0;
    uint64_t v;
    bool bracketed = n > 2 && where[0] == '[' && where[n - 1] == ']';

    a->family = NET_NONE;
    if (num_dec(digits, strlen(digits), 65535, &v) || v == 0
        || (colon && net_parse(where + bracketed, n - 2 * bracketed, a))
        || (a->family == NET_V6) != bracketed)
        return fault_set(f, EX_USAGE, "-l %s: not [ADDR:]PORT; write it like 25, 192.0.2.1:25 or [2001:db8::1]:25",
                         where);
    *port = (unsigned)v;
    return 0;
}

/* Binds and listens. An address of IPv6 must not take IPv4's place, unless it stands for every address. */
static int listen_at(const struct sockaddr_storage *ss, socklen_t n, bool all)
{
    int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), kept, on = 1, only = !all;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && (ss->ss_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0)
        && bind(fd, (const struct sockaddr *)ss, n) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

static const char *mend(int error)
{
    switch (error) {
    case EADDRINUSE:    return "; another server, or another -l, listens there: see netstat -ltnp";
    case EADDRNOTAVAIL: return "; no interface has this address, or not yet";
    case EACCES:        return "; ports below 1024 are root's";
    default:            return "";
    }
}

int listen_open(const char *where, struct fault *f)
{
    struct sockaddr_storage ss;
    struct net_addr a;
    unsigned port = 0;
    int fd;

    if (parse(where, &a, &port, f))
        return -1;
    if (a.family == NET_NONE) {
        memset(&a, 0, sizeof a);
        a.family = NET_V6;
        fd = listen_at(&ss, peer_sockaddr(&a, port, &ss), true);
        if (fd >= 0 || errno == EADDRINUSE || errno == EACCES)
            goto done;
        a.family = NET_V4;           /* a kernel without IPv6 */
    }
    fd = listen_at(&ss, peer_sockaddr(&a, port, &ss), false);
done:
    if (fd < 0)
        fault_set(f, errno == EACCES ? EX_NOPERM : EX_OSERR, "-l %s: %s%s", where, strerror(errno), mend(errno));
    return fd;
}

int listen_accept(int fd, struct net_addr *client)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    int got = accept4(fd, (struct sockaddr *)&ss, &n, SOCK_CLOEXEC);

    if (got >= 0)
        peer_address((struct sockaddr *)&ss, client);
    else if (errno == EINTR || errno == ECONNABORTED || errno == ENETDOWN || errno == EPROTO || errno == EHOSTUNREACH
             || errno == ENETUNREACH || errno == EOPNOTSUPP || errno == ENOPROTOOPT || errno == EHOSTDOWN)
        errno = EAGAIN;              /* the connection's own fault: accept(2) */
    return got;
}
