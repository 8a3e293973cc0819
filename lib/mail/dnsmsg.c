/* Messages of the DNS: see dnsmsg.h. */
#include "mail/dnsmsg.h"

#include "base/str.h"

#include <string.h>

#define HEADER 12                    /* RFC 1035 4.1.1 */
#define JUMPS 64                     /* pointers in one name; no server needs more than one a label */
#define CLASS_IN 1

enum {
    FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080,
    FLAG_RCODE = 0x000f
};
enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };

/* A name as it stands on the wire, without pointers and in lower case. */
struct name {
    size_t n;
    uint8_t byte[255];
};

/* A record of the answer section: its data are the bytes from `data` to `end` of the message. */
struct record {
    struct name owner;
    unsigned type, class;
    size_t data, end;
};

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static size_t put16(uint8_t *out, size_t at, unsigned v)
{
    out[at] = (uint8_t)(v >> 8);
    out[at + 1] = (uint8_t)v;
    return at + 2;
}

/* ---- asking */

int dnsmsg_ask(struct dnsmsg_question *q, uint16_t id, enum dnsmsg_type type, const char *name)
{
    size_t at = 0;

    q->id = id;
    q->type = (uint16_t)type;
    for (;;) {
        size_t n = strcspn(name, ".");
        if (n == 0 || n > 63 || at + 1 + n + 1 > sizeof q->name)
            return -1;
        q->name[at++] = (uint8_t)n;
        memcpy(q->name + at, name, n);
        at += n;
        name += n;
        if (name[0] == '\0' || name[1] == '\0')
            break;
        name++;
    }
    q->name[at++] = 0;
    q->name_n = (uint8_t)at;
    return 0;
}

int dnsmsg_ask_below(struct dnsmsg_question *q, enum dnsmsg_type type, const struct net_addr *a, const char *domain,
                     size_t n)
{
    char name[DNSMSG_NAME];
    struct str s;

    str_init(&s, name, sizeof name);
    if (a->family == NET_V4) {
        for (int i = 3; i >= 0; i--) {
            str_addu(&s, a->byte[i]);
            str_addc(&s, '.');
        }
    } else {
        for (int i = 31; i >= 0; i--) {
            str_addx(&s, i % 2 ? a->byte[i / 2] & 15u : a->byte[i / 2] >> 4, 1);
            str_addc(&s, '.');
        }
    }
    str_addn(&s, domain, n);
    return s.cut ? -1 : dnsmsg_ask(q, 0, type, name);
}

void dnsmsg_ask_ptr(struct dnsmsg_question *q, uint16_t id, const struct net_addr *a)
{
    const char *domain = a->family == NET_V4 ? "in-addr.arpa" : "ip6.arpa";

    (void)dnsmsg_ask_below(q, DNSMSG_PTR, a, domain, strlen(domain));   /* such a name is always good */
    q->id = id;
}

size_t dnsmsg_write(const struct dnsmsg_question *q, uint8_t out[DNSMSG_QUERY])
{
    size_t at = 0;

    at = put16(out, at, q->id);
    at = put16(out, at, FLAG_RD);
    at = put16(out, at, 1);
    memset(out + at, 0, HEADER - at);
    memcpy(out + HEADER, q->name, q->name_n);
    at = put16(out, HEADER + q->name_n, q->type);
    return put16(out, at, CLASS_IN);
}

/* ---- reading */

/* Reads the name at *at, moves *at behind it. Each pointer must lead before the place where the piece that holds it
 * began, so that there are no circles (CASES G3). Returns 0 or -1. */
static int read_name(const uint8_t *msg, size_t n, size_t *at, struct name *out)
{
    size_t p = *at, begun = p;
    unsigned jumps = 0;

    out->n = 0;
    for (;;) {
        if (p >= n)
            return -1;
        unsigned c = msg[p];
        if (c >= 0xc0) {
            if (p + 2 > n)
                return -1;
            size_t to = get16(msg + p) & 0x3fff;
            if (jumps++ == 0)
                *at = p + 2;
            if (to >= begun || to < HEADER || jumps > JUMPS)
                return -1;
            p = begun = to;
            continue;
        }
        if (c > 63 || p + 1 + c > n || out->n + 1 + c > sizeof out->byte)
            return -1;
        for (size_t i = 0; i <= c; i++)
            out->byte[out->n++] = i ? (uint8_t)str_lower((char)msg[p + i]) : (uint8_t)c;
        p += 1 + c;
        if (c == 0)
            break;
    }
    if (jumps == 0)
        *at = p;
    return 0;
}

static bool same_name(const struct name *a, const struct name *b)
{
    return a->n == b->n && memcmp(a->byte, b->byte, a->n) == 0;
}

static void to_text(const struct name *name, char text[DNSMSG_NAME])
{
    struct str s;

    str_init(&s, text, DNSMSG_NAME);
    for (size_t at = 0; name->byte[at]; at += 1 + name->byte[at]) {
        if (at > 0)
            str_addc(&s, '.');
        for (size_t i = 1; i <= name->byte[at]; i++) {
            char c = (char)name->byte[at + i];
            str_addc(&s, c > ' ' && c <= '~' && c != '.' && c != '\\' ? c : '?');
        }
    }
}

/* Reads the record at *at and moves *at behind it. Returns 0 or -1. */
static int read_record(const uint8_t *msg, size_t n, size_t *at, struct record *r)
{
    if (read_name(msg, n, at, &r->owner) || *at + 10 > n)
        return -1;
    r->type = get16(msg + *at);
    r->class = get16(msg + *at + 2);
    r->data = *at + 10;
    r->end = r->data + get16(msg + *at + 8);
    *at = r->end;
    return r->end > n ? -1 : 0;
}

/* The name that is all of a record's data. */
static int name_in(const uint8_t *msg, const struct record *r, struct name *out)
{
    size_t at = r->data;

    return read_name(msg, r->end, &at, out) || at != r->end ? -1 : 0;
}

/* The answer section: where it begins, and how many records the header says it has. */
struct section {
    const uint8_t *msg;
    size_t n, start;
    unsigned count;
};

/* Goes from alias to alias to the name that has records of its own. Returns 0, or -1 for a record that cannot be read,
 * or for a chain that is longer than any honest one, as a circle is. */
static int follow(const struct section *s, struct name *current, bool *alias)
{
    struct record r;

    for (int hop = 0; hop <= DNSMSG_CHAIN; hop++) {
        size_t at = s->start;
        bool found = false;
        for (unsigned i = 0; i < s->count && !found; i++) {
            if (read_record(s->msg, s->n, &at, &r))
                return -1;
            found = r.type == DNSMSG_CNAME && r.class == CLASS_IN && same_name(&r.owner, current);
        }
        if (!found)
            return 0;
        if (name_in(s->msg, &r, current))
            return -1;
        *alias = true;
    }
    return -1;
}

/* Keeps a host that takes the domain's mail, in its place by preference; when all are taken the last one goes. */
static void take_host(struct dnsmsg_answer *a, unsigned preference, const struct name *host)
{
    unsigned i = a->n;

    if (i < DNSMSG_NAMES)
        a->n++;
    else if (a->preference[--i] <= preference)
        return;
    for (; i > 0 && a->preference[i - 1] > preference; i--) {
        a->preference[i] = a->preference[i - 1];
        memcpy(a->name[i], a->name[i - 1], DNSMSG_NAME);
    }
    a->preference[i] = (uint16_t)preference;
    to_text(host, a->name[i]);
}

/* A text comes in strings, each behind its length (RFC 1035 3.3.14). Returns 0 or -1. */
static int take_text(const uint8_t *data, size_t n, char text[DNSMSG_TEXT])
{
    struct str s;

    str_init(&s, text, DNSMSG_TEXT);
    for (size_t at = 0; at < n; at += 1u + data[at]) {
        if (data[at] >= n - at)
            return -1;
        str_add_clean(&s, (const char *)data + at + 1, data[at]);
    }
    return n > 0 ? 0 : -1;
}

/* Adds one record of the type that was asked for. Returns 0, or -1 when its data are not what its type says. */
static int take(const struct section *s, struct record *r, struct dnsmsg_answer *a)
{
    const uint8_t *data = s->msg + r->data;
    size_t n = r->end - r->data;
    unsigned preference = 0;
    struct name name;

    switch (r->type) {
    case DNSMSG_A:
    case DNSMSG_AAAA:
        if (n != (r->type == DNSMSG_A ? 4 : 16))
            return -1;
        if (a->n == DNSMSG_ADDRS)
            return 0;
        if (r->type == DNSMSG_A)
            net_set_v4(&a->addr[a->n], data);
        else
            net_set_v6(&a->addr[a->n], data);
        break;
    case DNSMSG_MX:
        if (n < 2)
            return -1;
        preference = get16(data);
        r->data += 2;
        /* fall through */
    case DNSMSG_PTR:                 /* the order of which is the server's: all are preferred alike */
        if (name_in(s->msg, r, &name))
            return -1;
        take_host(a, preference, &name);
        return 0;
    case DNSMSG_TXT:
        if (a->n == 0 && take_text(data, n, a->text))
            return -1;
        break;
    default:
        break;
    }
    a->n++;
    return 0;
}

static enum dnsmsg_result read_answer(const struct section *s, const struct name *asked, unsigned type,
                                      struct dnsmsg_answer *a)
{
    struct name current = *asked;
    struct record r;
    size_t at = s->start;

    a->n = 0;
    a->alias = false;
    if (follow(s, &current, &a->alias))
        return DNSMSG_BROKEN;
    to_text(&current, a->real);
    for (unsigned i = 0; i < s->count; i++) {
        if (read_record(s->msg, s->n, &at, &r))
            return DNSMSG_BROKEN;
        if (r.type == type && r.class == CLASS_IN && same_name(&r.owner, &current) && take(s, &r, a))
            return DNSMSG_BROKEN;
    }
    return a->n ? DNSMSG_ANSWER : DNSMSG_NODATA;
}

enum dnsmsg_result dnsmsg_read(const uint8_t *msg, size_t n, const struct dnsmsg_question *q, struct dnsmsg_answer *a)
{
    struct name asked, theirs;
    size_t at = 0;

    if (n < HEADER || get16(msg) != q->id)
        return DNSMSG_NOT_OURS;
    unsigned flags = get16(msg + 2), rcode = flags & FLAG_RCODE;
    if (!(flags & FLAG_QR) || flags & FLAG_OPCODE)
        return DNSMSG_NOT_OURS;
    /* A server that refuses may leave the question out. It ends this try, and decides nothing. */
    if (get16(msg + 4) == 0 && rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
        return DNSMSG_SERVFAIL;
    if (get16(msg + 4) != 1)
        return DNSMSG_NOT_OURS;
    (void)read_name(q->name, q->name_n, &at, &asked);    /* it is good: this makes it lower case */
    at = HEADER;
    if (read_name(msg, n, &at, &theirs) || at + 4 > n || !same_name(&asked, &theirs) || get16(msg + at) != q->type
        || get16(msg + at + 2) != CLASS_IN)
        return DNSMSG_NOT_OURS;
    if (flags & FLAG_TC)
        return DNSMSG_TRUNCATED;
    /* A `no` of a server that neither is in charge of the name nor asks others for it is none. */
    const bool knows = flags & (FLAG_AA | FLAG_RA);
    if (rcode == RCODE_NXDOMAIN)
        return knows ? DNSMSG_NXDOMAIN : DNSMSG_SERVFAIL;
    if (rcode != RCODE_NOERROR)
        return DNSMSG_SERVFAIL;
    struct section s = { msg, n, at + 4, get16(msg + 6) };
    enum dnsmsg_result r = read_answer(&s, &asked, q->type, a);
    return r == DNSMSG_NODATA && !knows ? DNSMSG_SERVFAIL : r;
}
