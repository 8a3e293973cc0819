/* Sockets that wait for connections. */
#ifndef SYS_LISTEN_H
#define SYS_LISTEN_H

#include "base/fault.h"
#include "mail/net.h"

/* Listens at `[ADDR:]PORT`: ADDR is 192.0.2.1 or [2001:db8::1]; without it every address of this host, IPv6 and IPv4.
 * Returns a descriptor that does not block, or -1 with the fault. */
int listen_open(const char *where, struct fault *f);

/* The next connection, and who it is from. Returns its descriptor, or -1: errno is EAGAIN when none waits, or the
 * client has given up; any other errno is a lack of this host's, and trying again at once does not help. */
int listen_accept(int fd, struct net_addr *client);

#endif
