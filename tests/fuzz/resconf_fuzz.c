/* resolv.conf and hosts on arbitrary text: what is read from them is bounded and whole. */
#include "mail/hosts.h"
#include "mail/resconf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond) do { if (!(cond)) abort(); } while (0)

static void check_resconf(const char *text, size_t n)
{
    struct resconf c;

    resconf_parse(&c, text, n);
    MUST(c.servers >= 1 && c.servers <= RESCONF_SERVERS);
    MUST(c.timeout >= 1 && c.timeout <= 30 && c.attempts >= 1 && c.attempts <= 5);
    MUST(strnlen(c.search, sizeof c.search) < sizeof c.search);
    for (unsigned i = 0; i < c.servers; i++) {
        MUST(c.server[i].addr.family != NET_NONE);
        MUST(strnlen(c.server[i].zone, sizeof c.server[i].zone) < sizeof c.server[i].zone);
    }
}

/* The name that an address has leads back to it, unless more lines come before it than are asked for. */
static void check_hosts(const char *text, size_t n, const char *address)
{
    static struct net_addr found[2000];
    struct net_addr a;
    char name[HOSTS_NAME], real[HOSTS_NAME];
    bool back = false;

    net_parse(address, strlen(address), &a);
    if (!hosts_name_of(text, n, &a, name))
        return;
    MUST(*name && strnlen(name, sizeof name) < sizeof name && !strpbrk(name, " \t\r\n#"));
    unsigned count = hosts_addresses_of(text, n, name, found, 2000, real);
    if (name[strlen(name) - 1] == '.')
        return;                      /* one trailing dot is taken for the root's, not for the name's */
    MUST(count > 0 && *real);
    for (unsigned i = 0; i < count; i++)
        back = back || net_equal(&found[i], &a);
    MUST(back || count == 2000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);

    MUST(text);
    memcpy(text, data, size);
    check_resconf(text, size);
    check_hosts(text, size, "192.0.2.1");
    check_hosts(text, size, "::1");
    free(text);
    return 0;
}
