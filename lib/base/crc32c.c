/* CRC-32C by the processor where it can, else four bytes a step. */
#include "base/crc32c.h"

#include "base/page.h"

#define CRC32C_POLY 0x82F63B78u      /* reversed 0x1EDC6F41 */

#if defined __ARM_FEATURE_CRC32

#include <arm_acle.h>
#include <string.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t word;

    crc = ~crc;
    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        crc = __crc32cd(crc, word);
    }
    for (; n > 0; n--, p++)
        crc = __crc32cb(crc, *p);
    return ~crc;
}

#else

/* 4 KB, made at the first use: they would cost as much flash. */
static PAGE_ALONE uint32_t table[4][256];

static void table_make(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ CRC32C_POLY : c >> 1;
        table[0][i] = c;
    }
    for (unsigned i = 0; i < 256; i++)
        for (int t = 1; t < 4; t++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t n)
{
    if (!table[0][1])
        table_make();
    for (; n >= 4; n -= 4, p += 4) {
        crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = table[3][crc & 255] ^ table[2][crc >> 8 & 255] ^ table[1][crc >> 16 & 255] ^ table[0][crc >> 24];
    }
    for (; n > 0; n--, p++)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
    return crc;
}

#ifdef __x86_64__

#include <stdbool.h>
#include <string.h>

static bool has_instruction;

void crc32c_by_instruction(void)
{
    has_instruction = true;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
    uint64_t sum = crc, word;

    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    for (crc = (uint32_t)sum; n > 0; n--, p++)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}

#else
#define has_instruction 0
#define by_instruction  by_table
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
    return ~(has_instruction ? by_instruction(~crc, data, n) : by_table(~crc, data, n));
}

#endif
