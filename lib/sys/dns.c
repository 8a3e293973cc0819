/* Names of hosts: see dns.h. */
#include "sys/dns.h"

#include "base/str.h"
#include "sys/peer.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

static bool is_temporary(int eai)
{
    return eai == EAI_AGAIN || eai == EAI_MEMORY || eai == EAI_SYSTEM;
}

static socklen_t to_sockaddr(const struct net_addr *a, struct sockaddr_storage *ss)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

    memset(ss, 0, sizeof *ss);
    if (a->family == NET_V4) {
        v4->sin_family = AF_INET;
        memcpy(&v4->sin_addr, a->byte, 4);
        return sizeof *v4;
    }
    v6->sin6_family = AF_INET6;
    memcpy(&v6->sin6_addr, a->byte, 16);
    return sizeof *v6;
}

/* A PTR record may hold anything: only what a host name is made of gets further. Lowers the case. */
static bool is_host_name(char *name)
{
    size_t n = strlen(name);
    bool letter = false;

    if (n > 0 && name[n - 1] == '.')
        name[--n] = '\0';
    if (n == 0 || name[0] == '.' || name[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        name[i] = str_lower(name[i]);
        if (!str_is_alnum(name[i]) && !strchr("-_.", name[i]))
            return false;
        if (name[i] == '.' && name[i + 1] == '.')
            return false;
        letter = letter || (str_is_alnum(name[i]) && !str_is_digit(name[i]));
    }
    return letter;                       /* digits and dots alone could pass for an address */
}

/* The name under which a PTR record of addr stands (RFC 1035 3.5, RFC 3596 2.5). */
static void ptr_name(const struct net_addr *a, char name[80])
{
    struct str s;

    str_init(&s, name, 80);
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
    str_add(&s, a->family == NET_V4 ? "in-addr.arpa" : "ip6.arpa");
}

/* No name was found: is there none, or did nobody answer? musl's getnameinfo says the same of both. */
static bool nobody_answered(const struct net_addr *addr)
{
    unsigned char answer[512];
    char name[80];

    ptr_name(addr, name);
    int n = res_query(name, ns_c_in, ns_t_ptr, answer, sizeof answer);
    if (n < 0)
        return h_errno == TRY_AGAIN || h_errno == NO_RECOVERY;
    int rcode = n > 3 ? answer[3] & 15 : ns_r_servfail;
    return rcode != ns_r_noerror && rcode != ns_r_nxdomain;
}

/* Does the name lead back to addr, and is it no alias? The original asks the same two things. */
static bool leads_back(const char *name, const struct net_addr *addr, bool *failed)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
    struct addrinfo *found;
    bool yes = false;

    int r = getaddrinfo(name, NULL, &hints, &found);
    if (r) {
        *failed = is_temporary(r);
        return false;
    }
    const char *real = found->ai_canonname;
    size_t n = real ? strlen(real) : 0;
    if (n > 0 && real[n - 1] == '.')
        n--;
    bool alias = n > 0 && (n != strlen(name) || !str_case_eqn(real, name, n)) && strcmp(name, "localhost") != 0;
    for (const struct addrinfo *a = found; a && !yes && !alias; a = a->ai_next) {
        struct net_addr one;
        peer_address(a->ai_addr, &one);
        yes = net_equal(&one, addr);
    }
    freeaddrinfo(found);
    return yes;
}

enum access_name dns_name_of(const struct net_addr *addr, char *name, size_t cap, bool *failed)
{
    struct sockaddr_storage ss;
    char host[NI_MAXHOST];

    name[0] = '\0';
    *failed = false;
    if (addr->family == NET_NONE)
        return ACCESS_NAME_UNKNOWN;
    socklen_t len = to_sockaddr(addr, &ss);
    if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof host, NULL, 0, NI_NAMEREQD)) {
        *failed = nobody_answered(addr);
        return ACCESS_NAME_UNKNOWN;
    }
    if (!is_host_name(host))
        return ACCESS_NAME_PARANOID;
    if (str_copy(name, cap, host)) {
        name[0] = '\0';
        return ACCESS_NAME_PARANOID;
    }
    return leads_back(name, addr, failed) ? ACCESS_NAME_KNOWN : ACCESS_NAME_PARANOID;
}

enum sys_result dns_address_of(const char *name, struct net_addr *addr)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    int r = getaddrinfo(name, NULL, &hints, &found);

    memset(addr, 0, sizeof *addr);
    if (r)
        return is_temporary(r) ? SYS_TEMP : SYS_PERM;
    for (const struct addrinfo *a = found; a && addr->family == NET_NONE; a = a->ai_next)
        peer_address(a->ai_addr, addr);
    freeaddrinfo(found);
    return addr->family == NET_NONE ? SYS_PERM : SYS_OK;
}

enum access_verdict dns_decide(const struct access_rules *rules, struct access_facts *facts, struct dns_names *names,
                               struct access_why *why)
{
    bool failed = false;

    for (;;) {
        names->failed = names->failed || failed;
        enum access_verdict v = access_decide(rules, facts, why);
        switch (v) {
        case ACCESS_ASK_NAME:
            facts->client_state = dns_name_of(&facts->client, names->client, sizeof names->client, &failed);
            facts->client_name = names->client;
            break;
        case ACCESS_ASK_SERVER_NAME:
            facts->server_state = dns_name_of(&facts->server, names->server, sizeof names->server, &failed);
            facts->server_name = names->server;
            break;
        default:
            return v;
        }
    }
}
