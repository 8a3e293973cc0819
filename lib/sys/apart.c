/* Work done apart: see apart.h. */
#include "sys/apart.h"

#include "base/fault.h"
#include "sys/await.h"
#include "sys/clock.h"
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARGIN 200                   /* ms: what the child has left to hand its answer over */

/* The kernel ends this process at the deadline, even when nobody is left to do it. */
static int set_alarm(int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms();
    struct itimerval t = { { 0, 0 }, { (time_t)(left / 1000), (suseconds_t)(left % 1000) * 1000 } };
    sigset_t alarm_only;

    signal(SIGALRM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    return left <= 0 || sigprocmask(SIG_UNBLOCK, &alarm_only, NULL) || setitimer(ITIMER_REAL, &t, NULL) ? -1 : 0;
}

/* Gives up all that the work does not need. Descriptor 0 is the pipe after it, and the only one. */
static int give_up_rights(int pipe_fd, uid_t uid, gid_t gid, int64_t deadline)
{
    struct rlimit none = { 0, 0 };
    struct fault f;

    if (set_alarm(deadline) || dup2(pipe_fd, 0) < 0)
        return -1;
    proc_close_from(1);
    /* A directory without anything in it that can be opened, on every board and without making one: a process that has
     * changed its user may not look at its own any more. Best effort, as /proc may be missing. */
    bool jailed = chroot("/proc/self/fdinfo") == 0;
    if ((jailed && chdir("/")) || setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_FSIZE, &none) || proc_limit())
        return -1;
    if (proc_drop(uid, gid, &f))
        return -1;
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);    /* not before: a change of user clears it */
}

static void be_child(int pipe_fd, apart_work *work, const void *question, void *answer, size_t n, uid_t uid,
                     gid_t gid, int64_t deadline)
{
    if (give_up_rights(pipe_fd, uid, gid, deadline))
        return;
    work(question, answer, deadline - MARGIN);
    (void)!write(0, answer, n);      /* at most PIPE_BUF, so in one piece */
}

/* Reads the answer until the pipe's other end is closed, or the deadline. Returns whether it has exactly n bytes. */
static bool take_answer(int fd, void *answer, size_t n, int64_t deadline)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    size_t have = 0;
    char more;

    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        int r = left > 0 ? await_ready(&p, 1, left, NULL) : 0;
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        ssize_t got = have < n ? read(fd, (char *)answer + have, n - have) : read(fd, &more, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || have == n)
            return got == 0 && have == n;
        have += (size_t)got;
    }
}

enum sys_result apart_run(apart_work *work, const void *question, void *answer, size_t n, uid_t uid, gid_t gid,
                          int64_t deadline)
{
    struct sigaction as_usual, before;
    int fd[2];
    bool whole = false;

    memset(answer, 0, n);
    if (pipe2(fd, O_CLOEXEC))
        return SYS_TEMP;
    /* Where SIGCHLD is ignored a child is gone when it ends, and its number may be another process's at once: killing
     * that would be killing a stranger, with root's rights. */
    memset(&as_usual, 0, sizeof as_usual);
    as_usual.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &as_usual, &before);
    pid_t pid = fork();
    if (pid == 0) {
        be_child(fd[1], work, question, answer, n, uid, gid, deadline);
        _exit(0);
    }
    close(fd[1]);
    if (pid > 0) {
        whole = take_answer(fd[0], answer, n, deadline);
        kill(pid, SIGKILL);          /* it has nothing left to do, or no time */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(fd[0]);
    sigaction(SIGCHLD, &before, NULL);
    if (whole)
        return SYS_OK;
    memset(answer, 0, n);
    return SYS_TEMP;
}
