/* What name servers say about whether a client is welcome: see dns_policy.h. */
#include "sys/dns_policy.h"

#include "base/str.h"
#include "mail/dnsbl.h"
#include "sys/clock.h"
#include "sys/resolve.h"

#include <string.h>

#define KEPT 60000                   /* ms that the last answer about a domain holds: a session may be a long one */

/* ---- blocklists */

/* The lists as they are asked. All share one answer, which is looked at as soon as it is there. */
struct lists {
    unsigned n;
    int listed;                      /* the one that lists the client, or -1 */
    bool everybody;                  /* that one lists 127.0.0.1 as well */
    struct dns_block *block;
    struct str doubt;
    struct dnsmsg_answer answer;
    struct resolve_ask ask[LIMIT_DNSBL];
    struct { const char *name; size_t n; } zone[LIMIT_DNSBL];
};

static void doubt(struct lists *l, unsigned i, const char *what, const char *mend)
{
    if (l->doubt.len)
        str_add(&l->doubt, "; ");
    str_addn(&l->doubt, l->zone[i].name, l->zone[i].n);
    str_add(&l->doubt, what);
    str_add(&l->doubt, mend);
}

static int64_t hear_list(const struct resolve_ask *ask, int64_t end, void *context)
{
    struct lists *l = context;
    unsigned i = (unsigned)(ask - l->ask);
    char what[NET_TEXT + 10] = " answers ";
    const struct net_addr *which;

    if (ask->result != RESOLVE_ANSWER)
        return end;
    enum dnsbl_answer r = dnsbl_read(ask->answer, &which);
    net_format(which, what + 9);
    if (r == DNSBL_LISTED) {
        l->listed = (int)i;
        (void)str_copy(l->block->reason, DNS_REASON, what + 9);
        return 0;                    /* whatever the others say, the client is listed */
    }
    doubt(l, i, what, r == DNSBL_REFUSED
          ? ", a refusal: spell the list right, or ask through a name server of your own"
          : ", which is no listing: take the list out, or ask a name server that makes nothing up");
    return end;
}

/* Of the list that lists the client: its reason, and whether 127.0.0.1 is on it. Neither is worth much waiting. */
static int64_t hear_more(const struct resolve_ask *ask, int64_t end, void *context)
{
    struct lists *l = context;
    const struct net_addr *which;
    int64_t soon = clock_mono_ms() + RESOLVE_GRACE;

    if (ask->result == RESOLVE_ANSWER && ask->q.type == DNSMSG_TXT && *ask->answer->text)
        (void)str_copy(l->block->reason, DNS_REASON, ask->answer->text);
    if (ask->result == RESOLVE_ANSWER && ask->q.type == DNSMSG_A)
        l->everybody = dnsbl_read(ask->answer, &which) == DNSBL_LISTED;
    return l->everybody ? 0 : soon < end ? soon : end;
}

/* Does the list mean this client? One that lists 127.0.0.1 lists everybody, which is how lists end (RFC 5782 5). */
static bool confirm(struct lists *l, const struct net_addr *client, int64_t deadline)
{
    static const struct net_addr nobody = { NET_V4, { 127, 0, 0, 1 } };
    struct resolve_ask ask[2] = { { .answer = &l->answer }, { .answer = &l->answer } };
    const unsigned i = (unsigned)l->listed;
    struct str zone;

    (void)dnsmsg_ask_below(&ask[0].q, DNSMSG_TXT, client, l->zone[i].name, l->zone[i].n);
    if (dnsmsg_ask_below(&ask[1].q, DNSMSG_A, &nobody, l->zone[i].name, l->zone[i].n) == 0)
        resolve_ask(ask, 2, deadline, hear_more, l);
    if (l->everybody) {
        doubt(l, i, " lists 127.0.0.1, and so everybody", ": take the list out");
        l->everybody = false;
        return false;
    }
    str_init(&zone, l->block->zone, sizeof l->block->zone);
    str_addn(&zone, l->zone[i].name, l->zone[i].n);
    return true;
}

/* Goes through the lists until one lists the client and means it. */
static bool ask_lists(struct lists *l, const struct net_addr *client, int64_t deadline)
{
    for (;;) {
        l->listed = -1;
        resolve_ask(l->ask, l->n, deadline, hear_list, l);
        if (l->listed < 0)
            break;
        if (confirm(l, client, deadline))
            return true;
    }
    for (unsigned i = 0; i < l->n; i++)
        if (l->ask[i].result < RESOLVE_NONE)
            doubt(l, i, l->ask[i].result == RESOLVE_FAILED ? ": the name servers cannot tell" : ": no answer in time",
                  "");
    return false;
}

bool dns_blocked(const char *zones, const struct net_addr *client, int64_t deadline, struct dns_block *b)
{
    struct lists l = { .block = b };
    const char *fault = resolve_fault();

    memset(b, 0, sizeof *b);
    str_init(&l.doubt, b->doubt, sizeof b->doubt);
    if (!dnsbl_may_ask(client))
        return false;
    if (fault) {
        str_add_clean(&l.doubt, fault, strlen(fault));
        return false;
    }
    while (l.n < LIMIT_DNSBL && (l.zone[l.n].name = str_word(&zones, &l.zone[l.n].n))) {
        l.ask[l.n].answer = &l.answer;
        if (dnsmsg_ask_below(&l.ask[l.n].q, DNSMSG_A, client, l.zone[l.n].name, l.zone[l.n].n))
            doubt(&l, l.n, "", ": the name is too long");
        else
            l.n++;
    }
    b->listed = ask_lists(&l, client, deadline);
    if (!b->listed)
        b->reason[0] = '\0';
    return b->listed;
}

/* ---- domains of senders */

static int64_t hear_address(const struct resolve_ask *ask, int64_t end, void *context)
{
    (void)context;
    return ask->result == RESOLVE_ANSWER ? 0 : end;      /* one is enough */
}

/* A domain without an MX record takes mail at its own addresses (RFC 5321 5.1). */
static enum dns_mail ask_addresses(const char *domain, int64_t deadline)
{
    struct dnsmsg_answer answer;
    struct resolve_ask ask[2] = { { .answer = &answer }, { .answer = &answer } };
    char real[HOSTS_NAME];

    if (resolve_hosts_addresses(domain, answer.addr, 1, real) > 0)
        return DNS_MAIL_YES;
    (void)dnsmsg_ask(&ask[0].q, 0, DNSMSG_A, domain);
    (void)dnsmsg_ask(&ask[1].q, 0, DNSMSG_AAAA, domain);
    resolve_ask(ask, 2, deadline, hear_address, NULL);
    if (ask[0].result == RESOLVE_ANSWER || ask[1].result == RESOLVE_ANSWER)
        return DNS_MAIL_YES;
    return ask[0].result == RESOLVE_NONE && ask[1].result == RESOLVE_NONE ? DNS_MAIL_NO_DOMAIN : DNS_MAIL_LATER;
}

static enum dns_mail ask_domain(const char *domain, int64_t deadline)
{
    struct dnsmsg_answer answer;
    struct resolve_ask ask = { .answer = &answer };

    if (resolve_fault())
        return DNS_MAIL_LATER;
    if (dnsmsg_ask(&ask.q, 0, DNSMSG_MX, domain))
        return DNS_MAIL_NO_DOMAIN;
    resolve_ask(&ask, 1, deadline, NULL, NULL);
    if (ask.result == RESOLVE_NONE)
        return ask_addresses(domain, deadline);
    if (ask.result != RESOLVE_ANSWER)
        return DNS_MAIL_LATER;
    for (unsigned i = 0; i < answer.n; i++)
        if (*answer.name[i])
            return DNS_MAIL_YES;
    return DNS_MAIL_NULL_MX;
}

enum dns_mail dns_domain_takes_mail(const char *domain, int64_t deadline)
{
    static struct {
        int64_t until;               /* 0: there is none */
        enum dns_mail answer;
        char domain[DNSMSG_NAME];
    } last;

    if (*domain == '[' || str_has_8bit(domain, strlen(domain)))
        return DNS_MAIL_YES;
    if (clock_mono_ms() < last.until && str_case_eq(domain, last.domain))
        return last.answer;
    last.answer = ask_domain(domain, deadline);
    last.until = str_copy(last.domain, sizeof last.domain, domain) == 0 ? clock_mono_ms() + KEPT : 0;
    return last.answer;
}
