/* The header watcher: pieces of any size count what the whole counts; the id is whole and clean. */
#include "mail/header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct header whole, cut;
    unsigned seed = size ? data[0] : 0, lines = 1, fields = 0;

    header_start(&whole);
    header_watch(&whole, (const char *)data, size);
    header_start(&cut);
    for (size_t at = 0; at < size;) {
        seed = seed * 1103515245u + 12345u;
        size_t part = 1 + (seed >> 16) % 7;
        part = part < size - at ? part : size - at;
        char *piece = malloc(part);
        memcpy(piece, data + at, part);
        header_watch(&cut, piece, part);
        free(piece);
        at += part;
    }
    MUST(memcmp(whole.count, cut.count, sizeof whole.count) == 0 && strcmp(whole.message_id, cut.message_id) == 0);
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    for (int f = 0; f < HEADER_FIELDS; f++)
        fields += whole.count[f];
    MUST(fields <= lines);
    size_t n = strlen(whole.message_id);
    MUST(n < HEADER_ID_MOST && (n == 0 || whole.message_id[0] == '<'));
    for (size_t i = 0; i < n; i++)
        MUST(whole.message_id[i] > ' ' && whole.message_id[i] <= '~');
    return 0;
}
