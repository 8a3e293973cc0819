/* ETRN's way to the queue's runner (RFC 1985): smtpd notes a domain in run/etrn, the next pass takes mail for it up
 * whether it is due or not, and a runner that stays is woken through the pipe run/wake. All in the tree, as the queue's
 * owner, but for wake_open. */
#ifndef SYS_WAKE_H
#define SYS_WAKE_H

#include "sys/sys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAKE_LIST 4096               /* bytes of all domains that are noted at a time */

/* Notes a domain, with `@` before it for those below it too, and wakes the runner that stays, if there is one.
 * SYS_TEMP: it could not be noted (errno; ENOSPC also when too many are noted already). */
enum sys_result wake_ask(const char *domain);

/* Takes the domains that were noted, separated by blanks: "" when there are none. They are noted no more. */
void wake_take(char list[WAKE_LIST + 1]);

/* Is mail for this domain asked for by the list? */
bool wake_wants(const char *list, const char *domain);

/* Makes the pipe, if it is not there. */
void wake_prepare(void);

/* Opens it for the runner that stays, which may be root: a descriptor that is to be kept, or -1. */
int wake_open(void);

/* Waits so many seconds, or until it is woken; fd may be -1. Not less than a few seconds, however often it is woken. */
void wake_wait(int fd, uint32_t seconds);

#endif
