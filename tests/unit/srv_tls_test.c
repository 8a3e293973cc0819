/* The server's machine: the seats of STARTTLS (RFC 3207) and AUTH (RFC 4954), and what the Received line calls
 * it all. */
#include "srv_say.h"
#include "test.h"

static void start_with(bool tls, const char *auth, bool auth_tls)
{
    start();
    options.tls = tls;
    options.auth = auth;
    options.auth_tls = auth_tls;
    begin();
}

static bool offers(const char *extension)
{
    char text[100];

    say("EHLO a");
    snprintf(text, sizeof text, "\r\n250-%s\r\n", extension);
    return strstr(s.reply, text);
}

static void what_is_offered(void)
{
    start();
    CHECK(!offers("STARTTLS"));
    CHECK(!strstr(s.reply, "AUTH"));
    start_with(true, "PLAIN LOGIN", true);
    CHECK(offers("STARTTLS"));
    CHECK(!strstr(s.reply, "AUTH"));
    line("STARTTLS");
    srv_tls_done(&s, "PLAIN LOGIN");
    CHECK(!offers("STARTTLS"));
    CHECK(offers("AUTH PLAIN LOGIN"));
    start_with(true, "PLAIN", false);
    CHECK(offers("STARTTLS"));
    CHECK(offers("AUTH PLAIN"));
}

static void starttls_forgets_all(void)
{
    start_with(true, "PLAIN", false);
    say("EHLO before.example");
    CHECK_EQ(line("AUTH PLAIN x"), SRV_AUTH);
    srv_auth_done(&s, true, "235 2.7.0 ok");
    CHECK_EQ(line("STARTTLS"), SRV_TLS);
    CHECK_STR(s.reply, "220 2.0.0 begin TLS\r\n");
    CHECK_EQ(srv_tls_done(&s, "PLAIN"), SRV_LINE);
    CHECK_STR(s.reply, "");                  /* the client speaks next */
    CHECK_EQ(s.greeted, SRV_SILENT);
    CHECK_STR(s.helo, "");
    CHECK(s.is_tls && !s.is_authenticated);
    CHECK_EQ(srv_line_limit(&s), LIMIT_COMMAND);
    check_say("MAIL FROM:<a@b>", "503 5.5.1 ");
    check_say("AUTH PLAIN x", "503 5.5.1 ");
    check_say("STARTTLS", "503 5.5.1 TLS");  /* CASES H2 */
    say("EHLO a");
    check_say("STARTTLS", "503 5.5.1 TLS");
    check_say("MAIL FROM:<a@b>", "250");
}

static void starttls_out_of_order(void)
{
    start_with(true, "", false);
    check_say("STARTTLS", "503 5.5.1 ");
    say("HELO a");
    check_say("STARTTLS", "503 5.5.1 ");
    say("EHLO a");
    check_say("STARTTLS now", "501 5.5.4 ");
    say("MAIL FROM:<a@b>");
    check_say("STARTTLS", "503 5.5.1 ");
    CHECK(s.has_sender && !s.is_tls);
    say("RSET");
    CHECK_EQ(line("starttls"), SRV_TLS);
}

static void tls_that_fails_ends_the_session(void)
{
    start_with(true, "", false);
    say("EHLO a");
    line("STARTTLS");
    CHECK_EQ(srv_end(&s, "454 4.7.0 no TLS now"), SRV_CLOSE);
    CHECK(!s.is_tls);
}

static void auth_takes_the_mechanism(void)
{
    start_with(false, "PLAIN LOGIN", false);
    say("EHLO a");
    static const char plain[] = "auth plain AGEAYg==";
    CHECK_EQ(srv_line(&s, plain, strlen(plain)), SRV_AUTH);
    CHECK_STR(s.auth_mechanism, "PLAIN");
    CHECK_EQ(s.auth_initial_n, 8);
    CHECK_MEM(s.auth_initial, "AGEAYg==", 8);
    CHECK_EQ(srv_auth_done(&s, false, "535 5.7.8 no"), SRV_LINE);
    CHECK_STR(s.reply, "535 5.7.8 no\r\n");
    CHECK(!s.is_authenticated && !s.auth_initial);
    CHECK_EQ(line("AUTH LOGIN"), SRV_AUTH);  /* another try is allowed */
    CHECK_STR(s.auth_mechanism, "LOGIN");
    CHECK(!s.auth_initial);
    CHECK_EQ(srv_auth_done(&s, true, "235 2.7.0 ok"), SRV_LINE);
    CHECK(s.is_authenticated);
    check_say("AUTH PLAIN x", "503 5.5.1 ");
    check_say("EHLO b", "250");              /* a greeting does not undo it */
    CHECK(s.is_authenticated);
    check_say("AUTH PLAIN x", "503 5.5.1 ");
}

static void auth_refused(void)
{
    start_with(false, "PLAIN", false);
    check_say("AUTH PLAIN x", "503 5.5.1 ");
    say("HELO a");
    check_say("AUTH PLAIN x", "503 5.5.1 ");
    say("EHLO a");
    check_say("AUTH", "501 5.5.4 ");
    check_say("AUTH CRAM-MD5", "504 5.5.4 ");
    check_say("AUTH PLAI", "504 5.5.4 ");
    check_say("AUTH PLAINX", "504 5.5.4 ");
    check_say("AUTH AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "504 5.5.4 ");
    say("MAIL FROM:<a@b>");
    check_say("AUTH PLAIN x", "503 5.5.1 ");
    CHECK(s.has_sender);
}

static void auth_that_needs_tls(void)
{
    start_with(true, "PLAIN", true);
    say("EHLO a");
    check_say("AUTH PLAIN x", "538 5.7.11 ");
    line("STARTTLS");
    srv_tls_done(&s, "PLAIN");
    say("EHLO a");
    CHECK_EQ(line("AUTH PLAIN x"), SRV_AUTH);
}

static void auth_verdicts(void)
{
    int n = 0;

    start_with(false, "PLAIN", false);
    say("EHLO a");
    line("AUTH PLAIN x");
    CHECK_EQ(srv_auth_done(&s, false, "454 4.7.0 later"), SRV_LINE);
    line("AUTH PLAIN x");
    CHECK_EQ(srv_auth_done(&s, false, "421 4.7.0 bye"), SRV_CLOSE);
    start_with(false, "PLAIN", false);
    say("EHLO a");
    while (n < 1000 && line("AUTH PLAIN x") == SRV_AUTH && srv_auth_done(&s, false, "535 5.7.8 no") == SRV_LINE)
        n++;
    CHECK_EQ(n, LIMIT_ERRORS - 1);           /* guesses are errors */
    check_reply("421 4.7.0 ");
}

/* RFC 3848, RFC 6531 4.3. */
static void protocol_words(void)
{
    static const char *const words[] = { "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA", "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS",
                                         "UTF8SMTPSA" };

    start();
    CHECK_STR(srv_protocol(&s), "SMTP");
    say("HELO a");
    CHECK_STR(srv_protocol(&s), "SMTP");
    for (unsigned i = 0; i < 8; i++) {
        start_with(true, "PLAIN", false);
        say("EHLO a");
        if (i & 2) {
            line("STARTTLS");
            srv_tls_done(&s, "PLAIN");
            say("EHLO a");
        }
        if (i & 1) {
            line("AUTH PLAIN x");
            srv_auth_done(&s, true, "235 2.7.0 ok");
        }
        say(i & 4 ? "MAIL FROM:<a@b> SMTPUTF8" : "MAIL FROM:<a@b>");
        CHECK_STR(srv_protocol(&s), words[i]);
    }
}

int main(void)
{
    RUN(what_is_offered);
    RUN(starttls_forgets_all);
    RUN(starttls_out_of_order);
    RUN(tls_that_fails_ends_the_session);
    RUN(auth_takes_the_mechanism);
    RUN(auth_refused);
    RUN(auth_that_needs_tls);
    RUN(auth_verdicts);
    RUN(protocol_words);
    TEST_DONE();
}
