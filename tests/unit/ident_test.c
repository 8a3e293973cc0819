/* RFC 1413: the question, and which answers are believed to be one. */
#include "mail/ident.h"

#include "test.h"

static char user[IDENT_USER];

static const char *answer(const char *line)
{
    return ident_read(line, strlen(line), 6193, 23, user) ? "-" : user;
}

static void the_question(void)
{
    char out[IDENT_QUESTION];

    ident_question(6193, 23, out);
    CHECK_STR(out, "6193,23\r\n");
    ident_question(65535, 65535, out);
    CHECK_STR(out, "65535,65535\r\n");
}

static void answers(void)
{
    CHECK_STR(answer("6193, 23 : USERID : UNIX : stjohns"), "stjohns");
    CHECK_STR(answer("6193,23:USERID:UNIX:joe"), "joe");
    CHECK_STR(answer(" 6193 ,\t23 : userid : OTHER,US-ASCII :joe"), "joe");
    CHECK_STR(answer("6193, 23 : USERID : UNIX : joe user"), "joe");
    CHECK_STR(answer("6193, 23 : USERID : UNIX : a:b"), "a:b");
    CHECK_STR(answer("6193, 23 : USERID : UNIX : $(x)@y\x01\xff"), "$(x)_y__");
}

static void no_answers(void)
{
    static const char *const rows[] = {
        "", "6193, 23 : ERROR : NO-USER", "6193, 24 : USERID : UNIX : joe", "6194, 23 : USERID : UNIX : joe",
        "23, 6193 : USERID : UNIX : joe", "6193, 23 : USERID : UNIX :", "6193, 23 : USERID : UNIX :  ",
        "6193, 23 : USERID : UNIX", "6193, 23 : USERID : : joe", "6193, 23 : USERIDS : UNIX : joe",
        "06193x, 23 : USERID : UNIX : joe", "6193 23 : USERID : UNIX : joe", "-1, 23 : USERID : UNIX : joe",
        "66729, 23 : USERID : UNIX : joe",
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(answer(rows[i]), "-") != 0 || *user)
            test_fail(__FILE__, __LINE__, "`%s` gives `%s`", rows[i], user);
}

static void the_longest_name(void)
{
    char line[300] = "6193,23:USERID:UNIX:";
    size_t n = strlen(line);

    memset(line + n, 'a', IDENT_USER - 1);
    line[n + IDENT_USER - 1] = '\0';
    CHECK_EQ(strlen(answer(line)), IDENT_USER - 1);
    memcpy(line + n + IDENT_USER - 1, "a", 2);
    CHECK_STR(answer(line), "-");
    CHECK_STR(user, "");
}

int main(void)
{
    RUN(the_question);
    RUN(answers);
    RUN(no_answers);
    RUN(the_longest_name);
    TEST_DONE();
}
