/* The table of limits in one process: the file made and mended, rates, the queue's quotas, arbitrary bytes. What many
 * processes do to it is limits_crowd_test's. */
#include "sys/limits.h"

#include "tempdir.h"
#include "test.h"

#include <errno.h>

static struct limits limits;
static struct conf conf;
static struct fault fault;
static const int64_t start = 1000000;
static const struct net_addr local = { NET_NONE, { 0 } }, client = { NET_V4, { 192, 0, 2, 1 } };
static struct address alice, nobody;

static void fresh(void)
{
    limits_close(&limits);
    tempdir_empty(".");
    mkdir("run", 0700);
    mkdir("queue", 0700);
    mkdir("queue/new", 0700);
    conf_defaults(&conf);
}

static int open_it(void)
{
    limits_close(&limits);
    return limits_open(&limits, &fault);
}

static ino_t number(void)
{
    struct stat st;

    return lstat(LIMITS_FILE, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 ? st.st_ino : 0;
}

static void made_once(void)
{
    fresh();
    CHECK_EQ(open_it(), 0);
    ino_t first = number();
    CHECK(first);
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(number(), first);
    CHECK_EQ(tempdir_count("run"), 1);
}

static off_t size_of_file(void)
{
    struct stat st;

    return stat(LIMITS_FILE, &st) ? -1 : st.st_size;
}

static bool bad_size(void)        { return truncate(LIMITS_FILE, size_of_file() - 1) == 0; }
static bool bad_empty(void)       { return truncate(LIMITS_FILE, 0) == 0; }
static bool bad_long(void)        { return truncate(LIMITS_FILE, 1 << 20) == 0; }
static bool bad_mode(void)        { return chmod(LIMITS_FILE, 0620) == 0; }
static bool bad_second_name(void) { return link(LIMITS_FILE, "run/other") == 0; }
static bool bad_link(void)        { return !rename(LIMITS_FILE, "run/other") && !symlink("other", LIMITS_FILE); }
static bool bad_fifo(void)        { return unlink(LIMITS_FILE) == 0 && mkfifo(LIMITS_FILE, 0600) == 0; }

static bool bad_magic(void)
{
    off_t size = size_of_file();

    return truncate(LIMITS_FILE, 0) == 0 && truncate(LIMITS_FILE, size) == 0;
}

static bool bad_debris(void)
{
    return unlink(LIMITS_FILE) == 0 && symlink("/nowhere/at/all", LIMITS_FILE ".new") == 0;
}

/* What is not the table is replaced, and nothing is written to what was there. */
static void made_anew(void)
{
    static bool (*const ways[])(void) = { bad_size, bad_empty, bad_long, bad_mode, bad_second_name, bad_magic, bad_link,
                                          bad_fifo, bad_debris };
    struct stat other;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        fresh();
        CHECK_EQ(open_it(), 0);
        off_t size = size_of_file();
        limits_close(&limits);
        CHECK(ways[i]());
        CHECK_EQ(open_it(), 0);
        CHECK(number() != 0 && size_of_file() == size);
        CHECK(stat("run/other", &other) || other.st_ino != number());
        CHECK(*tempdir_read(LIMITS_FILE, NULL) != 0);
        CHECK_EQ(limits_enter(&limits, &client, &conf, start), LIMITS_OK);
        ino_t now = number();
        CHECK_EQ(open_it(), 0);
        CHECK_EQ(number(), now);
    }
}

static void faults_have_a_mend(void)
{
    fresh();
    rmdir("run");
    CHECK_EQ(open_it(), -1);
    CHECK_STR(fault.text, "run/limits: No such file or directory; let run/ be a folder of the owner of queue/, "
              "mode 755");
    CHECK_EQ(tempdir_write("run", "", 0, 0600), 0);
    CHECK_EQ(open_it(), -1);
    CHECK_STR(fault.text, "run/limits: Not a directory; take away what is in its place");
    fresh();
    CHECK_EQ(mkdir(LIMITS_FILE, 0700), 0);
    CHECK_EQ(open_it(), -1);
    CHECK_STR(fault.text, "run/limits: Is a directory; take away what is in its place");
    limits_close(&limits);           /* which was never open */
    limits_leave(&limits);
}

/* Who shortens the file takes pages from sessions; they refuse, and the next one makes it anew. */
static void shortened_under_us(void)
{
    fresh();
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(truncate(LIMITS_FILE, 0), 0);
    CHECK_EQ(limits_enter(&limits, &client, &conf, start), LIMITS_BROKEN);
    CHECK_EQ(errno, EIO);
    CHECK_EQ(limits_take(&limits, LIMITS_MESSAGE, 1, &alice, true, &conf, start), LIMITS_BROKEN);
    CHECK_EQ(limits_queue_room(&limits, 1, &conf, start), LIMITS_BROKEN);
    limits_queue_added(&limits, 1);
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(limits_enter(&limits, &client, &conf, start), LIMITS_OK);
}

static enum limits_result come_and_go(const struct net_addr *who, int64_t now)
{
    enum limits_result r = limits_enter(&limits, who, &conf, now);

    limits_leave(&limits);
    return r;
}

static void connect_rate(void)
{
    static const struct net_addr next = { NET_V4, { 192, 0, 2, 2 } };

    fresh();
    conf.connect_rate = (struct conf_rate){ 3, 60 };
    CHECK_EQ(open_it(), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(come_and_go(&client, start), LIMITS_OK);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(come_and_go(&client, start + 19 * i), LIMITS_CLIENT_FAST);
    CHECK_EQ(come_and_go(&next, start), LIMITS_OK);
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(come_and_go(&client, start + 20000), LIMITS_OK);
    CHECK_EQ(come_and_go(&client, start + 20000), LIMITS_CLIENT_FAST);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(come_and_go(&local, start), LIMITS_OK);
}

#define TAKE(what, n, who, relay) limits_take(&limits, LIMITS_##what, n, who, relay, &conf, start)

static void messages_and_recipients(void)
{
    static const struct net_addr next = { NET_V4, { 192, 0, 2, 2 } };

    fresh();
    conf.message_rate = (struct conf_rate){ 5, 60 };
    conf.recipient_rate = (struct conf_rate){ 50, 60 };
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(limits_enter(&limits, &client, &conf, start), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 3, &alice, false), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 3, &nobody, false), LIMITS_CLIENT_FAST);
    CHECK_EQ(TAKE(MESSAGE, 2, &nobody, false), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 1, &nobody, false), LIMITS_CLIENT_FAST);
    CHECK_EQ(TAKE(RECIPIENT, 50, &alice, false), LIMITS_OK);
    CHECK_EQ(TAKE(RECIPIENT, 1, &alice, false), LIMITS_CLIENT_FAST);
    limits_leave(&limits);
    /* Another client, the same sender. What she may not send is not taken from the client either. */
    CHECK_EQ(limits_enter(&limits, &next, &conf, start), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 3, &alice, false), LIMITS_SENDER_FAST);
    CHECK_EQ(TAKE(MESSAGE, 2, &alice, false), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 1, &alice, false), LIMITS_SENDER_FAST);
    CHECK_EQ(TAKE(RECIPIENT, 1, &alice, false), LIMITS_SENDER_FAST);
    CHECK_EQ(TAKE(MESSAGE, 3, &alice, true), LIMITS_OK);     /* hers, whatever strangers have sent in her name */
    CHECK_EQ(TAKE(MESSAGE, 1, &nobody, true), LIMITS_CLIENT_FAST);
    limits_leave(&limits);
    CHECK_EQ(limits_enter(&limits, &local, &conf, start), LIMITS_OK);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(TAKE(MESSAGE, 1, &nobody, true), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 2, &alice, true), LIMITS_OK);
    CHECK_EQ(TAKE(MESSAGE, 1, &alice, true), LIMITS_SENDER_FAST);
}

static void put(const char *name, size_t n)
{
    static const char bytes[1000];

    CHECK_EQ(tempdir_write(name, bytes, n, 0600), 0);
}

#define ROOM(bytes, after) limits_queue_room(&limits, bytes, &conf, start + (after))

static void queue_messages(void)
{
    fresh();
    conf.queue_limit_messages = 3;
    CHECK_EQ(open_it(), 0);
    put("queue/new/a", 10);
    put("queue/new/.b", 10);
    CHECK_EQ(ROOM(1, 0), LIMITS_OK);
    put("queue/new/b", 10);
    limits_queue_added(&limits, 10);
    CHECK_EQ(ROOM(1, 0), LIMITS_OK);
    put("queue/new/c", 10);
    limits_queue_added(&limits, 10);
    CHECK_EQ(ROOM(1, 0), LIMITS_QUEUE_MESSAGES);
    /* A count is good for a second, and then a refusal wants a new one. */
    unlink("queue/new/a");
    CHECK_EQ(ROOM(1, 900), LIMITS_QUEUE_MESSAGES);
    CHECK_EQ(ROOM(1, 5000), LIMITS_OK);
    put("queue/new/a", 10);
    limits_queue_added(&limits, 10);
    CHECK_EQ(ROOM(1, 10000), LIMITS_QUEUE_MESSAGES);
    /* What others put there is seen after a minute. */
    unlink("queue/new/a");
    CHECK_EQ(ROOM(1, 20000), LIMITS_OK);
    put("queue/new/a", 10);
    CHECK_EQ(ROOM(1, 60000), LIMITS_OK);
    CHECK_EQ(ROOM(1, 90000), LIMITS_QUEUE_MESSAGES);
    conf.queue_limit_messages = 0;
    CHECK_EQ(ROOM(1, 90000), LIMITS_OK);
}

static void queue_bytes(void)
{
    fresh();
    conf.queue_limit_bytes = 1000;
    CHECK_EQ(open_it(), 0);
    put("queue/new/a", 600);
    CHECK_EQ(ROOM(400, 0), LIMITS_OK);
    CHECK_EQ(ROOM(401, 0), LIMITS_QUEUE_BYTES);
    limits_queue_added(&limits, 300);            /* which is not there any more when it is counted */
    CHECK_EQ(ROOM(101, 0), LIMITS_QUEUE_BYTES);
    CHECK_EQ(ROOM(101, 5000), LIMITS_OK);
    CHECK_EQ(ROOM(401, 5000), LIMITS_QUEUE_BYTES);
    conf.queue_limit_bytes = 0;
    CHECK_EQ(ROOM(UINT64_MAX, 2000), LIMITS_OK);
    conf.queue_limit_messages = 0;
    CHECK_EQ(ROOM(UINT64_MAX, 2000), LIMITS_OK);
}

/* After a reboot the stamp lies ahead: counted anew. */
static void queue_after_a_reboot(void)
{
    fresh();
    conf.queue_limit_messages = 2;
    CHECK_EQ(open_it(), 0);
    put("queue/new/a", 1);
    put("queue/new/b", 1);
    CHECK_EQ(ROOM(1, 0), LIMITS_QUEUE_MESSAGES);
    unlink("queue/new/a");
    CHECK_EQ(ROOM(1, -900000), LIMITS_OK);
}

static void overwrite(off_t at, const void *bytes, size_t n)
{
    int fd = open(LIMITS_FILE, O_WRONLY);

    CHECK(fd >= 0 && pwrite(fd, bytes, n, at) == (ssize_t)n);
    close(fd);
}

/* Everything works, and a minute later nothing is refused. */
static void still_good(int64_t now)
{
    CHECK_EQ(open_it(), 0);
    CHECK_EQ(number() != 0, 1);
    come_and_go(&client, now);
    CHECK_EQ(limits_enter(&limits, &client, &conf, now + 60000), LIMITS_OK);
    limits_take(&limits, LIMITS_MESSAGE, 1, &alice, false, &conf, now);
    CHECK_EQ(limits_take(&limits, LIMITS_MESSAGE, 1, &alice, false, &conf, now + 60000), LIMITS_OK);
    CHECK_EQ(limits_queue_room(&limits, 1, &conf, now + 120000), LIMITS_OK);
    limits_leave(&limits);
}

/* Each byte of what is read by everybody, and each page of the rest. */
static void every_byte_damaged(void)
{
    const int64_t late = start + 1000000;

    fresh();
    still_good(start);
    limits_close(&limits);
    for (off_t at = 0; at < size_of_file(); at += at < 4096 ? 1 : 97) {
        overwrite(at, "\xff", 1);
        still_good(late + at * 20000);
        limits_close(&limits);
        overwrite(at, "\x01", 1);
        still_good(late + at * 20000 + 10000);
        limits_close(&limits);
    }
}

static void garbage(void)
{
    static uint8_t bytes[90000];
    uint64_t x = 88172645463325252u;

    fresh();
    still_good(start);
    size_t size = (size_t)size_of_file();
    CHECK(size > 4096 && size < sizeof bytes);
    for (int round = 0; round < 30; round++) {
        limits_close(&limits);
        for (size_t i = 0; i < size; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            bytes[i] = (uint8_t)(x >> 24);
        }
        overwrite(8 * (round % 3 > 0), bytes, size - 8);     /* the magic among them, or not */
        still_good(start + round * 1000000);
    }
}

int main(void)
{
    address_mailbox("alice@example.org", 17, &alice);
    if (tempdir_enter())
        return 1;
    RUN(made_once);
    RUN(made_anew);
    RUN(faults_have_a_mend);
    RUN(shortened_under_us);
    RUN(connect_rate);
    RUN(messages_and_recipients);
    RUN(queue_messages);
    RUN(queue_bytes);
    RUN(queue_after_a_reboot);
    RUN(every_byte_damaged);
    RUN(garbage);
    limits_close(&limits);
    tempdir_leave();
    TEST_DONE();
}
