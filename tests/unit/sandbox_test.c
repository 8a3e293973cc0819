/* The sandbox from within: each way out is tried by a child that has entered it, and is its end, or is refused. As root
 * the child has left the tree's outside and its rights first, as the applets do; else it is in place. What needs a
 * kernel with filters, or Landlock, is tried where there is one: the applets' tests ask that this machine's is. */
#include "sys/sandbox.h"

#include "sys/log.h"
#include "sys/proc.h"

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE 1000
#define NOBODY  65534

static char tree[] = "/tmp/sandbox_test.XXXXXX";
static int outside = -1;             /* a descriptor of / that a child forgot to close */

static bool kernel_has_filters(void)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0) && errno == EFAULT;
}

static bool has_filters(void)
{
    return SECCOMP_ARCHITECTURE && kernel_has_filters();
}

/* 0: none. */
static long landlock_version(void)
{
#ifdef SYS_landlock_create_ruleset
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    return v < 0 ? 0 : v;
#else
    return 0;
#endif
}

static void make_tree(void)
{
    static const char *const folders[] = { "etc", "queue", "queue/tmp", "queue/new", "run", "mail", "mail/ana" };

    if (!mkdtemp(tree) || chdir(tree) || chmod(".", 0755))
        exit(1);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (mkdir(folders[i], 0755) || (i && geteuid() == 0 && chown(folders[i], NOBODY, NOBODY)))
            exit(1);
    close(open("etc/conf", O_WRONLY | O_CREAT, 0644));
    close(open("queue/tmp/a", O_WRONLY | O_CREAT, 0666));
    if (geteuid() == 0 && chown("queue/tmp/a", NOBODY, NOBODY))
        exit(1);
}

static int enter(enum seccomp_role role)
{
    const struct sandbox_limits l = { role == SECCOMP_SESSION ? MESSAGE : 0, 0 };
    struct fault f;

    log_fallback("run/log");
    if (geteuid() == 0 && (chroot(tree) || chdir("/") || proc_drop(NOBODY, NOBODY, &f)))
        return -1;
    return sandbox_enter(role, &l, &f);
}

/* Runs `act` in a child in the sandbox. Its exit status, or minus the signal that ended it. */
static int inside(enum seccomp_role role, int (*act)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(enter(role) ? 99 : act());
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- ways out: each returns its errno, 0 when it went out */

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int trace(void)      { return result(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)); }
static int make_node(void)  { return result(syscall(SYS_mknodat, AT_FDCWD, "run/null", S_IFCHR, makedev(1, 3))); }
static int root_again(void) { return result(syscall(SYS_chroot, "queue")); }
static int start(void)      { return result(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static int mount_one(void)  { return result(syscall(SYS_mount, "none", "run", "tmpfs", 0, 0)); }
static int be_root(void)    { return result(syscall(SYS_setuid, 0)); }
static int signal_up(void)  { return result(syscall(SYS_kill, getppid(), SIGUSR1)); }
static int go_outside(void) { return result(syscall(SYS_fchdir, outside)); }
static int open_above(void) { return result(syscall(SYS_openat, outside, "etc/passwd", O_RDONLY)); }
static int ask_netlink(void) { return result(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0)); }
static int listen_one(void)   { return result(syscall(SYS_listen, 0, 0)); }
static int more_rights(void) { return result(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)); }

static int run_shell(void)
{
    static char sh[] = "/bin/sh";
    char *argv[] = { sh, NULL };

    return result(syscall(SYS_execve, sh, argv, argv + 1));
}

static int code_in_data(void)
{
    static char page[16384];
    uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;

    return result(syscall(SYS_mprotect, at, 4096, PROT_READ | PROT_EXEC));
}

static int new_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static void the_filter_ends_whoever_breaks_out(void)
{
    static int (*const ways[])(void) = { trace, make_node, root_again, start, mount_one, be_root, signal_up, go_outside,
                                         ask_netlink, listen_one, more_rights, run_shell, code_in_data, new_code };

    for (int role = SECCOMP_SESSION; role <= SECCOMP_LOCAL && has_filters(); role++)
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            CHECK_EQ(inside(role, ways[i]), -SIGSYS);
}

/* ---- files */

static int to(const char *path, int flags)
{
    return result(open(path, flags | O_CLOEXEC, 0600));
}

static int read_etc(void)     { return to("etc/conf", O_RDONLY); }
static int write_etc(void)    { return to("etc/new", O_WRONLY | O_CREAT); }
static int change_etc(void)   { return to("etc/conf", O_RDWR); }
static int list_tree(void)    { return to(".", O_RDONLY | O_DIRECTORY); }
static int write_tree(void)   { return to("new", O_WRONLY | O_CREAT); }
static int write_queue(void)  { return to("queue/tmp/b", O_RDWR | O_CREAT); }
static int write_run(void)    { return to("run/b", O_RDWR | O_CREAT | O_TRUNC); }
static int write_mail(void)   { return to("mail/ana/b", O_WRONLY | O_CREAT); }
static int read_mail(void)    { return to("mail/ana", O_RDONLY | O_DIRECTORY); }
static int see_mail(void)     { struct stat st; return result(lstat("mail/ana", &st)); }
static int read_above(void)   { return to("/etc/passwd", O_RDONLY); }

static int move_on(void)
{
    int r = result(rename("queue/tmp/a", "queue/new/a"));

    return r ? r : result(rename("queue/new/a", "queue/tmp/a"));
}

static void the_tree_is_what_the_role_needs(void)
{
    const bool holds = landlock_version() >= 2;
    const int no = holds ? EACCES : 0;

    for (int role = SECCOMP_SESSION; role <= SECCOMP_LOCAL; role++) {
        CHECK_EQ(inside(role, read_etc), 0);
        CHECK_EQ(inside(role, write_queue), 0);
        CHECK_EQ(inside(role, write_run), 0);
        CHECK_EQ(inside(role, see_mail), 0);
        CHECK_EQ(inside(role, move_on), 0);
        CHECK_EQ(inside(role, list_tree), no);
        CHECK(!holds || inside(role, write_etc) == EACCES);
        CHECK(!holds || inside(role, change_etc) == EACCES);
        CHECK(!holds || inside(role, write_tree) == EACCES);
        CHECK_EQ(inside(role, read_mail), role == SECCOMP_RUNNER ? 0 : no);
        CHECK_EQ(inside(role, write_mail), role == SECCOMP_RUNNER ? 0 : no);
        if (geteuid() == 0)
            CHECK_EQ(inside(role, read_above), ENOENT);
        else
            CHECK_EQ(inside(role, read_above), no);
    }
}

/* A descriptor that was left open leads nowhere: openat is the end, or where it is how files are opened, refused. */
static void a_forgotten_descriptor_leads_nowhere(void)
{
    outside = open("/", O_RDONLY | O_DIRECTORY);
    int r = inside(SECCOMP_SESSION, open_above);
    CHECK(!has_filters() || r == -SIGSYS || r == EACCES);
    close(outside);
}

static int count_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 64; fd++)
        n += fcntl(fd, F_GETFL) >= 0;
    return n;
}

static int descriptors_before;

static void no_descriptor_stays_open(void)
{
    descriptors_before = count_descriptors();
    CHECK_EQ(inside(SECCOMP_SESSION, count_descriptors), descriptors_before);
    CHECK_EQ(inside(SECCOMP_RUNNER, count_descriptors), descriptors_before);
}

/* ---- the network */

static int connect_to(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return result(connect(fd, (struct sockaddr *)&a, sizeof a));
}

static int connect_dns(void)  { return connect_to(53); }
static int connect_other(void) { return connect_to(2); }

static void a_session_is_no_way_into_the_network(void)
{
    if (landlock_version() < 4)
        return;
    CHECK_EQ(inside(SECCOMP_SESSION, connect_other), EACCES);
    CHECK(inside(SECCOMP_SESSION, connect_dns) != EACCES);
    CHECK_EQ(inside(SECCOMP_RUNNER, connect_other), ECONNREFUSED);
}

/* ---- limits */

static int write_much(void)
{
    static char zeros[65536];
    int fd = open("queue/tmp/b", O_RDWR | O_CREAT | O_TRUNC, 0600);

    for (int i = 0; i < 32; i++)
        if (write(fd, zeros, sizeof zeros) != sizeof zeros)
            return result(write(fd, zeros, sizeof zeros));
    return 0;
}

static int map_much(void)
{
    return mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        == MAP_FAILED ? errno : 0;
}

static int open_many(void)
{
    for (int i = 0; i < 100; i++)
        if (open("etc/conf", O_RDONLY) < 0)
            return errno;
    return 0;
}

static void limits_hold(void)
{
    CHECK_EQ(inside(SECCOMP_SESSION, write_much), EFBIG);
    CHECK_EQ(inside(SECCOMP_RUNNER, write_much), 0);
    CHECK_EQ(inside(SECCOMP_SESSION, open_many), EMFILE);
    if (has_filters())               /* an emulator's memory is not limited */
        CHECK_EQ(inside(SECCOMP_SESSION, map_much), ENOMEM);
}

/* ---- kernels that lack it */

/* Makes the kernel one that knows neither filters nor Landlock. */
static int take_away(void)
{
    struct sock_filter p[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof p / sizeof *p, p };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) ? -1 : 0;
}

/* One process on such a kernel. Returns what became of it. */
static int on_an_old_kernel(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (kernel_has_filters() && take_away())
            _exit(98);
        if (enter(SECCOMP_SESSION))
            _exit(99);
        _exit(getppid() < 0 ? 97 : sandbox_entered() ? 0 : 96);   /* getppid is in no list */
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* How often the log says something. */
static int said(const char *what)
{
    static char text[20000];
    int fd = open("run/log", O_RDONLY), n = 0;
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static void a_kernel_without_is_told_once(void)
{
    unlink("run/log");
    unlink("run/sandbox");
    for (int i = 0; i < 3; i++)
        CHECK_EQ(on_an_old_kernel(), 0);
    CHECK_EQ(said("sandbox: Linux "), 1);
    CHECK_EQ(said("CONFIG_SECCOMP_FILTER"), 1);
    CHECK_EQ(said("CONFIG_SECURITY_LANDLOCK"), 1);
    unlink("run/sandbox");
    CHECK_EQ(on_an_old_kernel(), 0);
    CHECK_EQ(said("sandbox: Linux "), 2);
}

static void a_kernel_with_it_is_not(void)
{
    unlink("run/log");
    unlink("run/sandbox");
    if (has_filters() && landlock_version() >= 2) {
        CHECK_EQ(inside(SECCOMP_SESSION, see_mail), 0);
        CHECK_EQ(said("sandbox"), 0);
        CHECK(access("run/sandbox", F_OK) != 0);
    }
}

static void remove_tree(void)
{
    static const char *const all[] = { "etc/conf", "queue/tmp/a", "queue/tmp/b", "run/log", "run/sandbox", "run/b",
                                       "mail/ana/b" };
    static const char *const folders[] = { "etc", "queue/tmp", "queue/new", "queue", "run", "mail/ana", "mail" };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        unlink(all[i]);
    unlink("new");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        rmdir(folders[i]);
    rmdir(tree);
}

int main(void)
{
    signal(SIGUSR1, SIG_IGN);
    make_tree();
    RUN(the_filter_ends_whoever_breaks_out);
    RUN(the_tree_is_what_the_role_needs);
    RUN(a_forgotten_descriptor_leads_nowhere);
    RUN(no_descriptor_stays_open);
    RUN(a_session_is_no_way_into_the_network);
    RUN(limits_hold);
    RUN(a_kernel_without_is_told_once);
    RUN(a_kernel_with_it_is_not);
    remove_tree();
    TEST_DONE();
}
