/* Where the tree is: --root taken out of the words, and trees that must not be used (CASES J3). */
#include "sys/tree.h"

#include "tempdir.h"
#include "test.h"

static char words[10][40];
static char *argv[11];
static int argc;

/* Words divided by blanks; `=` alone is an empty one. */
static const char *option(const char *line)
{
    argc = 0;
    while (*line) {
        size_t n = strcspn(line, " ");
        memcpy(words[argc], line, n);
        words[argc][n] = '\0';
        argv[argc] = words[argc];
        argc++;
        line += n + (line[n] == ' ');
    }
    argv[argc] = NULL;
    return tree_option(&argc, argv);
}

static const char *left(void)
{
    static char all[400];

    all[0] = '\0';
    for (int i = 0; i < argc; i++) {
        strcat(all, i ? " " : "");
        strcat(all, argv[i]);
    }
    CHECK(argc < 0 || argv[argc] == NULL);
    return all;
}

static void it_is_taken_out_wherever_it_stands(void)
{
    static const struct { const char *line, *root, *left; } rows[] = {
        { "prog", NULL, "prog" }, { "prog -a b", NULL, "prog -a b" }, { "prog --root /x", "/x", "prog" },
        { "prog --root=/x", "/x", "prog" },
        { "prog -a --root /x b", "/x", "prog -a b" }, { "prog --root /x --root=/y", "/y", "prog" },
        { "prog --root=", "", "prog" },
        { "prog -- --root /x", NULL, "prog -- --root /x" },
        { "prog --root /x -- --root=/y", "/x", "prog -- --root=/y" },
        { "prog --rooted a", NULL, "prog --rooted a" }, { "prog --root -- a", "--", "prog a" },
        { "prog -root x", NULL, "prog -root x" },
        { "--root=/x", NULL, "--root=/x" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_STR(option(rows[i].line), rows[i].root);
        CHECK_STR(left(), rows[i].left);
    }
}

static void without_its_value_it_is_an_error(void)
{
    CHECK_STR(option("prog --root"), NULL);
    CHECK_EQ(argc, -1);
    CHECK_STR(option("prog -a --root"), NULL);
    CHECK_EQ(argc, -1);
}

static struct tree t;
static struct fault f;

static void make(void)
{
    if (chdir(tempdir_path))
        return;
    tempdir_empty(".");
    mkdir("root", 0755);
    mkdir("root/etc", 0755);
    mkdir("root/mail", 0700);
    mkdir("root/queue", 0700);
    mkdir("root/queue/tmp", 0700);
    mkdir("root/queue/new", 0700);
    mkdir("root/queue/bad", 0700);
    chmod(tempdir_path, 0755);
    if (geteuid() == 0)
        for (const char *const *p = (const char *const[]){ "root/queue", "root/queue/tmp", "root/queue/new",
                                                           "root/queue/bad", NULL }; *p;
             p++)
            CHECK_EQ(chown(*p, 8, 8), 0);
    memset(&f, 0, sizeof f);
}

static int open_it(void)
{
    char path[400];

    snprintf(path, sizeof path, "%s/root", tempdir_path);
    return tree_open(&t, path, &f);
}

static void a_good_tree(void)
{
    char here[400];

    make();
    CHECK_EQ(open_it(), 0);
    CHECK_STR(f.text, "");
    CHECK_EQ(t.uid, geteuid() == 0 ? 8 : geteuid());
    CHECK(!t.jailed);
    CHECK(getcwd(here, sizeof here) && !strcmp(here, t.root));
    make();
    CHECK_EQ(rmdir("root/etc"), 0);
    CHECK_EQ(open_it(), 0);
}

/* Each fault names the folder. */
static void check_bad(const char *what)
{
    CHECK_EQ(open_it(), -1);
    if (!strstr(f.text, what))
        test_fail(__FILE__, __LINE__, "%s: %s", what, f.text);
}

static void j3_trees_that_are_refused(void)
{
    make();
    CHECK_EQ(chmod("root", 0777), 0);
    check_bad("root is writable by everybody");
    make();
    CHECK_EQ(chmod("root/queue/new", 0770), 0);
    check_bad("queue/new is writable by others");
    make();
    CHECK_EQ(chmod("root/queue", 0702), 0);
    check_bad("queue is writable by others");
    make();
    CHECK_EQ(rmdir("root/queue/bad"), 0);
    check_bad("queue/bad");
    make();
    rmdir("root/queue/tmp");
    CHECK_EQ(symlink("/tmp", "root/queue/tmp"), 0);
    check_bad("queue/tmp: not a directory");
    make();
    CHECK_EQ(chmod("root/queue/new", 0500), 0);
    check_bad("not writable by its owner");
    make();
    CHECK_EQ(chmod("root/etc", 0757), 0);
    check_bad("etc is writable by others");
    make();
    tempdir_empty("root");
    check_bad("queue");
    make();
    tempdir_empty(".");
    check_bad("root");
}

static void j3_owners_that_are_refused(void)
{
    if (geteuid() != 0)
        return;
    make();
    CHECK_EQ(chown("root/queue", 0, 0), 0);
    check_bad("belongs to root");
    make();
    CHECK_EQ(chown("root/queue/new", 9, 8), 0);
    check_bad("queue/new belongs to uid 9");
    make();
    CHECK_EQ(chown("root", 9, 9), 0);
    check_bad("belongs to uid 9");
}

int main(void)
{
    RUN(it_is_taken_out_wherever_it_stands);
    RUN(without_its_value_it_is_an_error);
    if (tempdir_enter()) {
        printf("not ok tempdir tree_test.c:1: no folder to work in\n");
        test_cases_failed = test_cases++;
        TEST_DONE();
    }
    RUN(a_good_tree);
    RUN(j3_trees_that_are_refused);
    RUN(j3_owners_that_are_refused);
    tempdir_leave();
    TEST_DONE();
}
