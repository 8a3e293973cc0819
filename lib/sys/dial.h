/* Calling another host's SMTP server. */
#ifndef SYS_DIAL_H
#define SYS_DIAL_H

#include "sys/sys.h"

#include <stddef.h>
#include <stdint.h>

struct dial {
    int fd;                          /* connected, non-blocking; -1 when not */
    char peer[320];                  /* `host [address]` of what was reached, or of the last that was tried */
    char why[160];                   /* why it failed, in words for the log and mailq */
};

/* Connects to `HOST`, `HOST:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT` (n bytes at where; port 25 when none is given),
 * trying its addresses (dns_addresses_of) in turn, each for at most `timeout` seconds. SYS_OK, or SYS_TEMP: a name that
 * cannot be found is temporary too, for the WAN may be down. */
enum sys_result dial(struct dial *d, const char *where, size_t n, uint32_t timeout);

#endif
