/* Who is at the other end: see peer.h. */
#include "sys/peer.h"

#include "base/str.h"
#include "sys/io.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

unsigned peer_address(const struct sockaddr *sa, struct net_addr *a)
{
    uint8_t byte[16];
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(a, 0, sizeof *a);
    if (sa->sa_family == AF_INET) {
        memcpy(&v4, sa, sizeof v4);
        memcpy(byte, &v4.sin_addr, 4);
        net_set_v4(a, byte);
        return ntohs(v4.sin_port);
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&v6, sa, sizeof v6);
        memcpy(byte, &v6.sin6_addr, 16);
        net_set_v6(a, byte);
        return ntohs(v6.sin6_port);
    }
    return 0;
}

socklen_t peer_sockaddr(const struct net_addr *a, unsigned port, struct sockaddr_storage *ss)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

    memset(ss, 0, sizeof *ss);
    if (a->family == NET_V4) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        memcpy(&v4->sin_addr, a->byte, 4);
        return sizeof *v4;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    memcpy(&v6->sin6_addr, a->byte, 16);
    return sizeof *v6;
}

int peer_of(int fd, struct peer *p)
{
    struct stat st;
    struct sockaddr_storage client, server;
    socklen_t client_len = sizeof client, server_len = sizeof server;

    memset(p, 0, sizeof *p);
    if (fstat(fd, &st))
        return -1;                   /* never a guess: a client must not pass for a local user */
    if (!S_ISSOCK(st.st_mode))
        return 0;
    p->is_socket = true;
    memset(&client, 0, sizeof client);           /* a Unix peer without a name fills in less than the family */
    memset(&server, 0, sizeof server);
    if (getpeername(fd, (struct sockaddr *)&client, &client_len) ||
        getsockname(fd, (struct sockaddr *)&server, &server_len))
        return -1;
    p->client_port = peer_address((struct sockaddr *)&client, &p->client);
    p->server_port = peer_address((struct sockaddr *)&server, &p->server);
    return 0;
}

int peer_of_datagram(int fd, struct peer *p)
{
    struct sockaddr_storage client, server;
    socklen_t len = sizeof server;
    int kept = errno;

    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    if (io_sender(fd, (struct sockaddr *)&client, sizeof client) ||
        getsockname(fd, (struct sockaddr *)&server, &len)) {
        errno = kept;
        return -1;
    }
    p->client_port = peer_address((struct sockaddr *)&client, &p->client);
    p->server_port = peer_address((struct sockaddr *)&server, &p->server);
    return 0;
}

enum peer_options peer_ip_options(int fd, char text[PEER_OPTIONS])
{
    uint8_t options[40];
    socklen_t n = sizeof options;
    struct str s;

    str_init(&s, text, PEER_OPTIONS);
    if (getsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, &n) || n == 0)
        return PEER_NO_OPTIONS;                  /* none, or no IPv4 */
    if (net_has_source_route(options, n))
        return PEER_ROUTED;
    for (socklen_t i = 0; i < n; i++) {
        str_addc(&s, ' ');
        str_addx(&s, options[i], 2);
    }
    return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, NULL, 0) ? PEER_STUCK : PEER_CLEARED;
}
