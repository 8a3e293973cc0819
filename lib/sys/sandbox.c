/* The sandbox: see sandbox.h. */
#include "sys/sandbox.h"

#include "mail/limits.h"
#include "sys/file.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define SPACE   ((uint64_t)1 << 60)  /* it uses terabytes */
#else
#define SPACE   (64u << 20)          /* of addresses, beside what rules take */
#endif
#define RULES   8                    /* times their files: a table as text stands in memory with a map of it */
#define FILES   64
#define AROUND  (1u << 20)           /* of a message in its file: envelope, trace, END; of any other file all */
#define SAID    "run/sandbox"

enum missing { NO_SECCOMP = 1, NO_LANDLOCK = 2 };

static bool entered, confined;

bool sandbox_entered(void)
{
    return entered;
}

/* ---- limits */

static int limit(int what, uint64_t most)
{
    struct rlimit now, r = { (rlim_t)most, (rlim_t)most };

    if (getrlimit(what, &now))
        return -1;
    if (now.rlim_max < r.rlim_max)   /* whoever started us may have set less */
        r.rlim_cur = r.rlim_max = now.rlim_max;
    return setrlimit(what, &r);
}

static int limit_all(enum seccomp_role role, const struct sandbox_limits *l)
{
    signal(SIGXFSZ, SIG_IGN);        /* EFBIG instead */
    if (limit(RLIMIT_NOFILE, FILES))      /* cores are proc_init's */
        return -1;
    /* A listener's children have limits of their own, by rules that are not known yet. */
    if (role != SECCOMP_LISTENER && (limit(RLIMIT_NPROC, 0) || limit(RLIMIT_AS, SPACE + RULES * l->rules)))
        return -1;
    return l->message ? limit(RLIMIT_FSIZE, l->message + AROUND) : 0;
}

/* ---- Landlock: as in linux/landlock.h, which toolchains of older kernels lack */

#define CREATE_RULESET 444
#define ADD_RULE       445
#define RESTRICT_SELF  446
#if defined __mips__
#define LANDLOCK(call) ((call) + 4000)
#else
#define LANDLOCK(call) (call)
#endif

#define WRITE_FILE  (1u << 1)
#define READ        (3u << 2)        /* files and folders */
#define REMOVE_FILE (1u << 5)
#define MAKE_DIR    (1u << 7)
#define MAKE_REG    (1u << 8)
#define REFER       (1u << 13)       /* from folder to folder */
#define TRUNCATE    (1u << 14)
#define WORK        (READ | WRITE_FILE | REMOVE_FILE | MAKE_REG | REFER | TRUNCATE)
#define BIND_TCP    1u
#define CONNECT_TCP 2u

/* What each version of it can hold back: all that it knows of files; from 4 on TCP; from 6 on signals to others, and
 * abstract sockets. The first cannot let a file go from queue/tmp to queue/new. */
#define LEAST 2

struct ruleset {
    uint64_t files, net, scoped;
};

static int make_ruleset(enum seccomp_role role, long version, struct ruleset *r)
{
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;

    r->files = version >= 5 ? 0xffff : version >= 3 ? 0x7fff : 0x3fff;
    r->net = role == SECCOMP_RUNNER ? BIND_TCP : BIND_TCP | CONNECT_TCP;
    r->scoped = 3;
    return (int)syscall(LANDLOCK(CREATE_RULESET), r, size, 0);
}

static int allow_folder(int set, const struct ruleset *r, const char *path, uint64_t rights)
{
    struct { uint64_t allowed; int32_t fd; } __attribute__((packed)) rule = { rights & r->files, -1 };

    rule.fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (rule.fd < 0)
        return errno == ENOENT ? 0 : -1;
    long bad = syscall(LANDLOCK(ADD_RULE), set, 1, &rule, 0);
    close(rule.fd);
    return bad ? -1 : 0;
}

static int allow_port(int set, uint64_t allowed, uint64_t port)
{
    struct { uint64_t allowed, port; } rule = { allowed, port };

    return syscall(LANDLOCK(ADD_RULE), set, 2, &rule, 0) ? -1 : 0;
}

static int allow_all(int set, enum seccomp_role role, long version, const struct ruleset *r)
{
    if (allow_folder(set, r, "queue", WORK) || allow_folder(set, r, "run", WORK) || allow_folder(set, r, "etc", READ))
        return -1;
    if (role == SECCOMP_RUNNER)
        return allow_folder(set, r, "mail", WORK | MAKE_DIR);
    if (version < 4 || role == SECCOMP_LOCAL)
        return 0;
    /* A name server that answers by TCP; ident, from any port of the address that the client has called. */
    return allow_port(set, CONNECT_TCP, 53) || allow_port(set, CONNECT_TCP, 113) || allow_port(set, BIND_TCP, 0);
}

static int confine(enum seccomp_role role, unsigned *missing)
{
    struct ruleset r;
    long version = syscall(LANDLOCK(CREATE_RULESET), NULL, 0, 1);

    if (version < 0 && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    if (version < LEAST) {
        *missing |= NO_LANDLOCK;
        return 0;
    }
    int set = make_ruleset(role, version, &r);
    if (set < 0)
        return -1;
    confined = allow_all(set, role, version, &r) == 0 && syscall(LANDLOCK(RESTRICT_SELF), set, 0) == 0;
    int kept = errno;
    close(set);
    errno = kept;
    return confined ? 0 : -1;
}

/* ---- the filter */

#ifdef SYS_clock_gettime32
/* Is it a call that this kernel has? -1 is no good argument of those that are asked about. */
static bool has_call(long number)
{
    return syscall(number, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS;
}

static unsigned lacks(void)
{
    return (has_call(SYS_clock_gettime64) ? 0 : SECCOMP_NO_TIME64) | (has_call(SYS_statx) ? 0 : SECCOMP_NO_STATX);
}
#else
static unsigned lacks(void)
{
    return 0;
}
#endif

/* Does the kernel have filters, and we one for it? Asked without an address, it says so before it looks at anything
 * else. */
static bool has_filters(void)
{
    return SECCOMP_ARCHITECTURE && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0) && errno == EFAULT;
}

int sandbox_filter(enum seccomp_role role)
{
    struct sock_filter program[SECCOMP_MOST];
    struct sock_fprog filter = { (unsigned short)seccomp_build(role, lacks(), program), program };

    return has_filters() ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) : 0;
}

/* ---- a kernel that lacks something */

/* What the last process that said something said. */
static size_t read_said(char *text, size_t cap)
{
    int fd = open(SAID, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, cap);

    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void tell(unsigned missing)
{
    char text[200], was[200];
    struct utsname u;
    size_t n;

    if (!missing)
        return;
    uname(&u);
    n = (size_t)snprintf(text, sizeof text, "Linux %.64s has no %s%s%s", u.release,
                         missing & NO_SECCOMP ? "filters of system calls (CONFIG_SECCOMP_FILTER)" : "",
                         missing == (NO_SECCOMP | NO_LANDLOCK) ? ", and no " : "",
                         missing & NO_LANDLOCK ? "Landlock (5.19, CONFIG_SECURITY_LANDLOCK)" : "");
    if (read_said(was, sizeof was) == n && memcmp(was, text, n) == 0)
        return;
    log_line(LOG_NOTICE, "sandbox: %s: going on without", text);
    int fd = open(SAID, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)file_write(fd, text, n);
        close(fd);
    }
}

int sandbox_enter(enum seccomp_role role, const struct sandbox_limits *l, struct fault *f)
{
    unsigned missing = 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && errno != EINVAL)
        return fault_set(f, EX_OSERR, "no_new_privs: %s", strerror(errno));
    if (!confined && confine(role, &missing))
        return fault_set(f, EX_OSERR, "Landlock: %s", strerror(errno));
    if (role != SECCOMP_LISTENER) {  /* its children speak of what is missing */
        missing |= has_filters() ? 0 : NO_SECCOMP;
        tell(missing);
    }
    if (limit_all(role, l))
        return fault_set(f, EX_OSERR, "setrlimit: %s", strerror(errno));
    if (role == SECCOMP_LISTENER)
        return 0;
    entered = true;
    return sandbox_filter(role) ? fault_set(f, EX_OSERR, "seccomp: %s", strerror(errno)) : 0;
}
