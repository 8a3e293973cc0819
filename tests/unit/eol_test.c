/* Handed-in text: whatever its line ends, what leaves has CR LF alone (CASES B1), at every split. */
#include "mail/eol.h"

#include "dot_take.h"
#include "test.h"

#include <stdlib.h>

struct made {
    enum eol_result result;
    bool nul;
    size_t n;
    char text[300];
};

static void feed(struct eol *e, struct made *m, const char *in, size_t n)
{
    char *piece = malloc(n ? n : 1), *out = malloc(2 * n + 2);
    size_t made;

    if (m->result == EOL_MORE) {
        memcpy(piece, in, n);
        m->result = eol_take(e, piece, n, out, &made);
        CHECK(made <= 2 * n + 2);
        memcpy(m->text + m->n, out, made);
        m->n += made;
    }
    free(piece);
    free(out);
}

static struct made run(const char *in, size_t n, bool dot_ends, size_t a, size_t b)
{
    struct made m = { .result = EOL_MORE };
    struct eol e;
    char *last = malloc(3);

    eol_start(&e, dot_ends);
    feed(&e, &m, in, a);
    feed(&e, &m, in + a, b - a);
    feed(&e, &m, in + b, n - b);
    size_t made = eol_finish(&e, last);
    CHECK(made <= 3);
    memcpy(m.text + m.n, last, made);
    m.n += made;
    m.text[m.n] = '\0';
    m.nul = e.nul;
    free(last);
    return m;
}

static struct made check_splits(const char *in, size_t n, bool dot_ends)
{
    struct made whole = run(in, n, dot_ends, n, n);

    for (size_t a = 0; a <= n; a++) {
        for (size_t b = a; b <= n; b++) {
            struct made m = run(in, n, dot_ends, a, b);
            CHECK(m.result == whole.result && m.n == whole.n && !memcmp(m.text, whole.text, m.n) && m.nul == whole.nul);
        }
    }
    return whole;
}

static void line_ends(void)
{
    static const char *const rows[][2] = {
        { "", "" }, { "a", "a\r\n" }, { "a\n", "a\r\n" }, { "a\r\n", "a\r\n" }, { "a\r", "a\r\n" }, { "\n", "\r\n" },
        { "\r", "" }, { "a\rb\n", "ab\r\n" }, { "a\r\r\n", "a\r\n" }, { "a\n\nb\n", "a\r\n\r\nb\r\n" },
        { ".", ".\r\n" }, { ".\n", ".\r\n" }, { "..\n", "..\r\n" }, { "a\n.\nb\n", "a\r\n.\r\nb\r\n" },
        { ".x\n", ".x\r\n" },
        { "a\n.", "a\r\n.\r\n" }, { "\xe9\n", "\xe9\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = check_splits(rows[i][0], strlen(rows[i][0]), false);
        CHECK_STR(m.text, rows[i][1]);
        CHECK_EQ(m.result, EOL_MORE);
    }
}

static void a_lone_dot_ends_it_where_asked(void)
{
    static const struct { const char *in, *out; enum eol_result result; } rows[] = {
        { "a\n.\nb\n", "a\r\n", EOL_END }, { ".\n", "", EOL_END }, { ".\r\n", "", EOL_END },
        { "a\r\n.\r\nb", "a\r\n", EOL_END },
        { "a\n.", "a\r\n", EOL_MORE },       /* the input's end stands for the line's */
        { "a\n..\n", "a\r\n..\r\n", EOL_MORE }, { "a\n.b\n", "a\r\n.b\r\n", EOL_MORE }, { "a.\n", "a.\r\n", EOL_MORE },
        { " .\n", " .\r\n", EOL_MORE }, { ". \n", ". \r\n", EOL_MORE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = check_splits(rows[i].in, strlen(rows[i].in), true);
        CHECK_STR(m.text, rows[i].out);
        CHECK_EQ(m.result, rows[i].result);
    }
}

static void a_nul_is_told(void)
{
    CHECK(check_splits("a\0b\n", 4, false).nul);
    CHECK(check_splits("\0", 1, false).nul);
    CHECK(check_splits(".\0\n", 3, false).nul);
    CHECK(!check_splits("ab\n", 3, false).nul);
}

/* Each A sequence, by pipe: the text that leaves has one end, and no bare CR or LF. */
static void b1_nothing_smuggled_leaves(void)
{
    static const char *const ends[] = {
        "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\n", "\r.\r\n", "\n.\r", "\r\n.\r", "\r\n.\r\r\n", "\r\r\n.\r\r\n",
        "\r\n.\r\n",
    };
    char in[100], out[300], back[700];

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct dot_out o;
        struct dot d;
        size_t used, made;
        int n = snprintf(in, sizeof in, "Subject: x\n\na%sMAIL FROM:<evil@example.net>\nb", ends[i]);
        struct made m = check_splits(in, (size_t)n, false);
        dot_out_start(&o);
        size_t sent = dot_out_put(&o, m.text, m.n, out);
        sent += dot_out_end(&o, out + sent);
        dot_start(&d, false);
        CHECK_EQ(dot_take(&d, out, sent, back, &used, &made), DOT_END);
        CHECK_EQ(used, sent);
        CHECK_EQ(made, m.n);
        CHECK_MEM(back, m.text, m.n);
        for (size_t k = 0; k < sent; k++)
            CHECK(out[k] == '\r' ? out[k + 1] == '\n' : out[k] != '\n' || (k && out[k - 1] == '\r'));
    }
}

int main(void)
{
    RUN(line_ends);
    RUN(a_lone_dot_ends_it_where_asked);
    RUN(a_nul_is_told);
    RUN(b1_nothing_smuggled_leaves);
    TEST_DONE();
}
