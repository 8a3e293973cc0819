/* The process itself: see proc.h. */
#include "sys/proc.h"

#include "base/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#define PROC_FILES 64
#define HAS_FSGSBASE 2               /* in AT_HWCAP2 on x86 */
#define STACK_NEAR 512               /* bytes below a frame that are its own: its callees, and a red zone */
#define STACK_FAR  65536

static int fds_012_exist(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0) {
            int got = open("/dev/null", O_RDWR);
            if (got != fd)
                return -1;
        }
    return 0;
}

void proc_close_from(int first)
{
    struct rlimit most;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    if (getrlimit(RLIMIT_NOFILE, &most) || most.rlim_cur > 4096)
        most.rlim_cur = 4096;
    for (int fd = first; fd < (int)most.rlim_cur; fd++)
        close(fd);
}

int proc_init(void)
{
    sigset_t none;
    struct rlimit no_core = { 0, 0 };

    if (fds_012_exist())
        return -1;
    proc_close_from(3);
    /* An ignored signal is inherited. These would break waiting, stopping and alarms; SIGHUP stays as nohup left it. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(077);
#ifdef __x86_64__
    if (getauxval(AT_HWCAP2) & HAS_FSGSBASE)     /* which is younger than SSE4.2 */
        crc32c_by_instruction();
#endif
    return setrlimit(RLIMIT_CORE, &no_core);
}

int proc_null(int first, int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return -1;                   /* a closed fd 2 would be the next file's, and take what is meant for stderr */
    for (int fd = first; fd <= last; fd++)
        if (dup2(null, fd) < 0)
            return -1;
    return null > last ? close(null) : 0;
}

int proc_guard_stderr(void)
{
    return proc_null(2, 2);
}

int proc_detach(void)
{
    return setsid() < 0 ? -1 : proc_null(0, 2);
}

int proc_drop(uid_t uid, gid_t gid, struct fault *f)
{
    if (setgroups(1, &gid) || setgid(gid) || setuid(uid))
        return fault_set(f, EX_OSERR, "cannot become uid %u, gid %u: %s", (unsigned)uid, (unsigned)gid,
                         strerror(errno));
    if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid || getgroups(0, NULL) != 1)
        return fault_set(f, EX_OSERR, "became another user than uid %u, gid %u: will not go on", (unsigned)uid,
                         (unsigned)gid);
    if (setuid(0) == 0 || setgid(0) == 0)
        return fault_set(f, EX_OSERR, "root's rights can be taken back: will not go on");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && errno != EINVAL)     /* EINVAL: a kernel before 3.5 */
        return fault_set(f, EX_OSERR, "no_new_privs: %s", strerror(errno));
    return 0;
}

int proc_limit(void)
{
    struct rlimit files = { PROC_FILES, PROC_FILES }, processes = { 0, 0 };

    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_NPROC, &processes) ? -1 : 0;
}

static void give_back(uintptr_t from, uintptr_t to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    from = (from + page - 1) & -page;
    to &= -page;
    if (from < to)
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void proc_give_back(void *at, size_t n)
{
    give_back((uintptr_t)at, (uintptr_t)at + n);
}

void proc_give_back_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) - STACK_NEAR;

    give_back(here - STACK_FAR, here);
}

bool proc_is_secure_exec(void)
{
    return getauxval(AT_SECURE) != 0;
}

const char *proc_exec_name(void)
{
    const char *name = (const char *)getauxval(AT_EXECFN);

    return name ? name : "";
}
