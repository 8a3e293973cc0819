/* Lists of patterns: EXCEPT, the order of what is asked and what refuses, files of patterns in them. */
#include "mail/patlist.h"

#include "test.h"

static struct access_facts facts;
static struct access_file file[4];
static struct access_files files;
static struct patlist_trouble t;

static void start(void)
{
    facts = (struct access_facts){ .daemons = "in.x 25" };
    net_parse("10.0.0.1", 8, &facts.client);
    net_parse("10.0.0.9", 8, &facts.server);
    files = (struct access_files){ file, 0 };
}

static void add(const char *name, const char *text)
{
    file[files.n++] = (struct access_file){ name, text, strlen(text), NULL };
}

/* Y, N, a name is asked for, the user is, R refuses; F cannot be read. */
static int list(const struct patlist_kind *kind, const char *text)
{
    const struct rule_span l = { text, strlen(text) };

    t = patlist_read(l, kind, &files);
    if (t.what)
        return 'F';
    switch (patlist_match(l, kind, &facts, &files, &t)) {
    case PATTERN_NO:       return 'N';
    case PATTERN_YES:      return 'Y';
    case PATTERN_ASK_USER: return 'U';
    case PATTERN_REFUSE:   return t.what ? 'R' : '?';
    default:               return 'A';
    }
}

static int clients(const char *text)
{
    return list(&patlist_clients, text);
}

static int daemons(const char *text)
{
    return list(&patlist_daemons, text);
}

static void exceptions(void)
{
    start();
    CHECK_EQ(clients("10."), 'Y');
    CHECK_EQ(clients("11."), 'N');
    CHECK_EQ(clients("ALL EXCEPT 10."), 'N');
    CHECK_EQ(clients("ALL EXCEPT 10. EXCEPT 10.0.0.1"), 'Y');
    CHECK_EQ(clients("ALL except 11."), 'Y');
    CHECK_EQ(clients("11. EXCEPT ALL"), 'N');
    CHECK_EQ(clients("EXCEPT 10."), 'F');
    CHECK_EQ(clients("ALL EXCEPT"), 'F');
    CHECK_EQ(clients(" ,"), 'F');
    CHECK_EQ(daemons("ALL EXCEPT 25"), 'N');
    CHECK_EQ(daemons("in.y,in.x"), 'Y');
    CHECK_EQ(daemons("in.x@10.0.0.9"), 'Y');
    CHECK_EQ(daemons("in.x@10.0.0.8"), 'N');
    CHECK_EQ(daemons("in.x@.lan"), 'A');
    CHECK_EQ(daemons("@g"), 'F');
}

static void order(void)
{
    start();
    CHECK_EQ(clients(".lan 10."), 'Y');
    CHECK_EQ(clients(".lan EXCEPT 10."), 'N');
    CHECK_EQ(clients(".lan EXCEPT 11."), 'A');
    CHECK_EQ(clients("@g 10."), 'R');
    CHECK_EQ(clients("10. @g"), 'Y');
    CHECK_EQ(clients(".lan @g 10."), 'A');
    CHECK_EQ(clients(".lan @g EXCEPT ALL"), 'A');
    CHECK_EQ(clients("joe@10. .lan"), 'U');
    CHECK_EQ(clients(".lan joe@10."), 'A');
    CHECK_EQ(clients("joe@10. 10.0.0.1"), 'Y');
    CHECK_EQ(clients("joe@11. ALL@12."), 'N');
    CHECK_EQ(clients("joe@10. @g"), 'U');
    CHECK_EQ(clients("joe@.lan"), 'A');
    facts.user = "joe";
    CHECK_EQ(clients("joe@10. @g"), 'Y');
    facts.user = "jim";
    CHECK_EQ(clients("joe@10. @g"), 'R');
}

static void in_files(void)
{
    start();
    add("/nets", "11. 12.\n10.\n");
    add("/more", "13.\n/nets\n");
    add("/names", ".lan\n");
    add("/bad", "10.\n\n10.0.0.0/33\n");
    CHECK_EQ(clients("/nets"), 'Y');
    CHECK_EQ(clients("/more"), 'Y');
    CHECK_EQ(clients("ALL EXCEPT /more"), 'N');
    CHECK_EQ(clients("joe@/nets"), 'U');
    CHECK_EQ(clients("/names"), 'A');
    CHECK_EQ(clients("/names /nets"), 'Y');
    CHECK_EQ(daemons("in.x@/nets"), 'Y');
    CHECK_EQ(clients("/bad"), 'F');              /* whoever the client is: a broken rule is broken for all */
    CHECK_STR(t.file, "/bad");
    CHECK_EQ(t.line, 3);
    CHECK_EQ(clients("/none"), 'F');
    CHECK(!t.file && t.where.n == 5);
    file[3] = (struct access_file){ "/bad", "10.0.0.0/33 10.\n10. 11.\n", 24, NULL };
    CHECK_EQ(clients("/bad"), 'F');
    CHECK_EQ(t.line, 1);
    CHECK_EQ(t.where.n, 11);
    file[3] = (struct access_file){ "/bad", ".lan @g 10.", 11, NULL };
    CHECK_EQ(clients("/bad ALL"), 'A');          /* not ALL: @g refuses if the name does not match */
    CHECK_EQ(clients("ALL@/bad ALL"), 'A');
    CHECK_EQ(clients("/bad EXCEPT ALL"), 'A');
    facts.client_state = ACCESS_NAME_UNKNOWN;
    CHECK_EQ(clients("/bad ALL"), 'R');
    CHECK_STR(t.file, "/bad");
    CHECK_EQ(t.line, 1);
    CHECK_EQ(clients("/names /nets"), 'Y');
}

static void lone_lists(void)
{
    start();
    CHECK_EQ(list(&patlist_lone, "10. EXCEPT 10.0.0.1"), 'N');
    CHECK_EQ(list(&patlist_lone, "joe@10."), 'F');
    CHECK_EQ(list(&patlist_lone, "@g"), 'F');
    CHECK_EQ(list(&patlist_lone, "/nets"), 'F');
    CHECK_EQ(list(&patlist_lone, ""), 'F');
}

int main(void)
{
    RUN(exceptions);
    RUN(order);
    RUN(in_files);
    RUN(lone_lists);
    TEST_DONE();
}
