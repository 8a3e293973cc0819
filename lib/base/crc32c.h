/* CRC-32C (Castagnoli, RFC 3720 B.4): tells a whole queue file from a torn one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc (0 at the start) over n bytes; the result is the finished value each time. */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);

/* x86-64: the processor has SSE4.2, so let it. The caller knows that from elsewhere: asking the processor takes a
 * virtual machine as long as a hundred system calls. On other architectures the compiler knows. */
#ifdef __x86_64__
void crc32c_by_instruction(void);
#endif

#endif
