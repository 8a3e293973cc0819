/* Whole sessions at every segmentation of the peer's bytes: replies and queue are those of the unsplit session
 * (CASES A).
 *
 *     session_split_test         each cut near the odd bytes, and all segmentations of the nearest
 *     session_split_test all     each cut and, for strangers, each pair of cuts; all segmentations of more bytes */
#include "fakepeer.h"

#include "test.h"

#define SESSION_MOST 80000

#define HELLO  "EHLO c.example.net\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<user@example.org>\r\n"
#define BEHIND "MAIL FROM:<smuggled@example.net>\r\nRCPT TO:<postmaster@example.org>\r\nDATA\r\n" \
               "smuggled\r\n.\r\nQUIT\r\n"

/* What a client may be: the verdict on bare line feeds and on what is missing in a header depends on it. */
enum who { STRANGER, LAN, RELAY, WHO };

/* A text, with what must become of it behind DATA: how many messages are queued for a stranger and for a LAN client,
 * where BEHIND follows. -1: the session is to be the same as the unsplit one, no more. */
static const struct row {
    const char *name, *text;
    size_t n;
    int strict, lan;
} rows[] = {
#define ROW(name, text, strict, lan) { name, text, sizeof text - 1, strict, lan }
    ROW("a01", "Subject: x\r\n\r\nbody\n.\n", 0, 2),
    ROW("a02", "Subject: x\r\n\r\nbody\n.\r\n", 0, 2),
    ROW("a03", "Subject: x\r\n\r\nbody\r\n.\n", 0, 2),
    ROW("a04", "Subject: x\r\n\r\nbody\r.\r", 0, 0),
    ROW("a05", "Subject: x\r\n\r\nbody\r.\n", 0, 0),
    ROW("a06", "Subject: x\r\n\r\nbody\r.\r\n", 0, 0),
    ROW("a07", "Subject: x\r\n\r\nbody\n.\r", 0, 0),
    ROW("a08", "Subject: x\r\n\r\nbody\r\n.\r", 0, 0),
    ROW("a09", "Subject: x\r\n\r\nbody\r\n.\r\r\n", 0, 0),
    ROW("a10", "Subject: x\r\n\r\nbody\r\r\n.\r\r\n", 0, 0),
    ROW("a11", "Subject: x\r\n\r\nbody\0\r\n.\r\n", 0, 0),
    ROW("a12", "Subject: x\r\n\r\nbody\r\0\n.\r\n", 0, 0),
    ROW("a13", "Subject: x\r\n\r\nbody\r\n\0.\r\n", 0, 0),
    ROW("a14", "Subject: x\r\n\r\nbody\r\n.\0\r\n", 0, 0),
    ROW("a15", "Subject: x\r\n\r\nbody\r\n.\r\0\n", 0, 0),
    ROW("a16", "Subject: x\r\n\r\nbody\r\n.\r\n\0", 1, 1),
    ROW("a17", "Subject: x\r\n\r\nbody a\0b\r\n", 0, 0),
    ROW("a18", "Subject: x\r\n\r\nbody\r\n.\r\n", 2, 2),
    ROW("a19", ".\r\n", 2, 2),
    ROW("a20", "..\r\n.x\r\n..y\r\n...\r\nz\r\n.\r\n", 2, 2),
    ROW("a24 header", "Subject: x\n.\r\n", 0, 2),
    ROW("a24 folded", "Subject: x\r\n y\n.\r\n", 0, 2),
    ROW("a24 From", "From x\r.\r\n", 0, 0),
    ROW("header only", "From: a@b\r\nSubject: x\r\n.\r\n", 2, 2),
    ROW("no header", "\r\nbody\r\n.\r\n", 2, 2),
    ROW("header, body", "From: a@b\r\nX: y\r\n z\r\n\r\nMessage-ID: b\r\n\r\n.\r\n", 2, 2),
    ROW("all fields", "From: a@b\r\nDate: d\r\nMessage-ID: <m@b>\r\n\r\n\r\n.\r\n", 2, 2),
    ROW("line ends", "a\r\n\n\r\n\n.x\n..\r\n.\r\n", 0, 2),
    ROW("crs", "a\r\r\r\n.\r\n", 0, 0),
    ROW("dots", "\r\n.\r", 0, 0),
};
#define ROWS (sizeof rows / sizeof *rows)

/* ---- segmentations */

static char session[SESSION_MOST];
static size_t session_n;
static bool cut_at[SESSION_MOST + 1];   /* a segment ends before this byte */

static size_t to_next_cut(size_t at)
{
    size_t end = at + 1;

    while (end < session_n && !cut_at[end])
        end++;
    return end - at;
}

static unsigned long runs;

/* What the unsplit session gave. */
static char whole_out[FAKEPEER_OUT + 1];
static struct fakepeer_queue whole;

static void run_once(void)
{
    fakepeer.in = session;
    fakepeer.n = session_n;
    fakepeer.segment = to_next_cut;
    fakepeer_run();
    runs++;
}

static void run_unsplit(const char *name)
{
    run_once();
    whole = fakepeer_take_queue();
    CHECK(fakepeer_replies_are_well_formed());
    if (whole.wrong)
        test_fail(__FILE__, __LINE__, "%s: %s", name, whole.wrong);
    fakepeer_mask_ids();
    strcpy(whole_out, fakepeer.out);
}

static const char *tail(const char *text)
{
    size_t n = strlen(text);

    return text + (n > 150 ? n - 150 : 0);
}

static void run_split(const char *name)
{
    char a[200], b[200];

    run_once();
    struct fakepeer_queue got = fakepeer_take_queue();
    fakepeer_mask_ids();
    if (got.wrong)
        test_fail(__FILE__, __LINE__, "%s: %s", name, got.wrong);
    if (strcmp(fakepeer.out, whole_out) != 0 || got.messages != whole.messages || got.sum != whole.sum) {
        test_fail(__FILE__, __LINE__, "%s: in pieces %s with %u messages, in one %s with %u", name,
                  test_quote(a, sizeof a, tail(fakepeer.out)), (unsigned)got.messages,
                  test_quote(b, sizeof b, tail(whole_out)), (unsigned)whole.messages);
        printf("# cuts before:");
        for (size_t i = 0; i <= session_n; i++)
            if (cut_at[i])
                printf(" %u", (unsigned)i);
        putchar('\n');
    }
}

/* Every single cut from `from` on; then, where it is wanted, every pair. */
static void run_cuts(const char *name, size_t from, size_t to, bool pairs)
{
    for (size_t i = from; i < to && test_failed < 5; i++) {
        cut_at[i] = true;
        run_split(name);
        for (size_t j = i + 1; pairs && j < to; j++) {
            cut_at[j] = true;
            run_split(name);
            cut_at[j] = false;
        }
        cut_at[i] = false;
    }
}

/* All segmentations of the bytes from `from` to `to`. */
static void run_all_segmentations(const char *name, size_t from, size_t to)
{
    for (unsigned long pick = 0; pick < 1ul << (to - from) && test_failed < 5; pick++) {
        for (size_t i = from; i < to; i++)
            cut_at[i] = pick >> (i - from) & 1;
        run_split(name);
    }
    memset(cut_at + from, 0, to - from);
}

/* ---- sessions */

static void add(const void *text, size_t n)
{
    memcpy(session + session_n, text, n);
    session_n += n;
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

static void add_bdat(size_t n, bool last)
{
    char line[60];

    snprintf(line, sizeof line, "BDAT %lu%s\r\n", (unsigned long)n, last ? " LAST" : "");
    add_text(line);
}

static void begin_as(enum who who)
{
    fakepeer_session.client.lan = who == LAN;
    fakepeer_session.client.relay = who == RELAY;
    session_n = 0;
}

static bool all;
static size_t near = 5;              /* bytes all of whose segmentations are tried */

static bool wants_pairs(void)
{
    return all && !fakepeer_session.client.lan && !fakepeer_session.client.relay;
}

/* Splits the session that is there. Its odd bytes end at `end`. */
static void run_session(const char *name, size_t end)
{
    size_t first = end - near + 2;

    run_unsplit(name);
    run_cuts(name, all ? 1 : end > 20 ? end - 20 : 1, all || end + 8 > session_n ? session_n : end + 8, wants_pairs());
    run_all_segmentations(name, first, first + near < session_n ? first + near : session_n);
}

static void check_queued(const char *name, enum who who, int want)
{
    if ((int)whole.messages != want)
        test_fail(__FILE__, __LINE__, "%s, client %d: %u messages, not %d", name, who, (unsigned)whole.messages, want);
}

static void a_texts_behind_data(void)
{
    for (size_t i = 0; i < ROWS; i++)
        for (int who = 0; who < WHO; who++) {
            begin_as((enum who)who);
            add_text(HELLO "DATA\r\n");
            add(rows[i].text, rows[i].n);
            size_t end = session_n;
            add_text(BEHIND);
            run_session(rows[i].name, end);
            check_queued(rows[i].name, (enum who)who, who == LAN ? rows[i].lan : rows[i].strict);
        }
}

/* Does a text end up in the queue when it comes by BDAT, where dots mean nothing? */
static bool is_good_chunk(const struct row *r, enum who who)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->text[i] == '\0' || (r->text[i] == '\r' && (i + 1 == r->n || r->text[i + 1] != '\n'))
            || (r->text[i] == '\n' && (i == 0 || r->text[i - 1] != '\r') && who != LAN))
            return false;
    return true;
}

/* The same texts as one chunk, and what they would have smuggled behind them is a message of its own. */
static void a_texts_in_a_chunk(void)
{
    for (size_t i = 0; i < ROWS; i++)
        for (int who = 0; who < WHO; who++) {
            begin_as((enum who)who);
            add_text(HELLO);
            add_bdat(rows[i].n, true);
            add(rows[i].text, rows[i].n);
            size_t end = session_n;
            add_text(BEHIND);
            run_session(rows[i].name, end);
            check_queued(rows[i].name, (enum who)who, 1 + is_good_chunk(&rows[i], (enum who)who));
        }
}

/* In two chunks, divided at each byte: the first segment's end is a chunk's end as well. */
static void a_texts_in_two_chunks(void)
{
    for (size_t i = 0; i < ROWS; i++)
        for (int who = 0; who < WHO; who++)
            for (size_t k = 0; k <= rows[i].n; k++) {
                begin_as((enum who)who);
                add_text(HELLO);
                add_bdat(k, false);
                add(rows[i].text, k);
                size_t end = session_n;
                add_bdat(rows[i].n - k, true);
                add(rows[i].text + k, rows[i].n - k);
                add_text(BEHIND);
                run_unsplit(rows[i].name);
                run_cuts(rows[i].name, end - (k < 2 ? k : 2), end + (all ? 20 : 2), wants_pairs());
                check_queued(rows[i].name, (enum who)who, 1 + is_good_chunk(&rows[i], (enum who)who));
            }
}

/* BINARYMIME: parts that become base64, and one that is not what it says. */
static void binary_messages(void)
{
    static const struct row texts[] = {
        ROW("binary", "Content-Transfer-Encoding: binary\r\n\r\n\0\n\r.\r\n.\r\nx", 2, 2),
        ROW("binary part", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: "
                           "binary\r\n\r\n\r\n\r\n--b\n\r\n--b--\r\n", 2, 2),
        ROW("not binary", "Subject: x\r\n\r\na\nb\r\n", 1, 1),
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k <= texts[i].n; k++) {
            begin_as(STRANGER);
            add_text("EHLO c.example.net\r\nMAIL FROM:<a@example.net> BODY=BINARYMIME\r\n"
                     "RCPT TO:<user@example.org>\r\n");
            add_bdat(k, false);
            add(texts[i].text, k);
            size_t end = session_n;
            add_bdat(texts[i].n - k, true);
            add(texts[i].text + k, texts[i].n - k);
            size_t last = session_n;
            add_text(BEHIND);
            if (k == 0)
                run_session(texts[i].name, last);
            else
                run_unsplit(texts[i].name);
            run_cuts(texts[i].name, end - (k < 2 ? k : 2), all ? last : end + 2, all && k % 8 == 0);
            check_queued(texts[i].name, STRANGER, texts[i].strict);
        }
}

/* A21: nothing of a message that is too large becomes a command, whatever its dots. */
static void a21_texts_that_are_too_large(void)
{
    static const struct { const char *end; int queued; } ends[] = {
        { "\r\n.\r\n", 1 }, { "\n.\r\n", 0 }, { "\r.\r\n", 0 }, { "\r\n.\r\r\n", 0 },
    };

    fakepeer_conf.message_size_limit = 100;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        begin_as(STRANGER);
        add_text(HELLO "DATA\r\n");
        for (int k = 0; k < 3; k++)
            add_text("0123456789012345678901234567890123456789\r\n");
        add_text(ends[i].end);
        size_t end = session_n;
        add_text(BEHIND);
        run_session("a21", end);
        check_queued("a21", STRANGER, ends[i].queued);
    }
    begin_as(STRANGER);
    add_text(HELLO);
    add_bdat(90, false);
    for (int k = 0; k < 10; k++)
        add_text("1234567\r\n");
    add_bdat(11, true);
    add_text("QUIT\r\nRSET\n");
    add_bdat(6, true);
    add_text("RSET\r\n" BEHIND);
    run_session("a21 bdat", session_n - strlen(BEHIND));
    check_queued("a21 bdat", STRANGER, 1);
    fakepeer_conf.message_size_limit = 1000000;
}

/* A22: the odd byte before, at and behind the end of each buffer. */
static void a22_at_the_edges_of_buffers(void)
{
    static const char *const odd[] = { "\r", "\n", "\0", "\r\n.\r\n", "\r\n..\r\n", "\n.\r\n" };
    static const size_t odd_n[] = { 1, 1, 1, 5, 6, 4 };
    static const int queued[] = { 0, 0, 0, 2, 2, 0 };

    for (size_t edge = IO_IN; edge <= 2 * IO_IN; edge += IO_IN)
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
            for (int off = -3; off <= 3; off++) {
                begin_as(STRANGER);
                add_text(HELLO "DATA\r\n");
                while (session_n < edge + (size_t)off)
                    add_text(session_n % 64 == 62 && session_n + 2 <= edge + (size_t)off ? "\r\n" : "a");
                add(odd[i], odd_n[i]);
                size_t end = session_n;
                add_text("x\r\n.\r\n" BEHIND);
                run_unsplit("a22");
                run_cuts("a22", end - 8, end + 8, all);
                check_queued("a22", STRANGER, queued[i]);
            }
}

/* A23: who said HELO may not send on; what is behind the end is a fault however the bytes arrive. */
static void a23_behind_the_end(void)
{
    begin_as(STRANGER);
    add_text("HELO c.example.net\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<user@example.org>\r\nDATA\r\nx\r\n.\r\n");
    size_t end = session_n;
    add_text(BEHIND);
    run_session("a23", end);
    check_queued("a23", STRANGER, 0);
    begin_as(STRANGER);
    add_text("HELO c.example.net\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<user@example.org>\r\nDATA\r\nx\r\n.\r\n");
    run_session("a23 alone", session_n - near);
    check_queued("a23 alone", STRANGER, 1);
}

/* Lines of commands: over-long ones, bare line ends, controls, and E4: the peer's end anywhere. */
static void commands(void)
{
    static const struct row lines[] = {
        ROW("bare LF", "NOOP\nQUIT\r\n", -1, -1),
        ROW("bare CR", "NO\rOP\r\nQUIT\r\n", -1, -1),
        ROW("NUL", HELLO "NO\0OP\r\nQUIT\r\n", -1, -1),
        ROW("CR CR LF", "NOOP\r\r\nQUIT\r\n", -1, -1),
        ROW("blank", "\r\n \r\nQUIT\r\n", -1, -1),
        ROW("bad BDAT", HELLO "BDAT x\r\nQUIT\r\n", -1, -1),
        ROW("pipelined", HELLO "RSET\r\nVRFY a\r\nBDAT 3\r\nabcRSET\r\nBDAT 2 LAST\r\n\r\nQUIT\r\n", -1, -1),
        ROW("end in DATA", HELLO "DATA\r\nSubject: x\r\n\r\nbody\r\n.\r", -1, -1),
        ROW("end in BDAT", HELLO "BDAT 9 LAST\r\nabcdefgh", -1, -1),
        ROW("end in a command", HELLO "QUI", -1, -1),
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (int who = 0; who < WHO; who++) {
            begin_as((enum who)who);
            add(lines[i].text, lines[i].n);
            run_session(lines[i].name, lines[i].n - 4);
        }
}

static void lines_that_are_too_long(void)
{
    static const char *const ends[] = { "\r\nQUIT\r\n", "\nQUIT\r\n", "\r\r\nQUIT\r\n" };

    for (size_t n = 505; n < 515; n++)
        for (size_t i = 0; i < 3; i++) {
            begin_as(STRANGER);
            add_text("NOOP ");
            while (session_n < n)
                add_text("a");
            size_t end = session_n;
            add_text(ends[i]);
            run_unsplit("long line");
            run_cuts("long line", all ? 1 : end - 8, session_n, false);
            run_all_segmentations("long line", end - 3, end + 5);
        }
}

int main(int argc, char **argv)
{
    all = argc > 1 && !strcmp(argv[1], "all");
    if (all)
        near = 9;
    if (fakepeer_prepare()) {
        perror("tree");
        return 1;
    }
    fakepeer_conf.message_size_limit = 1000000;
    RUN(a_texts_behind_data);
    RUN(a_texts_in_a_chunk);
    RUN(a_texts_in_two_chunks);
    RUN(binary_messages);
    RUN(a21_texts_that_are_too_large);
    RUN(a22_at_the_edges_of_buffers);
    RUN(a23_behind_the_end);
    RUN(commands);
    RUN(lines_that_are_too_long);
    tempdir_leave();
    printf("# %lu runs\n", runs);
    TEST_DONE();
}
