/* The verdict on a client: hosts_access(5) row by row, what libwrap passes over in silence, and what is asked when. */
#include "mail/access.h"

#include "base/str.h"
#include "test.h"

#include <stdlib.h>

/* Verdicts in the tables: allow, deny, refused by a fault, a name is wanted, the server's name, the user. */
enum { A = 'A', D = 'D', F = 'F', N = 'N', S = 'S', U = 'U' };

static struct access_why why;

static void parse(const char *text, struct net_addr *a)
{
    memset(a, 0, sizeof *a);
    if (text && net_parse(text, strlen(text), a))
        test_fail(__FILE__, __LINE__, "the test has a bad address: %s", text);
}

/* name: NULL not asked, "?" none, "!" does not lead back, else it is verified. */
static enum access_name state_of(const char *name)
{
    return !name ? ACCESS_NAME_UNASKED : *name == '?' ? ACCESS_NAME_UNKNOWN : *name == '!' ? ACCESS_NAME_PARANOID
                 : ACCESS_NAME_KNOWN;
}

static int decide_n(const char *allow, size_t allow_n, const char *deny, size_t deny_n,
                    const struct access_facts *facts)
{
    /* Copies without a NUL behind, so that the sanitised build sees every byte that is read too far. */
    char *a = malloc(allow_n + 1), *d = malloc(deny_n + 1);
    struct access_rules rules = { .allow = { "allow", a + 1, allow_n, NULL }, .deny = { "deny", d + 1, deny_n, NULL } };

    memcpy(a + 1, allow, allow_n);
    memcpy(d + 1, deny, deny_n);
    enum access_verdict v = access_decide(&rules, facts, &why);
    free(a);
    free(d);
    switch (v) {
    case ACCESS_ALLOW:    return A;
    case ACCESS_ASK_NAME: return N;
    case ACCESS_ASK_USER: return U;
    case ACCESS_DENY:     return *why.fault ? F : D;
    default:              return S;
    }
}

static int decide(const char *allow, const char *deny, const char *client, const char *name)
{
    struct access_facts facts = { .daemons = access_daemons("smtpd"),
                                  .client_state = state_of(name),
                                  .client_name = name };

    parse(client, &facts.client);
    return decide_n(allow, strlen(allow), deny, strlen(deny), &facts);
}

struct row {
    const char *text, *client, *name;
    int want;
};

/* Each text as hosts.allow, with a hosts.deny that refuses all. */
static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int got = decide(rows[i].text, "ALL: ALL\n", rows[i].client, rows[i].name);
        char quoted[200];
        if (got != rows[i].want)
            test_fail(__FILE__, __LINE__, "row %d, %s for %s (%s): %c, not %c; fault: %s", (int)i,
                      test_quote(quoted, sizeof quoted, rows[i].text), rows[i].client ? rows[i].client : "unknown",
                      rows[i].name ? rows[i].name : "unasked", got, rows[i].want, why.fault);
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

static void addresses(void)
{
    static const struct row rows[] = {
        { "sendmail: 10.1.2.3\n", "10.1.2.3", NULL, A },
        { "sendmail: 10.1.2.3\n", "10.1.2.30", NULL, D },
        { "sendmail: 10.\n", "10.9.9.9", NULL, A },
        { "sendmail: 10.\n", "100.9.9.9", NULL, D },
        { "sendmail: 10.1.\n", "10.1.9.9", NULL, A },
        { "sendmail: 10.1.2.\n", "10.1.2.9", NULL, A },
        { "sendmail: 10.1.2.\n", "10.1.3.9", NULL, D },
        { "sendmail: 0.\n", "0.1.2.3", NULL, A },
        { "sendmail: 10.0.0.0/8\n", "10.255.0.1", NULL, A },
        { "sendmail: 10.0.0.0/8\n", "11.0.0.1", NULL, D },
        { "sendmail: 10.1.2.3/32\n", "10.1.2.3", NULL, A },
        { "sendmail: 10.1.2.2/31\n", "10.1.2.3", NULL, A },
        { "sendmail: 0.0.0.0/1\n", "92.1.1.1", NULL, A },
        { "sendmail: 10.1.0.0/255.255.0.0\n", "10.1.2.3", NULL, A },
        { "sendmail: 10.1.0.0/255.255.0.0\n", "10.2.2.3", NULL, D },
        { "sendmail: 0.0.0.0/0.0.0.0\n", "10.2.2.3", NULL, A },
        { "sendmail: 192.0.1.0/255.0.255.0\n", "192.168.1.9", NULL, A },     /* "the bitwise AND", and so it is */
        { "sendmail: 192.0.1.0/255.0.255.0\n", "192.168.2.9", NULL, D },
        { "sendmail: [2001:db8::1]\n", "2001:db8::1", NULL, A },
        { "sendmail: [2001:DB8:0::1]\n", "2001:db8::1", NULL, A },
        { "sendmail: [2001:db8::1]\n", "2001:db8::2", NULL, D },
        { "sendmail: [2001:db8::]/32\n", "2001:db8:ffff::2", NULL, A },
        { "sendmail: [2001:db8::5]/32\n", "2001:db8::1", NULL, A },          /* host bits: taken in IPv6 alone */
        { "sendmail: [2001:db8::]/32\n", "2001:db9::2", NULL, D },
        { "sendmail: [::]/0\n", "2001:db9::2", NULL, A },
        { "sendmail: [::]/0\n", "10.0.0.1", NULL, D },
        { "sendmail: [::]/64\n", "10.0.0.1", NULL, D },
        { "sendmail: 10.0.0.1\n", "::ffff:10.0.0.1", NULL, A },              /* a mapped client counts as IPv4 */
        { "sendmail: 0.0.0.0/0.0.0.0\n", "::1", NULL, D },
        { "sendmail: 10.0.*\n", "10.0.5.5", NULL, A },
        { "sendmail: 10.0.0.?\n", "10.0.0.7", NULL, A },
        { "sendmail: 10.0.0.?\n", "10.0.0.17", NULL, N },
        { "sendmail: 10.0.0.?\n", "10.0.0.17", "printer", D },
        { "sendmail: *\n", "10.0.0.17", NULL, A },
        { "sendmail: 10.0.0.1\n", NULL, NULL, D },
        { "sendmail: 0.0.0.0/0.0.0.0\n", NULL, NULL, D },
        { "sendmail: [::]/0\n", NULL, NULL, D },
    };

    CHECK_ROWS(rows);
}

static void names(void)
{
    static const struct row rows[] = {
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", NULL, N },
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", "vega.cc.upv.es", A },
        { "sendmail: VEGA.cc.UPV.es\n", "10.0.0.1", "vega.cc.upv.es", A },
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", "vega.cc.upv.esx", D },
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", "xvega.cc.upv.es", D },
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", "?", D },
        { "sendmail: vega.cc.upv.es\n", "10.0.0.1", "!", D },
        { "sendmail: vega.cc.upv.es\n", NULL, NULL, D },
        { "sendmail: .upv.es\n", "10.0.0.1", "vega.cc.upv.es", A },
        { "sendmail: .UPV.ES\n", "10.0.0.1", "vega.cc.upv.es", A },
        { "sendmail: .upv.es\n", "10.0.0.1", "upv.es", D },                  /* not the bare domain */
        { "sendmail: .upv.es\n", "10.0.0.1", "xupv.es", D },
        { "sendmail: .upv.es\n", "10.0.0.1", ".upv.es", D },
        { "sendmail: upv.es\n", "10.0.0.1", "vega.upv.es", D },
        { "sendmail: mx?.upv.*\n", "10.0.0.1", "MX1.upv.es", A },
        { "sendmail: mx?.upv.*\n", "10.0.0.1", "mx.upv.es", D },
        { "sendmail: *.upv.es\n", "10.0.0.1", "a.b.upv.es", A },
        { "sendmail: *.upv.es\n", "10.0.0.1", "upv.es", D },
        { "sendmail: a*b*c*d\n", "10.0.0.1", "axxbxbxcxcxd", A },
        { "sendmail: LOCAL\n", "10.0.0.1", "printer", A },
        { "sendmail: LOCAL\n", "10.0.0.1", "printer.lan", D },
        { "sendmail: LOCAL\n", "10.0.0.1", "?", D },
        { "sendmail: LOCAL\n", "10.0.0.1", "!", D },
        { "sendmail: LOCAL\n", "10.0.0.1", NULL, N },
        { "sendmail: KNOWN\n", "10.0.0.1", "printer", A },
        { "sendmail: KNOWN\n", "10.0.0.1", "?", D },
        { "sendmail: KNOWN\n", "10.0.0.1", "!", D },
        { "sendmail: KNOWN\n", "10.0.0.1", NULL, N },
        { "sendmail: KNOWN\n", NULL, NULL, D },
        { "sendmail: KNOWN\n", NULL, "printer", D },                        /* the address must be known, too */
        { "sendmail: UNKNOWN\n", "10.0.0.1", "?", A },
        { "sendmail: UNKNOWN\n", "10.0.0.1", "!", D },
        { "sendmail: UNKNOWN\n", "10.0.0.1", "printer", D },
        { "sendmail: UNKNOWN\n", "10.0.0.1", NULL, N },
        { "sendmail: UNKNOWN\n", NULL, NULL, A },
        { "sendmail: PARANOID\n", "10.0.0.1", "!", A },
        { "sendmail: PARANOID\n", "10.0.0.1", "?", D },
        { "sendmail: PARANOID\n", "10.0.0.1", "printer", D },
        { "sendmail: PARANOID\n", "10.0.0.1", NULL, N },
        { "sendmail: PARANOID\n", NULL, NULL, D },
        { "sendmail: ALL\n", "10.0.0.1", "!", A },
        { "sendmail: 10.0.0.1\n", "10.0.0.1", "!", A },
        { "sendmail: all\n", "10.0.0.1", NULL, A },
        { "sendmail: local\n", "10.0.0.1", "printer", A },
        /* A name must not pass for an address, nor for one of the words that stand for no name. */
        { "sendmail: 10.*\n", "192.0.2.1", "10.evil.example", F },
        { "sendmail: 10.\n", "192.0.2.1", "10.evil.example", D },
        { "sendmail: un*\n", "192.0.2.1", "?", F },
        { "sendmail: par*\n", "192.0.2.1", "!", F },
        { "sendmail: UNKNOWN\n", "192.0.2.1", "unknown", D },
        { "sendmail: PARANOID\n", "192.0.2.1", "paranoid", D },
    };

    CHECK_ROWS(rows);
}

static void daemons(void)
{
    static const struct row rows[] = {
        { "smtpd: ALL\n", "10.0.0.1", NULL, A },   { "sendmail: ALL\n", "10.0.0.1", NULL, A },
        { "smtp: ALL\n", "10.0.0.1", NULL, A },    { "in.smtpd: ALL\n", "10.0.0.1", NULL, A },
        { "25: ALL\n", "10.0.0.1", NULL, A },      { "ALL: ALL\n", "10.0.0.1", NULL, A },
        { "SendMail: ALL\n", "10.0.0.1", NULL, A }, { "smt*: ALL\n", "10.0.0.1", NULL, A },
        { "send*: ALL\n", "10.0.0.1", NULL, D }, { "2?: ALL\n", "10.0.0.1", NULL, D },
        { "025: ALL\n", "10.0.0.1", NULL, F }, { "+25: ALL\n", "10.0.0.1", NULL, F },
        { "smtp?: ALL\n", "10.0.0.1", NULL, A },   { "KNOWN: ALL\n", "10.0.0.1", NULL, A },
        { "sshd: ALL\n", "10.0.0.1", NULL, D },    { "sendmai: ALL\n", "10.0.0.1", NULL, D },
        { "sendmailx: ALL\n", "10.0.0.1", NULL, D }, { "2525: ALL\n", "10.0.0.1", NULL, D },
        { "sshd, sendmail: ALL\n", "10.0.0.1", NULL, A },
        { "ALL EXCEPT sendmail: ALL\n", "10.0.0.1", NULL, D },
        { "ALL EXCEPT sshd: ALL\n", "10.0.0.1", NULL, A },
        { "ALL EXCEPT smtpd: ALL\n", "10.0.0.1", NULL, D },          /* any of the server's names is the server */
        { "sendmail EXCEPT smtp: ALL\n", "10.0.0.1", NULL, D },
        { "ALL EXCEPT ALL EXCEPT sendmail: ALL\n", "10.0.0.1", NULL, A },
    };

    CHECK_ROWS(rows);
    CHECK_STR(access_daemons("Sendmail"), "sendmail smtpd smtp in.smtpd 25");
    CHECK_STR(access_daemons("25"), "25 smtpd sendmail smtp in.smtpd");
    CHECK_STR(access_daemons("sshd"), "sshd");
}

static int decide_server(const char *allow, const char *server, const char *name)
{
    struct access_facts facts = { .daemons = "sendmail", .server_state = state_of(name), .server_name = name };

    parse("10.0.0.1", &facts.client);
    parse(server, &facts.server);
    return decide_n(allow, strlen(allow), "ALL: ALL\n", 9, &facts);
}

static void daemon_at_host(void)
{
    CHECK_EQ(decide_server("sendmail@10.9.9.9: ALL\n", "10.9.9.9", NULL), A);
    CHECK_EQ(decide_server("sendmail@10.9.9.9: ALL\n", "10.9.9.8", NULL), D);
    CHECK_EQ(decide_server("sendmail@10.9.9.9: ALL\n", NULL, NULL), D);
    CHECK_EQ(decide_server("sshd@10.9.9.9: ALL\n", "10.9.9.9", NULL), D);
    CHECK_EQ(decide_server("ALL@[fd00::1]: ALL\n", "fd00::1", NULL), A);
    CHECK_EQ(decide_server("ALL@[fd00::]/8: ALL\n", "fd12::1", NULL), A);
    CHECK_EQ(decide_server("sendmail@mx.lan: ALL\n", "10.9.9.9", NULL), S);
    CHECK_EQ(decide_server("sendmail@mx.lan: ALL\n", "10.9.9.9", "mx.lan"), A);
    CHECK_EQ(decide_server("sendmail@mx.lan: ALL\n", "10.9.9.9", "?"), D);
    /* Asked for before the client is looked at: the list of daemons may yet refuse. */
    CHECK_EQ(decide_server("sendmail@mx.lan, sendmail@@group: 10.0.0.2\n", "10.9.9.9", NULL), S);
    CHECK_EQ(decide_server("sendmail@mx.lan, sendmail@@group: 10.0.0.2\n", "10.9.9.9", "?"), F);
    CHECK_EQ(decide_server("sendmail@mx.lan, sendmail@@group: 10.0.0.2\n", "10.9.9.9", "mx.lan"), D);
    CHECK_EQ(decide_server("sendmail@mx.lan: 10.0.0.0/33\n", "10.9.9.9", NULL), S);
    CHECK_EQ(decide_server("sendmail@mx.lan: 10.0.0.0/33\n", "10.9.9.9", "mx.lan"), F);
    CHECK_EQ(decide_server("sendmail@mx.lan: 10.0.0.0/33\n", "10.9.9.9", "?"), D);
    CHECK_EQ(decide_server("ALL EXCEPT sendmail@10.9.9.9: ALL\n", "10.9.9.9", NULL), D);
    CHECK_EQ(decide_server("ALL EXCEPT sendmail@10.9.9.9: ALL\n", "10.9.9.8", NULL), A);
    CHECK_EQ(decide_server("sendmail@: ALL\n", "10.9.9.9", NULL), F);
    CHECK_EQ(decide_server("sendmail@10.9.9.0/33: ALL\n", "10.9.9.9", NULL), F);
    CHECK_EQ(decide_server("sendmail@@group: ALL\n", "10.9.9.9", NULL), F);
    CHECK_EQ(decide_server("@group: ALL\n", "10.9.9.9", NULL), F);
}

static void except(void)
{
    static const struct row rows[] = {
        { "sendmail: ALL EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, D },
        { "sendmail: ALL EXCEPT 10.0.0.1\n", "10.0.0.2", NULL, A },
        { "sendmail: ALL except 10.0.0.1\n", "10.0.0.1", NULL, D },
        { "sendmail: 10. 11. EXCEPT 10.0.0.1 11.0.0.1\n", "11.0.0.1", NULL, D },
        { "sendmail: 10. 11. EXCEPT 10.0.0.1 11.0.0.1\n", "11.0.0.2", NULL, A },
        /* a EXCEPT b EXCEPT c is a EXCEPT (b EXCEPT c) */
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0.0.1\n", "10.0.0.2", NULL, D },
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0.0.1\n", "11.0.0.2", NULL, A },
        { "sendmail: 11. EXCEPT 10. EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, D },
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0. EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, D },
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0. EXCEPT 10.0.0.1\n", "10.0.0.2", NULL, A },
        { "sendmail: ALL EXCEPT 10. EXCEPT 10.0. EXCEPT 10.0.0.1\n", "10.1.0.2", NULL, D },
        { "sendmail: ALL EXCEPT .lan\n", "10.0.0.1", NULL, N },
        { "sendmail: ALL EXCEPT .lan\n", "10.0.0.1", "a.lan", D },
        { "sendmail: ALL EXCEPT .lan\n", "10.0.0.1", "?", A },
    };

    CHECK_ROWS(rows);
}

/* An address decides without the name wherever it can, and the verdict does not depend on who knew what when. */
static void names_are_asked_for_late(void)
{
    static const struct row rows[] = {
        { "sendmail: .lan 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: .lan 10.0.0.1\n", "10.0.0.2", NULL, N },
        { "sshd: .lan\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1\nsendmail: .lan\n", "10.0.0.1", NULL, A },
        { "sendmail: .lan EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, D },
        { "sendmail: .lan EXCEPT 10.0.0.1\n", "10.0.0.2", NULL, N },
        { "sendmail: 10. EXCEPT .lan\n", "11.0.0.1", NULL, D },
        { "sendmail: 10.0.0.1 EXCEPT 11. EXCEPT .lan\n", "10.0.0.1", NULL, A },
        { "sendmail: ALL EXCEPT .lan EXCEPT 10.\n", "10.0.0.1", NULL, A },
        { "sendmail: ALL EXCEPT .lan EXCEPT 11.\n", "10.0.0.1", NULL, N },
        { "sendmail: .lan@group\n", "10.0.0.1", NULL, F },
        { "sendmail: .lan @group 10.0.0.1\n", "10.0.0.1", NULL, N },
        { "sendmail: .lan @group 10.0.0.1\n", "10.0.0.1", "a.lan", A },
        { "sendmail: .lan @group 10.0.0.1\n", "10.0.0.1", "?", F },
        { "sendmail: 10.0.0.1 @group\n", "10.0.0.1", NULL, A },
        { "sendmail: .lan EXCEPT @group\n", "10.0.0.1", NULL, N },
        { "sendmail: .lan EXCEPT @group\n", "10.0.0.1", "?", D },
        { "sendmail: .lan EXCEPT @group\n", "10.0.0.1", "a.lan", F },
        { "sendmail: 10.0.0.1 EXCEPT 11.0.0.1 @group\n", "10.0.0.1", NULL, F },
    };

    CHECK_ROWS(rows);
}

static void users(void)
{
    static const struct row rows[] = {
        { "sendmail: ALL@10.0.0.1\n", "10.0.0.1", NULL, U },
        { "sendmail: all@10.\n", "10.0.0.1", NULL, U },
        { "sendmail: ALL@10.0.0.1\n", "10.0.0.2", NULL, D },
        { "sendmail: ALL@[2001:db8::1]\n", "2001:db8::1", NULL, U },
        { "sendmail: ALL@ALL\n", "10.0.0.2", NULL, U },
        { "sendmail: ALL@.lan\n", "10.0.0.2", NULL, N },
        { "sendmail: joe@10.0.0.1\n", "10.0.0.2", NULL, D },         /* the host first: this one is not meant */
        { "sendmail: joe@10.0.0.1\n", "10.0.0.1", NULL, U },
        { "sendmail: KNOWN@10.0.0.1\n", "10.0.0.1", NULL, U },
        { "sendmail: UNKNOWN@10.0.0.1\n", "10.0.0.1", NULL, U },
        { "sendmail: ALL@@group\n", "10.0.0.1", NULL, F },
        { "sendmail: joe@\n", "10.0.0.1", NULL, F },
    };
    struct access_facts facts = { .daemons = "sendmail", .user = "joe" };

    CHECK_ROWS(rows);
    parse("10.0.0.1", &facts.client);
    CHECK_EQ(decide_n("ALL: joe@10.0.0.1\n", 18, "ALL: ALL\n", 9, &facts), A);
    CHECK_EQ(decide_n("ALL: KNOWN@10.0.0.1\n", 20, "ALL: ALL\n", 9, &facts), A);
    CHECK_EQ(decide_n("ALL: jim@10.0.0.1\n", 18, "ALL: ALL\n", 9, &facts), D);
    CHECK_EQ(decide_n("ALL: jo*@10.0.0.1\n", 18, "ALL: ALL\n", 9, &facts), A);
    facts.user = ACCESS_NO_USER;
    CHECK_EQ(decide_n("ALL: KNOWN@10.0.0.1\n", 20, "ALL: ALL\n", 9, &facts), D);
    CHECK_EQ(decide_n("ALL: UNKNOWN@10.0.0.1\n", 22, "ALL: ALL\n", 9, &facts), A);
    CHECK_EQ(decide_n("ALL: ALL@10.0.0.1\n", 18, "ALL: ALL\n", 9, &facts), A);
    /* A client without an address cannot be asked. */
    facts = (struct access_facts){ .daemons = "sendmail" };
    CHECK_EQ(decide_n("ALL: UNKNOWN@ALL\n", 17, "ALL: ALL\n", 9, &facts), A);
    CHECK_EQ(decide_n("ALL: joe@ALL\n", 13, "ALL: ALL\n", 9, &facts), D);
}

static void layout(void)
{
    static const struct row rows[] = {
        { "sendmail:10.0.0.1", "10.0.0.1", NULL, F },                        /* libwrap ends hosts.allow there … */
        { "#", "10.0.0.1", NULL, F },                                       /* … whatever it says */
        { "sendmail: 10.0.0.1\n#", "10.0.0.1", NULL, A },
        { "  sendmail\t:\t10.0.0.2,10.0.0.1\t\n", "10.0.0.1", NULL, A },
        { "sendmail: ,, 10.0.0.2 ,, 10.0.0.1 ,\n", "10.0.0.1", NULL, A },
        { "# ALL: ALL\n#\n\n \t \n\r\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "#ALL: ALL\n", "10.0.0.1", NULL, D },
        { "sendmail: \\\n10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.\\\n0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1\\\n2\n", "10.0.0.1", NULL, D },
        { "send\\\nmail\\\n:\\\n10.0.0.1\\\n\n", "10.0.0.1", NULL, A },
        { "# commented out \\\nALL: ALL\n", "10.0.0.1", NULL, D },           /* a comment goes on, too */
        { "sendmail: 10.0.0.1 \\", "10.0.0.1", NULL, F },
        { "\\\n\\\n", "10.0.0.1", NULL, F },
        { "", "10.0.0.1", NULL, D },
        { "\n", "10.0.0.1", NULL, D },
    };

    CHECK_ROWS(rows);
}

/* What cannot be understood refuses: each of these is passed over in silence, or taken for something else, by libwrap.
 * First what is wrong with lines and lists. */
static void faulty_lines(void)
{
    static const struct row rows[] = {
        { "\xef\xbb\xbfsendmail: 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "\xef\xbb\xbf# comment\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "\xff\xfes: 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail\n", "10.0.0.1", NULL, F },
        { "[sendmail: 10.0.0.1]\n", "10.0.0.1", NULL, F },
        { ": 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail:\n", "10.0.0.1", NULL, F },
        { "sendmail: ,\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1\r\n", "10.0.0.1", NULL, F },
        { "sshd: 10.0.0.1\r\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1\vx\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1\xc2\xa0\n", "10.0.0.1", NULL, F },
        { "sendmail: caf\xc3\xa9.example\n", "10.0.0.1", NULL, F },
        { " # sendmail: 10.0.0.1\n", "10.0.0.1", NULL, F },
        { " # comment\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1 # the hub\n", "10.0.0.1", NULL, F },
        { "/usr/sbin/sendmail: ALL\n", "10.0.0.1", NULL, F },
        { "LOCAL: sendmail\n", "10.0.0.1", NULL, F },
        { "[sendmail]: ALL\n", "10.0.0.1", NULL, F },
        { ".mail: ALL\n", "10.0.0.1", NULL, F },
        { "sendmail: ALL EXCEPT\n", "10.0.0.1", NULL, F },                   /* libwrap grants */
        { "sendmail: ALL EXCEPT EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, F },   /* libwrap grants */
        { "sendmail: EXCEPT 10.0.0.1\n", "10.0.0.1", NULL, F },
        { "EXCEPT sendmail: ALL\n", "10.0.0.1", NULL, F },
    };

    CHECK_ROWS(rows);
}

static void faulty_patterns(void)
{
    static const struct row rows[] = {
        { "sendmail: 10.0.0.0/33\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/0\n", "10.0.0.1", NULL, F },
        { "sendmail: 0.0.0.0/0\n", "10.0.0.1", NULL, F },                    /* libwrap never matches it */
        { "sendmail: 10.0.0.0/08\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/x\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/-1\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/8/8\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1/255.255.255.255\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/255.0.0\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.0/255.0.0.256\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.5/8\n", "10.0.0.1", NULL, F },                   /* never matches in libwrap */
        { "sendmail: 10.0.0.5/255.0.0.0\n", "10.0.0.1", NULL, F },
        { "sendmail: 10/8\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0/24\n", "10.0.0.1", NULL, F },
        { "sendmail: 010.0.0.0/8\n", "10.0.0.1", NULL, F },                  /* octal to libwrap: 8.0.0.0/8 */
        { "sendmail: 010.0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail: 012.\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.00.\n", "10.0.0.1", NULL, F },
        { "sendmail: 256.0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0\n", "10.0.0.1", NULL, F },
        { "sendmail: 10\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1.\n", "10.0.0.1", NULL, F },
        { "sendmail: 10..\n", "10.0.0.1", NULL, F },
        { "sendmail: .\n", "10.0.0.1", NULL, F },
        { "sendmail: .1\n", "10.0.0.1", NULL, F },                           /* libwrap: the text's end, so 10.0.0.1 */
        { "sendmail: .0.0.1\n", "10.0.0.1", NULL, F },
        { "sendmail: mail.upv.es.\n", "10.0.0.1", NULL, F },
        { "sendmail: .upv.es.\n", "10.0.0.1", NULL, F },
        { "sendmail: mail..upv.es\n", "10.0.0.1", NULL, F },
        { "sendmail: mail.upv.es/24\n", "10.0.0.1", NULL, F },
        { "sendmail: mail!upv\n", "10.0.0.1", NULL, F },
        { "sendmail: 2001:db8::1\n", "2001:db8::1", NULL, F },
        { "sendmail: ::1\n", "::1", NULL, F },
        { "sendmail: fe80::/10\n", "fe80::1", NULL, F },
        { "sendmail: fe80::1: allow\n", "fe80::1", NULL, F },
        { "sendmail: 10.0.0.1 fe80::1\n", "10.0.0.1", NULL, F },
        { "sendmail: 2001:db8:\n", "2001:db8::1", NULL, F },
        { "sendmail@fe80::1: ALL\n", "10.0.0.1", NULL, F },
        { "sendmail: [2001:db8::1\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8::1]x\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8::1/64]\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8::]/129\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8::]/\n", "2001:db8::1", NULL, F },             /* libwrap takes it for /128 */
        { "sendmail: [2001:db8::]/032\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8::1%eth0]\n", "2001:db8::1", NULL, F },
        { "sendmail: [2001:db8:*]\n", "2001:db8::1", NULL, F },
        { "sendmail: [10.0.0.1]\n", "10.0.0.1", NULL, F },                   /* these never match in libwrap */
        { "sendmail: [::ffff:10.0.0.1]\n", "10.0.0.1", NULL, F },
        { "sendmail: [::ffff:0:0]/96\n", "10.0.0.1", NULL, F },
        { "sendmail: []\n", "10.0.0.1", NULL, F },
        { "sendmail: @group\n", "10.0.0.1", NULL, F },
        { "sendmail: /etc/hosts.mail\n", "10.0.0.1", NULL, F },
    };

    CHECK_ROWS(rows);
}

/* Only what is reached refuses. */
static void faults_count_where_they_are_reached(void)
{
    static const struct row rows[] = {
        { "sendmail: 10.0.0.1\nrubbish\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1\nrubbish\n", "10.0.0.2", NULL, F },
        { "sshd: 10.0.0.0/33\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, A },      /* another daemon's rule */
        { "sshd: @group\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sshd: ALL: spawn x\nsendmail: 10.0.0.1\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1 10.0.0.0/33\n", "10.0.0.1", NULL, F },             /* a broken rule is broken for all */
        { "sendmail: 10.0.0.0/33\n", "11.0.0.1", NULL, F },
    };

    CHECK_ROWS(rows);
    CHECK_EQ(decide("sendmail: 10.0.0.1\n", "sendmail: 10.0.0.0/33\n", "10.0.0.1", NULL), A);
    CHECK_EQ(decide("sendmail: 10.0.0.1\n", "sendmail: 10.0.0.0/33\n", "10.0.0.2", NULL), F);
    CHECK_STR(why.file, "deny");
}

static void nul_bytes_refuse(void)
{
    static const char text[] = "sshd: 10.0.0.1\0\n", wide[] = "A\0L\0L\0:\0A\0L\0L\0\n\0";
    struct access_facts facts = { .daemons = "sendmail" };

    parse("10.0.0.1", &facts.client);
    CHECK_EQ(decide_n(text, sizeof text - 1, "", 0, &facts), F);
    CHECK_EQ(decide_n(wide, sizeof wide - 1, "", 0, &facts), F);
    CHECK_EQ(decide_n("", 0, text, sizeof text - 1, &facts), F);
}

static void options(void)
{
    static const struct row rows[] = {
        { "sendmail: 10.0.0.1: allow\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1: ALLOW \n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1:deny\n", "10.0.0.1", NULL, D },
        { "sendmail: 10.0.0.1:deny\n", "10.0.0.2", NULL, D },
        { "sendmail: 10.0.0.1:deny\nsendmail: ALL\n", "10.0.0.2", NULL, A },
        { "sendmail: [2001:db8::1]: deny\n", "2001:db8::1", NULL, D },
        { "sendmail: 10.0.0.1: frob\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: frob\n", "10.0.0.2", NULL, F },
        { "sendmail: 10.0.0.1:\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: :allow\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: allow:\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: allow now\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: allow=1\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: allow: deny\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: allow: severity info\n", "10.0.0.1", NULL, F },
        { "sendmail: 10.0.0.1: severity info: allow\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1: severity info: allow\n", "10.0.0.2", NULL, D },
        { "sendmail: 10.0.0.1: spawn (echo a\\:b) &: allow\n", "10.0.0.1", NULL, A },
        { "sendmail: 10.0.0.1: spawn (echo a\\:b) &: allow\n", "10.0.0.2", NULL, D },
        { "sendmail: .lan: keepalive\n", "10.0.0.1", NULL, N },
    };

    CHECK_ROWS(rows);
    CHECK_EQ(decide("", "sendmail: 10.0.0.1: allow\nALL: ALL\n", "10.0.0.1", NULL), A);
    CHECK_STR(why.options, " allow");
    CHECK_EQ(decide("", "sendmail: 10.0.0.1: twist x\n", "10.0.0.1", NULL), D);
    CHECK_STR(why.fault, "");
    CHECK_STR(why.options, " twist x");
    CHECK_EQ(decide("sendmail: ALL: frob\n", "", "10.0.0.1", NULL), F);
    CHECK_STR(why.fault, "`frob`: no such option: see buzon-hosts_options(5)");
    CHECK_STR(why.options, "");
    CHECK_EQ(decide("sshd: ALL: umask 22\n", "ALL: ALL\n", "10.0.0.1", NULL), D);
    CHECK_STR(why.options, "");
}

static void which_file_and_line(void)
{
    CHECK_EQ(decide("# one\n\nsshd: ALL\nsendmail: 10.0.0.1\t\\\n  10.0.0.2\n", "", "10.0.0.2", NULL), A);
    CHECK_STR(why.file, "allow");
    CHECK_EQ(why.line, 4);
    CHECK_STR(why.rule, "sendmail: 10.0.0.1   10.0.0.2");
    CHECK_EQ(decide("a: b \\\n c \\\n d\n", "b: c\nALL: ALL\n", "10.0.0.2", NULL), D);
    CHECK_STR(why.file, "deny");
    CHECK_EQ(why.line, 2);
    CHECK_EQ(decide("a: b\n", "b: c\n", "10.0.0.2", NULL), A);
    CHECK(why.file == NULL);
    CHECK_EQ(why.line, 0);
    CHECK_EQ(decide("a: b \\\n c\nsendmail: x\xff\n", "", "10.0.0.2", NULL), F);
    CHECK_EQ(why.line, 3);
    CHECK_STR(why.rule, "sendmail: x?");
    CHECK_STR(why.fault, "`x?`: no name, address or pattern: it has a character that names do not have");
    CHECK_EQ(decide("sendmail: .lan\n", "", "10.0.0.2", NULL), N);
    CHECK_EQ(why.line, 1);
}

static void faults_name_the_mend(void)
{
    static const char *const rows[][2] = {
        { "\xef\xbb\xbf# a comment\n", "the file starts with a byte order mark: save it as plain ASCII text" },
        { "sendmail ALL\n", "no colon between daemons and clients: write `daemon: client`" },
        { "sendmail: ALL\r\n", "the line ends in CR: save the file with Unix line ends" },
        { "sendmail: [2001:db8::1@x]\n",
          "`[2001:db8::1@x]`: no IPv6 address in brackets: write it as in [2001:db8::1] or [2001:db8::]/32" },
        { "sendmail: fe80::1\n", "an IPv6 address stands in brackets: [2001:db8::1]" },
        { "sendmail: 10.0.0.0/33\n", "`10.0.0.0/33`: no prefix length: a number from 1 to 32 without leading zeros" },
        { "sendmail: @group\n", "`@group`: netgroups do not exist here: list the hosts" },
        { "sendmail: /file\n",
          "`/file`: this file of patterns was not read: at most 64 may be named, by names of at most 255 bytes" },
        { "sendmail: ALL: umask 9\n", "`umask 9`: no umask: an octal number up to 0777" },
        { "sendmail: ALL EXCEPT\n", "nothing stands behind EXCEPT: say what it excepts" },
        { "sendmail:\n", "no client behind the colon: write `daemon: client`" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(decide(rows[i][0], "ALL: ALL\n", "10.0.0.1", NULL), F);
        CHECK_STR(why.fault, rows[i][1]);
        CHECK_EQ(why.line, 1);
    }
}

static void an_unreadable_file_refuses(void)
{
    struct access_rules rules = { .allow = { "allow", "ALL: ALL\n", 9, NULL },
                                  .deny = { "deny", NULL, 0, "cannot be read: mend it" } };
    struct access_facts facts = { .daemons = "sendmail" };

    CHECK_EQ(access_decide(&rules, &facts, &why), ACCESS_ALLOW);
    rules.allow.text = NULL;
    CHECK_EQ(access_decide(&rules, &facts, &why), ACCESS_DENY);
    CHECK_STR(why.file, "deny");
    CHECK_EQ(why.line, 0);
    CHECK_STR(why.fault, "cannot be read: mend it");
    rules.deny.fault = NULL;
    CHECK_EQ(access_decide(&rules, &facts, &why), ACCESS_ALLOW);         /* two missing files are two empty ones */
    rules.allow = (struct access_file){ "allow", "ALL: ALL\n", 9, "cannot be read: mend it" };
    CHECK_EQ(access_decide(&rules, &facts, &why), ACCESS_DENY);
}

/* A rule of `bytes` bytes for 10.0.0.1, as continued lines or as one. */
static int decide_long(size_t bytes, bool continued)
{
    static char text[4 * ACCESS_LINE];
    static const char start[] = "sendmail: 10.0.0.1 ";
    struct access_facts facts = { .daemons = "sendmail" };
    size_t n = sizeof start - 1, joined = n;

    memcpy(text, start, n);
    for (; joined < bytes; joined++) {
        if (continued && joined % 64 == 0) {
            memcpy(text + n, "\\\n", 2);
            n += 2;
        }
        text[n++] = ' ';
    }
    text[n++] = '\n';
    parse("10.0.0.1", &facts.client);
    return decide_n(text, n, "", 0, &facts);
}

static int decide_comment(size_t bytes)
{
    static char text[2 * ACCESS_LINE];
    struct access_facts facts = { .daemons = "sendmail" };

    memset(text, '#', bytes);
    text[bytes] = '\n';
    return decide_n(text, bytes + 1, "", 0, &facts);
}

static void long_rules(void)
{
    CHECK_EQ(decide_long(ACCESS_LINE, false), A);
    CHECK_EQ(decide_long(ACCESS_LINE + 1, false), F);
    CHECK_EQ(decide_long(ACCESS_LINE, true), A);
    CHECK_EQ(decide_long(ACCESS_LINE + 1, true), F);
    CHECK_EQ(decide_comment(ACCESS_LINE), A);
    CHECK_EQ(decide_comment(ACCESS_LINE + 1), F);    /* libwrap does not see the #, and ends the file */
    CHECK_EQ(decide_long(2 * ACCESS_LINE, true), F);
    CHECK_STR(why.fault, "the line is longer than 2046 bytes: make it several");
}

static void many_excepts_take_no_stack(void)
{
    static char text[ACCESS_LINE];
    struct access_facts facts = { .daemons = "sendmail" };
    struct str s;
    int parts = 1;

    str_init(&s, text, sizeof text);
    str_add(&s, "ALL: ALL");
    for (; s.len + 14 < sizeof text; parts++)
        str_add(&s, " EXCEPT ALL");
    str_addc(&s, '\n');
    CHECK_EQ(decide_n(text, s.len, "ALL: ALL\n", 9, &facts), parts % 2 ? A : D);
}

static void globs_stay_quick(void)
{
    static char name[256], pattern[ACCESS_LINE];
    struct str s;

    str_init(&s, pattern, sizeof pattern);
    str_add(&s, "sendmail: ");
    while (s.len + 4 < sizeof pattern)
        str_add(&s, "*a");
    str_add(&s, "b\n");
    memset(name, 'a', sizeof name - 1);
    CHECK_EQ(decide(pattern, "ALL: ALL\n", "10.0.0.1", name), D);
}

static int client_in(const char *patterns, const char *client, const char *name)
{
    struct access_facts facts = { .client_state = state_of(name), .client_name = name };

    parse(client, &facts.client);
    return access_client_in(patterns, &facts, NULL);
}

static void pattern_lists(void)
{
    CHECK_EQ(client_in("192.168. [fd00::]/8 .lan", "192.168.3.4", NULL), 1);
    CHECK_EQ(client_in("192.168.,[fd00::]/8", "fd12::1", NULL), 1);
    CHECK_EQ(client_in("192.168. [fd00::]/8 .lan", "10.0.0.1", NULL), -1);
    CHECK_EQ(client_in("192.168. [fd00::]/8 .lan", "10.0.0.1", "a.lan"), 1);
    CHECK_EQ(client_in("192.168. [fd00::]/8 .lan", "10.0.0.1", "!"), 0);
    CHECK_EQ(client_in("192.168. EXCEPT 192.168.1.1", "192.168.1.1", NULL), 0);
    CHECK_EQ(client_in("", "192.168.1.1", NULL), 0);
    CHECK_EQ(client_in("ALL", NULL, NULL), 1);
}

static void pattern_lists_with_a_fault_match_nobody(void)
{
    static const char *const rows[] = { "ALL 10.0.0.0/33", "ALL EXCEPT 10.0.0.0/33", "ALL @group",   "ALL /file",
                                        "ALL EXCEPT",      "ALL joe@10.0.0.1",       "ALL fd00::/8", "ALL : allow" };
    struct access_facts facts = { .daemons = NULL };
    const char *bad;
    char fault[200];

    parse("10.0.0.1", &facts.client);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(access_client_in(rows[i], &facts, &bad), 0);
        CHECK(bad != NULL);
        CHECK_EQ(access_patterns_check(rows[i], fault, sizeof fault), -1);
    }
    CHECK_EQ(access_client_in("10. 11.0", &facts, &bad), 0);
    CHECK_STR(bad, "11.0");
    CHECK_EQ(access_patterns_check("10. 11.0", fault, sizeof fault), -1);
    CHECK_STR(fault, "`11.0`: a part of an address ends in a dot, as in 192.168.");
    CHECK_EQ(access_client_in("10.", &facts, &bad), 1);
    CHECK(bad == NULL);
    CHECK_EQ(access_patterns_check("10. .lan [fd00::]/8 EXCEPT 10.1.", fault, sizeof fault), 0);
    CHECK_EQ(access_patterns_check("", fault, sizeof fault), -1);
    CHECK_EQ(access_patterns_check("ALL 10.0.0.0/33", fault, 10), -1);
    CHECK_EQ(strlen(fault), 9);
}

int main(void)
{
    RUN(addresses);
    RUN(names);
    RUN(daemons);
    RUN(daemon_at_host);
    RUN(except);
    RUN(names_are_asked_for_late);
    RUN(users);
    RUN(layout);
    RUN(faulty_lines);
    RUN(faulty_patterns);
    RUN(faults_count_where_they_are_reached);
    RUN(nul_bytes_refuse);
    RUN(options);
    RUN(which_file_and_line);
    RUN(faults_name_the_mend);
    RUN(an_unreadable_file_refuses);
    RUN(long_rules);
    RUN(many_excepts_take_no_stack);
    RUN(globs_stay_quick);
    RUN(pattern_lists);
    RUN(pattern_lists_with_a_fault_match_nobody);
    TEST_DONE();
}
