/* Which keys a rule is found by: none that could match or refuse may be missing. */
#include "mail/rulekeys.h"

#include "test.h"

#include <string.h>

/* `ANY`, `ALL`, or the keys; behind it `plain`, `names` and the daemons as far as they hold. */
static const char *keys_of(const char *text)
{
    static char out[300];
    struct rule_span line = { text, strlen(text) };
    struct rulekeys k;
    struct pattern p;
    char addr[NET_TEXT];
    size_t at = 0;

    rulekeys_read(&line, &k);
    at += (size_t)snprintf(out, sizeof out, "%.*s:", (int)k.daemons.n, k.daemons.n ? k.daemons.p : "");
    if (k.kind != RULEKEYS_SOME)
        at += (size_t)snprintf(out + at, sizeof out - at, k.kind == RULEKEYS_ALL ? " ALL" : " ANY");
    while (k.kind == RULEKEYS_SOME && rulekeys_next(&k, &p)) {
        net_format(&p.net, addr);
        if (p.kind == PATTERN_NET)
            at += (size_t)snprintf(out + at, sizeof out - at, " %s/%u", addr, rulekeys_bits(&p));
        else
            at += (size_t)snprintf(out + at, sizeof out - at, " %.*s", (int)p.n, p.text);
    }
    snprintf(out + at, sizeof out - at, "%s%s", k.plain ? " plain" : "", k.names ? " names" : "");
    return out;
}

static void plain_rules(void)
{
    CHECK_STR(keys_of("smtpd: 10.0.0.1"), "smtpd: 10.0.0.1/32 plain");
    CHECK_STR(keys_of("smtpd, sshd: 10. [fd00::5]/8"), "smtpd, sshd: 10.0.0.0/8 fd00::/8 plain");
    CHECK_STR(keys_of("ALL EXCEPT sshd: 0.0.0.0/0.0.0.0"), "ALL EXCEPT sshd: 0.0.0.0/0 plain");
    CHECK_STR(keys_of("smtpd: ALL"), "smtpd: ALL plain");
    CHECK_STR(keys_of("smtpd: 10.0.0.1 ALL"), "smtpd: ALL plain");
    CHECK_STR(keys_of("smtpd: hub.lan .lan 10.0.0.1"), "smtpd: hub.lan .lan 10.0.0.1/32 plain names");
}

static void what_must_be_judged(void)
{
    CHECK_STR(keys_of("smtpd: 10.0.0.0/8 EXCEPT 10.9. *.lan"), "smtpd: 10.0.0.0/8");
    CHECK_STR(keys_of("smtpd: 10.0.0.1: deny"), "smtpd: 10.0.0.1/32");
    CHECK_STR(keys_of("smtpd: ALL: deny"), "smtpd: ANY");
    CHECK_STR(keys_of("smtpd: ALL EXCEPT 10."), "smtpd: ANY");
    CHECK_STR(keys_of("smtpd: 192.0.1.0/255.0.255.0"), "smtpd: 192.0.0.0/8");
    CHECK_STR(keys_of("smtpd: 10.0.0.1 LOCAL"), "smtpd: ANY plain");
    CHECK_STR(keys_of("smtpd: *.lan"), "smtpd: ANY plain");
    CHECK_STR(keys_of("smtpd: joe@10.0.0.1"), "smtpd: ANY plain");
    CHECK_STR(keys_of("smtpd@10.0.0.25: 10.0.0.1"), ": ANY");
}

/* A fault refuses those who never match the keys: the rule is for everybody, or for all of its daemons' clients. */
static void faults(void)
{
    CHECK_STR(keys_of("no colon"), ": ANY");
    CHECK_STR(keys_of("sm/tpd: 10.0.0.1"), ": ANY");
    CHECK_STR(keys_of("smtpd: 10.0.0.1 10.0.0.0/33"), "smtpd: ANY");
    CHECK_STR(keys_of("smtpd: 10.0.0.1 EXCEPT"), "smtpd: ANY");
    CHECK_STR(keys_of("smtpd: 10.0.0.1: nonsense"), "smtpd: ANY");
}

/* What a class has no room for is judged; the keys stay. */
static void a_long_daemon_list(void)
{
    char line[300];

    memset(line, 'd', 200);
    strcpy(line + 200, ": 10.0.0.1");
    CHECK_STR(keys_of(line), ": 10.0.0.1/32 plain");
}

static void a_suffix_of_many_labels(void)
{
    char line[300] = "smtpd: ";

    for (int i = 0; i < 31; i++)
        strcat(line, ".a");
    CHECK(strstr(keys_of(line), ".a.a"));
    strcat(line, ".a");
    CHECK_STR(keys_of(line), "smtpd: ANY plain names");
}

int main(void)
{
    RUN(plain_rules);
    RUN(what_must_be_judged);
    RUN(faults);
    RUN(a_long_daemon_list);
    RUN(a_suffix_of_many_labels);
    TEST_DONE();
}
