/* The filters of system calls, run here as the kernel would: what each role may call, and with which arguments. With an
 * argument it prints a role's list instead, for tests that hold what a program calls against it. */
#include "sys/seccomp.h"

#include "test.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ROLES 4                      /* those that have a filter */
#define KILL 0x80000000u

static const char *const role_name[ROLES] = { "session", "runner", "local", "lookup" };

/* Runs a filter of this kernel's small language. Returns what it does with the call, or 1 when it is no good filter. */
static unsigned run(const struct sock_filter *p, unsigned n, const struct seccomp_data *d)
{
    unsigned a = 0;

    for (unsigned i = 0; i < n; i++) {
        switch (p[i].code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (p[i].k % 4 || p[i].k > sizeof *d - 4)
                return 1;
            memcpy(&a, (const char *)d + p[i].k, 4);
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            i += a == p[i].k ? p[i].jt : p[i].jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            i += a >= p[i].k ? p[i].jt : p[i].jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            i += a & p[i].k ? p[i].jt : p[i].jf;
            break;
        case BPF_RET | BPF_K:
            return p[i].k;
        default:
            return 1;
        }
    }
    return 1;
}

/* What becomes of a call whose argument i is `value`, the others being 0. */
static unsigned judge(enum seccomp_role role, int number, unsigned i, uint64_t value)
{
    struct sock_filter program[SECCOMP_MOST];
    struct seccomp_data d = { .nr = number, .arch = SECCOMP_ARCHITECTURE };

    d.args[i] = value;
    return run(program, seccomp_build(role, 0, program), &d);
}

static bool may(enum seccomp_role role, int number)
{
    return judge(role, number, 0, 0) == SECCOMP_RET_ALLOW;
}

/* ---- cases */

static void no_role_has_more_than_forty_calls(void)
{
    uint16_t list[SECCOMP_LIST];

    for (int r = 0; r < ROLES; r++) {
        CHECK(seccomp_calls(r, 0, list) >= 20);
        CHECK(seccomp_calls(r, 0, list) <= SECCOMP_CALLS);
        CHECK(seccomp_calls(r, SECCOMP_NO_TIME64, list) <= SECCOMP_CALLS);
        /* Where there is neither, two of the numbers are of calls that do not exist. */
        CHECK(seccomp_calls(r, SECCOMP_NO_TIME64 | SECCOMP_NO_STATX, list) <= SECCOMP_CALLS + 2);
    }
}

static void every_program_fits_and_ends(void)
{
    struct sock_filter program[SECCOMP_MOST];

    for (int r = 0; r < ROLES; r++) {
        unsigned n = seccomp_build(r, SECCOMP_NO_TIME64 | SECCOMP_NO_STATX, program);
        CHECK(n > 40 && n <= SECCOMP_MOST);
        for (unsigned i = 0; i < n; i++)
            CHECK(BPF_CLASS(program[i].code) != BPF_JMP || i + 1 + program[i].jt < n);
        for (unsigned i = 0; i < n; i++)
            CHECK(BPF_CLASS(program[i].code) != BPF_JMP || i + 1 + program[i].jf < n);
        CHECK_EQ(BPF_CLASS(program[n - 1].code), BPF_RET);
        CHECK_EQ(program[n - 1].k, KILL);
    }
}

/* All numbers that there are, and some beyond: allowed when they are in the list, and else the end. */
static void what_is_not_in_the_list_is_the_end(void)
{
    for (int r = 0; r < ROLES; r++) {
        uint16_t list[SECCOMP_LIST];
        unsigned n = seccomp_calls(r, 0, list), allowed = 0, wrong = 0;
        for (int number = -1; number < 7000; number++) {
            bool listed = false;
            for (unsigned i = 0; i < n; i++)
                listed = listed || list[i] == number;
            unsigned verdict = judge(r, number, 0, 0);
            allowed += verdict == SECCOMP_RET_ALLOW;
            wrong += verdict != KILL && (!listed || verdict != SECCOMP_RET_ALLOW);
        }
        CHECK_EQ(wrong, 0);
        CHECK(allowed >= n - 4 && allowed < n);      /* fcntl, ioctl, socket and madvise want arguments other than 0 */
    }
}

static void another_architecture_is_the_end(void)
{
    static const unsigned others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_MIPS64, AUDIT_ARCH_ARMEB, ~0u };
    struct sock_filter program[SECCOMP_MOST];
    unsigned n = seccomp_build(SECCOMP_SESSION, 0, program);
    struct seccomp_data d = { .nr = SYS_read, .arch = SECCOMP_ARCHITECTURE };

    CHECK_EQ(run(program, n, &d), SECCOMP_RET_ALLOW);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        d.arch = others[i];
        CHECK_EQ(run(program, n, &d), KILL);
    }
    d.arch = SECCOMP_ARCHITECTURE;
    d.nr = 0x40000000 | SYS_read;    /* x32 */
    CHECK_EQ(run(program, n, &d), KILL);
}

static void dangerous_calls_are_in_no_list(void)
{
    static const int calls[] = {
        SYS_execve, SYS_clone, SYS_ptrace, SYS_chroot, SYS_mount, SYS_kill, SYS_setuid, SYS_prctl, SYS_bpf,
        SYS_unshare, SYS_setns, SYS_init_module, SYS_socketpair, SYS_listen, SYS_fchmod, SYS_fchown,
        SYS_symlinkat, SYS_mknodat, SYS_process_vm_readv, SYS_keyctl, SYS_perf_event_open, SYS_seccomp,
#ifdef SYS_fork
        SYS_fork,
#endif
#ifdef SYS_accept
        SYS_accept,
#endif
#ifdef SYS_io_uring_setup
        SYS_io_uring_setup,
#endif
    };

    for (int r = 0; r < ROLES; r++)
        for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
            CHECK(!may(r, calls[i]));
}

static void arguments_are_looked_at(void)
{
#ifdef SYS_mmap2
    const int map = SYS_mmap2;
#else
    const int map = SYS_mmap;
#endif
#ifdef SYS_fcntl64
    const int fc = SYS_fcntl64;
#else
    const int fc = SYS_fcntl;
#endif

    for (int r = 0; r < ROLES; r++) {
        CHECK_EQ(judge(r, map, 2, PROT_READ | PROT_WRITE), SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, map, 2, PROT_READ | PROT_EXEC), KILL);
        CHECK_EQ(judge(r, SYS_mprotect, 2, PROT_READ), SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, SYS_mprotect, 2, PROT_READ | PROT_WRITE | PROT_EXEC), KILL);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_UNIX), SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_INET), r == SECCOMP_LOCAL ? KILL : SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_INET6), r == SECCOMP_LOCAL ? KILL : SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_NETLINK), KILL);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_PACKET), KILL);
        CHECK_EQ(judge(r, SYS_socket, 0, AF_UNSPEC), KILL);
        CHECK_EQ(judge(r, fc, 1, F_SETFL), SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, fc, 1, F_SETLK), SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, fc, 1, F_DUPFD), KILL);
        CHECK_EQ(judge(r, fc, 1, F_SETOWN), KILL);
        CHECK_EQ(judge(r, SYS_ioctl, 1, TIOCGWINSZ), r == SECCOMP_LOCAL ? SECCOMP_RET_ALLOW : KILL);
        CHECK_EQ(judge(r, SYS_ioctl, 1, TIOCSTI), KILL);
        CHECK_EQ(judge(r, SYS_madvise, 2, MADV_DONTNEED), r == SECCOMP_LOCAL ? KILL : SECCOMP_RET_ALLOW);
        CHECK_EQ(judge(r, SYS_madvise, 2, MADV_WILLNEED), KILL);
    }
}

static void roles_differ(void)
{
    CHECK(may(SECCOMP_RUNNER, SYS_mremap) && !may(SECCOMP_SESSION, SYS_mremap));
    CHECK(may(SECCOMP_SESSION, SYS_rt_sigaction) && !may(SECCOMP_RUNNER, SYS_rt_sigaction));
    CHECK(may(SECCOMP_SESSION, SYS_connect) && may(SECCOMP_SESSION, SYS_bind) && !may(SECCOMP_RUNNER, SYS_bind));
    CHECK(may(SECCOMP_LOCAL, SYS_fdatasync) && !may(SECCOMP_LOOKUP, SYS_fdatasync));
}

/* They ask the same servers in the same way: what a session may not, they may not. */
static void who_looks_up_apart_may_do_less_than_a_session(void)
{
    uint16_t session[SECCOMP_LIST], lookup[SECCOMP_LIST];
    unsigned n = seccomp_calls(SECCOMP_SESSION, 3, session), m = seccomp_calls(SECCOMP_LOOKUP, 3, lookup);

    for (unsigned i = 0; i < m; i++) {
        bool both = false;
        for (unsigned j = 0; j < n; j++)
            both = both || session[j] == lookup[i];
        CHECK(both);
    }
}

/* `seccomp_test ROLE LACKS`: the list, a number a line. */
static int print_list(const char *name, const char *lacks)
{
    uint16_t list[SECCOMP_LIST];

    for (int r = 0; r < ROLES; r++) {
        if (strcmp(name, role_name[r]) != 0)
            continue;
        unsigned n = seccomp_calls(r, (unsigned)atoi(lacks), list);
        for (unsigned i = 0; i < n; i++)
            printf("%d\n", list[i]);
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return print_list(argv[1], argv[2]);
    RUN(no_role_has_more_than_forty_calls);
    RUN(every_program_fits_and_ends);
    RUN(what_is_not_in_the_list_is_the_end);
    RUN(another_architecture_is_the_end);
    RUN(dangerous_calls_are_in_no_list);
    RUN(arguments_are_looked_at);
    RUN(roles_differ);
    RUN(who_looks_up_apart_may_do_less_than_a_session);
    TEST_DONE();
}
