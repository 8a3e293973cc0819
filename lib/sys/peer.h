/* Who is at the other end of fd 0. */
#ifndef SYS_PEER_H
#define SYS_PEER_H

#include "mail/net.h"

#include <stdbool.h>
#include <sys/socket.h>

struct peer {
    bool is_socket;              /* any socket counts as a remote client */
    struct net_addr client, server;   /* NET_NONE for a socket without addresses, such as a Unix one */
    unsigned client_port, server_port;   /* 0 when there is none */
};

/* Returns 0, or -1 when fd is a socket whose peer cannot be told (it is gone already, or was never connected):
 * is_socket is then true, and both addresses are NET_NONE. What is no socket, or not open, gives 0 and is_socket false.
 */
int peer_of(int fd, struct peer *p);

/* The same for a datagram service, which inetd starts with the datagram waiting: its sender is the client. Returns 0,
 * or -1 when fd is no such socket, or nothing waits there; *p and errno are as they were then. */
int peer_of_datagram(int fd, struct peer *p);

#define PEER_OPTIONS 128         /* bytes of the IP options as text: 40 at most, three bytes each */

enum peer_options { PEER_NO_OPTIONS, PEER_CLEARED, PEER_ROUTED, PEER_STUCK };

/* IP options on an IPv4 connection. PEER_ROUTED: a source route is among them, and the client may be another than its
 * address says. Others are switched off, PEER_CLEARED, and `text` is what they were, ` 01 07 …`. PEER_STUCK: they
 * cannot be switched off (errno). */
enum peer_options peer_ip_options(int fd, char text[PEER_OPTIONS]);

/* The address in a socket address, v4-mapped ones as IPv4; NET_NONE for other families. Returns the port, or 0. */
unsigned peer_address(const struct sockaddr *sa, struct net_addr *a);

/* The other way round, of an address that is not NET_NONE. Returns the length of what is set in *ss. */
socklen_t peer_sockaddr(const struct net_addr *a, unsigned port, struct sockaddr_storage *ss);

#endif
