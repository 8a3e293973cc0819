/* buzon.conf: every key with good and bad values, and what is said of a bad one and where. */
#include "mail/conf.h"

#include "test.h"

#include <stdlib.h>

static struct conf c;
static struct conf_error error;
static char *text;                   /* conf's strings point into it */

static int parse_n(const char *from, size_t n)
{
    free(text);
    text = malloc(n + 1);
    memcpy(text, from, n);
    text[n] = '\0';
    conf_defaults(&c);
    memset(&error, 0, sizeof error);
    return conf_parse(&c, text, n, &error);
}

static int parse(const char *from)
{
    return parse_n(from, strlen(from));
}

/* Refused on this line, with these words. */
static void check_bad(const char *from, unsigned line, const char *words)
{
    char quoted[200], said[300];

    test_quote(quoted, sizeof quoted, from);
    if (parse(from) != -1)
        test_fail(__FILE__, __LINE__, "taken: %s", quoted);
    else if (error.line != line || !strstr(error.text, words))
        test_fail(__FILE__, __LINE__, "%s: line %u, %s", quoted, error.line, test_quote(said, sizeof said, error.text));
}

static void check_good(const char *from)
{
    char quoted[200];

    if (parse(from))
        test_fail(__FILE__, __LINE__, "%s: line %u: %s", test_quote(quoted, sizeof quoted, from), error.line,
                  error.text);
}

static void rates(void)
{
    CHECK_EQ(parse("connect-rate 5/s\nmessage-rate 1000000/d\nrecipient-rate off\n"), 0);
    CHECK(c.connect_rate.count == 5 && c.connect_rate.seconds == 1);
    CHECK(c.message_rate.count == 1000000 && c.message_rate.seconds == 86400);
    CHECK(c.recipient_rate.count == 0 && c.recipient_rate.seconds == 0);
    CHECK_EQ(parse("connect-rate 7/m\nmessage-rate 8/h\n"), 0);
    CHECK(c.connect_rate.count == 7 && c.connect_rate.seconds == 60);
    CHECK(c.message_rate.count == 8 && c.message_rate.seconds == 3600);
    CHECK(c.recipient_rate.count == 300 && c.recipient_rate.seconds == 60);
}

static void an_empty_file_leaves_the_defaults(void)
{
    struct conf d;

    conf_defaults(&d);
    CHECK_EQ(parse(""), 0);
    CHECK_STR(c.hostname, "");
    CHECK_STR(c.smarthost, "");
    CHECK_EQ(c.recipient_limit, 100);
    CHECK_EQ(c.message_size_limit, 32 << 20);
    CHECK_EQ(c.queue_lifetime, 5 * 86400);
    CHECK_EQ(c.relay_senders, CONF_SENDERS_ANY);
    CHECK_EQ(c.require_name, CONF_NAME_OFF);
    CHECK_EQ(c.retry_min, d.retry_min);
    CHECK_EQ(c.command_timeout, d.command_timeout);
}

static void comments_blanks_and_line_ends(void)
{
    CHECK_EQ(parse("# a comment\n\n   \n\t\n  # another\r\n\r\nhostname mx.example.org   \r\n"
                   "\tpostmaster \t a@b\t\nfree-files 7"), 0);
    CHECK_STR(c.hostname, "mx.example.org");
    CHECK_STR(c.postmaster, "a@b");
    CHECK_EQ(c.free_files, 7);
}

static void strings_and_lists(void)
{
    CHECK_EQ(parse("hostname mx.example.org\nlocal-domains example.org  b.example\nrelay-domains c.example\n"
                   "relay-clients 192.168.0.0/24 .lan\nlan-clients 10. EXCEPT 10.1.\n"
                   "smarthost mail.isp.example:587 [192.0.2.1]\n"
                   "postmaster admin@example.org\n"), 0);
    CHECK_STR(c.hostname, "mx.example.org");
    CHECK_STR(c.local_domains, "example.org  b.example");
    CHECK_STR(c.relay_domains, "c.example");
    CHECK_STR(c.relay_clients, "192.168.0.0/24 .lan");
    CHECK_STR(c.lan_clients, "10. EXCEPT 10.1.");
    CHECK_STR(c.smarthost, "mail.isp.example:587 [192.0.2.1]");
    CHECK_STR(c.postmaster, "admin@example.org");
}

static void choices_and_numbers(void)
{
    CHECK_EQ(parse("relay-senders ours\nrequire-name registered\nsmarthost-tls off\nauth off\nmessage-size-limit 64k\n"
                   "recipient-limit 1000\nfree-space 5M\nfree-files 0\nqueue-lifetime 5d\nretry-min 90s\n"
                   "retry-max 1h30m\n"
                   "name-timeout 7s\nconnect-timeout 10\ncommand-timeout 2m\ndata-timeout 1d\n"), 0);
    CHECK_EQ(c.relay_senders, CONF_SENDERS_OURS);
    CHECK_EQ(c.require_name, CONF_NAME_REGISTERED);
    CHECK_EQ(c.message_size_limit, 65536);
    CHECK_EQ(c.recipient_limit, 1000);
    CHECK_EQ(c.free_space, 5 << 20);
    CHECK_EQ(c.free_files, 0);
    CHECK_EQ(c.queue_lifetime, 432000);
    CHECK_EQ(c.retry_min, 90);
    CHECK_EQ(c.retry_max, 5400);
    CHECK_EQ(c.name_timeout, 7);
    CHECK_EQ(c.connect_timeout, 10);
    CHECK_EQ(c.command_timeout, 120);
    CHECK_EQ(c.data_timeout, 86400);
    CHECK_EQ(parse("require-name known\nrelay-senders any\n"), 0);
    CHECK_EQ(c.require_name, CONF_NAME_KNOWN);
}

static void good_values(void)
{
    static const char *const rows[] = {
        "hostname localhost", "local-domains a b c", "relay-clients ALL\nsmarthost a", "relay-domains a\nsmarthost b",
        "smarthost a", "smarthost a:1", "smarthost a:65535", "smarthost [127.0.0.1]", "smarthost [IPv6:::1]:25",
        "message-size-limit 65536", "message-size-limit 2G", "message-size-limit 2147483648", "recipient-limit 1",
        "free-files 4294967295", "free-space 0", "queue-lifetime 60", "queue-lifetime 366d", "retry-min 1\nretry-max 1",
        "retry-max 7d", "connect-timeout 1", "connect-timeout 1h", "data-timeout 24h", "postmaster root",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_good(rows[i]);
}

static void bad_values(void)
{
    static const char *const rows[][2] = {
        { "hostname a_b c", "takes one value" }, { "hostname -a", "not a domain" }, { "hostname a.", "not a domain" },
        { "hostname [1.2.3.4]", "not a domain" }, { "hostname", "has no value" }, { "hostname   ", "has no value" },
        { "local-domains a b..c", "not a domain" }, { "local-domains a,b", "not a domain" },
        { "relay-domains *.a", "not a domain" },
        { "smarthost a:0", "not HOST" }, { "smarthost a:65536", "not HOST" }, { "smarthost a:", "not HOST" },
        { "smarthost a:b", "not HOST" }, { "smarthost :25", "not HOST" }, { "smarthost a:+25", "not HOST" },
        { "smarthost [1.2.3]", "not HOST" }, { "smarthost 2001:db8::1", "not HOST" }, { "smarthost a b:x", "not HOST" },
        { "smarthost [1.2.3.4]x", "not HOST" }, { "smarthost", "has no value" },
        { "postmaster", "has no value" }, { "postmaster a@", "not an address" },
        { "postmaster <a@b>", "not an address" },
        { "postmaster a%b@c", "not an address" }, { "postmaster a@b@c", "not an address" },
        { "postmaster a b", "takes one value" },
        { "relay-senders all", "not a value" }, { "relay-senders Ours", "not a value" },
        { "relay-senders", "has no value" },
        { "relay-senders any ours", "takes one value" }, { "require-name yes", "not a value" },
        { "require-name -off", "not a value" },
        { "auth", "has no value" }, { "auth tl", "not a value" },
        { "message-size-limit 65535", "from 65536" }, { "message-size-limit 3G", "to 2147483648 bytes" },
        { "message-size-limit 0", "from" }, { "message-size-limit -1", "not a size" },
        { "message-size-limit 1e6", "not a size" },
        { "message-size-limit 99999999999999999999", "not a size" }, { "message-size-limit 1 M", "takes one value" },
        { "recipient-limit 0", "from 1" }, { "recipient-limit 1001", "to 1000" },
        { "recipient-limit 1k", "not a number" },
        { "recipient-limit 4294967296", "not a number" }, { "recipient-limit 4294967396", "not a number" },
        { "free-space 1P", "not a size" }, { "free-files -1", "not a number" }, { "queue-lifetime 59", "from 60" },
        { "queue-lifetime 367d", "seconds" }, { "queue-lifetime 5 d", "takes one value" },
        { "queue-lifetime 5y", "not a time" },
        { "queue-lifetime 1h30", "not a time" }, { "retry-min 0", "from 1" }, { "retry-max 8d", "to 604800" },
        { "name-timeout 61s", "from 1 to 60" },
        { "connect-timeout 0", "from 1" }, { "command-timeout 2h", "to 3600" }, { "data-timeout 25h", "to 86400" },
        { "relay-clients", "has no value" }, { "lan-clients", "has no value" },
        { "lan-clients 10.0.0.0/33", "lan-clients" },
        { "connect-rate 30", "not a rate" }, { "connect-rate 0/m", "not a rate" },
        { "connect-rate 30/", "not a rate" }, { "connect-rate 30/w", "not a rate" },
        { "connect-rate /m", "not a rate" }, { "connect-rate 1/mm", "not a rate" },
        { "message-rate 1000001/m", "not a rate" }, { "recipient-rate 30/m 40/h", "takes one value" },
        { "recipient-rate -1/m", "not a rate" }, { "client-limit 0", "from 1" }, { "client-limit 1001", "to 1000" },
        { "client-limit-per-host 0", "from 1" }, { "queue-limit-messages 1000001", "to 1000000" },
        { "queue-limit-bytes 1P", "not a size" }, { "dnsbl", "has no value" }, { "dnsbl a..b", "not a domain" },
        { "dnsbl a b c d e f g h i", "at most 8" }, { "sender-domain yes", "not a value" },
        { "greet-delay 61s", "from 0 to 60" }, { "tarpit 2m", "from 0 to 60" },
        { "lan-clients 10.0.0.256", "lan-clients" }, { "lan-clients [::1", "lan-clients" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_bad(rows[i][0], 1, rows[i][1]);
}

static void what_is_not_supported_yet_is_refused(void)
{
    static const char *const rows[] = {
        "smarthost-tls may", "smarthost-tls must", "smarthost-tls verify", "smarthost-auth a", "rewrite-from a",
        "tls-cert a",
        "tls-key a", "tls-ca a", "auth-users a", "auth tls", "auth always",
        "delay-warning 4h", "deliveries 2", "delay-warning",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_bad(rows[i], 1, "not supported yet");
}

static void unknown_keys(void)
{
    static const char *const rows[] = {
        "host-name a", "Hostname a", "hostnam a", "hostnames a", "hostname=a", "=", "include x", "hostname: a",
        "\xef\xbb\xbfhostname a",
        "hostname\ra", "; comment", "// comment",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_bad(rows[i], 1, "no such key");
}

static void the_line_is_named(void)
{
    check_bad("# one\n\nhostname a\r\nbogus x\nother y\n", 4, "bogus");
    check_bad("\n\n\nbogus", 4, "bogus");
    check_bad("free-files 1\nfree-files 2\n", 2, "given on line 1 already");
    check_bad("hostname a\n# x\nlocal-domains a\nhostname a\n", 4, "given on line 1 already");
}

static void the_file_as_a_whole(void)
{
    check_bad("retry-min 2h\nretry-max 1h\n", 0, "retry-min is greater");
    check_bad("retry-min 4h\n", 0, "retry-min is greater");
    check_bad("relay-clients 10.\n", 0, "smarthost");
    check_bad("relay-domains a.example\n", 0, "smarthost");
    CHECK_EQ(parse_n("hostname a\0b\n", 13), -1);
    CHECK_EQ(error.line, 0);
    CHECK(strstr(error.text, "NUL"));
    CHECK_EQ(parse_n("# only \0", 8), -1);
}

static void a_long_value_is_cut_in_the_words_only(void)
{
    static char from[3000] = "hostname ";

    memset(from + 9, '-', 2900);
    CHECK_EQ(parse(from), -1);
    CHECK(strlen(error.text) < sizeof error.text && strstr(error.text, "not a domain"));
    memset(from, 'k', 2900);
    CHECK_EQ(parse(from), -1);
    CHECK(strstr(error.text, "no such key"));
}

/* Whatever stands there, it is parsed to the end or refused with words; all pairs of a key and a value. */
static void any_key_with_any_value(void)
{
    static const char *const names[] = {
        "hostname", "local-domains", "relay-domains", "relay-clients", "relay-senders", "require-name", "lan-clients",
        "smarthost",
        "smarthost-tls", "auth", "message-size-limit", "recipient-limit", "free-space", "free-files", "postmaster",
        "queue-lifetime", "retry-min", "retry-max", "name-timeout",
        "connect-timeout", "command-timeout", "data-timeout",
    };
    static const char *const values[] = { "", "0", "1", "off", "a.example", "[::1]", "1h", "32M", "\xff", "%s%n", "-",
                                          ",", "EXCEPT" };
    char line[100];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            snprintf(line, sizeof line, "%s %s\n", names[i], values[k]);
            if (parse(line))
                CHECK(strlen(error.text) > 5 && !strchr(error.text, '\n'));
        }
    }
}

int main(void)
{
    RUN(an_empty_file_leaves_the_defaults);
    RUN(comments_blanks_and_line_ends);
    RUN(rates);
    RUN(strings_and_lists);
    RUN(choices_and_numbers);
    RUN(good_values);
    RUN(bad_values);
    RUN(what_is_not_supported_yet_is_refused);
    RUN(unknown_keys);
    RUN(the_line_is_named);
    RUN(the_file_as_a_whole);
    RUN(a_long_value_is_cut_in_the_words_only);
    RUN(any_key_with_any_value);
    free(text);
    TEST_DONE();
}
