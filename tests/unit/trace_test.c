/* The Received field: as RFC 5321 4.4 has it, and one well-formed field whatever a client called itself (CASES F1). */
#include "mail/trace.h"

#include "test.h"

static char text[TRACE_MOST];

static struct trace plain(void)
{
    struct trace t = { .helo = "client.example", .name = "host.example", .hostname = "mx.example.org",
                       .protocol = "ESMTP",
                       .id = "k3x9q0mz71ab", .rcpt = "a@example.org", .when = 1795801097 };

    net_parse("192.0.2.1", 9, &t.client);
    return t;
}

/* One field: CR LF only before a tab or at the end, printable otherwise. */
static void check_one_field(size_t n)
{
    CHECK_EQ(n, strlen(text));
    CHECK(n < TRACE_MOST - 1);
    CHECK(!strncmp(text, "Received: ", 10));
    CHECK(n > 2 && !strcmp(text + n - 2, "\r\n"));
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\r')
            CHECK(text[i + 1] == '\n' && (i + 2 == n || text[i + 2] == '\t'));
        else if (text[i] == '\n')
            CHECK(text[i - 1] == '\r');
        else if (text[i] == '\t')
            CHECK(text[i - 1] == '\n');
        else
            CHECK(text[i] >= ' ' && text[i] <= '~');
    }
}

static void from_a_client(void)
{
    struct trace t = plain();

    check_one_field(trace_received(&t, text));
    CHECK_STR(text, "Received: from client.example (host.example [192.0.2.1])\r\n"
                    "\tby mx.example.org (buzon) with ESMTP id k3x9q0mz71ab\r\n"
                    "\tfor <a@example.org>;\r\n"
                    "\tFri, 27 Nov 2026 17:38:17 +0000\r\n");
}

static void without_a_name_over_ipv6_to_many(void)
{
    struct trace t = plain();

    t.name = "";
    t.rcpt = NULL;
    t.helo = "[IPv6:2001:db8::2]";
    net_parse("2001:db8::1", 11, &t.client);
    check_one_field(trace_received(&t, text));
    CHECK_STR(text, "Received: from [IPv6:2001:db8::2] ([IPv6:2001:db8::1])\r\n"
                    "\tby mx.example.org (buzon) with ESMTP id k3x9q0mz71ab;\r\n"
                    "\tFri, 27 Nov 2026 17:38:17 +0000\r\n");
}

static void handed_in_here(void)
{
    struct trace t = { .helo = "", .name = "", .hostname = "mx.example.org", .protocol = "local",
                       .id = "k3x9q0mz71ab" };

    check_one_field(trace_received(&t, text));
    CHECK_STR(text, "Received: by mx.example.org (buzon) with local id k3x9q0mz71ab;\r\n"
                    "\tThu, 1 Jan 1970 00:00:00 +0000\r\n");
}

static void f1_a_helo_that_is_no_name_is_unknown(void)
{
    static const char *const rows[] = {
        "", "a b", "a\r\nX-Forged: yes", "a\r\n\r\nbody", "(comment)", "a(b", "a)b", "[1.2.3.4", "[192.0.2.1] (evil",
        "a;b", "\"a\"",
        "\xe9", "a\tb", "a\x7f", "<a@b>", "a\\", "-a", "a..b",
    };
    static const char want[] = "Received: from unknown (host.example [192.0.2.1])\r\n\tby mx.";

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace t = plain();
        t.helo = rows[i];
        check_one_field(trace_received(&t, text));
        CHECK(!strncmp(text, want, strlen(want)));
    }
}

static void f1_four_kilobytes_of_helo(void)
{
    static char helo[4097];
    struct trace t = plain();

    memset(helo, 'a', sizeof helo - 1);
    t.helo = helo;
    check_one_field(trace_received(&t, text));
    CHECK(!strncmp(text, "Received: from unknown (", 24));
}

static void all_at_their_longest_it_is_not_cut(void)
{
    char name[256], rcpt[300];
    struct trace t = plain();

    for (int i = 0; i < 255; i++)
        name[i] = i % 64 == 63 ? '.' : 'n';
    name[255] = '\0';
    memset(rcpt, 'r', 266);                  /* postmaster@ with the longest host name */
    rcpt[266] = '\0';
    t.helo = t.name = t.hostname = name;
    t.rcpt = rcpt;
    net_parse("2001:db8:1111:2222:3333:4444:5555:6666", 38, &t.client);
    check_one_field(trace_received(&t, text));
    CHECK(strstr(text, "\r\n\tFri, 27 Nov 2026 17:38:17 +0000\r\n"));
}

int main(void)
{
    RUN(from_a_client);
    RUN(without_a_name_over_ipv6_to_many);
    RUN(handed_in_here);
    RUN(f1_a_helo_that_is_no_name_is_unknown);
    RUN(f1_four_kilobytes_of_helo);
    RUN(all_at_their_longest_it_is_not_cut);
    TEST_DONE();
}
