/* Names in queue/new: when the message is due, and its id. `00692466c8.k3x9q0mz71ab`. */
#ifndef MAIL_QNAME_H
#define MAIL_QNAME_H

#include <stdbool.h>
#include <stdint.h>

#define QNAME_ID     12              /* 60 random bits, five a character */
#define QNAME_TEXT   (10 + 1 + QNAME_ID + 1)
#define QNAME_HOLD   0xffffffffffu   /* due never: held until an administrator releases it */

/* Both halves as numbers, so that 100,000 names fit in 1.6 MB. */
struct qname {
    uint64_t due;                    /* seconds since 1970, at most QNAME_HOLD */
    uint64_t id;                     /* 60 bits */
};

/* Writes the id alone, NUL-terminated. */
void qname_id(uint64_t id, char text[QNAME_ID + 1]);
/* Reads one; returns 0 or -1. */
int qname_read_id(const char *text, uint64_t *id);

/* Writes DUE.ID, NUL-terminated. */
void qname_format(const struct qname *q, char text[QNAME_TEXT]);
/* Returns 0, or -1 for a name that qname_format does not write. */
int qname_parse(const char *text, struct qname *q);

/* Is it time? Also when the due time lies further ahead than any retry (`farthest` seconds) could have put it: the
 * clock was ahead then (CASES I5). Never for a held one. */
bool qname_is_due(const struct qname *q, int64_t now, uint32_t farthest);

/* Order of a pass: by due time, then id. */
int qname_compare(const struct qname *a, const struct qname *b);

#endif
