/* The access image on disk: made, opened, and not opened when it is not of the texts as they are. */
#include "sys/imagefile.h"

#include "sys/access_table.h"
#include "tempdir.h"
#include "test.h"

#include <time.h>

static const struct imagefile_paths paths = { "access.db", { "allow", "deny", "access" } };
static struct imagefile file;
static struct fault fault;
static char why[200];

/* As one that was written an hour ago: else making the image would wait until its time says something. */
static void put_at(const char *name, const char *text, time_t when)
{
    const struct timespec times[2] = { { when, 0 }, { when, 0 } };

    if (tempdir_write(name, text, strlen(text), 0644) || utimensat(AT_FDCWD, name, times, 0))
        test_fail(__FILE__, __LINE__, "the test cannot write its file");
}

#define HOUR_AGO (time(NULL) - 3600)

static int make(void)
{
    unsigned rules;
    size_t bytes;

    return imagefile_make(&paths, &rules, &bytes, &fault);
}

static void put_all(void)
{
    unlink("access.db");
    put_at("allow", "smtpd: 10.0.0.1 .lan\n", HOUR_AGO);
    put_at("deny", "ALL: ALL\n", HOUR_AGO);
    put_at("access", "To:example.org REJECT\n\n# words\nTo:user@ 550 5.1.1 Not here\n", HOUR_AGO);
}

static enum sys_result open_it(void)
{
    enum sys_result r = imagefile_open(&file, &paths, why, sizeof why);

    if (r == SYS_OK)
        imagefile_close(&file);
    return r;
}

static void made_and_opened(void)
{
    struct stat st;

    put_all();
    CHECK_EQ(open_it(), SYS_PERM);
    CHECK_STR(why, "");
    CHECK_EQ(make(), 0);
    CHECK_EQ(open_it(), SYS_OK);
    CHECK(stat("access.db", &st) == 0 && (st.st_mode & 0777) == 0644);
    CHECK_EQ(chmod("deny", 0600), 0);
    CHECK_EQ(make(), 0);
    CHECK(stat("access.db", &st) == 0 && (st.st_mode & 0777) == 0600);
}

/* Whatever a text has become: the image does not hold, and says of which file. */
static void other_texts(void)
{
    put_all();
    CHECK_EQ(make(), 0);
    put_at("allow", "smtpd: 10.0.0.2 .lan\n", HOUR_AGO + 1);     /* as long as it was */
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "allow was changed");
    put_all();
    CHECK_EQ(make(), 0);
    put_at("deny", "ALL: ALL\n\n", HOUR_AGO);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "deny was changed");
    put_all();
    CHECK_EQ(make(), 0);
    unlink("access");
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "access is gone");
    CHECK_EQ(symlink("nowhere", "access"), 0);
    CHECK_EQ(open_it(), SYS_TEMP);
    unlink("access");
    CHECK_EQ(make(), 0);
    CHECK_EQ(open_it(), SYS_OK);
    put_at("access", "To:a@b.example REJECT\n", HOUR_AGO);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "access was changed");
    put_all();
    CHECK_EQ(make(), 0);
    CHECK_EQ(chmod("allow", 0646), 0);
    CHECK_EQ(open_it(), SYS_TEMP);
}

/* Copied with another time, but the same to the byte: it holds. */
static void the_same_texts(void)
{
    put_all();
    CHECK_EQ(make(), 0);
    put_at("allow", "smtpd: 10.0.0.1 .lan\n", HOUR_AGO - 77);
    CHECK_EQ(open_it(), SYS_OK);
}

static void a_text_just_written(void)
{
    put_all();
    put_at("allow", "smtpd: 10.0.0.1\n", time(NULL));
    CHECK_EQ(make(), 0);
    put_at("allow", "smtpd: 10.0.0.2\n", time(NULL));
    CHECK_EQ(open_it(), SYS_TEMP);
    /* A time that is still to come tells nothing: the content is what counts. */
    put_at("allow", "smtpd: 10.0.0.1\n", time(NULL) + 9999);
    CHECK_EQ(make(), 0);
    CHECK_EQ(open_it(), SYS_OK);
    put_at("allow", "smtpd: 10.0.0.2\n", time(NULL) + 9999);
    CHECK_EQ(open_it(), SYS_TEMP);
}

static void other_files_in_its_place(void)
{
    put_all();
    put_at("access.db", "smtpd: ALL\n", HOUR_AGO);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "access.db is damaged");
    CHECK_EQ(make(), 0);
    CHECK_EQ(chmod("access.db", 0666), 0);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "access.db may be written by others");
    unlink("access.db");
    CHECK_EQ(symlink("allow", "access.db"), 0);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_STR(why, "access.db cannot be opened");
    unlink("access.db");
    CHECK_EQ(mkdir("access.db", 0755), 0);
    CHECK_EQ(open_it(), SYS_TEMP);
    CHECK_EQ(make(), -1);
    rmdir("access.db");
}

/* What cannot be compiled leaves the image that is there. */
static void a_fault_leaves_the_old_one(void)
{
    put_all();
    CHECK_EQ(make(), 0);
    put_at("access", "To:example.org WHATEVER\n", HOUR_AGO);
    CHECK_EQ(make(), -1);
    CHECK(strncmp(fault.text, "access:1: ", 10) == 0);
    CHECK_EQ(chmod("deny", 0666), 0);
    CHECK_EQ(make(), -1);
    CHECK(strncmp(fault.text, "deny: ", 6) == 0);
    put_all();
    CHECK_EQ(make(), 0);
    CHECK_EQ(open_it(), SYS_OK);
}

static void changed_while_it_is_open(void)
{
    char *text;
    size_t n;

    put_all();
    CHECK_EQ(make(), 0);
    CHECK_EQ(imagefile_open(&file, &paths, why, sizeof why), SYS_OK);
    CHECK(imagefile_unchanged(&file));
    CHECK(imagefile_text(&file, IMAGE_DENY, &text, &n) == SYS_OK && n == 9);
    CHECK_STR(text, "ALL: ALL\n");
    free(text);
    put_at("deny", "ALL: ALL EXCEPT 10.0.0.1\n", HOUR_AGO);
    CHECK(!imagefile_unchanged(&file));
    imagefile_close(&file);
}

/* The access table in the image answers as its text does; and when the image is damaged, the text is read. */
static void the_table(void)
{
    static const char *const who[] = { "a@example.org", "user@example.org", "user@other.example", "a@other.example" };
    static struct access_table by_text, by_image;

    put_all();
    CHECK_EQ(make(), 0);
    for (int damaged = 0; damaged < 2; damaged++) {
        CHECK_EQ(imagefile_open(&file, &paths, why, sizeof why), SYS_OK);
        access_table_load(&by_text, "access", NULL);
        access_table_load(&by_image, "access", &file);
        CHECK(by_image.image == &file && !by_image.file.text);
        for (int i = 0; i < 4; i++) {
            struct table_answer a, b;
            struct table_query q;
            struct address address;
            char wrong[TABLE_FAULT];
            CHECK_EQ(table_query_read(&q, &address, TABLE_TO, who[i], wrong), 0);
            file.image.damaged = file.image.damaged || damaged;
            CHECK_EQ(access_table_find(&by_text, &q, &a), access_table_find(&by_image, &q, &b));
            CHECK_EQ(a.action, b.action);
            CHECK_EQ(a.line, b.line);
            CHECK_STR(a.rule, b.rule);
            CHECK_STR(a.reply, b.reply);
        }
        CHECK(!damaged == !by_image.file.text);
        imagefile_close(&file);
    }
}

int main(void)
{
    if (tempdir_enter())
        return 1;
    RUN(made_and_opened);
    RUN(other_texts);
    RUN(the_same_texts);
    RUN(a_text_just_written);
    RUN(other_files_in_its_place);
    RUN(a_fault_leaves_the_old_one);
    RUN(changed_while_it_is_open);
    RUN(the_table);
    tempdir_leave();
    TEST_DONE();
}
