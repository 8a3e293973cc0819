/* Asks what smtpd asks name servers about a client and a sender, and prints what comes of it, a line a fact:
 *
 *     policy_ask MS blocked ADDRESS ZONES | mail DOMAIN ...
 *
 * Each question may take so many milliseconds. Several may follow each other, as in one session. */
#include "sys/dns_policy.h"

#include "mail/net.h"
#include "sys/clock.h"
#include "sys/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int blocked(const char *address, const char *zones, int64_t deadline)
{
    struct net_addr client;
    struct dns_block b;

    if (net_parse(address, strlen(address), &client))
        return fprintf(stderr, "%s: no address\n", address), 2;
    memset(&b, 0xaa, sizeof b);
    bool listed = dns_blocked(zones, &client, deadline, &b);
    printf("listed %d\nzone %s\nreason %s\ndoubt %s\n", listed, b.zone, b.reason, b.doubt);
    return listed == b.listed ? 0 : 1;
}

static void mail(const char *domain, int64_t deadline)
{
    static const char *const words[] = { "yes", "no-domain", "null-mx", "later" };

    printf("mail %s\n", words[dns_domain_takes_mail(domain, deadline)]);
}

int main(int argc, char **argv)
{
    int failed = 0;

    resolve_load(false);
    for (int i = 2; i < argc && !failed; i++) {
        int64_t deadline = clock_mono_ms() + atoi(argv[1]);
        if (strcmp(argv[i], "blocked") == 0 && i + 2 < argc) {
            failed = blocked(argv[i + 1], argv[i + 2], deadline);
            i += 2;
        } else if (strcmp(argv[i], "mail") == 0 && i + 1 < argc) {
            mail(argv[++i], deadline);
        } else {
            failed = 2;
        }
    }
    return failed;
}
