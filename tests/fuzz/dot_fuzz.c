/* The end of data: pieces of any size give the verdict and text that the whole gives and the plain way gives, and what
 * comes out is clean. The first byte picks mend, chunks and the sizes. */
#include "mail/dot.h"

#include "dot_plain.h"
#include "dot_take.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

struct taken {
    enum dot_result result;
    enum dot_fault fault;
    size_t used, made;
    char *out;
};

static void take(struct taken *t, const char *in, size_t n, bool mend, bool chunks, unsigned pieces)
{
    struct dot d;

    *t = (struct taken){ .result = DOT_MORE, .out = malloc(2 * n + 2) };
    (chunks ? dot_start_chunks : dot_start)(&d, mend);
    while (t->result == DOT_MORE && (t->used < n || n == 0)) {
        size_t part = n - t->used, used, made;
        if (pieces) {
            pieces = pieces * 1103515245u + 12345u;
            part = part > 1 ? 1 + (pieces >> 16) % (part < 9 ? part : 9) : part;
        }
        char *piece = malloc(part + 1), *out = malloc(2 * part + 2);
        memcpy(piece, in + t->used, part);
        t->result = dot_take(&d, piece, part, out, &used, &made);
        MUST(used <= part && made <= 2 * part + 2);
        MUST(t->result != DOT_MORE || used == part);
        memcpy(t->out + t->made, out, made);
        t->used += used;
        t->made += made;
        free(piece);
        free(out);
        if (n == 0)
            break;
    }
    t->fault = d.fault;
}

/* What came out has CR LF line ends alone. A CR at its very end may still wait for its LF: it is not written yet. */
static void check_clean(const struct taken *t)
{
    for (size_t i = 0; i < t->made; i++) {
        MUST(t->out[i] != '\0');
        if (t->out[i] == '\r')
            MUST(i + 1 < t->made && t->out[i + 1] == '\n');
        if (t->out[i] == '\n')
            MUST(i > 0 && t->out[i - 1] == '\r');
    }
}

static void check_plain(const struct taken *t, const char *in, size_t n, bool mend, bool chunks)
{
    char *out = malloc(2 * n + 1);
    struct dot_plain want = dot_plain(in, n, mend, chunks, out);

    MUST(want.result == t->result && want.fault == t->fault && want.used == t->used && want.made == t->made);
    MUST(memcmp(out, t->out, t->made) == 0);
    free(out);
}

/* Stuffed and taken again it is the same. */
static void check_round_trip(const struct taken *t)
{
    struct dot_out o;
    struct taken back;
    char *out = malloc(2 * t->made + 5);
    size_t n = t->made / 3, made;

    dot_out_start(&o);
    made = dot_out_put(&o, t->out, n, out);
    made += dot_out_put(&o, t->out + n, t->made - n, out + made);
    made += dot_out_end(&o, out + made);
    take(&back, out, made, false, false, 7);
    MUST(back.result == DOT_END && back.used == made);
    MUST(back.made >= t->made && memcmp(back.out, t->out, t->made) == 0);
    MUST(back.made - t->made == (t->made && t->out[t->made - 1] != '\n' ? 2u : 0u));
    free(back.out);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct taken whole, cut;

    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    bool mend = data[0] & 1, chunks = data[0] & 2;
    size--;
    take(&whole, text, size, mend, chunks, 0);
    take(&cut, text, size, mend, chunks, data[0] | 1u);
    MUST(whole.result == cut.result && whole.fault == cut.fault && whole.used == cut.used && whole.made == cut.made);
    MUST(memcmp(whole.out, cut.out, whole.made) == 0);
    MUST((whole.result == DOT_BAD) == (whole.fault != DOT_GOOD));
    check_plain(&whole, text, size, mend, chunks);
    check_clean(&whole);
    if (whole.result == DOT_END) {
        MUST(whole.used >= 2 && text[whole.used - 1] == '\n');
        MUST(mend || memcmp(text + whole.used - 3, ".\r\n", 3) == 0);
    }
    check_round_trip(&whole);
    free(whole.out);
    free(cut.out);
    return 0;
}
