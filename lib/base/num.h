/* Strict numbers: digits only, no sign, no blanks, no overflow. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* Each reads exactly n bytes of text and returns 0, or -1 when they are anything else or exceed max. */
int num_dec(const char *text, size_t n, uint64_t max, uint64_t *out);
int num_hex(const char *text, size_t n, uint64_t *out);   /* lower case, 1 to 16 digits */

/* `32M`, `64k`, `1G` or bytes: powers of 1024. */
int num_size(const char *text, size_t n, uint64_t *out);

/* `90s`, `15m`, `1h30m`, `5d`, `2w`: seconds. A plain number is in units of `unit` seconds. */
int num_time(const char *text, size_t n, uint32_t unit, uint32_t *out);

#endif
