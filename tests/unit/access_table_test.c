/* The access table from disk: what is loaded is asked, what cannot be loaded says so, a lint hears of every fault. */
#include "sys/access_table.h"

#include "tempdir.h"
#include "test.h"

static struct access_table table;
static struct table_answer answer;
static char told[1000];

static void put(const char *text, mode_t mode)
{
    if (tempdir_write("access", text, strlen(text), mode))
        test_fail(__FILE__, __LINE__, "the test cannot write its file");
}

static enum table_result ask(void)
{
    struct table_query q;
    struct address a;
    char fault[TABLE_FAULT];

    CHECK_EQ(table_query_read(&q, &a, TABLE_TO, "user@example.org", fault), 0);
    access_table_load(&table, "access", NULL);
    return access_table_find(&table, &q, &answer);
}

static void tell(void *context, unsigned line, const char *fault)
{
    char one[400];

    CHECK(context == told);
    snprintf(one, sizeof one, "%u:%.20s;", line, fault);
    strcat(told, one);
}

static int check(void)
{
    told[0] = '\0';
    return access_table_check("access", tell, told);
}

static void a_table_is_asked(void)
{
    put("# mine\n\nTo:example.org 550 5.1.1 Not here\nTo:user@ OK", 0644);
    CHECK_EQ(ask(), TABLE_FOUND);
    CHECK_EQ(answer.action, TABLE_OK);
    CHECK_EQ(answer.line, 4);
    CHECK_EQ(check(), 0);
    CHECK_STR(told, "");
}

static void a_missing_one_says_nothing(void)
{
    unlink("access");
    CHECK_EQ(ask(), TABLE_NOTHING);
    CHECK_EQ(check(), 0);
    put("", 0644);
    CHECK_EQ(ask(), TABLE_NOTHING);
    CHECK_EQ(symlink("/dev/null", "null"), 0);
    CHECK_EQ(rename("null", "access"), 0);
    CHECK_EQ(ask(), TABLE_NOTHING);
    unlink("access");
}

static void the_first_fault_breaks_it(void)
{
    put("To:user@ OK\nTo: x\nTo:user@ REJECT\n", 0644);
    CHECK_EQ(ask(), TABLE_BROKEN);
    CHECK_EQ(answer.line, 2);
    CHECK(strstr(answer.fault, "no key behind the tag"));
    CHECK_EQ(check(), 1);
    CHECK_STR(told, "2:`To:`: no key behind;3:`to:user@`: the key ;");
}

static void a_file_that_is_not_believed(void)
{
    put("To:user@ OK\n", 0646);
    CHECK_EQ(ask(), TABLE_BROKEN);
    CHECK_EQ(answer.line, 0);
    CHECK(strstr(answer.fault, "chmod o-w"));
    CHECK_EQ(check(), 1);
    CHECK(strncmp(told, "0:everybody", 11) == 0);
    unlink("access");
    CHECK_EQ(symlink("gone", "access"), 0);
    CHECK_EQ(ask(), TABLE_BROKEN);
    CHECK(strstr(answer.fault, "link to nothing"));
    unlink("access");
}

int main(void)
{
    if (tempdir_enter())
        return 1;
    RUN(a_table_is_asked);
    RUN(a_missing_one_says_nothing);
    RUN(the_first_fault_breaks_it);
    RUN(a_file_that_is_not_believed);
    tempdir_leave();
    TEST_DONE();
}
