/* Handed-in text: pieces of any size give what the whole gives; what comes out has CR LF line ends alone, and goes out
 * through the dot machine with one end. */
#include "mail/eol.h"

#include "dot_take.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

struct made {
    enum eol_result result;
    bool nul;
    size_t n;
    char *text;
};

static void run(struct made *m, const char *in, size_t n, bool dot_ends, unsigned pieces)
{
    struct eol e;
    char last[3];

    *m = (struct made){ .result = EOL_MORE, .text = malloc(2 * n + 5) };
    eol_start(&e, dot_ends);
    for (size_t at = 0; at < n && m->result == EOL_MORE;) {
        size_t part = n - at, made;
        if (pieces) {
            pieces = pieces * 1103515245u + 12345u;
            part = 1 + (pieces >> 16) % (part < 9 ? part : 9);
        }
        char *piece = malloc(part), *out = malloc(2 * part + 2);
        memcpy(piece, in + at, part);
        m->result = eol_take(&e, piece, part, out, &made);
        MUST(made <= 2 * part + 2);
        memcpy(m->text + m->n, out, made);
        m->n += made;
        at += part;
        free(piece);
        free(out);
    }
    size_t made = eol_finish(&e, last);
    MUST(made <= sizeof last);
    memcpy(m->text + m->n, last, made);
    m->n += made;
    m->nul = e.nul;
}

static void check_sent(const struct made *m)
{
    struct dot_out o;
    struct dot d;
    char *out = malloc(2 * m->n + 5), *back = malloc(4 * m->n + 12);
    size_t sent, used, made;

    dot_out_start(&o);
    sent = dot_out_put(&o, m->text, m->n, out);
    sent += dot_out_end(&o, out + sent);
    dot_start(&d, false);
    MUST(dot_take(&d, out, sent, back, &used, &made) == DOT_END);
    MUST(used == sent && made == m->n && memcmp(back, m->text, made) == 0);
    free(out);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct made whole, cut;

    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    bool dot_ends = data[0] & 1;
    run(&whole, text, size - 1, dot_ends, 0);
    run(&cut, text, size - 1, dot_ends, data[0] | 1u);
    MUST(whole.result == cut.result && whole.n == cut.n && memcmp(whole.text, cut.text, whole.n) == 0);
    MUST(whole.nul == cut.nul && whole.nul == (memchr(whole.text, '\0', whole.n) != NULL));
    for (size_t i = 0; i < whole.n; i++)
        MUST(whole.text[i] == '\r' ? i + 1 < whole.n && whole.text[i + 1] == '\n'
                                   : whole.text[i] != '\n' || (i && whole.text[i - 1] == '\r'));
    MUST(whole.n == 0 || whole.text[whole.n - 1] == '\n');
    if (!whole.nul)
        check_sent(&whole);
    free(whole.text);
    free(cut.text);
    return 0;
}
