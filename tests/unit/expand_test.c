/* %-expansions: every letter, what may not leave them, what they ask for. */
#include "mail/expand.h"

#include "test.h"

static struct access_facts facts;
static char out[200];

static const char *expand(const char *text)
{
    static const char *const asks[] = { "long", "name", "server", "user" };
    enum expand_result r = expand_text(text, strlen(text), &facts, out, sizeof out);

    return r == EXPAND_OK ? out : asks[r - 1];
}

static void start(const char *client, const char *server)
{
    facts = (struct access_facts){ .daemons = "in.x 25", .client_port = 1025, .server_port = 25, .pid = 77 };
    net_parse(client, strlen(client), &facts.client);
    net_parse(server, strlen(server), &facts.server);
}

static void letters(void)
{
    start("10.0.0.1", "2001:db8::1");
    CHECK_STR(expand("%a %A %d %p %r %R %%"), "10.0.0.1 2001:db8::1 in.x 77 1025 25 %");
    CHECK_STR(expand("%c %h %H %s"), "10.0.0.1 10.0.0.1 2001:db8::1 in.x@2001:db8::1");
    CHECK_STR(expand("%n"), "name");
    CHECK_STR(expand("%h %N"), "server");
    CHECK_STR(expand("%u"), "user");
    facts.client_state = ACCESS_NAME_KNOWN;
    facts.client_name = "a.lan";
    facts.server_state = ACCESS_NAME_PARANOID;
    facts.user = "joe";
    CHECK_STR(expand("%n %N %u %c %h %H %s"), "a.lan paranoid joe joe@a.lan a.lan 2001:db8::1 in.x@2001:db8::1");
    facts.client_state = ACCESS_NAME_UNKNOWN;
    facts.user = "Unknown";
    CHECK_STR(expand("%n %h %c"), "unknown 10.0.0.1 10.0.0.1");
    facts.server_state = ACCESS_NAME_KNOWN;
    facts.server_name = "b.lan";
    CHECK_STR(expand("%N %H %s %A"), "b.lan b.lan in.x@b.lan 2001:db8::1");
}

static void nobody(void)
{
    facts = (struct access_facts){ .daemons = "" };
    CHECK_STR(expand("%a %A %n %N %c %h %H %u %s|%d|%r"), "unknown unknown unknown unknown unknown unknown "
              "unknown unknown ||0");
}

static void nothing_for_a_shell(void)
{
    char name[256];

    start("10.0.0.1", "10.0.0.2");
    facts.client_state = ACCESS_NAME_KNOWN;
    for (int c = 1; c < 256; c++)
        name[c - 1] = (char)c;
    name[255] = '\0';
    facts.client_name = name;
    facts.user = "$(reboot)`x`;a b\n'\"\\|&<>*?[]{}~#^";
    CHECK_STR(expand("%u"), "__reboot__x__a_b_________________");
    char big[600];
    CHECK_EQ(expand_text("%n", 2, &facts, big, sizeof big), EXPAND_OK);
    for (const char *p = big; *p; p++)
        if (!strchr("1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", *p))
            test_fail(__FILE__, __LINE__, "%d comes through", *p);
    CHECK_EQ(strlen(big), 255);
    /* The text itself is the administrator's; an expansion is not expanded again. */
    facts.user = "%h%n";
    CHECK_STR(expand("`%u`; $x"), "`%h%n`; $x");
    CHECK_STR(expand_client(&facts, out, sizeof out) == out ? "" : "other", "");
}

static void odd_signs(void)
{
    start("10.0.0.1", "10.0.0.2");
    CHECK_STR(expand("50%"), "50%");
    CHECK_STR(expand("a%xb%"), "ab%");
    CHECK(!expand_check("%a%A%c%d%h%H%n%N%p%r%R%s%u%%", 28));
    CHECK(expand_check("%x", 2) && expand_check("%", 1) && expand_check("a%%%", 4) && expand_check("%\0a", 3));
    CHECK(!expand_check("%a%", 2));
}

static void bounds(void)
{
    char small[5];

    start("10.0.0.1", "10.0.0.2");
    CHECK_EQ(expand_text("%r", 2, &facts, small, sizeof small), EXPAND_OK);
    CHECK_STR(small, "1025");
    CHECK_EQ(expand_text("x%r", 3, &facts, small, sizeof small), EXPAND_LONG);
    CHECK_STR(small, "x102");
    CHECK_EQ(expand_text("", 0, &facts, small, 1), EXPAND_OK);
    CHECK_STR(small, "");
}

static void the_client_in_the_log(void)
{
    start("10.0.0.1", "10.0.0.2");
    CHECK_STR(expand_client(&facts, out, sizeof out), "10.0.0.1");
    facts.user = "j;x";
    CHECK_STR(expand_client(&facts, out, sizeof out), "j;x@10.0.0.1");
}

int main(void)
{
    RUN(letters);
    RUN(nobody);
    RUN(nothing_for_a_shell);
    RUN(odd_signs);
    RUN(bounds);
    RUN(the_client_in_the_log);
    TEST_DONE();
}
