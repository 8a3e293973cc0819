/* Routes and schedules: see policy.h. */
#include "mail/policy.h"

#include "base/str.h"

enum policy_route policy_route(const struct conf *c, const struct address *a)
{
    const char *domain = address_domain(a);

    if (!*domain || str_case_eq(domain, c->hostname) || str_in_words(c->local_domains, domain))
        return POLICY_LOCAL;
    return str_in_words(c->relay_domains, domain) ? POLICY_RELAY : POLICY_REMOTE;
}

bool policy_is_ours(const struct conf *c, const struct address *a)
{
    return policy_route(c, a) != POLICY_REMOTE;
}

bool policy_is_postmaster(const struct conf *c, const struct address *a)
{
    return policy_route(c, a) == POLICY_LOCAL && address_local_is(a, "postmaster");
}

void policy_destination(const struct conf *c, const struct address *a, char *to, size_t cap)
{
    struct str s;

    str_init(&s, to, cap);
    if (*c->postmaster && policy_is_postmaster(c, a)) {
        str_add(&s, c->postmaster);
        return;
    }
    str_add(&s, a->text);
    if (!*address_domain(a)) {
        str_addc(&s, '@');
        str_add(&s, c->hostname);
    }
}

uint32_t policy_backoff(const struct conf *c, uint32_t attempts, uint32_t random)
{
    uint64_t wait = c->retry_min;

    for (uint32_t i = 1; i < attempts && wait < c->retry_max; i++)
        wait *= 2;
    if (wait > c->retry_max)
        wait = c->retry_max;
    uint32_t eighth = (uint32_t)(wait / 8);
    return (uint32_t)wait - eighth + (eighth ? random % (2 * eighth + 1) : 0);
}
