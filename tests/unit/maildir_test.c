/* Mailboxes: a message appears whole, once, and only where there is a mailbox. */
#include "sys/maildir.h"

#include "tempdir.h"
#include "test.h"

#include <errno.h>

static struct maildir m;

static void fresh(void)
{
    tempdir_empty(".");
    mkdir("mail", 0700);
    mkdir("mail/user", 0700);
}

static const char *contents(const char *path)
{
    return tempdir_read(path, NULL);
}

static void it_appears_whole_in_new(void)
{
    fresh();
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
    CHECK_EQ(maildir_put(&m, "hello ", 6), SYS_OK);
    CHECK_EQ(tempdir_count("mail/user/new"), 0);
    CHECK_EQ(tempdir_count("mail/user/tmp"), 1);
    CHECK_EQ(maildir_put(&m, "world\n", 6), SYS_OK);
    CHECK_EQ(maildir_commit(&m), SYS_OK);
    CHECK_EQ(tempdir_count("mail/user/tmp"), 0);
    CHECK_EQ(tempdir_count("mail/user/new"), 1);
    CHECK_STR(contents("mail/user/new/1.Qx"), "hello world\n");
    CHECK_EQ(tempdir_count("mail/user/cur"), 0);
}

static void delivered_again_it_meets_itself(void)
{
    fresh();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
        maildir_put(&m, i ? "again" : "first", 5);
        CHECK_EQ(maildir_commit(&m), SYS_OK);
    }
    CHECK_EQ(tempdir_count("mail/user/new"), 1);
    CHECK_EQ(tempdir_count("mail/user/tmp"), 0);
    CHECK_STR(contents("mail/user/new/1.Qx"), "first");
}

static void what_an_attempt_that_died_left_is_replaced(void)
{
    fresh();
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
    maildir_put(&m, "half of a long one", 18);
    close(m.fd);                     /* and dies */
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
    maildir_put(&m, "whole", 5);
    CHECK_EQ(maildir_commit(&m), SYS_OK);
    CHECK_STR(contents("mail/user/new/1.Qx"), "whole");
}

static void an_aborted_one_leaves_nothing(void)
{
    fresh();
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
    maildir_put(&m, "x", 1);
    errno = ENOSPC;
    maildir_abort(&m);
    CHECK_EQ(errno, ENOSPC);
    maildir_abort(&m);
    CHECK_EQ(tempdir_count("mail/user/tmp"), 0);
    CHECK_EQ(tempdir_count("mail/user/new"), 0);
}

static void which_mailboxes_exist(void)
{
    fresh();
    tempdir_write("mail/file", "x", 1, 0600);
    CHECK_EQ(symlink("user", "mail/link"), 0);
    CHECK_EQ(maildir_exists("user"), SYS_OK);
    CHECK_EQ(maildir_exists("nobody"), SYS_PERM);
    CHECK_EQ(maildir_exists("file"), SYS_TEMP);          /* in the way: somebody's mistake, no lack of a user */
    CHECK_EQ(maildir_exists("link"), SYS_TEMP);          /* CASES J1 */
    CHECK_EQ(maildir_exists("file/x"), SYS_PERM);
    char name[400];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    CHECK_EQ(maildir_exists(name), SYS_PERM);
    tempdir_empty(".");
    CHECK_EQ(maildir_exists("user"), SYS_PERM);
}

static void without_a_mailbox_it_is_permanent(void)
{
    fresh();
    CHECK_EQ(maildir_begin(&m, "nobody", "1.Qx", 0), SYS_PERM);
    CHECK_EQ(m.fd, -1);
    CHECK(access("mail/nobody", F_OK) != 0);
    maildir_abort(&m);
}

static void it_is_made_where_asked(void)
{
    struct stat st;

    fresh();
    CHECK_EQ(maildir_begin(&m, "postmaster", "1.Qx", 1), SYS_OK);
    CHECK_EQ(maildir_commit(&m), SYS_OK);
    CHECK_EQ(tempdir_count("mail/postmaster/new"), 1);
    CHECK_EQ(stat("mail/postmaster", &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0700);
    CHECK_EQ(stat("mail/postmaster/new/1.Qx", &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
}

static void a_file_in_the_way_is_temporary(void)
{
    fresh();
    tempdir_write("mail/user/tmp", "x", 1, 0600);
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_TEMP);
    CHECK_EQ(m.fd, -1);
}

/* CASES J1: a link in tmp is replaced, never followed. */
static void a_link_in_tmp_is_not_followed(void)
{
    fresh();
    mkdir("mail/user/tmp", 0700);
    tempdir_write("victim", "keep", 4, 0600);
    CHECK_EQ(symlink("../../../victim", "mail/user/tmp/1.Qx"), 0);
    CHECK_EQ(maildir_begin(&m, "user", "1.Qx", 0), SYS_OK);
    maildir_put(&m, "mail", 4);
    CHECK_EQ(maildir_commit(&m), SYS_OK);
    CHECK_STR(contents("victim"), "keep");
    CHECK_STR(contents("mail/user/new/1.Qx"), "mail");
}

static void names_that_are_too_long_are_refused(void)
{
    char unique[300];

    fresh();
    memset(unique, 'u', sizeof unique);
    unique[sizeof unique - 1] = '\0';
    CHECK_EQ(maildir_begin(&m, "user", unique, 0), SYS_PERM);
    CHECK_EQ(m.fd, -1);
}

int main(void)
{
    if (tempdir_enter()) {
        printf("not ok tempdir maildir_test.c:1: no folder to work in\ndone 1\n");
        return 1;
    }
    RUN(it_appears_whole_in_new);
    RUN(delivered_again_it_meets_itself);
    RUN(what_an_attempt_that_died_left_is_replaced);
    RUN(an_aborted_one_leaves_nothing);
    RUN(which_mailboxes_exist);
    RUN(without_a_mailbox_it_is_permanent);
    RUN(it_is_made_where_asked);
    RUN(a_file_in_the_way_is_temporary);
    RUN(a_link_in_tmp_is_not_followed);
    RUN(names_that_are_too_long_are_refused);
    tempdir_leave();
    TEST_DONE();
}
