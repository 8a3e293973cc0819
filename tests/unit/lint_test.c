/* Lint: what is found, in which line, as what; and that what the engine refuses by is never missed. */
#include "mail/lint.h"

#include "base/str.h"
#include "test.h"

#include <stdlib.h>

static char told[4000];
static struct str out;
static struct cover_entry seen[1024];

/* All findings as `allow:LINE! text` for errors, `?` for warnings, one a line. */
static void found(void *ctx, const struct lint_finding *f)
{
    (void)ctx;
    str_add(&out, f->file);
    str_addc(&out, ':');
    str_addu(&out, f->line);
    str_add(&out, f->error ? "! " : "? ");
    str_add(&out, f->text);
    str_addc(&out, '\n');
}

static struct lint_site site;
static unsigned errors;

static const char *lint_n(const char *allow, size_t allow_n, const char *deny, size_t deny_n)
{
    char *a = malloc(allow_n + 1), *d = malloc(deny_n + 1);
    struct access_rules rules = { .allow = { "allow", a + 1, allow_n, NULL },
                                  .deny = { "deny", d + 1, deny_n, NULL } };

    memcpy(a + 1, allow, allow_n);
    memcpy(d + 1, deny, deny_n);
    str_init(&out, told, sizeof told);
    site.found = found;
    site.seen = seen;
    site.seen_n = lint_room(&rules);
    CHECK(site.seen_n <= sizeof seen / sizeof *seen);
    errors = lint_rules(&rules, &site);
    free(a);
    free(d);
    return told;
}

static const char *lint(const char *allow, const char *deny)
{
    return lint_n(allow, strlen(allow), deny, strlen(deny));
}

static void reset(void)
{
    site = (struct lint_site){ .names = true };
}

struct row {
    const char *rule, *want;     /* want: the finding's beginning behind `allow:1`; "" for none at all */
};

static void check_rows(const struct row *rows, size_t n)
{
    char quoted[300], want[300];
    struct str w;

    for (size_t i = 0; i < n; i++) {
        const char *got = lint(rows[i].rule, "ALL: ALL\n");
        str_init(&w, want, sizeof want);
        str_add(&w, "allow:1");
        str_add(&w, rows[i].want);
        if (*rows[i].want ? strncmp(got, want, w.len) != 0 : *got)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].rule, test_quote(quoted, sizeof quoted, got));
        CHECK_EQ(errors > 0, rows[i].want[0] == '!');
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void nothing_to_say(void)
{
    static const struct row rows[] = {
        { "", "" }, { "# words\n\nsmtpd: 10.\n", "" }, { "sendmail: 10. .lan EXCEPT 10.1. a.lan\nsshd: ALL\n", "" },
        { "25: LOCAL\n", "" }, { "smtpd@10.0.0.1: mx?.lan\n", "" }, { "smtpd: [2001:db8::]/32: allow\n", "" },
        { "smtpd: ALL@10.1.2.3\n", "" }, { "# a \\\n# b\nsmtpd: 10.\n", "" }, { "smtpd: *\n", "" },
        { "smtpd: 10. \\\n 11.\n", "" }, { "smtpd: KNOWN PARANOID\n", "" },
    };

    reset();
    CHECK_ROWS(rows);
}

static void errors_are_what_refuses(void)
{
    static const struct row rows[] = {
        { "\xef\xbb\xbfsmtpd: 10.\n", "! the file starts with a byte order mark" },
        { "smtpd 10.\n", "! no colon" }, { "smtpd: 10.\r\n", "! the line ends in CR" },
        { "smtpd: 10.", "! the last line does not end" }, { "#", "! the last line does not end" },
        { "smtpd: /no/such\n", "! `/no/such`: this file of patterns was not read" },
        { "smtpd: 10.0.0.0/33\n", "! `10.0.0.0/33`: no prefix length" },
        { "smt!: ALL\n", "! `smt!`: no name or pattern" },
        { "smtpd: ALL EXCEPT\n", "! nothing stands behind EXCEPT" }, { "smtpd: @hosts\n", "! `@hosts`: netgroups" },
        { "smtpd: ALL: frob\n", "! `frob`: no such option" },
        { "smtpd: fe80::1\n", "! an IPv6 address stands in brackets" }, { "smtpd:\n", "! no client" },
        { "smtpd: ALL # x\n", "! `#`: a comment has its #" },
        { "smtpd: 10.1.2.3/31\n", "! `10.1.2.3/31`: the address has" },
        { "smtpd@@g: ALL\n", "! `smtpd@@g`: netgroups" },
    };

    reset();
    CHECK_ROWS(rows);
    CHECK_STR(lint("smtpd: 10.0.0.0/33 : frob\n", "ALL: ALL\n"),
              "allow:1! `10.0.0.0/33`: no prefix length: a number from 1 to 32 without leading zeros\n"
              "allow:1! `frob`: no such option: see buzon-hosts_options(5)\n");
    CHECK_EQ(errors, 2);
}

static void warnings(void)
{
    static const struct row rows[] = {
        { "smptd: 10.\n", "? `smptd`: no daemon of this name is known here: did you mean `smtpd`?" },
        { "sendmial: 10.\n", "? `sendmial`: no daemon of this name is known here: did you mean `sendmail`?" },
        { "smtpd.: 10.\n", "? `smtpd.`: a daemon's name does not end in a dot" },
        { "KNOWN: 10.\n", "? `KNOWN`: as a daemon" },
        { "FAIL: 10.\n", "? `FAIL`: this word is no longer known" },
        { "smtpd: ALLL\n", "? `ALLL`: no such word: did you mean `ALL`?" }, { "smtpd: ANY\n", "? `ANY`: no such word" },
        { "smtpd: UNKOWN\n", "? `UNKOWN`: no such word: did you mean `UNKNOWN`?" },
        { "smtpd: NONE\n", "? `NONE`: no such" },
        { "smtpd: ALL EXEPT 10.\n", "? ALL stands beside others" },
        { "smtpd: 10. deny\n", "? `deny`: here this is a host's" },
        { "smtpd: joe@10.\n", "? `joe@10.`: the client's host says who its user is" },
        { "smtpd: joe.@10.\n", "? `joe.@10.`: a user's name does not end in a dot" },
        { "smtpd: localhost\n", "? `localhost`: this is a name" }, { "smtpd: 10.*\n", "? `10.*`: a host whose name" },
        { "smtpd: p*\n", "? `p*`: the word unknown or paranoid" }, { "smtpd: u*\n", "? `u*`: the word unknown or" },
        { "smtpd: 192.0.1.0/255.0.255.0\n", "? `192.0.1.0/255.0.255.0`: the mask has holes" },
        { "smtpd: [2001:db8::5]/32\n", "? `[2001:db8::5]/32`: the address has bits behind" },
        { "#off \\\nsmtpd: 10.\n", "? the backslash at its end makes the next line a part" },
    };

    reset();
    CHECK_ROWS(rows);
    CHECK_STR(lint("sshd: 10.\n#x \\\ny: z\nsmptd@10.0.0.1: ALL\n", "ALL: ALL\n"),
              "allow:2? the backslash at its end makes the next line a part of this comment: take it out\n"
              "allow:4? `smptd@10.0.0.1`: no daemon of this name is known here: did you mean `smtpd`?\n");
}

static void order(void)
{
    reset();
    CHECK_STR(lint("smtpd: 10.\nsmtpd: 10.1.2.3\n", "ALL: ALL\n"),
              "allow:2? the rule never decides, since allow:1 decides for all of it: take it out, or put it before "
              "that\n");
    CHECK(strstr(lint("ALL: ALL: deny\nsmtpd: 10.\n", ""), "allow:2? the rule never decides, since allow:1 "));
    CHECK(strstr(lint("ALL: ALL\n", "smtpd: 10.\n"), "deny:1? the rule never decides, since allow:1 "));
    CHECK(strstr(lint("smtpd: 10.\nsmtpd: 11.\nsmtpd: 10.1. 11.1.\n", "ALL: ALL\n"), "allow:3? the rule never decides, "
                 "since allow:2 and others decide"));
    CHECK(strstr(lint("smtpd: .lan\nsmtpd: a.lan\n", "ALL: ALL\n"), "allow:2? the rule never"));
    CHECK_STR(lint("smtpd: 10. EXCEPT 10.1.2.3\nsmtpd: 10.1.2.3\n", "ALL: ALL\n"), "");
    CHECK_STR(lint("smtpd: 10.\nsmtpd: 10.1. 11.\n", "ALL: ALL\n"), "");
    CHECK_STR(lint("smtpd: 10.\nsshd: 10.\n", "ALL: ALL\n"), "");
    CHECK_STR(lint("smtpd: 10.1.\nsmtpd: 10.\n", "ALL: ALL\n"), "");
    CHECK(strstr(lint("smtpd: 10.\nsmtpd: 10. EXCEPT 10.1.\n", "ALL: ALL\n"), "allow:2? the rule never"));
}

static void the_end_is_open(void)
{
    reset();
    CHECK_STR(lint("smtpd: 10.\n", ""), "deny:0? whom no rule matches is let in, so that hosts.allow keeps nobody out: "
              "end this file with `ALL: ALL`\n");
    CHECK_STR(lint("smtpd: 10.\nALL: ALL: deny\n", ""), "");
    CHECK_STR(lint("", "smtpd: 10.\n"), "");                          /* a list of those who may not */
    CHECK_STR(lint("smtpd: 10.: deny\n", ""), "");
    CHECK(strstr(lint("smtpd: 10.\n", "ALL: ALL EXCEPT 10.\n"), "deny:0?"));
    CHECK(strstr(lint("smtpd: 10.\n", "smtpd: ALL\n"), "deny:0?"));
    CHECK(strstr(lint("smtpd: 10.\n", "ALL: ALL: allow\n"), "deny:0?"));
}

static void what_is_known_of_the_site(void)
{
    reset();
    site.daemons = "smtpd sendmail smtp in.smtpd 25 in.ftpd";
    site.bare = "telnetd";
    CHECK_STR(lint("in.ftpd: 10.\n", "ALL: ALL\n"), "");
    CHECK(strstr(lint("sshd: 10.\n", "ALL: ALL\n"), "allow:1? `sshd`: no daemon of this name is known here: "
                 "nobody asks"));
    CHECK(strstr(lint("in.fptd: 10.\n", "ALL: ALL\n"), "did you mean `in.ftpd`?"));
    CHECK(strstr(lint("telnetd: 10.\n", "ALL: ALL\n"), "allow:1? `telnetd`: inetd starts this daemon without tcpd"));
    CHECK_STR(lint("s*: 10.\n", "ALL: ALL\n"), "");
    site.bare = "telnetd in.ftpd";
    site.internal = "daytime";
    CHECK(strstr(lint("in.ftpd: 10.\n", "ALL: ALL\n"), "allow:1? `in.ftpd`: inetd starts this daemon without tcpd, "
                 "too"));
    CHECK_STR(lint("in.*: 10.\n", "ALL: ALL\n"), "");
    CHECK(strstr(lint("daytime: 10.\n", "ALL: ALL\n"), "allow:1? `daytime`: inetd answers this service by itself"));
    CHECK(strstr(lint("x*: 10.\n", "ALL: ALL\n"), "nobody asks the rule"));
    reset();
    site.names = false;
    CHECK_STR(lint("smtpd: 10.\nsmtpd: .lan\nsmtpd: .es\n", "ALL: ALL\n"),
              "allow:2? `.lan`: this needs names, and no name server is configured: only those in /etc/hosts are "
              "known\n");
    reset();
    site.strict = true;
    CHECK_STR(lint("smtpd: 10.\nsmtpd: 11.: allow\n", "ALL: ALL\n"),
              "allow:1? the rule lets in without saying so: end it with `: allow`\n");
}

static const char *no_such_host(void *ctx, const char *name, bool server)
{
    (void)ctx;
    if (server && strcmp(name, "many.lan") == 0)
        return "several addresses";
    return strcmp(name, "gone.lan") == 0 ? "no such host" : NULL;
}

static void names_are_looked_up(void)
{
    reset();
    site.host = no_such_host;
    CHECK_STR(lint("smtpd: gone.lan here.lan .lan\n", "ALL: ALL\n"), "allow:1? `gone.lan`: no such host\n");
    CHECK_STR(lint("smtpd@gone.lan: ALL@gone.lan\n", "ALL: ALL\n"),
              "allow:1? `smtpd@gone.lan`: no such host\nallow:1? `ALL@gone.lan`: no such host\n");
    CHECK_STR(lint("smtpd@many.lan: many.lan ALL@many.lan\n", "ALL: ALL\n"),
              "allow:1? `smtpd@many.lan`: several addresses\n");
}

static bool has_account(void *ctx, const char *name, bool group)
{
    (void)ctx;
    return strcmp(name, group ? "staff" : "joe") == 0;
}

static void users_and_groups(void)
{
    reset();
    CHECK_STR(lint("sshd: 10.: user joe.staff: group staff\nsshd: 11.: user gone\n", "ALL: ALL\n"), "");
    site.account = has_account;
    CHECK_STR(lint("sshd: 10.: user joe.staff: group staff\nsshd: 11.: user joe: keepalive\n", "ALL: ALL\n"), "");
    CHECK_STR(lint("sshd: 10.: user gone\nsshd: 11.: group joe\n", "sshd: ALL: user joe.joe\n"),
              "allow:1! `user gone`: there is no such user: mend the name, or add it\n"
              "allow:2! `group joe`: there is no such group: mend the name, or add it\n"
              "deny:1! `user joe.joe`: there is no such group: mend the name, or add it\n");
    CHECK_EQ(errors, 3);
    CHECK(strstr(lint("sshd: 10.: umask x: user gone\n", "ALL: ALL\n"), "allow:1! `umask x`"));
    CHECK_STR(lint("smtpd: 10.: user joe\n", "ALL: ALL\n"),
              "allow:1! `user joe`: smtpd refuses here, for it becomes the owner of queue/ by itself: take the option "
              "out\n");
    CHECK_EQ(errors, 1);
}

static void files_that_cannot_be_read(void)
{
    struct access_rules rules = { .allow = { .name = "allow" },
                                  .deny = { "deny", NULL, 0, "cannot be read: mend it" } };

    reset();
    str_init(&out, told, sizeof told);
    site.found = found;
    CHECK_EQ(lint_rules(&rules, &site), 1);
    CHECK_STR(told, "deny:0! cannot be read: mend it\n");
}

int main(void)
{
    RUN(nothing_to_say);
    RUN(errors_are_what_refuses);
    RUN(warnings);
    RUN(order);
    RUN(the_end_is_open);
    RUN(what_is_known_of_the_site);
    RUN(names_are_looked_up);
    RUN(users_and_groups);
    RUN(files_that_cannot_be_read);
    TEST_DONE();
}
