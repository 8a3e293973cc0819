/* The paths of queue files, and making a folder durable. */
#ifndef SYS_QPATH_H
#define SYS_QPATH_H

#include "mail/qname.h"

#define QPATH_MOST 48

/* The path of an id or a name in queue/tmp, queue/new, queue/bad. */
void qpath_tmp(char path[QPATH_MOST], uint64_t id);
void qpath_new(char path[QPATH_MOST], const struct qname *name);
void qpath_bad(char path[QPATH_MOST], uint64_t id);

/* Makes the names in a folder durable. Returns 0, or -1 with errno; a failed flush is never tried again (CASES I2). */
int qpath_sync(const char *folder);

#endif
