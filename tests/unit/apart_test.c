/* Work done apart: what comes back, what does not, and that no child outlives its deadline or its parent. What a child
 * may do is looked at as root alone: nobody else can start one. */
#include "sys/apart.h"

#include "sys/clock.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
    int number;
    int uid, gid, groups, files, root_back, can_fork, can_write, sees_etc;
    char text[600];
};

/* Shared with children: where they say who they are. */
static volatile pid_t *child;

static int64_t in_ms(int ms)
{
    return clock_mono_ms() + ms;
}

static enum sys_result run(apart_work *work, int question, struct answer *a, int64_t deadline)
{
    memset(a, 0xaa, sizeof *a);
    return apart_run(work, &question, a, sizeof *a, APART_NOBODY, APART_NOBODY, deadline);
}

static bool is_zero(const struct answer *a)
{
    static const struct answer zero;

    return memcmp(a, &zero, sizeof zero) == 0;
}

static bool is_root(void)
{
    return geteuid() == 0;
}

/* ---- what a child does */

static void twice(const void *question, void *answer, int64_t deadline)
{
    struct answer *a = answer;

    a->number = 2 * *(const int *)question;
    memset(a->text, 'x', sizeof a->text);
    if (deadline <= clock_mono_ms())
        a->number = -1;
}

static void look_around(const void *question, void *answer, int64_t deadline)
{
    struct answer *a = answer;
    int open_fds = 0;

    (void)question;
    (void)deadline;
    for (int fd = 0; fd < 64; fd++)
        open_fds += fcntl(fd, F_GETFD) >= 0;
    a->files = open_fds;
    a->uid = (int)getuid();
    a->gid = (int)getegid();
    a->groups = getgroups(0, NULL);
    a->root_back = setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0;
    a->sees_etc = access("/etc", F_OK) == 0;
    a->can_write = open("new", O_WRONLY | O_CREAT, 0600) >= 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    a->can_fork = pid > 0;
}

static void die(const void *question, void *answer, int64_t deadline)
{
    (void)answer;
    (void)deadline;
    raise(*(const int *)question);
}

static void speak_early(const void *question, void *answer, int64_t deadline)
{
    (void)question;
    (void)deadline;
    memset(answer, 7, 10);
    (void)!write(0, answer, 10);     /* and then the whole answer behind it */
}

static void never_end(const void *question, void *answer, int64_t deadline)
{
    (void)question;
    (void)answer;
    (void)deadline;
    *child = getpid();
    for (;;)
        pause();
}

/* ---- cases */

static void an_answer_comes_back_whole(void)
{
    struct answer a;

    enum sys_result r = run(twice, 21, &a, in_ms(60000));
    if (!is_root()) {
        CHECK_EQ(r, SYS_TEMP);       /* it will not work with rights that it cannot give up */
        CHECK(is_zero(&a));
        return;
    }
    CHECK_EQ(r, SYS_OK);
    CHECK_EQ(a.number, 42);
    CHECK(a.text[0] == 'x' && a.text[sizeof a.text - 1] == 'x');
}

static void the_child_has_no_rights(void)
{
    struct answer a;

    if (!is_root())
        return;
    CHECK_EQ(run(look_around, 0, &a, in_ms(60000)), SYS_OK);
    CHECK_EQ(a.uid, APART_NOBODY);
    CHECK_EQ(a.gid, APART_NOBODY);
    CHECK_EQ(a.groups, 1);
    CHECK_EQ(a.files, 1);
    CHECK(!a.root_back);
    CHECK(!a.can_fork);
    CHECK(!a.can_write);
    CHECK(!a.sees_etc);
}

static void no_whole_answer_is_none(void)
{
    static const int signals[] = { SIGKILL, SIGSEGV, SIGTERM };
    struct answer a;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        CHECK_EQ(run(die, signals[i], &a, in_ms(60000)), SYS_TEMP);
        CHECK(is_zero(&a));
    }
    CHECK_EQ(run(speak_early, 0, &a, in_ms(60000)), SYS_TEMP);
    CHECK(is_zero(&a));
    CHECK_EQ(run(twice, 1, &a, in_ms(-1)), SYS_TEMP);
    CHECK(is_zero(&a));
}

static void the_deadline_ends_it(void)
{
    struct answer a;

    *child = 0;
    CHECK_EQ(run(never_end, 0, &a, in_ms(500)), SYS_TEMP);
    CHECK(is_zero(&a));
    CHECK(!is_root() || *child > 0);
    errno = 0;
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);   /* reaped */
}

/* Every child is reaped, and the disposition stays, wherever SIGCHLD goes. */
static void sigchld_is_as_before(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN }, now;
    struct answer a;

    sigaction(SIGCHLD, &ignore, NULL);
    CHECK_EQ(run(twice, 4, &a, in_ms(60000)), is_root() ? SYS_OK : SYS_TEMP);
    CHECK_EQ(run(never_end, 4, &a, in_ms(300)), SYS_TEMP);
    sigaction(SIGCHLD, NULL, &now);
    CHECK(now.sa_handler == SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

/* A parent in a process of its own, with all signals blocked, and its child, when that has begun its endless work. */
static pid_t start_parent(int ms)
{
    struct answer a;
    sigset_t every;

    *child = 0;
    pid_t parent = fork();
    if (parent == 0) {
        sigfillset(&every);
        sigprocmask(SIG_SETMASK, &every, NULL);
        run(never_end, 0, &a, in_ms(ms));
        _exit(0);
    }
    while (*child == 0)
        usleep(1000);
    return parent;
}

/* The letter of a process's state, or 0 when it is gone. */
static char state_of(pid_t pid)
{
    char path[40], text[300];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *behind = strrchr(text, ')');
    return behind ? behind[2] : 0;
}

/* Waits for ever for one that does not end. */
static void await_end(pid_t pid)
{
    while (state_of(pid) != 'Z' && state_of(pid) != 0)
        usleep(1000);
}

static void it_ends_with_its_parent(void)
{
    if (!is_root())
        return;
    pid_t parent = start_parent(600 * 1000);
    kill(parent, SIGKILL);
    CHECK_EQ(waitpid(parent, NULL, 0), parent);
    await_end(*child);               /* longer than anybody waits for this program, else */
}

static void it_ends_at_the_deadline_though_its_parent_sleeps(void)
{
    if (!is_root())
        return;
    pid_t parent = start_parent(1000);
    kill(parent, SIGSTOP);
    await_end(*child);
    CHECK_EQ(state_of(*child), 'Z');
    kill(parent, SIGCONT);
    CHECK_EQ(waitpid(parent, NULL, 0), parent);
    CHECK_EQ(state_of(*child), 0);
}

int main(void)
{
    child = mmap(NULL, sizeof *child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (child == MAP_FAILED)
        return 1;
    signal(SIGPIPE, SIG_IGN);        /* as the applets do */
    RUN(an_answer_comes_back_whole);
    RUN(the_child_has_no_rights);
    RUN(no_whole_answer_is_none);
    RUN(the_deadline_ends_it);
    RUN(sigchld_is_as_before);
    RUN(it_ends_with_its_parent);
    RUN(it_ends_at_the_deadline_though_its_parent_sleeps);
    TEST_DONE();
}
