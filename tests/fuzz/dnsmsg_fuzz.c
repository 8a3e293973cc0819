/* What name servers answer: the first byte picks the question, and whether its header and question are put before the
 * rest. What is read from it is bounded, clean, and the same again; and as a blocklist's it has one meaning. */
#include "mail/dnsbl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void make_question(uint8_t pick, struct dnsmsg_question *q)
{
    static const char *const names[] = { "mx.example.org", "a", "WWW.Example.Org", "1.2.0.192.in-addr.arpa" };
    static const enum dnsmsg_type types[] = { DNSMSG_A, DNSMSG_AAAA, DNSMSG_PTR, DNSMSG_MX };

    MUST(dnsmsg_ask(q, 0x1234, pick & 32 ? DNSMSG_TXT : types[pick & 3], names[pick >> 2 & 3]) == 0);
}

static void check_name(const char name[DNSMSG_NAME])
{
    size_t n = strnlen(name, DNSMSG_NAME), label = 0;

    MUST(n < 255);
    for (size_t i = 0; i < n; i++) {
        MUST(name[i] > ' ' && name[i] <= '~' && name[i] != '\\' && (name[i] < 'A' || name[i] > 'Z'));
        label = name[i] == '.' ? 0 : label + 1;
        MUST(label <= 63 && (label || (i > 0 && i + 1 < n && name[i - 1] != '.')));
    }
}

/* Which one it is depends on the first address that lists nobody, if there is any, and on no other. */
static void check_list(struct dnsmsg_answer *a)
{
    const struct net_addr *which;
    const enum dnsbl_answer r = dnsbl_read(a, &which);
    const unsigned i = (unsigned)(which - a->addr), n = a->n;

    MUST(i < n && (r != DNSBL_LISTED || (i == 0 && which->byte[0] == 127)));
    for (a->n = 1; a->n < i + 1; a->n++)
        MUST(dnsbl_read(a, &which) == DNSBL_LISTED);
    MUST(dnsbl_read(a, &which) == r);
    a->n = n;
}

static void check_answer(const struct dnsmsg_question *q, struct dnsmsg_answer *a)
{
    bool addresses = q->type == DNSMSG_A || q->type == DNSMSG_AAAA;

    MUST(a->n > 0);
    check_name(a->real);
    if (addresses)
        MUST(a->n <= DNSMSG_ADDRS);
    for (unsigned i = 0; addresses && i < a->n; i++)
        MUST(a->addr[i].family == NET_V4 || (a->addr[i].family == NET_V6 && q->type == DNSMSG_AAAA));
    if (q->type == DNSMSG_A)
        check_list(a);
    if (q->type == DNSMSG_TXT) {
        MUST(strnlen(a->text, DNSMSG_TEXT) < DNSMSG_TEXT);
        for (const char *p = a->text; *p; p++)
            MUST(*p >= ' ' && *p <= '~');
    }
    for (unsigned i = 1; q->type == DNSMSG_MX && i < a->n; i++)
        MUST(a->preference[i - 1] <= a->preference[i]);
    if (q->type == DNSMSG_PTR || q->type == DNSMSG_MX) {
        MUST(a->n <= DNSMSG_NAMES);
        for (unsigned i = 0; i < a->n; i++)
            check_name(a->name[i]);
    }
}

/* Whoever does not know the id or the question must not be heard; but an error may leave the question out. */
static void check_ours(const uint8_t *msg, size_t n, const struct dnsmsg_question *q)
{
    struct dnsmsg_question other = *q;
    struct dnsmsg_answer a;
    const bool no_question = n >= 12 && msg[4] == 0 && msg[5] == 0;
    const enum dnsmsg_result deaf = no_question ? dnsmsg_read(msg, n, q, &a) : DNSMSG_NOT_OURS;

    MUST(deaf == DNSMSG_NOT_OURS || deaf == DNSMSG_SERVFAIL);

    other.id ^= 1;
    MUST(dnsmsg_read(msg, n, &other, &a) == DNSMSG_NOT_OURS);
    other = *q;
    other.type ^= 64;
    MUST(dnsmsg_read(msg, n, &other, &a) == deaf);
    other = *q;
    other.name[1] ^= 3;
    MUST(dnsmsg_read(msg, n, &other, &a) == deaf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dnsmsg_question q;
    static struct dnsmsg_answer a, again;
    uint8_t query[DNSMSG_QUERY];

    if (size < 3 || size > DNSMSG_MOST)
        return 0;
    make_question(data[0], &q);
    size_t head = data[0] & 16 ? dnsmsg_write(&q, query) : 0, n = head + size - 1;
    uint8_t *msg = malloc(n);
    MUST(msg);
    memcpy(msg, query, head);
    memcpy(msg + head, data + 1, size - 1);
    if (head) {
        msg[2] |= 0x80;
        msg[6] = data[1];            /* how many records there are is a word of the input, too */
        msg[7] = data[2];
        memmove(msg + head, msg + head + 2, size - 3);
        n -= 2;
    }
    enum dnsmsg_result r = dnsmsg_read(msg, n, &q, &a);
    MUST(r >= DNSMSG_ANSWER && r <= DNSMSG_BROKEN);
    if (r == DNSMSG_ANSWER) {
        check_answer(&q, &a);
        MUST(dnsmsg_read(msg, n, &q, &again) == r && again.n == a.n && strcmp(again.real, a.real) == 0);
    }
    if (r != DNSMSG_NOT_OURS)
        check_ours(msg, n, &q);
    free(msg);
    return 0;
}
