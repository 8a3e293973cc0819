/* One pattern at a time: what kind it is read as, and how words are matched. Hosts are matched in access_test.c. */
#include "mail/pattern.h"

#include "test.h"

static struct pattern p;

static int kind_of(const char *text)
{
    return pattern_read(text, strlen(text), &p) ? -1 : (int)p.kind;
}

static void kinds(void)
{
    static const struct { const char *text; int kind; } rows[] = {
        { "ALL", PATTERN_ALL }, { "all", PATTERN_ALL }, { "KNOWN", PATTERN_KNOWN }, { "unknown", PATTERN_UNKNOWN },
        { "Local", PATTERN_LOCAL }, { "PARANOID", PATTERN_PARANOID }, { "ALLY", PATTERN_NAME }, { "AL", PATTERN_NAME },
        { "mail.upv.es", PATTERN_NAME }, { "3com.com", PATTERN_NAME }, { "a_b", PATTERN_NAME },
        { ".es", PATTERN_SUFFIX },
        { ".1com", PATTERN_SUFFIX }, { "mx?.upv.es", PATTERN_NAME_GLOB }, { "*", PATTERN_NAME_GLOB },
        { "*.*", PATTERN_NAME_GLOB }, { "10.*", PATTERN_ADDRESS_GLOB }, { "1?.0.0.1", PATTERN_ADDRESS_GLOB },
        { "*.1", PATTERN_ADDRESS_GLOB }, { "10.0.0.1", PATTERN_NET }, { "10.", PATTERN_NET },
        { "10.0.0.0/8", PATTERN_NET },
        { "10.0.0.0/255.0.0.0", PATTERN_NET }, { "[::]/0", PATTERN_NET }, { "[2001:db8::1]", PATTERN_NET },
        { "@group", PATTERN_LATER }, { "/etc/more", PATTERN_FILE }, { "/", PATTERN_FILE },
        { "", -1 }, { ".", -1 }, { "-?!", -1 }, { "[", -1 }, { "]", -1 }, { "*/8", -1 }, { "10.*/8", -1 },
        { "a b", -1 },
        { ".1", -1 }, { "..es", -1 }, { "x.", -1 }, { "*.", -1 }, { "fe80::", -1 }, { "a:b", -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (kind_of(rows[i].text) != rows[i].kind)
            test_fail(__FILE__, __LINE__, "`%s` is %d, not %d", rows[i].text, kind_of(rows[i].text), rows[i].kind);
}

static void later_says_why(void)
{
    CHECK_EQ(kind_of("@group"), PATTERN_LATER);
    CHECK_STR(p.why, "netgroups do not exist here: list the hosts");
}

static void masks(void)
{
    CHECK_EQ(kind_of("10.20."), PATTERN_NET);
    CHECK_MEM(p.mask, "\xff\xff\0\0\0", 5);
    CHECK_MEM(p.net.byte, "\x0a\x14\0\0\0", 5);
    CHECK_EQ(kind_of("10.16.0.0/12"), PATTERN_NET);
    CHECK_MEM(p.mask, "\xff\xf0\0\0\0", 5);
    CHECK_EQ(kind_of("[2001:db8::5]/33"), PATTERN_NET);
    CHECK_MEM(p.mask, "\xff\xff\xff\xff\x80\0\0", 7);
    CHECK_EQ(p.net.byte[15], 0);
}

static bool word(const char *pattern, const char *text)
{
    size_t n = strlen(pattern);

    return !pattern_word_read(pattern, n) && pattern_word_match(pattern, n, text, strlen(text));
}

static void words(void)
{
    CHECK(word("sendmail", "SendMail") && word("ALL", "x") && word("KNOWN", "x") && word("in.*", "in.smtpd"));
    CHECK(word("*", "x") && word("?", "x") && word("25", "25") && word("a**b", "ab"));
    CHECK(!word("sendmail", "sendmai") && !word("sendmai", "sendmail") && !word("KNOWN", "unknown") && !word("?", ""));
    CHECK(!word("/x", "/x") && !word("", "") && !word("a b", "a b") && !word("[a]", "[a]") && !word("LOCAL", "local"));
}

int main(void)
{
    RUN(kinds);
    RUN(later_says_why);
    RUN(masks);
    RUN(words);
    TEST_DONE();
}
