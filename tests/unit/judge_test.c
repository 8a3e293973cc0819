/* One rule: what it does, what it asks for, and whose options leave it. */
#include "mail/judge.h"

#include "test.h"

static struct access_facts facts;
static struct access_files files;
static struct access_why why;
static struct patlist_trouble t;

static int judge(const char *line, enum judge_outcome plain)
{
    const struct rule_span l = { line, strlen(line) };
    const struct judge_case c = { &facts, &files, NULL };

    memset(&why, 0, sizeof why);
    return (int)judge_rule(&l, plain, &c, &t, &why);
}

static void start(void)
{
    facts = (struct access_facts){ .daemons = "in.x 25" };
    files = (struct access_files){ NULL, 0 };
    net_parse("10.0.0.1", 8, &facts.client);
    net_parse("10.0.0.9", 8, &facts.server);
}

static void plain_and_decided(void)
{
    start();
    CHECK_EQ(judge("in.x: 10.", JUDGE_GRANT), JUDGE_GRANT);
    CHECK_EQ(judge("in.x: 10.", JUDGE_DENY), JUDGE_DENY);
    CHECK(!t.what && !*why.options);
    CHECK_EQ(judge("25: 10.: deny", JUDGE_GRANT), JUDGE_DENY);
    CHECK(!t.what);
    CHECK_STR(why.options, " deny");
    CHECK_EQ(judge("ALL: 10.: umask 22: allow", JUDGE_DENY), JUDGE_GRANT);
    CHECK_STR(why.options, " umask 22: allow");
    CHECK_EQ(judge("ALL: 11.: umask 22", JUDGE_DENY), JUDGE_PASS_ON);
    CHECK_EQ(judge("in.y: 10.: frob", JUDGE_DENY), JUDGE_PASS_ON);
    CHECK_STR(why.options, "");
}

static void faults(void)
{
    start();
    CHECK_EQ(judge("in.x", JUDGE_GRANT), JUDGE_DENY);
    CHECK(t.what != NULL);
    CHECK_EQ(judge("in.x: 11.: frob", JUDGE_GRANT), JUDGE_DENY);
    CHECK(t.what && t.where.n == 4);
    CHECK_EQ(judge("in.x: 10. @g", JUDGE_GRANT), JUDGE_GRANT);
    CHECK(!t.what);
    CHECK_EQ(judge("in.x: 11. @g: umask 22", JUDGE_GRANT), JUDGE_DENY);
    CHECK(t.what && !*why.options);
}

static void questions(void)
{
    start();
    CHECK_EQ(judge("in.x: .lan", JUDGE_GRANT), JUDGE_ASK);
    CHECK_EQ(judge("in.x@mx: .lan", JUDGE_GRANT), JUDGE_ASK_SERVER);
    CHECK_EQ(judge("in.x: joe@10.: rfc931 3", JUDGE_GRANT), JUDGE_ASK_USER);
    CHECK_EQ(why.user_seconds, ACCESS_USER_SECONDS);     /* the pattern comes before the option */
    CHECK_EQ(judge("in.x: 10.: rfc931 3", JUDGE_GRANT), JUDGE_ASK_USER);
    CHECK_EQ(why.user_seconds, 3);
    CHECK_EQ(judge("in.x: 10.: spawn %n", JUDGE_GRANT), JUDGE_ASK);
    CHECK_EQ(judge("in.x: 10.: spawn %N", JUDGE_GRANT), JUDGE_ASK_SERVER);
    CHECK_EQ(judge("in.x: 11.: spawn %n", JUDGE_GRANT), JUDGE_PASS_ON);
    CHECK_STR(why.options, "");
    facts.user = "joe";
    facts.client_state = ACCESS_NAME_UNKNOWN;
    CHECK_EQ(judge("in.x: joe@10.: rfc931 3: spawn %n", JUDGE_GRANT), JUDGE_GRANT);
}

static void too_many_options(void)
{
    static char line[2 * ACCESS_OPTIONS];
    size_t head = (size_t)snprintf(line, sizeof line, "in.x: 10.:spawn ");

    start();
    size_t options = head - strlen("spawn ");            /* where they begin */
    memset(line + head, 'x', sizeof line - head);
    line[options + ACCESS_OPTIONS - 1] = '\0';
    CHECK_EQ(judge(line, JUDGE_GRANT), JUDGE_GRANT);
    CHECK_EQ(strlen(why.options), ACCESS_OPTIONS - 1);
    memcpy(line + options + ACCESS_OPTIONS - 1, "x", 2);
    CHECK_EQ(judge(line, JUDGE_GRANT), JUDGE_DENY);
    CHECK_STR(t.what, "the options are too long: put the command into a script");
}

int main(void)
{
    RUN(plain_and_decided);
    RUN(faults);
    RUN(questions);
    RUN(too_many_options);
    TEST_DONE();
}
