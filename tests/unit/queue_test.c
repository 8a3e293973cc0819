/* The queue on disk: a message's whole life, and every file that must not be taken for one (CASES I4, J1, J8). */
#include "sys/queue.h"

#include "sys/qpath.h"
#include "tempdir.h"
#include "test.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static struct envelope e, got;
static struct queue_new q;
static struct queue_file f;
static const char *wrong;

static void fresh(void)
{
    queue_close(&f);
    tempdir_empty(".");
    mkdir("queue", 0700);
    mkdir("queue/tmp", 0700);
    mkdir("queue/new", 0700);
    mkdir("queue/bad", 0700);
    envelope_start(&e, 1000);
    envelope_add(&e, ENVELOPE_SENDER, "a@example.org");
    envelope_add_rcpt(&e, "b@example.net");
    envelope_add_rcpt(&e, "c@example.net");
    envelope_finish(&e);
    wrong = NULL;
}

/* Queues a text; the name is in q.name. */
static void store(const char *text, int64_t due)
{
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    CHECK_EQ(queue_put(&q, text, strlen(text)), SYS_OK);
    CHECK_EQ(queue_commit(&q, due), SYS_OK);
    queue_release(&q);
}

static const char *path_of(const struct qname *name)
{
    static char path[QPATH_MOST];

    qpath_new(path, name);
    return path;
}

static const char text[] = "Subject: x\r\n\r\nhello\r\n";

static void a_message_stored_and_read_back(void)
{
    char data[100], value[50];

    fresh();
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    CHECK_EQ(tempdir_count("queue/tmp"), 1);
    CHECK_EQ(queue_put(&q, text, 10), SYS_OK);
    CHECK_EQ(queue_put(&q, text + 10, sizeof text - 11), SYS_OK);
    CHECK_EQ(queue_commit(&q, 1234), SYS_OK);
    CHECK_EQ(tempdir_count("queue/tmp"), 0);
    CHECK_EQ(tempdir_count("queue/new"), 1);
    CHECK_EQ(q.name.due, 1234);
    queue_release(&q);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(got.len, e.len);
    CHECK_MEM(got.text, e.text, e.len);
    CHECK_EQ(f.text_length, sizeof text - 1);
    CHECK_EQ(queue_read(&f, 0, data, sizeof data), sizeof text - 1);
    CHECK_MEM(data, text, sizeof text - 1);
    CHECK_EQ(queue_read(&f, 9, data, 3), 3);
    CHECK_MEM(data, text + 9, 3);
    CHECK_EQ(queue_read(&f, sizeof text - 1, data, 3), 0);
    CHECK_EQ(queue_read(&f, UINT64_MAX, data, 3), 0);
    envelope_get(&got, ENVELOPE_SENDER, value, sizeof value);
    CHECK_STR(value, "a@example.org");
    queue_close(&f);
}

static void a_text_longer_than_the_buffers(void)
{
    static char big[70000], back[sizeof big];

    fresh();
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)('a' + i % 25);
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    for (size_t at = 0; at < sizeof big; at += 7000)
        CHECK_EQ(queue_put(&q, big + at, 7000), SYS_OK);
    CHECK_EQ(queue_commit(&q, 0), SYS_OK);
    queue_release(&q);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(queue_read(&f, 0, back, sizeof back), sizeof back);
    CHECK_MEM(back, big, sizeof big);
    queue_close(&f);
}

static void an_empty_text(void)
{
    fresh();
    store("", 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(f.text_length, 0);
    queue_close(&f);
}

static void eight_bit_text_is_marked(void)
{
    struct envelope_state s;

    fresh();
    store("caf\xe9\r\n", 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    envelope_state(&got, &s);
    CHECK(s.is_8bit);
    queue_close(&f);
    store("cafe\r\n", 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    envelope_state(&got, &s);
    CHECK(!s.is_8bit);
    queue_close(&f);
}

static void an_aborted_one_leaves_nothing(void)
{
    fresh();
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    queue_put(&q, text, 5);
    queue_abort(&q);
    queue_abort(&q);
    CHECK_EQ(tempdir_count("queue/tmp"), 0);
    CHECK_EQ(tempdir_count("queue/new"), 0);
}

static void without_its_folders_it_is_temporary(void)
{
    fresh();
    rmdir("queue/tmp");
    CHECK_EQ(queue_create(&q, &e), SYS_TEMP);
    CHECK_EQ(errno, ENOENT);
    queue_abort(&q);
    mkdir("queue/tmp", 0700);
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    rmdir("queue/new");
    CHECK_EQ(queue_commit(&q, 0), SYS_TEMP);
    CHECK_EQ(tempdir_count("queue/tmp"), 0);
    CHECK_EQ(q.fd, -1);
    struct qname *names;
    size_t n;
    CHECK_EQ(queue_list(&names, &n, NULL), SYS_TEMP);
}

static void files_are_for_their_owner_alone(void)
{
    struct stat st;

    fresh();
    umask(0);
    store(text, 0);
    umask(077);
    CHECK_EQ(stat(path_of(&q.name), &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
}

static void the_due_time_stays_within_its_digits(void)
{
    static const struct { int64_t due; uint64_t want; } rows[] = {
        { -1, 0 }, { INT64_MIN, 0 }, { 0, 0 }, { INT64_MAX, QNAME_HOLD - 1 }, { (int64_t)QNAME_HOLD, QNAME_HOLD - 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh();
        store(text, rows[i].due);
        CHECK_EQ(q.name.due, rows[i].want);
        CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
        CHECK_EQ(queue_reschedule(&f, rows[i].due), SYS_OK);
        CHECK_EQ(f.name.due, rows[i].want);
        queue_close(&f);
    }
}

static void a_list_is_sorted_and_counts_what_is_strange(void)
{
    struct qname *names;
    size_t n, strange;

    fresh();
    for (int i = 0; i < 150; i++)
        store(text, (i * 77) % 150);
    tempdir_write("queue/new/README", "x", 1, 0600);
    mkdir("queue/new/folder", 0700);
    tempdir_write("queue/new/.hidden", "x", 1, 0600);
    CHECK_EQ(queue_list(&names, &n, &strange), SYS_OK);
    CHECK_EQ(n, 150);
    CHECK_EQ(strange, 2);
    for (size_t i = 1; i < n; i++)
        CHECK(qname_compare(&names[i - 1], &names[i]) < 0);
    free(names);
    fresh();
    CHECK_EQ(queue_list(&names, &n, NULL), SYS_OK);
    CHECK_EQ(n, 0);
    free(names);
}

static void marks_in_place_are_found_again(void)
{
    struct envelope_state s = { .attempts = 3, .waited = 77, .last = 5 };
    size_t at, n;
    char reason[LIMIT_REASON + 1];

    fresh();
    store(text, 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    envelope_set_rcpt(&got, 1, ENVELOPE_DONE, "2.0.0 250 ok", &at, &n);
    CHECK_EQ(queue_write_back(&f, &got, at, n), SYS_OK);
    envelope_set_state(&got, &s, &at, &n);
    CHECK_EQ(queue_write_back(&f, &got, at, n), SYS_OK);
    CHECK_EQ(queue_sync(&f), SYS_OK);
    queue_close(&f);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(envelope_status(&got, 0), ENVELOPE_WAITING);
    CHECK_EQ(envelope_status(&got, 1), ENVELOPE_DONE);
    envelope_reason(&got, 1, reason);
    CHECK_STR(reason, "2.0.0 250 ok");
    envelope_state(&got, &s);
    CHECK(s.attempts == 3 && s.waited == 77 && s.last == 5);
    queue_close(&f);
}

static void rescheduled_removed_set_aside(void)
{
    struct qname old;

    fresh();
    store(text, 10);
    old = q.name;
    CHECK_EQ(queue_open(&f, &old, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(queue_reschedule(&f, 99), SYS_OK);
    CHECK_EQ(f.name.due, 99);
    CHECK(f.name.id == old.id);
    CHECK_EQ(queue_reschedule(&f, 99), SYS_OK);
    queue_close(&f);
    CHECK_EQ(queue_open(&f, &old, &got, &wrong), QUEUE_GONE);
    old.due = 99;
    CHECK_EQ(queue_open(&f, &old, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(queue_set_aside(&f), SYS_OK);
    queue_close(&f);
    CHECK_EQ(tempdir_count("queue/new"), 0);
    CHECK_EQ(tempdir_count("queue/bad"), 1);
    store(text, 1);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(queue_remove(&f), SYS_OK);
    CHECK_EQ(queue_remove(&f), SYS_TEMP);
    CHECK_EQ(queue_reschedule(&f, 5), SYS_TEMP);
    queue_close(&f);
    CHECK_EQ(tempdir_count("queue/new"), 0);
}

/* Its writer until released, another runner while it works; a look needs no lock. */
static void j8_a_locked_file_is_busy(void)
{
    struct queue_file second;

    fresh();
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    queue_put(&q, text, sizeof text - 1);
    CHECK_EQ(queue_commit(&q, 0), SYS_OK);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BUSY);
    CHECK_EQ(f.fd, -1);
    CHECK_EQ(queue_peek(&f, &q.name, &got, &wrong), QUEUE_BUSY);
    CHECK_EQ(got.rcpts, 2);
    queue_release(&q);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(queue_open(&second, &q.name, &got, &wrong), QUEUE_BUSY);
    queue_close(&f);
    CHECK_EQ(queue_peek(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    CHECK_EQ(f.text_length, sizeof text - 1);
    CHECK_EQ(queue_open(&second, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&second);
}

static void what_is_not_there_is_gone(void)
{
    struct qname name = { 1, 2 };

    fresh();
    CHECK_EQ(queue_open(&f, &name, &got, &wrong), QUEUE_GONE);
    CHECK_EQ(queue_peek(&f, &name, &got, &wrong), QUEUE_GONE);
}

static void i4_every_truncation_is_bad(void)
{
    static char whole[5000];
    size_t n;

    fresh();
    store(text, 0);
    char *data = tempdir_read(path_of(&q.name), &n);
    CHECK(data && n < sizeof whole);
    memcpy(whole, data, n);
    for (size_t cut = 0; cut < n; cut++) {
        CHECK_EQ(truncate(path_of(&q.name), (off_t)(n - 1 - cut)), 0);
        wrong = NULL;
        enum queue_opened r = queue_open(&f, &q.name, &got, &wrong);
        if (r != QUEUE_BAD || !wrong)
            test_fail(__FILE__, __LINE__, "cut to %u bytes: %d", (unsigned)(n - 1 - cut), r);
        queue_close(&f);
        /* The length may be right and the tail zeros, as a journal that kept the size alone leaves it. */
        CHECK_EQ(truncate(path_of(&q.name), (off_t)n), 0);
        CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BAD);
        queue_close(&f);
    }
    tempdir_write(path_of(&q.name), whole, n, 0600);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&f);
}

static void i4_any_changed_byte_of_the_text_or_end_is_bad(void)
{
    size_t n;

    fresh();
    store(text, 0);
    tempdir_read(path_of(&q.name), &n);
    int fd = open(path_of(&q.name), O_RDWR);
    for (size_t at = e.len; at < n; at++) {
        char c, x;
        CHECK_EQ(pread(fd, &c, 1, (off_t)at), 1);
        x = (char)(c ^ 1);
        CHECK_EQ(pwrite(fd, &x, 1, (off_t)at), 1);
        CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BAD);
        queue_close(&f);
        CHECK_EQ(pwrite(fd, &c, 1, (off_t)at), 1);
    }
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&f);
    CHECK_EQ(pwrite(fd, "x", 1, (off_t)n), 1);           /* and one byte more */
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BAD);
    queue_close(&f);
    close(fd);
}

static void j1_a_symlink_is_bad(void)
{
    struct qname name = { 1, 2 };
    char target[QNAME_TEXT];

    fresh();
    store(text, 0);
    qname_format(&q.name, target);
    CHECK_EQ(symlink(target, path_of(&name)), 0);
    CHECK_EQ(queue_open(&f, &name, &got, &wrong), QUEUE_BAD);
    CHECK(queue_peek(&f, &name, &got, &wrong) != QUEUE_OPEN);
    f.name = name;
    CHECK_EQ(queue_set_aside(&f), SYS_OK);               /* the link itself goes */
    queue_close(&f);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&f);
}

static void j1_a_hard_link_is_bad(void)
{
    fresh();
    store(text, 0);
    CHECK_EQ(link(path_of(&q.name), "elsewhere"), 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BAD);
    CHECK(wrong && strstr(wrong, "hard link"));
    queue_close(&f);
    CHECK_EQ(queue_peek(&f, &q.name, &got, &wrong), QUEUE_BAD);
    unlink("elsewhere");
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&f);
}

/* What a rename that was logged in two parts leaves. */
static void its_own_name_in_tmp_is_dropped(void)
{
    char path[QPATH_MOST];

    fresh();
    store(text, 0);
    qpath_tmp(path, q.name.id);
    CHECK_EQ(link(path_of(&q.name), path), 0);
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_OPEN);
    queue_close(&f);
    CHECK_EQ(tempdir_count("queue/tmp"), 0);
}

static void j1_a_fifo_a_folder_and_a_socket_are_bad(void)
{
    struct qname fifo = { 1, 1 }, folder = { 1, 2 }, sock = { 1, 3 };
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    fresh();
    CHECK_EQ(mkfifo(path_of(&fifo), 0600), 0);
    CHECK_EQ(queue_open(&f, &fifo, &got, &wrong), QUEUE_BAD);
    queue_close(&f);
    CHECK_EQ(queue_peek(&f, &fifo, &got, &wrong), QUEUE_BAD);
    CHECK_EQ(mkdir(path_of(&folder), 0700), 0);
    CHECK_EQ(queue_open(&f, &folder, &got, &wrong), QUEUE_BAD);
    queue_close(&f);
    strcpy(a.sun_path, path_of(&sock));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0) {
        CHECK_EQ(queue_open(&f, &sock, &got, &wrong), QUEUE_BAD);
        queue_close(&f);
    }
    if (fd >= 0)
        close(fd);
}

static void j1_a_file_of_somebody_else_is_bad(void)
{
    fresh();
    store(text, 0);
    if (chown(path_of(&q.name), geteuid() + 1, (gid_t)-1))
        return;                      /* only root can try it */
    CHECK_EQ(queue_open(&f, &q.name, &got, &wrong), QUEUE_BAD);
    CHECK(wrong && strstr(wrong, "somebody else"));
    queue_close(&f);
}

static void one_runner_at_a_time(void)
{
    fresh();
    int fd = queue_lock();
    CHECK(fd >= 0);
    CHECK_EQ(queue_lock(), -1);
    CHECK_EQ(errno, EWOULDBLOCK);
    close(fd);
    fd = queue_lock();               /* a file that is left over locks nobody out */
    CHECK(fd >= 0);
    close(fd);
    unlink("queue/lock");
    CHECK_EQ(symlink("elsewhere", "queue/lock"), 0);
    CHECK_EQ(queue_lock(), -1);
    CHECK(access("elsewhere", F_OK) != 0);
}

/* A file in queue/tmp of this id, so many seconds old. */
static void debris(const char *id, int64_t age)
{
    char path[64];
    struct timespec t[2] = { { .tv_sec = time(NULL) - (time_t)age } };

    t[1] = t[0];
    snprintf(path, sizeof path, "queue/tmp/%s", id);
    CHECK_EQ(tempdir_write(path, "x", 1, 0600), 0);
    CHECK_EQ(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void only_old_unlocked_debris_is_swept(void)
{
    fresh();
    debris("k3x9q0mz71ab", 3600);
    debris("k3x9q0mz71ac", 1);                   /* its writer may be about to lock it */
    debris("k3x9q0mz71ad", -3600);               /* the clock was ahead */
    debris("not-an-id", 3600);
    debris("k3x9q0mz71ae", 3600);
    int fd = open("queue/tmp/k3x9q0mz71ae", O_RDWR);
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    CHECK_EQ(symlink("/etc/passwd", "queue/tmp/k3x9q0mz71af"), 0);
    CHECK_EQ(queue_sweep(), 3);
    CHECK_EQ(access("queue/tmp/k3x9q0mz71ac", F_OK), 0);
    CHECK_EQ(access("queue/tmp/k3x9q0mz71ae", F_OK), 0);
    CHECK_EQ(access("queue/tmp/not-an-id", F_OK), 0);
    CHECK_EQ(tempdir_count("queue/tmp"), 3);
    close(fd);
    CHECK_EQ(queue_sweep(), 1);
}

static void a_writer_at_work_is_not_swept(void)
{
    fresh();
    CHECK_EQ(queue_create(&q, &e), SYS_OK);
    CHECK_EQ(queue_sweep(), 0);
    CHECK_EQ(queue_commit(&q, 0), SYS_OK);
    queue_release(&q);
}

static void room_is_asked_for(void)
{
    fresh();
    CHECK_EQ(queue_has_room(1, 0, 0), SYS_OK);
    tempdir_empty(".");
    CHECK_EQ(queue_has_room(1, 0, 0), SYS_TEMP);
}

int main(void)
{
    f.fd = -1;
    if (tempdir_enter()) {
        printf("not ok tempdir queue_test.c:1: no folder to work in\ndone 1\n");
        return 1;
    }
    RUN(a_message_stored_and_read_back);
    RUN(a_text_longer_than_the_buffers);
    RUN(an_empty_text);
    RUN(eight_bit_text_is_marked);
    RUN(an_aborted_one_leaves_nothing);
    RUN(without_its_folders_it_is_temporary);
    RUN(files_are_for_their_owner_alone);
    RUN(the_due_time_stays_within_its_digits);
    RUN(a_list_is_sorted_and_counts_what_is_strange);
    RUN(marks_in_place_are_found_again);
    RUN(rescheduled_removed_set_aside);
    RUN(j8_a_locked_file_is_busy);
    RUN(what_is_not_there_is_gone);
    RUN(i4_every_truncation_is_bad);
    RUN(i4_any_changed_byte_of_the_text_or_end_is_bad);
    RUN(j1_a_symlink_is_bad);
    RUN(j1_a_hard_link_is_bad);
    RUN(its_own_name_in_tmp_is_dropped);
    RUN(j1_a_fifo_a_folder_and_a_socket_are_bad);
    RUN(j1_a_file_of_somebody_else_is_bad);
    RUN(one_runner_at_a_time);
    RUN(only_old_unlocked_debris_is_swept);
    RUN(a_writer_at_work_is_not_swept);
    RUN(room_is_asked_for);
    tempdir_leave();
    TEST_DONE();
}
