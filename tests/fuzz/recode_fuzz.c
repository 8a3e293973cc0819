/* From BINARYMIME to lines: what comes out has CR LF line ends alone and a second pass leaves it as it is, and how the
 * input is cut changes nothing. The first byte's first bit says binary, the rest the sizes. */
#include "mail/recode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

struct made {
    enum recode_result result;
    size_t n;
    char *text;
};

static void run(struct made *m, const char *in, size_t n, bool binary, unsigned pieces)
{
    static struct recode r;
    size_t at = 0, part, made;

    *m = (struct made){ .text = malloc(RECODE_ROOM(n) + RECODE_ROOM(0)) };
    memset(&r, 0x55, sizeof r);
    recode_start(&r, binary);
    while (at < n) {
        part = n - at;
        if (pieces) {
            pieces = pieces * 1103515245u + 12345u;
            part = 1 + (pieces >> 16) % (part < 40 ? part : 40);
        }
        char *piece = malloc(part), *out = malloc(RECODE_ROOM(part));
        memcpy(piece, in + at, part);
        m->result = recode_take(&r, piece, part, out, &made);
        MUST(made <= RECODE_ROOM(part));
        MUST(m->n + made <= RECODE_ROOM(n));     /* all pieces together need no more than the whole */
        memcpy(m->text + m->n, out, made);
        m->n += made;
        at += part;
        free(piece);
        free(out);
    }
    char *out = malloc(RECODE_ROOM(0));
    m->result = recode_finish(&r, out, &made);
    MUST(made <= RECODE_ROOM(0));
    memcpy(m->text + m->n, out, made);
    m->n += made;
    free(out);
}

/* A CR at the end of what a fault cut off may have lost its LF. */
static void check_lines(const struct made *m)
{
    for (size_t i = 0; i < m->n; i++) {
        MUST(m->text[i] != '\0');
        if (m->text[i] == '\r')
            MUST(i + 1 < m->n ? m->text[i + 1] == '\n' : m->result != RECODE_GOOD);
        if (m->text[i] == '\n')
            MUST(i > 0 && m->text[i - 1] == '\r');
    }
    if (m->result == RECODE_GOOD && m->n)
        MUST(m->text[m->n - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made whole, cut, again;

    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    bool binary = data[0] & 1;
    size--;
    run(&whole, text, size, binary, 0);
    run(&cut, text, size, binary, data[0] | 1u);
    MUST(whole.result == cut.result && whole.n == cut.n && memcmp(whole.text, cut.text, whole.n) == 0);
    check_lines(&whole);
    if (whole.result == RECODE_GOOD) {
        run(&again, whole.text, whole.n, binary, 7);
        MUST(again.result == RECODE_GOOD && again.n == whole.n && memcmp(again.text, whole.text, whole.n) == 0);
        free(again.text);
    }
    free(whole.text);
    free(cut.text);
    return 0;
}
