/* The filters of system calls: see seccomp.h. */
#include "sys/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define S (1 << SECCOMP_SESSION)
#define R (1 << SECCOMP_RUNNER)
#define L (1 << SECCOMP_LOCAL)
#define N (1 << SECCOMP_LOOKUP)

/* What is asked of one argument of a call. */
enum check { FREE, NO_EXEC, INTERNET, UNIX, COMMANDS, WIDTH, GIVE_BACK };

static const struct {
    uint8_t argument;
    bool mask;                       /* none of these bits may be set; else it is one of these values, 0 ends them */
    uint32_t value[4];
} checks[] = {
    [NO_EXEC] = { 2, true, { PROT_EXEC } },
    [INTERNET] = { 0, false, { AF_INET, AF_INET6, AF_UNIX } },        /* AF_UNIX: syslogd may have been started anew */
    [UNIX] = { 0, false, { AF_UNIX } },
    [COMMANDS] = { 1, false, { F_SETFD, F_GETFL, F_SETFL, F_SETLK } },
    [WIDTH] = { 1, false, { TIOCGWINSZ } },      /* stdio asks for a terminal's */
    [GIVE_BACK] = { 2, false, { MADV_DONTNEED } },
};

/* The calls that the C library makes: found out by running every path under strace, on every
 * board; tests/slow does so again. */
static const struct {
    uint16_t number;
    uint8_t roles;
    uint8_t check : 4;
    uint8_t lacks : 4;               /* only where the kernel lacks its successor */
} calls[] = {
    { SYS_read, S | R | L | N, FREE, 0 },
    { SYS_write, S | R | L | N, FREE, 0 },
    { SYS_ppoll, S | R | N, FREE, 0 },
#ifdef SYS_clock_gettime32
    { SYS_clock_gettime64, S | R | L | N, FREE, 0 },
    { SYS_clock_gettime32, S | R | L | N, FREE, SECCOMP_NO_TIME64 },
#else
    { SYS_clock_gettime, S | R | L | N, FREE, 0 },
#endif
    { SYS_close, S | R | L | N, FREE, 0 },
#ifdef SYS_open
    { SYS_open, S | R | L, FREE, 0 },
#else
    { SYS_openat, S | R | L, FREE, 0 },
#endif
#if defined SYS_fstat64
    { SYS_statx, S | R | L, FREE, 0 },
    { SYS_fstat64, S | R | L, FREE, SECCOMP_NO_STATX },
    { SYS_lstat64, S | R | L, FREE, SECCOMP_NO_STATX },
#elif defined SYS_lstat
    { SYS_fstat, S | R | L, FREE, 0 },
    { SYS_lstat, S | R | L, FREE, 0 },
#else
    { SYS_fstat, S | R | L, FREE, 0 },
    { SYS_newfstatat, S | R | L, FREE, 0 },
#endif
    { SYS_pread64, S | R | L, FREE, 0 },
    { SYS_pwrite64, S | R | L, FREE, 0 },
    { SYS_writev, R | L, FREE, 0 },
    { SYS_sendto, S | R | L | N, FREE, 0 },
    { SYS_bind, S | N, FREE, 0 },                 /* for ident, to the address that the client has called */
    { SYS_connect, S | R | L | N, FREE, 0 },
    { SYS_getsockopt, S | R | N, FREE, 0 },
    { SYS_setsockopt, S | R | L | N, FREE, 0 },
    { SYS_shutdown, S, FREE, 0 },
    { SYS_getpid, S | R | L | N, FREE, 0 },
#ifdef SYS_geteuid32
    { SYS_geteuid32, S | R | L | N, FREE, 0 },
#else
    { SYS_geteuid, S | R | L | N, FREE, 0 },
#endif
    { SYS_getrandom, S | R | L | N, FREE, 0 },
    { SYS_flock, S | R | L, FREE, 0 },
    { SYS_fdatasync, S | R | L, FREE, 0 },
    { SYS_fsync, S | R | L, FREE, 0 },
#ifdef SYS_rename
    { SYS_rename, S | R | L, FREE, 0 },
    { SYS_unlink, S | R | L, FREE, 0 },
    { SYS_link, R, FREE, 0 },
    { SYS_mkdir, R, FREE, 0 },
#else
    { SYS_renameat, S | R | L, FREE, 0 },
    { SYS_unlinkat, S | R | L, FREE, 0 },
    { SYS_linkat, R, FREE, 0 },
    { SYS_mkdirat, R, FREE, 0 },
#endif
#ifdef SYS_sync_file_range2
    { SYS_sync_file_range2, S | L, FREE, 0 },
#else
    { SYS_sync_file_range, S | L, FREE, 0 },
#endif
#ifdef SYS_statfs64
    { SYS_statfs64, S | L, FREE, 0 },
#else
    { SYS_statfs, S | L, FREE, 0 },
#endif
    { SYS_getdents64, S | R | L, FREE, 0 },
    { SYS_nanosleep, R, FREE, 0 },
    { SYS_munmap, S | R | L | N, FREE, 0 },
    { SYS_mremap, R | L, FREE, 0 },
    { SYS_brk, S | R | L | N, FREE, 0 },
    { SYS_rt_sigaction, S, FREE, 0 },
    { SYS_rt_sigprocmask, S, FREE, 0 },
    { SYS_rt_sigreturn, S, FREE, 0 },
#ifdef SYS_sigreturn
    { SYS_sigreturn, S, FREE, 0 },
#endif
    { SYS_exit_group, S | R | L | N, FREE, 0 },
    { SYS_restart_syscall, S | R | L | N, FREE, 0 },
#ifdef SYS_mmap2
    { SYS_mmap2, S | R | L | N, NO_EXEC, 0 },
#else
    { SYS_mmap, S | R | L | N, NO_EXEC, 0 },
#endif
    { SYS_mprotect, S | R | L | N, NO_EXEC, 0 },
#ifdef SYS_fcntl64
    { SYS_fcntl64, S | R | L | N, COMMANDS, 0 },
#else
    { SYS_fcntl, S | R | L | N, COMMANDS, 0 },
#endif
    { SYS_socket, S | R | N, INTERNET, 0 },
    { SYS_socket, L, UNIX, 0 },
    { SYS_madvise, S | R | N, GIVE_BACK, 0 },
    { SYS_ioctl, L, WIDTH, 0 },
};

static bool is_of(unsigned i, enum seccomp_role role, unsigned lacks)
{
    return calls[i].roles >> role & 1 && (!calls[i].lacks || calls[i].lacks & lacks);
}

unsigned seccomp_calls(enum seccomp_role role, unsigned lacks, uint16_t list[SECCOMP_LIST])
{
    unsigned n = 0;

    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
        if (is_of(i, role, lacks))
            list[n++] = calls[i].number;
    return n;
}

static void add(struct sock_filter **p, unsigned code, unsigned value, unsigned yes, unsigned no)
{
    *(*p)++ = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, value };
}

#define LOAD   (BPF_LD | BPF_W | BPF_ABS)
#define EQUALS (BPF_JMP | BPF_JEQ | BPF_K)
#define HAS    (BPF_JMP | BPF_JSET | BPF_K)
#define FROM   (BPF_JMP | BPF_JGE | BPF_K)
#define END    (BPF_RET | BPF_K)
#define KILL   0x80000000u           /* the process; before 4.14 the thread, of which there is one */

/* Ways of a jump that are known when all is there: to the last two instructions. Others are shorter. */
enum { TO_ALLOW = 254, TO_KILL };

/* The low half of an argument: what the kernel looks at in these. */
static unsigned place(unsigned argument)
{
    return (unsigned)offsetof(struct seccomp_data, args) + 8 * argument
           + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
}

static void add_call(struct sock_filter **p, unsigned number, enum check c, bool last)
{
    const uint32_t *v = checks[c].value;
    unsigned n = 0;

    if (!c) {
        add(p, EQUALS, number, TO_ALLOW, last ? TO_KILL : 0);
        return;
    }
    while (n < sizeof checks->value / sizeof *checks->value && v[n])
        n++;
    add(p, EQUALS, number, 0, last ? TO_KILL : n + 1);
    add(p, LOAD, place(checks[c].argument), 0, 0);
    for (unsigned i = 0; i < n; i++)
        add(p, checks[c].mask ? HAS : EQUALS, v[i], checks[c].mask ? TO_KILL : TO_ALLOW,
            checks[c].mask ? TO_ALLOW : i + 1 < n ? 0 : TO_KILL);
}

/* A search by halves: the kernel tries the filter with every number that there is when it is installed, and where it
 * does not it runs it at each call. It also compiles it, so that each instruction counts. */
static void add_calls(struct sock_filter **p, const uint8_t *by_number, unsigned n)
{
    struct sock_filter *fork = *p;

    if (n <= 5) {
        for (unsigned i = 0; i < n; i++)
            add_call(p, calls[by_number[i]].number, calls[by_number[i]].check, i + 1 == n);
        return;
    }
    add(p, FROM, calls[by_number[n / 2]].number, 0, 0);
    add_calls(p, by_number, n / 2);
    fork->jt = (uint8_t)(*p - fork - 1);
    add_calls(p, by_number + n / 2, n - n / 2);
}

static uint8_t way(uint8_t to, unsigned left)
{
    return to < TO_ALLOW ? to : (uint8_t)(left + (to == TO_KILL));
}

/* The calls of a role in the order of their numbers. Returns how many. */
static unsigned sort(enum seccomp_role role, unsigned lacks, uint8_t by_number[SECCOMP_LIST])
{
    unsigned n = 0, j;

    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!is_of(i, role, lacks))
            continue;
        for (j = n++; j && calls[by_number[j - 1]].number > calls[i].number; j--)
            by_number[j] = by_number[j - 1];
        by_number[j] = (uint8_t)i;
    }
    return n;
}

unsigned seccomp_build(enum seccomp_role role, unsigned lacks, struct sock_filter program[SECCOMP_MOST])
{
    struct sock_filter *p = program;
    uint8_t by_number[SECCOMP_LIST];

    add(&p, LOAD, offsetof(struct seccomp_data, arch), 0, 0);
    add(&p, EQUALS, SECCOMP_ARCHITECTURE, 0, TO_KILL);
    add(&p, LOAD, offsetof(struct seccomp_data, nr), 0, 0);
    add_calls(&p, by_number, sort(role, lacks, by_number));
    for (struct sock_filter *i = program; i < p; i++) {
        i->jt = way(i->jt, (unsigned)(p - i - 1));
        i->jf = way(i->jf, (unsigned)(p - i - 1));
    }
    add(&p, END, SECCOMP_RET_ALLOW, 0, 0);
    add(&p, END, KILL, 0, 0);
    return (unsigned)(p - program);
}
