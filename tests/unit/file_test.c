/* Small files read whole, and what is refused before it is read. */
#include "sys/file.h"

#include "tempdir.h"
#include "test.h"

#include <errno.h>

static char *text;
static size_t n;

static enum sys_result read_it(const char *path, size_t most)
{
    text = NULL;
    n = 12345;
    errno = 0;
    return file_read(path, most, &text, &n);
}

static void it_is_read_whole(void)
{
    CHECK_EQ(tempdir_write("f", "a\0b\n", 4, 0644), 0);
    CHECK_EQ(read_it("f", 4), SYS_OK);
    CHECK_EQ(n, 4);
    CHECK_MEM(text, "a\0b\n", 5);            /* with a NUL of ours behind */
    free(text);
    CHECK_EQ(tempdir_write("f", "", 0, 0600), 0);
    CHECK_EQ(read_it("f", 0), SYS_OK);
    CHECK_EQ(n, 0);
    CHECK_STR(text, "");
    free(text);
}

static void refused(void)
{
    static const struct { const char *path; int error; } rows[] = {
        { "none", ENOENT }, { "f/x", ENOTDIR }, { "dangling", ENOENT }, { "fifo", EINVAL }, { "folder", EINVAL },
        { "large", EFBIG },
        { "open", EPERM }, { "to-open", EPERM },
    };

    tempdir_empty(".");
    tempdir_write("f", "x", 1, 0644);
    tempdir_write("large", "12345", 5, 0644);
    tempdir_write("open", "x", 1, 0646);
    mkdir("folder", 0700);
    CHECK_EQ(mkfifo("fifo", 0600), 0);
    CHECK_EQ(symlink("nowhere", "dangling"), 0);
    CHECK_EQ(symlink("open", "to-open"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum sys_result r = read_it(rows[i].path, 4);
        if (r != SYS_PERM || errno != rows[i].error)
            test_fail(__FILE__, __LINE__, "%s: %d, errno %d", rows[i].path, r, errno);
        CHECK(!text);
    }
}

static void what_cannot_be_read_now_is_temporary(void)
{
    tempdir_empty(".");
    tempdir_write("f", "x", 1, 0000);
    CHECK_EQ(symlink("loop", "loop"), 0);
    CHECK_EQ(read_it("loop", 4), SYS_TEMP);
    if (geteuid() == 0)
        return;                      /* root reads everything */
    CHECK_EQ(read_it("f", 4), SYS_TEMP);
    CHECK_EQ(errno, EACCES);
}

static void a_copy_is_refreshed_when_it_differs(void)
{
    struct stat before, after;

    tempdir_empty(".");
    tempdir_write("from", "one", 3, 0600);
    CHECK_EQ(file_refresh("from", "to", 100), SYS_OK);
    CHECK_STR(tempdir_read("to", NULL), "one");
    CHECK_EQ(stat("to", &before), 0);
    CHECK_EQ(before.st_mode & 0777, 0644);
    CHECK_EQ(file_refresh("from", "to", 100), SYS_OK);
    CHECK_EQ(stat("to", &after), 0);
    CHECK(before.st_ino == after.st_ino);        /* the flash is spared */
    CHECK_EQ(stat("from", &before), 0);
    CHECK(before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    tempdir_write("from", "two", 3, 0600);       /* as long, but of another time, be it an older one */
    CHECK_EQ(utimensat(AT_FDCWD, "from", (struct timespec[]){ { 1, 1 }, { 1, 1 } }, 0), 0);
    CHECK_EQ(file_refresh("from", "to", 100), SYS_OK);
    CHECK_STR(tempdir_read("to", NULL), "two");
    tempdir_write("from", "three", 5, 0600);
    CHECK_EQ(file_refresh("from", "to", 100), SYS_OK);
    CHECK_STR(tempdir_read("to", NULL), "three");
    CHECK_EQ(tempdir_count("."), 2);
}

static void without_a_source_the_copy_stays(void)
{
    tempdir_empty(".");
    tempdir_write("to", "kept", 4, 0644);
    CHECK_EQ(file_refresh("none", "to", 100), SYS_OK);
    CHECK_STR(tempdir_read("to", NULL), "kept");
    CHECK_EQ(file_refresh("none", "none-too", 100), SYS_OK);
    CHECK_EQ(tempdir_count("."), 1);
    tempdir_write("from", "too large", 9, 0644);
    CHECK_EQ(file_refresh("from", "to", 8), SYS_PERM);
    CHECK_STR(tempdir_read("to", NULL), "kept");
}

/* CASES J1: a link beside it is replaced, never followed. */
static void a_link_beside_the_copy_is_not_followed(void)
{
    tempdir_empty(".");
    tempdir_write("from", "new", 3, 0600);
    tempdir_write("victim", "keep", 4, 0600);
    CHECK_EQ(symlink("victim", "to.new"), 0);
    CHECK_EQ(file_refresh("from", "to", 100), SYS_OK);
    CHECK_STR(tempdir_read("victim", NULL), "keep");
    CHECK_STR(tempdir_read("to", NULL), "new");
}

int main(void)
{
    if (tempdir_enter()) {
        printf("not ok tempdir file_test.c:1: no folder to work in\ndone 1\n");
        return 1;
    }
    RUN(it_is_read_whole);
    RUN(refused);
    RUN(what_cannot_be_read_now_is_temporary);
    RUN(a_copy_is_refreshed_when_it_differs);
    RUN(without_a_source_the_copy_stays);
    RUN(a_link_beside_the_copy_is_not_followed);
    tempdir_leave();
    TEST_DONE();
}
