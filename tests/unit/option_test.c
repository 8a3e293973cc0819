/* Options of rules: each is read strictly, and what they decide, need and expand to. */
#include "mail/option.h"

#include "base/str.h"
#include "test.h"

static struct option o;

static const char *read_one(const char *text)
{
    struct rule_span rest = { text, strlen(text) };

    return option_next(&rest, &o);
}

static bool is(const struct rule_span *s, const char *text)
{
    return s->n == strlen(text) && (s->n == 0 || memcmp(s->p, text, s->n) == 0);
}

static void good_ones(void)
{
    static const struct { const char *text; int kind, number, facility; const char *name, *value; } rows[] = {
        { "allow", OPTION_ALLOW, 0, 0, "", "" },
        { " DENY\t", OPTION_DENY, 0, 0, "", "" },
        { "severity mail.info", OPTION_SEVERITY, 6, 2, "", "mail.info" },
        { "severity=Local7.EMERG", OPTION_SEVERITY, 0, 23, "", "Local7.EMERG" },
        { "severity kern.warning", OPTION_SEVERITY, 4, -1, "", "kern.warning" },
        { "severity auth.err", OPTION_SEVERITY, 3, 4, "", "auth.err" },
        { "severity debug", OPTION_SEVERITY, 7, -1, "", "debug" },
        { "banners /etc/banners", OPTION_BANNERS, 0, 0, "", "/etc/banners" },
        { "setenv A", OPTION_SETENV, 0, 0, "A", "" },
        { "setenv = _a1 \t x  y ", OPTION_SETENV, 0, 0, "_a1", "x  y" },
        { "umask 022", OPTION_UMASK, 022, 0, "", "022" },
        { "umask 777", OPTION_UMASK, 0777, 0, "", "777" },
        { "nice", OPTION_NICE, 10, 0, "", "" },
        { "nice -5", OPTION_NICE, -5, 0, "", "-5" },
        { "nice 3", OPTION_NICE, 3, 0, "", "3" },
        { "keepalive", OPTION_KEEPALIVE, 0, 0, "", "" },
        { "linger 0", OPTION_LINGER, 0, 0, "", "0" },
        { "user nobody", OPTION_USER, 0, 0, "nobody", "" },
        { "user nobody.kmem", OPTION_USER, 0, 0, "nobody", "kmem" },
        { "group kmem", OPTION_GROUP, 0, 0, "kmem", "kmem" },
        { "rfc931", OPTION_RFC931, 10, 0, "", "" },
        { "rfc931 300", OPTION_RFC931, 300, 0, "", "300" },
        { "spawn (echo %h) &", OPTION_SPAWN, 0, 0, "", "(echo %h) &" },
        { "spawn = x", OPTION_SPAWN, 0, 0, "", "x" },
        { "spawn == x", OPTION_SPAWN, 0, 0, "", "= x" },
        { "twist PATH=/x\\; exec y", OPTION_TWIST, 0, 0, "", "PATH=/x\\; exec y" },
        { "aclexec checkdnsbl %a", OPTION_ACLEXEC, 0, 0, "", "checkdnsbl %a" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *wrong = read_one(rows[i].text);
        if (wrong || (int)o.kind != rows[i].kind || o.number != rows[i].number || o.facility != rows[i].facility ||
            !is(&o.name, rows[i].name) || !is(&o.value, rows[i].value))
            test_fail(__FILE__, __LINE__, "`%s`: %s kind %d number %d facility %d value `%.*s`", rows[i].text,
                      wrong ? wrong : "", o.kind, o.number, o.facility, (int)o.value.n, o.value.p);
    }
}

static void bad_ones(void)
{
    static const char *const rows[] = {
        "", " ", "=", "frob", "allowed", "allow x", "allow=1", "deny all", "banners", "banners etc", "banners/etc",
        "severity", "severity none", "severity mark.info", "severity mail.", "severity .info", "severity mail",
        "severity mail.info.x", "severity ..info", "severity -.info", "severity warn",
        "severity error", "severity panic", "severity authpriv.info", "setenv", "setenv 1A x", "setenv A-B x",
        "setenv A=x", "setenv A %x",
        "nice +1",
        "umask", "umask 8", "umask 1000", "umask 0x1", "umask -1", "umask 2 2", "nice 40", "nice --1", "nice -",
        "nice x", "keepalive 1", "linger", "linger -1", "linger 65536", "user", "user .x", "user x.", "user a.b.c",
        "user a b", "user a/b", "group", "group a b", "rfc931 0", "rfc931 301", "rfc931 x", "spawn", "spawn %x",
        "spawn 100%", "twist", "aclexec %", "spawn\x01x",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!read_one(rows[i]))
            test_fail(__FILE__, __LINE__, "`%s` is taken", rows[i]);
}

static const char *check(const char *options)
{
    static char all[300];
    struct rule_span at = { "", 0 };
    const char *wrong = option_check((struct rule_span){ options, strlen(options) }, &at);
    struct str s;

    str_init(&s, all, sizeof all);
    if (wrong) {
        str_addn(&s, at.p, at.n);
        str_add(&s, ": ");
        str_add(&s, wrong);
    }
    return all;
}

static void order(void)
{
    CHECK_STR(check("spawn a\\:b\\:deny : umask 22 : allow"), "");
    CHECK_STR(check("allow : umask 22"), "allow: this option is the last of its rule: move it to the end");
    CHECK_STR(check("twist x : deny"), "twist x: this option is the last of its rule: move it to the end");
    CHECK_STR(check("umask 22 : twist x"), "");
    CHECK_STR(check("umask 22 :"), ": an option is missing behind the colon: take the colon out");
    CHECK_STR(check("umask 22 : : allow"), ": an option is missing behind the colon: take the colon out");
}

/* 'A' allows, 'D' denies, '-' leaves it to the file. */
static int decision(const char *options)
{
    bool decides, allows = option_allows((struct rule_span){ options, strlen(options) }, &decides);

    return decides ? (allows ? 'A' : 'D') : '-';
}

static void decisions(void)
{
    CHECK_EQ(decision("allow"), 'A');
    CHECK_EQ(decision("umask 22: deny"), 'D');
    CHECK_EQ(decision("umask 22"), '-');
    CHECK_EQ(decision("twist x"), '-');
    CHECK_EQ(decision("spawn allow"), '-');
}

static void needs(void)
{
    struct access_facts facts = { .daemons = "x" };
    unsigned seconds;

#define NEEDS(text) option_needs((struct rule_span){ text, strlen(text) }, &facts, &seconds)
    CHECK_EQ(NEEDS("spawn %n %u: rfc931"), EXPAND_OK);           /* nobody to ask about */
    net_parse("10.0.0.1", 8, &facts.client);
    net_parse("10.0.0.2", 8, &facts.server);
    CHECK_EQ(NEEDS("banners /%n : umask 22"), EXPAND_OK);        /* no expansions there */
    CHECK_EQ(NEEDS("spawn %h %c %s %H"), EXPAND_OK);
    CHECK_EQ(NEEDS("umask 22: spawn %n"), EXPAND_ASK_NAME);
    CHECK_EQ(NEEDS("setenv A %N"), EXPAND_ASK_SERVER_NAME);
    CHECK_EQ(NEEDS("spawn %%n"), EXPAND_OK);
    CHECK_EQ(NEEDS("spawn %u"), EXPAND_ASK_USER);
    CHECK_EQ(seconds, ACCESS_USER_SECONDS);
    CHECK_EQ(NEEDS("rfc931 3: spawn %n %u"), EXPAND_ASK_USER);
    CHECK_EQ(seconds, 3);
    facts.user = "joe";
    facts.client_state = ACCESS_NAME_UNKNOWN;
    CHECK_EQ(NEEDS("rfc931 3: spawn %n %u"), EXPAND_OK);
}

static void values(void)
{
    struct access_facts facts = { .daemons = "in.x 25" };
    char out[64], tiny[4];

    CHECK(!read_one("spawn a\\:b \\\\:%d \\"));
    CHECK_EQ(option_value(&o, &facts, out, sizeof out), EXPAND_OK);
    CHECK_STR(out, "a:b \\:in.x \\");
    CHECK_EQ(option_value(&o, &facts, tiny, sizeof tiny), EXPAND_LONG);
    CHECK(!read_one("banners /a\\:%d"));
    CHECK_EQ(option_value(&o, &facts, out, sizeof out), EXPAND_OK);
    CHECK_STR(out, "/a:%d");
    option_tell(&o, &facts, out, sizeof out);
    CHECK_STR(out, "banners /a\\:%d");
    CHECK(!read_one("SetEnv A  %d %d"));
    option_tell(&o, &facts, out, sizeof out);
    CHECK_STR(out, "setenv A in.x in.x");
    CHECK(!read_one("twist echo %a\x07"));
    option_tell(&o, &facts, out, sizeof out);
    CHECK_STR(out, "twist echo unknown?");
    CHECK(!read_one("umask = 22"));
    option_tell(&o, &facts, out, sizeof out);
    CHECK_STR(out, "umask = 22");
}

static void words_in_a_text(void)
{
    static const char *const yes[] = { "a: b: spawn x", "a: b: umask 22 :\tTWIST x", "a: b:\\\n aclexec y",
                                       "a:b:sp\\\nawn x", "a: b: nice", "a:b:banners /x" };
    static const char *const no[] = { "spawn: a", "a: b: umask 22", "a: spaw", "a: b: deny # spawn", "", ":",
                                      "a: [::1]" };

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!option_in_text(yes[i], strlen(yes[i])))
            test_fail(__FILE__, __LINE__, "not in `%s`", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (option_in_text(no[i], strlen(no[i])))
            test_fail(__FILE__, __LINE__, "in `%s`", no[i]);
    struct access_rules rules = { .deny = { "deny", yes[0], strlen(yes[0]), NULL } };
    CHECK(option_wants_root(&rules));
    rules.deny.text = NULL;
    CHECK(!option_wants_root(&rules));
    rules.allow = (struct access_file){ "allow", yes[1], strlen(yes[1]), NULL };
    CHECK(option_wants_root(&rules));
}

int main(void)
{
    RUN(good_ones);
    RUN(bad_ones);
    RUN(order);
    RUN(decisions);
    RUN(needs);
    RUN(values);
    RUN(words_in_a_text);
    TEST_DONE();
}
