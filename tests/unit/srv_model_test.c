/* The server's machine against a reference model: what the RFCs say of the order of commands, in a table and one short
 * function, played in all sequences up to a depth and in long random ones (CASES C6).
 *
 *     srv_model_test                     sequences of four, and 20,000 random ones
 *     srv_model_test DEPTH COUNT SEED    sequences of DEPTH, and COUNT random ones of up to 40 commands
 *
 * All moves go into the sequences that are one shorter; the longest have those that are not rare. */
#include "srv_say.h"
#include "test.h"

#define LENGTH 40                    /* of random sequences */
#define RCPT_MOST 3
#define SIZE_MOST 1000

enum kind { HELO, EHLO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, VRFY, EXPN, HELP, ETRN, STARTTLS, AUTH, QUIT, NONSENSE };

/* One thing that a client may say. `bad` is the code that its syntax earns, 0 when it is good. `answer` is the verdict
 * of those who are asked about it, 0 for yes, and `text_answer` theirs on a whole message. */
static const struct move {
    const char *line;
    enum kind kind;
    int bad, answer, text_answer;
    bool extended;                   /* it has parameters, which belong to EHLO (RFC 5321 4.1.1.11) */
    bool binary;                     /* BODY=BINARYMIME (RFC 3030) */
    bool wide;                       /* SMTPUTF8 (RFC 6531) */
    int chunk;
    bool last;
    bool rare;                       /* changes nothing that another row does not: left out of the longest sequences */
} moves[] = {
    { "HELO a", .kind = HELO },
    { "HELO", .kind = HELO, .bad = 501, .rare = true },
    { "EHLO a", .kind = EHLO },
    { "EHLO -", .kind = EHLO, .bad = 501, .rare = true },
    { "MAIL FROM:<a@b>", .kind = MAIL },
    { "MAIL FROM:<a@b>", .kind = MAIL, .answer = 550 },
    { "MAIL FROM:<a@b>", .kind = MAIL, .answer = 450, .rare = true },
    { "MAIL FROM:<a@b>", .kind = MAIL, .answer = 421, .rare = true },
    { "MAIL FROM:<a", .kind = MAIL, .bad = 501, .rare = true },
    { "MAIL FROM:<> SIZE=9", .kind = MAIL, .extended = true },
    { "MAIL FROM:<> SIZE=9999", .kind = MAIL, .bad = 552, .extended = true, .rare = true },
    { "MAIL FROM:<a@b> BODY=BINARYMIME", .kind = MAIL, .extended = true, .binary = true },
    { "MAIL FROM:<a@b> SMTPUTF8", .kind = MAIL, .extended = true, .wide = true, .rare = true },
    { "RCPT TO:<c@d>", .kind = RCPT },
    { "RCPT TO:<c@d>", .kind = RCPT, .answer = 550 },
    { "RCPT TO:<c@d>", .kind = RCPT, .answer = 452, .rare = true },
    { "RCPT TO:<c", .kind = RCPT, .bad = 501, .rare = true },
    { "RCPT TO:<c@d> NOTIFY=NEVER", .kind = RCPT, .extended = true },
    { "DATA", .kind = DATA },
    { "DATA", .kind = DATA, .answer = 452 },
    { "DATA", .kind = DATA, .text_answer = 554 },
    { "DATA", .kind = DATA, .text_answer = 451, .rare = true },
    { "DATA x", .kind = DATA, .bad = 501, .rare = true },
    { "BDAT 5", .kind = BDAT, .chunk = 5 },
    { "BDAT 5", .kind = BDAT, .answer = 554, .chunk = 5 },
    { "BDAT 600", .kind = BDAT, .chunk = 600 },
    { "BDAT 0 LAST", .kind = BDAT, .last = true },
    { "BDAT 5 LAST", .kind = BDAT, .text_answer = 554, .chunk = 5, .last = true },
    { "BDAT 1001 LAST", .kind = BDAT, .chunk = 1001, .last = true },
    { "BDAT x", .kind = BDAT, .bad = 501, .rare = true },
    { "RSET", .kind = RSET },
    { "RSET x", .kind = RSET, .bad = 501, .rare = true },
    { "NOOP", .kind = NOOP },
    { "VRFY x", .kind = VRFY },
    { "VRFY", .kind = VRFY, .bad = 501, .rare = true },
    { "EXPN x", .kind = EXPN, .rare = true },
    { "HELP", .kind = HELP, .rare = true },
    { "ETRN d", .kind = ETRN },
    { "ETRN d", .kind = ETRN, .answer = 459, .rare = true },
    { "ETRN -", .kind = ETRN, .bad = 501, .rare = true },
    { "STARTTLS", .kind = STARTTLS },
    { "STARTTLS x", .kind = STARTTLS, .bad = 501, .rare = true },
    { "AUTH PLAIN x", .kind = AUTH },
    { "AUTH PLAIN x", .kind = AUTH, .answer = 535 },
    { "AUTH X", .kind = AUTH, .bad = 504, .rare = true },
    { "QUIT", .kind = QUIT },
    { "QUIT x", .kind = QUIT, .bad = 501, .rare = true },
    { "NONSENSE", .kind = NONSENSE, .rare = true },
};
#define MOVES (sizeof moves / sizeof *moves)

/* ---- the model */

struct model {
    bool tls_offered, auth_offered, auth_needs_tls;
    bool helo, ehlo, sender, binary, wide, tls, auth, closed;
    int rcpts, errors;
    int size;                        /* of all chunks so far; -1: none has come */
};

static void forget_message(struct model *m)
{
    m->sender = m->binary = m->wide = false;
    m->rcpts = 0;
    m->size = -1;
}

static int greet(struct model *m, bool extended)
{
    forget_message(m);               /* RFC 5321 4.1.4 */
    m->helo = !extended;
    m->ehlo = extended;
    return 250;
}

static int mail(struct model *m, const struct move *v)
{
    if ((!m->helo && !m->ehlo) || m->sender)
        return 503;
    if (v->extended && !m->ehlo)
        return 555;
    if (v->bad || v->answer)
        return v->bad ? v->bad : v->answer;
    m->sender = true;
    m->binary = v->binary;
    m->wide = v->wide;
    return 250;
}

static int rcpt(struct model *m, const struct move *v)
{
    if (!m->sender || m->size >= 0)
        return 503;
    if (v->bad)
        return v->bad;
    if (v->extended && !m->ehlo)
        return 555;
    if (m->rcpts == RCPT_MOST)
        return 452;
    if (v->answer)
        return v->answer;
    m->rcpts++;
    return 250;
}

static int data(struct model *m, const struct move *v)
{
    if (v->bad)
        return v->bad;
    if (!m->sender || m->size >= 0 || m->binary)
        return 503;
    if (m->rcpts == 0)
        return 554;
    forget_message(m);               /* however it ends */
    return v->answer ? v->answer : v->text_answer ? v->text_answer : 250;
}

static int bdat(struct model *m, const struct move *v)
{
    if (v->bad) {
        m->closed = true;            /* how many bytes to read, nobody knows */
        return v->bad;
    }
    if (!m->sender)
        return 503;
    if (m->rcpts == 0)
        return 554;
    int size = (m->size < 0 ? 0 : m->size) + v->chunk;
    int code = size > SIZE_MOST ? 552 : v->last ? v->text_answer : v->answer;
    if (code || v->last)
        forget_message(m);
    else
        m->size = size;
    return code ? code : 250;
}

static int starttls(struct model *m, const struct move *v)
{
    if (!m->tls_offered)
        return 502;
    if (v->bad)
        return v->bad;
    if (!m->ehlo || m->sender || m->tls)
        return 503;
    forget_message(m);               /* RFC 3207 4.2 */
    m->helo = m->ehlo = m->auth = false;
    m->tls = true;
    return 220;
}

static int authenticate(struct model *m, const struct move *v)
{
    if (!m->auth_offered)
        return 502;
    if (m->auth_needs_tls && !m->tls)
        return 538;
    if (!m->ehlo || m->sender || m->auth)
        return 503;                  /* RFC 4954 4 */
    if (v->bad || v->answer)
        return v->bad ? v->bad : v->answer;
    m->auth = true;
    return 235;
}

/* The code of the last reply to a move. */
static int reply_to(struct model *m, const struct move *v)
{
    switch (v->kind) {
    case MAIL:     return mail(m, v);
    case RCPT:     return rcpt(m, v);
    case DATA:     return data(m, v);
    case BDAT:     return bdat(m, v);
    case STARTTLS: return starttls(m, v);
    case AUTH:     return authenticate(m, v);
    case ETRN:
        if (!m->ehlo || m->sender)
            return 503;
        return v->bad ? v->bad : v->answer ? v->answer : 250;
    default:
        break;
    }
    if (v->bad)
        return v->bad;
    switch (v->kind) {
    case HELO:
    case EHLO: return greet(m, v->kind == EHLO);
    case RSET: forget_message(m); return 250;
    case NOOP: return 250;
    case VRFY: return 252;
    case HELP: return 214;
    case EXPN: return 502;
    case QUIT: m->closed = true; return 221;
    default:   return 500;
    }
}

/* The same, and who errs too often is sent away. */
static int expected(struct model *m, const struct move *v)
{
    int code = reply_to(m, v);

    if (code >= 500 && !m->closed && ++m->errors == LIMIT_ERRORS)
        code = 421;
    if (code == 421)
        m->closed = true;
    return code;
}

/* ---- the machine, with the same answers */

static const char *verdict(int code)
{
    static char text[20];

    snprintf(text, sizeof text, "%d 4.0.0 x", code);
    return code ? text : NULL;
}

/* Returns the code of the last reply, or -1 when DATA's 354 was missing. */
static int play(const struct move *v)
{
    enum srv_want want = srv_line(&s, v->line, strlen(v->line));
    int code;

    for (;;) {
        code = atoi(s.reply);
        switch (want) {
        case SRV_SENDER:
        case SRV_RCPT:
        case SRV_DATA:
        case SRV_ETRN:
            want = srv_verdict(&s, verdict(v->answer));
            break;
        case SRV_TEXT:
            if (code != 354)
                return -1;
            want = srv_text_done(&s, verdict(v->text_answer ? v->text_answer : 250));
            break;
        case SRV_CHUNK:
            if (v->last)
                want = srv_text_done(&s, verdict(v->text_answer ? v->text_answer : 250));
            else
                want = srv_chunk_done(&s, verdict(v->answer));
            break;
        case SRV_SKIP:
            want = srv_skipped(&s);
            break;
        case SRV_TLS:
            srv_tls_done(&s, s.options.auth);
            return code;
        case SRV_AUTH:
            want = srv_auth_done(&s, !v->answer, verdict(v->answer ? v->answer : 235));
            break;
        default:
            return code;
        }
    }
}

/* ---- both, side by side */

static bool is_same_state(const struct model *m)
{
    return s.greeted == (m->ehlo ? SRV_EHLO : m->helo ? SRV_HELO : SRV_SILENT) && s.has_sender == m->sender
           && (int)s.rcpts == m->rcpts && s.chunked == (m->size >= 0) && (!s.chunked || (int)s.chunks_size == m->size)
           && (!m->sender || (s.body == SRV_BODY_BINARYMIME) == m->binary) && (!m->sender || s.utf8 == m->wide)
           && s.is_tls == m->tls && s.is_authenticated == m->auth;
}

static unsigned path[LENGTH];        /* the moves so far */

static bool same(struct model *m, int depth)
{
    const struct move *v = &moves[path[depth]];
    int want = expected(m, v), got = play(v);
    bool ended = s.asked == SRV_CLOSE;

    if (got == want && ended == m->closed && (ended || is_same_state(m)))
        return true;
    for (int i = 0; i <= depth; i++)
        printf("    %s (%d, %d)\n", moves[path[i]].line, moves[path[i]].answer, moves[path[i]].text_answer);
    test_fail(__FILE__, __LINE__, "machine %d, model %d; or they differ in their state", got, want);
    return false;
}

static struct model begin_both(unsigned how)
{
    static const struct model kinds[] = {
        { .tls_offered = true, .auth_offered = true, .auth_needs_tls = true },
        { .tls_offered = true, .auth_offered = true },
        { .tls_offered = false },
    };
    struct model m = kinds[how % 3];

    m.size = -1;
    options = (struct srv_options){ .hostname = "h", .size_limit = SIZE_MOST, .rcpt_limit = RCPT_MOST,
                                    .tls = m.tls_offered, .auth = m.auth_offered ? "PLAIN" : "",
                                    .auth_tls = m.auth_needs_tls };
    srv_start(&s, &options);
    return m;
}

/* Every sequence of `most` moves: each step goes on from a copy of both. Returns how many moves were made. Its own
 * recursion is as deep as a sequence is long. */
static unsigned long all_from(const struct model *m, int depth, int most, bool with_rare)
{
    unsigned long made = 0;
    struct srv before;

    if (depth == most || m->closed)
        return 0;
    memcpy(&before, &s, sizeof s);
    for (unsigned i = 0; i < MOVES && !test_failed; i++) {
        struct model next = *m;
        if (moves[i].rare && !with_rare)
            continue;
        path[depth] = i;
        made++;
        if (same(&next, depth))
            made += all_from(&next, depth + 1, most, with_rare);
        memcpy(&s, &before, sizeof s);
    }
    return made;
}

static int depth_wanted = 4;
static unsigned long count_wanted = 20000, seed = 1;

static void c6_all_sequences(void)
{
    for (unsigned how = 0; how < 3; how++) {
        struct model m = begin_both(how);
        unsigned long made = all_from(&m, 0, depth_wanted - 1, true) + all_from(&m, 0, depth_wanted, false);
        printf("# options %u: %lu moves, to depth %d\n", how, made, depth_wanted);
    }
}

static unsigned next_random(void)
{
    static uint64_t x;

    if (!x)
        x = seed * 0x9e3779b97f4a7c15u | 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x >> 32);
}

/* Half of them are steered towards a message, where most of the states are. */
static unsigned random_move(const struct model *m)
{
    unsigned i = next_random() % MOVES;

    if (next_random() % 2)
        while (moves[i].kind != (!m->ehlo ? EHLO : !m->sender ? MAIL : m->rcpts == 0 ? RCPT : BDAT))
            i = next_random() % MOVES;
    return i;
}

static void c6_random_sequences(void)
{
    unsigned long played = 0, made = 0;

    for (; played < count_wanted && !test_failed; played++) {
        struct model m = begin_both((unsigned)played);
        int length = 1 + (int)(next_random() % LENGTH);
        for (int depth = 0; depth < length && !m.closed; depth++, made++) {
            path[depth] = random_move(&m);
            if (!same(&m, depth))
                break;
        }
    }
    printf("# %lu random sequences, %lu moves, seed %lu\n", played, made, seed);
}

int main(int argc, char **argv)
{
    if (argc == 4) {
        depth_wanted = atoi(argv[1]);
        count_wanted = strtoul(argv[2], NULL, 10);
        seed = strtoul(argv[3], NULL, 10);
    }
    RUN(c6_all_sequences);
    RUN(c6_random_sequences);
    TEST_DONE();
}
