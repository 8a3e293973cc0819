/* Which rules of an image could decide, and in which order: on a small pair of files, compiled. */
#include "mail/candidates.h"

#include "mail/compile.h"
#include "test.h"

#include <stdlib.h>

static struct compile c;
static struct image im;
static uint8_t seen[IMAGE_SEEN], *bytes;

static void make(const char *allow, const char *deny)
{
    struct fault f;

    memset(&c, 0, sizeof c);
    memset(seen, 0, sizeof seen);
    c.text[0] = allow;
    c.n[0] = strlen(allow);
    c.text[1] = deny;
    c.n[1] = strlen(deny);
    CHECK_EQ(compile_start(&c, &f), 0);
    c.entries = calloc(c.entry_most + 1, sizeof *c.entries);
    CHECK_EQ(compile_sort(&c, &f), 0);
    free(bytes);
    bytes = malloc(c.h.blocks * IMAGE_BLOCK);
    CHECK_EQ(compile_write(&c, bytes, &f), 0);
    free(c.entries);
    CHECK(!image_open(&im, bytes, c.h.blocks * IMAGE_BLOCK, seen));
}

/* The candidates' lines, those of hosts.deny with a `d`, the sure ones with a `!`. */
static const char *of(const char *daemons, const char *client, const char *name)
{
    static char out[200];
    struct access_facts facts = { .daemons = daemons, .client_name = name,
                                  .client_state = name ? ACCESS_NAME_KNOWN : ACCESS_NAME_UNASKED };
    struct candidates k;
    struct image_rule r;
    uint32_t number;
    size_t at = 0;
    bool sure;

    out[0] = '\0';
    net_parse(client, strlen(client), &facts.client);
    candidates_start(&k, &im, &facts);
    for (uint32_t from = 0; (number = candidates_next(&k, from, &r, &sure)) != IMAGE_NONE; from = number + 1)
        at += (size_t)snprintf(out + at, sizeof out - at, " %s%u%s", r.source == IMAGE_DENY ? "d" : "", r.line,
                               sure ? "!" : "");
    return out;
}

static void file_order(void)
{
    make("smtpd: 10.0.0.1\nsshd: 10.0.0.1\nsmtpd: 10. 10.0.\nsmtpd: 10.0.0.1 EXCEPT ALL\nsmtpd: [fd00::]/8\n"
         "smtpd, sshd: 10.0.0.0/8\n", "smtpd: 10.0.0.1: allow\nALL: ALL\n");
    CHECK_STR(of("smtpd", "10.0.0.1", NULL), " 1! 3! 4 6! d1 d2!");
    CHECK_STR(of("sshd", "10.0.0.1", NULL), " 2! 6! d2!");
    CHECK_STR(of("smtpd", "10.200.0.1", NULL), " 3! 6! d2!");
    CHECK_STR(of("smtpd", "fd12::1", NULL), " 5 d2!");
    CHECK_STR(of("ftpd", "10.0.0.1", NULL), " d2!");
    CHECK_STR(of("smtpd", "unknown", NULL), " d2!");
}

/* While the name is unasked, every rule that hangs on it; then those under its keys alone. */
static void names(void)
{
    make("smtpd: hub.lan\nsshd: .lan\nsmtpd: .lan 10.0.0.7\nsmtpd: .example\nsmtpd: LOCAL\n", "");
    CHECK_STR(of("smtpd", "10.0.0.1", NULL), " 1 3 4 5");
    CHECK_STR(of("smtpd", "10.0.0.7", NULL), " 1 3! 4 5");
    CHECK_STR(of("smtpd", "10.0.0.1", "hub.lan"), " 1 3 5");
    CHECK_STR(of("smtpd", "10.0.0.1", "HUB.Lan"), " 1 3 5");
    CHECK_STR(of("smtpd", "10.0.0.1", "lan"), " 5");
    CHECK_STR(of("smtpd", "10.0.0.1", "a.b.example"), " 4 5");
    CHECK_STR(of("smtpd", "unknown", NULL), " 5");
}

/* Longer than any key: its end still counts. */
static void a_very_long_name(void)
{
    char name[600];

    memset(name, 'a', sizeof name);
    memcpy(name + sizeof name - 5, ".lan", 5);
    make("smtpd: .lan\nsmtpd: .example\n", "");
    CHECK_STR(of("smtpd", "10.0.0.1", name), " 1");
}

int main(void)
{
    RUN(file_order);
    RUN(names);
    RUN(a_very_long_name);
    TEST_DONE();
}
