/* Names of hosts: see dns.h. */
#include "sys/dns.h"

#include "base/page.h"
#include "base/str.h"
#include "sys/apart.h"
#include "sys/clock.h"
#include "sys/resolve.h"
#include "sys/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint32_t timeout = DNS_TIMEOUT;

void dns_set_timeout(uint32_t seconds)
{
    timeout = seconds;
}

static bool ends_in_number(const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;

    if (last[0] == '0' && last[1] == 'x')
        return strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
    return strspn(last, "0123456789") == strlen(last);
}

/* A PTR record may hold anything: only what a host name is made of gets further. Lowers the case. */
static bool is_host_name(char *name)
{
    size_t n = strlen(name);

    if (n == 0 || name[0] == '.' || name[0] == '-' || name[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        name[i] = str_lower(name[i]);
        if (!str_is_alnum(name[i]) && !strchr("-_.", name[i]))
            return false;
        if (name[i] == '.' && name[i + 1] == '.')
            return false;
    }
    /* The words stand for the lack of a name, and what ends in a number could pass for an address: 1.2, 0x7f.1. */
    return !str_in_words("unknown paranoid", name) && !ends_in_number(name);
}

/* Why no server could tell, in words. */
static void tell_failure(const struct resolve_ask *ask, int64_t deadline, char *out, size_t cap)
{
    if (ask->result == RESOLVE_FAILED)
        snprintf(out, cap, "the name servers in /etc/resolv.conf cannot tell now");
    else if (clock_mono_ms() < deadline)
        snprintf(out, cap, "no name server answered; see /etc/resolv.conf");
    else
        snprintf(out, cap, "no name server answered within %u s; see /etc/resolv.conf", (unsigned)timeout);
}

/* ---- from an address to its name */

#define BY_HOSTS "/etc/hosts"
#define BY_PTR   "PTR"

/* The records that a name has, from hosts or a server, whose kind is returned; NULL when no server can tell, which
 * stands in *failure then. */
static const char *forward(const char *name, enum dnsmsg_type type, int64_t deadline, struct dnsmsg_answer *answer,
                           char failure[DNS_HOW])
{
    struct resolve_ask ask = { .answer = answer };

    answer->n = resolve_hosts_addresses(name, answer->addr, DNSMSG_ADDRS, answer->real);
    if (answer->n > 0) {
        answer->alias = !str_case_eq(answer->real, name);
        return BY_HOSTS;
    }
    if (dnsmsg_ask(&ask.q, 0, type, name) == 0) {
        resolve_ask(&ask, 1, deadline, NULL, NULL);
        if (ask.result < RESOLVE_NONE) {
            tell_failure(&ask, deadline, failure, DNS_HOW);
            return NULL;
        }
        if (ask.result == RESOLVE_NONE)
            answer->n = 0;
    }
    return type == DNSMSG_A ? "A" : "AAAA";
}

/* Does the name, which `source` gave, lead back to addr, and is it no alias of another? The original asks the same two
 * things. Says in *found how it does, or why not. */
static bool leads_back(const char *source, const char *name, const struct net_addr *addr, int64_t deadline,
                       struct dns_found *found)
{
    struct dnsmsg_answer answer;
    char failure[DNS_HOW];
    const char *kind = forward(name, addr->family == NET_V4 ? DNSMSG_A : DNSMSG_AAAA, deadline, &answer, failure);

    if (!kind) {
        snprintf(found->how, sizeof found->how, "%s %.60s, but %s", source, name, failure);
        found->failed = true;
        return false;
    }
    if (answer.n > 0 && answer.alias && strcmp(name, "localhost") != 0) {
        snprintf(found->how, sizeof found->how, "%s %.60s, which is an alias of %.60s", source, name, answer.real);
        return false;
    }
    for (unsigned i = 0; i < answer.n; i++)
        if (net_equal(&answer.addr[i], addr)) {
            snprintf(found->how, sizeof found->how, strcmp(source, kind) == 0 ? "by %s" : "%s and %s agree", source,
                     kind);
            return true;
        }
    snprintf(found->how, sizeof found->how, "%s %.90s, which has no such address", source, name);
    return false;
}

/* Tries the names that `source` gave for an address, in turn. One that no server could tell about is not held against
 * the others, but without a good one it is what counts: another time it may be the good one. */
static void try_name(const char *source, const struct net_addr *addr, char *name, int64_t deadline,
                     struct dns_found *found)
{
    found->state = ACCESS_NAME_PARANOID;
    if (!is_host_name(name)) {
        snprintf(found->how, sizeof found->how, "%s gives what is no name of a host", source);
        return;
    }
    (void)str_copy(found->name, sizeof found->name, name);
    if (leads_back(source, name, addr, deadline, found))
        found->state = ACCESS_NAME_KNOWN;
}

static void look_up(const struct net_addr *addr, int64_t deadline, struct dns_found *found)
{
    struct dnsmsg_answer answer;
    struct resolve_ask ask = { .answer = &answer };
    const char *fault = resolve_fault();

    memset(found, 0, sizeof *found);
    found->state = ACCESS_NAME_UNKNOWN;
    if (fault) {
        snprintf(found->how, sizeof found->how, "%s", fault);
        found->failed = true;
        return;
    }
    if (resolve_hosts_name(addr, answer.name[0])) {
        try_name(BY_HOSTS, addr, answer.name[0], deadline, found);
        return;
    }
    dnsmsg_ask_ptr(&ask.q, 0, addr);
    resolve_ask(&ask, 1, deadline, NULL, NULL);
    if (ask.result == RESOLVE_ANSWER) {
        try_name(BY_PTR, addr, answer.name[0], deadline, found);
    } else if (ask.result == RESOLVE_NONE) {
        snprintf(found->how, sizeof found->how, "no PTR record");
    } else {
        tell_failure(&ask, deadline, found->how, sizeof found->how);
        found->failed = true;
    }
}

static void look_up_apart(const void *question, void *answer, int64_t deadline)
{
    if (sandbox_filter(SECCOMP_LOOKUP) == 0)
        look_up(question, deadline, answer);
}

/* The child has read strangers' packets: it may say anything. */
static bool is_sound(struct dns_found *f)
{
    if (f->state == ACCESS_NAME_UNASKED || f->state > ACCESS_NAME_PARANOID || f->failed > 1
        || !memchr(f->name, '\0', sizeof f->name) || !memchr(f->how, '\0', sizeof f->how))
        return false;
    for (const char *p = f->how; *p; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return *f->name ? f->state != ACCESS_NAME_UNKNOWN && is_host_name(f->name) : f->state != ACCESS_NAME_KNOWN;
}

void dns_name_of(const struct net_addr *addr, int64_t deadline, struct dns_found *found)
{
    if (addr->family == NET_NONE) {
        *found = (struct dns_found){ .state = ACCESS_NAME_UNKNOWN, .how = "no address" };
        return;
    }
    if (geteuid() != 0) {
        look_up(addr, deadline, found);
        return;
    }
    (void)resolve_fault();           /* the files are read here, where they may be */
    if (apart_run(look_up_apart, addr, found, sizeof *found, APART_NOBODY, APART_NOBODY, deadline) == SYS_OK
        && is_sound(found))
        return;
    *found = (struct dns_found){ .state = ACCESS_NAME_UNKNOWN, .failed = true };
    snprintf(found->how, sizeof found->how, "the look-up did not end within %u s", (unsigned)timeout);
}

/* ---- from a name to its addresses */

/* IPv6 and IPv4 in turn, so that neither keeps the other out where one of them leads nowhere. */
static void merge(const struct dnsmsg_answer *v6, const struct dnsmsg_answer *v4, struct dns_addresses *found)
{
    for (unsigned i = 0; i < v6->n || i < v4->n; i++) {
        if (i < v6->n && found->n < DNS_ADDRESSES)
            found->addr[found->n++] = v6->addr[i];
        if (i < v4->n && found->n < DNS_ADDRESSES)
            found->addr[found->n++] = v4->addr[i];
    }
}

/* With addresses of one family there is something to call: what keeps silent about the other, as some name servers do
 * about IPv6, must not use up the time. */
static int64_t enough(const struct resolve_ask *ask, int64_t end, void *context)
{
    int64_t soon = clock_mono_ms() + RESOLVE_GRACE;

    (void)context;
    return ask->result == RESOLVE_ANSWER && soon < end ? soon : end;
}

/* Asks for one full name. SYS_PERM when there is no such thing. */
static enum sys_result addresses_at(const char *name, int64_t deadline, struct dns_addresses *found)
{
    static PAGE_ALONE struct dnsmsg_answer v6, v4;
    struct resolve_ask ask[2] = { { .answer = &v6 }, { .answer = &v4 } };

    if (dnsmsg_ask(&ask[0].q, 0, DNSMSG_AAAA, name) || dnsmsg_ask(&ask[1].q, 0, DNSMSG_A, name))
        return SYS_PERM;
    resolve_ask(ask, 2, deadline, enough, NULL);
    if (ask[0].result != RESOLVE_ANSWER)
        v6.n = 0;
    if (ask[1].result != RESOLVE_ANSWER)
        v4.n = 0;
    merge(&v6, &v4, found);
    if (found->n > 0)
        return SYS_OK;
    if (ask[0].result == RESOLVE_NONE && ask[1].result == RESOLVE_NONE)
        return SYS_PERM;
    tell_failure(&ask[ask[0].result == RESOLVE_NONE], deadline, found->why, sizeof found->why);
    return SYS_TEMP;
}

enum sys_result dns_addresses_of(const char *name, struct dns_addresses *found)
{
    int64_t deadline = clock_after(timeout);
    const char *fault = resolve_fault(), *search = resolve_search(), *domain;
    char real[HOSTS_NAME], full[DNS_NAME];
    enum sys_result r = SYS_PERM;
    bool doubt = false;
    size_t n;

    memset(found, 0, sizeof *found);
    if (fault) {
        snprintf(found->why, sizeof found->why, "%s", fault);
        return SYS_TEMP;
    }
    found->n = resolve_hosts_addresses(name, found->addr, DNS_ADDRESSES, real);
    if (found->n > 0)
        return SYS_OK;
    /* A domain that cannot tell now does not keep the others from being asked; but then there may be such a host. */
    while (!strchr(name, '.') && r != SYS_OK && (domain = str_word(&search, &n)))
        if ((size_t)snprintf(full, sizeof full, "%s.%.*s", name, (int)n, domain) < sizeof full) {
            r = addresses_at(full, deadline, found);
            doubt = doubt || r == SYS_TEMP;
        }
    if (r != SYS_OK)
        r = addresses_at(name, deadline, found);
    if (r == SYS_PERM && doubt)
        r = SYS_TEMP;
    if (r == SYS_PERM)
        snprintf(found->why, sizeof found->why, "there is no such host");
    return r;
}

enum sys_result dns_address_of(const char *name, struct net_addr *addr)
{
    struct dns_addresses found;
    enum sys_result r = dns_addresses_of(name, &found);

    *addr = found.addr[0];           /* NET_NONE when there is none */
    return r;
}

/* ---- for a decision */

/* Returns the state. name and how are in *names. */
static enum access_name ask_name(struct dns_names *names, const struct net_addr *addr, char name[DNS_NAME],
                                 char how[DNS_HOW])
{
    struct dns_found found;
    int64_t start = clock_mono_ms();

    dns_name_of(addr, clock_after(timeout) - names->spent, &found);
    names->spent += clock_mono_ms() - start;
    memcpy(name, found.name, DNS_NAME);
    memcpy(how, found.how, DNS_HOW);
    names->failed = names->failed || found.failed;
    return (enum access_name)found.state;
}

void dns_ask_client(struct dns_names *names, struct access_facts *facts)
{
    facts->client_state = ask_name(names, &facts->client, names->client, names->client_how);
    facts->client_name = names->client;
}

void dns_ask_server(struct dns_names *names, struct access_facts *facts)
{
    facts->server_state = ask_name(names, &facts->server, names->server, names->server_how);
    facts->server_name = names->server;
}

enum access_verdict dns_decide(const struct access_rules *rules, struct access_facts *facts, struct dns_names *names,
                               struct access_why *why)
{
    for (;;) {
        enum access_verdict v = access_decide(rules, facts, why);
        switch (v) {
        case ACCESS_ASK_NAME:
            dns_ask_client(names, facts);
            break;
        case ACCESS_ASK_SERVER_NAME:
            dns_ask_server(names, facts);
            break;
        default:
            return v;
        }
    }
}
