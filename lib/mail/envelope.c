/* The front of a queue file: see envelope.h. */
#include "mail/envelope.h"

#include "base/crc32c.h"
#include "base/num.h"
#include "base/str.h"

#include <string.h>

#define FRONT        "BUZON1 "
#define FRONT_LEN    7
#define ARRIVAL_AT   16
#define FIRST_LINE   (ENVELOPE_STATE_AT + ENVELOPE_STATE_LEN + 1)
#define TIME_MOST    ((uint64_t)1 << 40)     /* no clock says so: 36812 years */
#define RCPT_STATUS  1               /* offsets in a recipient's line: `r`, status, blank, reason, blank, address */
#define RCPT_REASON  3
#define RCPT_ADDRESS (RCPT_REASON + LIMIT_REASON + 1)
#define DSN_LETTERS  "SFDN"          /* in a DSN line, by bit */
#define DSN_ORCPT    6               /* offset there: `o`, the letters, blank */

static void write_state(char at[ENVELOPE_STATE_LEN + 1], const struct envelope_state *s)
{
    struct str t;

    str_init(&t, at, ENVELOPE_STATE_LEN + 1);
    str_addx(&t, s->attempts, 4);
    str_addc(&t, ' ');
    str_addx(&t, s->waited, 8);
    str_addc(&t, ' ');
    str_addx(&t, (uint64_t)s->last, 16);
    str_add(&t, s->is_8bit ? " 8" : " -");
}

void envelope_start(struct envelope *e, int64_t arrival)
{
    struct envelope_state fresh = { .arrival = 0 };
    struct str s;

    if (arrival < 0)
        arrival = 0;                 /* a clock before 1970 */
    e->rcpts = 0;
    str_init(&s, e->text, sizeof e->text);
    str_add(&s, FRONT "00000000 ");
    str_addx(&s, (uint64_t)arrival, 16);
    str_addc(&s, ' ');
    write_state(e->text + ENVELOPE_STATE_AT, &fresh);
    e->text[FIRST_LINE - 1] = '\n';
    e->len = FIRST_LINE;
}

static bool is_safe(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return false;
    return true;
}

/* Adds `front value\n`, leaving one byte for the empty line that ends the envelope. */
static int add_line(struct envelope *e, const char *front, size_t front_n, const char *value)
{
    size_t n = strlen(value);

    if (!is_safe(value) || e->len + front_n + n + 2 > sizeof e->text)
        return -1;
    memcpy(e->text + e->len, front, front_n);
    memcpy(e->text + e->len + front_n, value, n);
    e->len += front_n + n;
    e->text[e->len++] = '\n';
    return 0;
}

int envelope_add(struct envelope *e, char kind, const char *value)
{
    char front[2] = { kind, ' ' };

    return add_line(e, front, sizeof front, value);
}

int envelope_add_dsn(struct envelope *e, const struct dsn_mail *m)
{
    size_t before = e->len;

    if ((m->ret && envelope_add(e, ENVELOPE_RET, m->ret == DSN_RET_FULL ? "FULL" : "HDRS"))
        || (m->envid[0] && envelope_add(e, ENVELOPE_ENVID, m->envid))) {
        e->len = before;
        return -1;
    }
    return 0;
}

/* The recipient that has this address, or e->rcpts. */
static unsigned find_rcpt(const struct envelope *e, const char *address)
{
    size_t n = strlen(address);
    unsigned i;

    for (i = 0; i < e->rcpts; i++) {
        size_t at = e->rcpt_at[i] + RCPT_ADDRESS;
        if (e->len - at > n && memcmp(e->text + at, address, n) == 0 && e->text[at + n] == '\n')
            break;
    }
    return i;
}

static int add_new_rcpt(struct envelope *e, const char *address)
{
    char front[RCPT_ADDRESS];
    size_t at = e->len;

    if (e->rcpts == LIMIT_RCPTS)
        return -1;
    memset(front, ' ', sizeof front);
    front[0] = ENVELOPE_RCPT;
    front[RCPT_STATUS] = ENVELOPE_WAITING;
    if (add_line(e, front, sizeof front, address))
        return -1;
    e->rcpt_at[e->rcpts++] = (uint32_t)at;
    return 0;
}

/* Where the line behind a recipient's begins. */
static size_t behind_rcpt(const struct envelope *e, unsigned i)
{
    size_t at = e->rcpt_at[i] + RCPT_ADDRESS;
    const char *lf = memchr(e->text + at, '\n', e->len - at);

    return (size_t)(lf - e->text) + 1;
}

static bool has_dsn(const struct envelope *e, size_t at)
{
    return at < e->len && e->text[at] == ENVELOPE_DSN;
}

static void write_notify(char *line, unsigned notify)
{
    line[0] = ENVELOPE_DSN;
    for (int bit = 0; bit < 4; bit++)
        line[1 + bit] = notify >> bit & 1 ? DSN_LETTERS[bit] : '-';
}

/* Puts a DSN line in behind a recipient's, which need not be the last. */
static int insert_dsn(struct envelope *e, size_t at, const struct dsn_rcpt *dsn)
{
    size_t n = strlen(dsn->orcpt), line_n = DSN_ORCPT + n + 1;
    char *line = e->text + at;

    if (!is_safe(dsn->orcpt) || e->len + line_n + 1 > sizeof e->text)
        return -1;
    memmove(line + line_n, line, e->len - at);
    write_notify(line, dsn->notify);
    line[DSN_ORCPT - 1] = ' ';
    memcpy(line + DSN_ORCPT, dsn->orcpt, n);
    line[line_n - 1] = '\n';
    e->len += line_n;
    for (unsigned i = 0; i < e->rcpts; i++)
        if (e->rcpt_at[i] >= at)
            e->rcpt_at[i] += (uint32_t)line_n;
    return 0;
}

int envelope_add_rcpt_dsn(struct envelope *e, const char *address, const struct dsn_rcpt *dsn)
{
    unsigned i = find_rcpt(e, address), notify = dsn->notify;
    size_t before = e->len;
    bool is_new = i == e->rcpts;
    struct dsn_rcpt had;

    if (is_new && add_new_rcpt(e, address))
        return -1;
    if (!is_new) {
        envelope_rcpt_dsn(e, i, &had);
        notify = dsn_merge(had.notify, notify);
    }
    size_t at = behind_rcpt(e, i);
    if (has_dsn(e, at)) {
        write_notify(e->text + at, notify);
        return 0;
    }
    had = *dsn;
    had.notify = notify;
    if ((had.notify || *had.orcpt) && insert_dsn(e, at, &had)) {
        if (is_new) {
            e->len = before;
            e->rcpts--;
        }
        return -1;
    }
    return 0;
}

int envelope_add_rcpt(struct envelope *e, const char *address)
{
    return envelope_add_rcpt_dsn(e, address, &(struct dsn_rcpt){ .notify = 0 });
}

int envelope_finish(struct envelope *e)
{
    char length[9];
    struct str s;

    if (e->len + 1 > sizeof e->text)
        return -1;
    e->text[e->len++] = '\n';
    str_init(&s, length, sizeof length);
    str_addx(&s, e->len, 8);
    memcpy(e->text + FRONT_LEN, length, 8);
    return 0;
}

size_t envelope_length(const char *front)
{
    uint64_t n;

    if (memcmp(front, FRONT, FRONT_LEN) != 0 || num_hex(front + FRONT_LEN, 8, &n))
        return 0;
    return n > FIRST_LINE && n <= LIMIT_ENVELOPE ? (size_t)n : 0;
}

/* The first line's numbers. Returns 0, or -1 when one is none. */
static int read_state(const struct envelope *e, struct envelope_state *s)
{
    const char *t = e->text;
    uint64_t arrival, attempts, waited, last;

    if (num_hex(t + ARRIVAL_AT, 16, &arrival) || num_hex(t + 33, 4, &attempts) || num_hex(t + 38, 8, &waited)
        || num_hex(t + 47, 16, &last) || arrival > TIME_MOST || last > TIME_MOST)
        return -1;
    s->arrival = (int64_t)arrival;
    s->attempts = (uint32_t)attempts;
    s->waited = (uint32_t)waited;
    s->last = (int64_t)last;
    s->is_8bit = t[ENVELOPE_8BIT_AT] == '8';
    return 0;
}

static bool is_status(char c)
{
    return c && strchr(".dft", c);
}

/* Is a DSN line of n bytes at offset at whole, and behind a recipient's? */
static bool is_dsn_line(const struct envelope *e, size_t at, size_t n)
{
    const char *line = e->text + at;
    bool good = n >= DSN_ORCPT && line[DSN_ORCPT - 1] == ' ' && e->rcpts && behind_rcpt(e, e->rcpts - 1) == at;

    for (int bit = 0; good && bit < 4; bit++)
        good = line[1 + bit] == '-' || line[1 + bit] == DSN_LETTERS[bit];
    return good;
}

/* Checks one line of n bytes at offset at. Returns NULL, or what is wrong. */
static const char *parse_line(struct envelope *e, size_t at, size_t n)
{
    const char *line = e->text + at;

    if (n < 2)
        return "a line of its envelope is too short";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            return "a line of its envelope holds a control character";
    if (line[0] == ENVELOPE_RCPT) {
        if (n <= RCPT_ADDRESS || !is_status(line[RCPT_STATUS]) || line[RCPT_ADDRESS - 1] != ' ')
            return "a recipient's line is broken";
        if (e->rcpts == LIMIT_RCPTS)
            return "it has too many recipients";
        e->rcpt_at[e->rcpts++] = (uint32_t)at;
    } else if (line[0] == ENVELOPE_DSN) {
        if (!is_dsn_line(e, at, n))
            return "what a recipient's sender wants to be told is broken";
    } else if (!strchr("scpmenbu", line[0]) || line[1] != ' ') {
        return "a line of its envelope is of no kind that this version knows";
    }
    return NULL;
}

const char *envelope_parse(struct envelope *e)
{
    struct envelope_state s;
    size_t at = FIRST_LINE;

    e->rcpts = 0;
    if (e->len <= FIRST_LINE || envelope_length(e->text) != e->len)
        return "it does not begin as a queue file does";
    if (read_state(e, &s) || e->text[FIRST_LINE - 1] != '\n' || e->len < FIRST_LINE + 2)
        return "its first line is broken";
    while (at < e->len - 1) {
        const char *lf = memchr(e->text + at, '\n', e->len - at);
        size_t n = lf ? (size_t)(lf - (e->text + at)) : e->len - at;
        const char *wrong = parse_line(e, at, n);
        if (wrong)
            return wrong;
        at += n + 1;
    }
    if (at != e->len - 1 || e->text[at] != '\n' || e->rcpts == 0)
        return "its envelope has no end or no recipient";
    return NULL;
}

static void copy_value(const char *value, char *out, size_t cap)
{
    size_t n = strcspn(value, "\n");

    if (n >= cap)
        n = cap - 1;
    memcpy(out, value, n);
    out[n] = '\0';
}

void envelope_get(const struct envelope *e, char kind, char *value, size_t cap)
{
    size_t at = FIRST_LINE;

    value[0] = '\0';
    while (at + 1 < e->len && e->text[at] != '\n') {
        if (e->text[at] == kind) {
            copy_value(e->text + at + 2, value, cap);
            return;
        }
        const char *lf = memchr(e->text + at, '\n', e->len - at);
        if (!lf)
            return;
        at = (size_t)(lf - e->text) + 1;
    }
}

void envelope_rcpt(const struct envelope *e, unsigned i, char *address, size_t cap)
{
    copy_value(e->text + e->rcpt_at[i] + RCPT_ADDRESS, address, cap);
}

void envelope_rcpt_dsn(const struct envelope *e, unsigned i, struct dsn_rcpt *dsn)
{
    size_t at = behind_rcpt(e, i);

    *dsn = (struct dsn_rcpt){ .notify = 0 };
    if (!has_dsn(e, at))
        return;
    for (int bit = 0; bit < 4; bit++)
        dsn->notify |= e->text[at + 1 + (size_t)bit] == '-' ? 0 : 1u << bit;
    copy_value(e->text + at + DSN_ORCPT, dsn->orcpt, sizeof dsn->orcpt);
}

bool envelope_is_utf8(const struct envelope *e)
{
    char value[2];

    envelope_get(e, ENVELOPE_UTF8, value, sizeof value);
    return value[0];
}

void envelope_reason(const struct envelope *e, unsigned i, char reason[LIMIT_REASON + 1])
{
    size_t n = LIMIT_REASON;

    memcpy(reason, e->text + e->rcpt_at[i] + RCPT_REASON, n);
    while (n && reason[n - 1] == ' ')
        n--;
    reason[n] = '\0';
}

enum envelope_status envelope_status(const struct envelope *e, unsigned i)
{
    return (enum envelope_status)e->text[e->rcpt_at[i] + RCPT_STATUS];
}

bool envelope_has(const struct envelope *e, enum envelope_status status)
{
    for (unsigned i = 0; i < e->rcpts; i++)
        if (envelope_status(e, i) == status)
            return true;
    return false;
}

void envelope_state(const struct envelope *e, struct envelope_state *s)
{
    if (read_state(e, s))
        *s = (struct envelope_state){ .arrival = 0 };
}

void envelope_set_rcpt(struct envelope *e, unsigned i, enum envelope_status status, const char *reason, size_t *at,
                       size_t *n)
{
    char *line = e->text + e->rcpt_at[i], clean[LIMIT_REASON + 1];
    struct str s;

    str_init(&s, clean, sizeof clean);
    str_add_clean(&s, reason, strlen(reason));
    line[RCPT_STATUS] = (char)status;
    memset(line + RCPT_REASON, ' ', LIMIT_REASON);
    memcpy(line + RCPT_REASON, clean, s.len);
    *at = e->rcpt_at[i] + RCPT_STATUS;
    *n = RCPT_REASON - RCPT_STATUS + LIMIT_REASON;
}

void envelope_set_state(struct envelope *e, const struct envelope_state *s, size_t *at, size_t *n)
{
    char text[ENVELOPE_STATE_LEN + 1];

    write_state(text, s);
    memcpy(e->text + ENVELOPE_STATE_AT, text, ENVELOPE_STATE_LEN);
    *at = ENVELOPE_STATE_AT;
    *n = ENVELOPE_STATE_LEN;
}

uint32_t envelope_crc(const struct envelope *e)
{
    uint32_t crc = crc32c(0, e->text, ENVELOPE_STATE_AT);
    size_t at = ENVELOPE_STATE_AT + ENVELOPE_STATE_LEN;

    for (unsigned i = 0; i < e->rcpts; i++) {
        size_t status = e->rcpt_at[i] + RCPT_STATUS;
        crc = crc32c(crc, e->text + at, status - at);
        at = status + RCPT_REASON - RCPT_STATUS + LIMIT_REASON;
    }
    return crc32c(crc, e->text + at, e->len - at);
}

void envelope_end(uint64_t length, uint32_t crc, char end[ENVELOPE_END_LEN + 1])
{
    struct str s;

    str_init(&s, end, ENVELOPE_END_LEN + 1);
    str_add(&s, "END ");
    str_addx(&s, length, 16);
    str_addc(&s, ' ');
    str_addx(&s, crc, 8);
    str_addc(&s, '\n');
}
