/* The filters of system calls: which call a role may make, and the program that the kernel is given. No effects: the
 * caller installs it. */
#ifndef SYS_SECCOMP_H
#define SYS_SECCOMP_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* How this program calls the kernel; 0 where there is no filter, as on other architectures, and with the sanitizers,
 * which come with another C library and calls of their own. */
#if defined __SANITIZE_ADDRESS__
#define SECCOMP_ARCHITECTURE 0
#elif defined __x86_64__ && !defined __ILP32__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && !defined __ILP32__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __ARM_EABI__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined __mips__ && _MIPS_SIM == _ABIO32 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_MIPSEL
#elif defined __mips__ && _MIPS_SIM == _ABIO32
#define SECCOMP_ARCHITECTURE AUDIT_ARCH_MIPS
#else
#define SECCOMP_ARCHITECTURE 0
#endif

enum seccomp_role {
    SECCOMP_SESSION,                 /* smtpd, on one connection */
    SECCOMP_RUNNER,                  /* a pass over the queue */
    SECCOMP_LOCAL,                   /* sendmail and mailq, for a user of this host */
    SECCOMP_LOOKUP,                  /* names of a client, looked up apart */
    SECCOMP_LISTENER                 /* no filter: see sandbox.h */
};

#define SECCOMP_CALLS 40             /* the most of its kernel's calls that a role may make */
#define SECCOMP_LIST  64             /* numbers in a list */
#define SECCOMP_MOST  112            /* instructions of the longest filter */

/* What a kernel may lack: the C library then makes the older call instead. */
#define SECCOMP_NO_STATX  1u         /* before 4.11, 32-bit */
#define SECCOMP_NO_TIME64 2u         /* before 5.1, 32-bit */

/* The numbers of the calls that a role may make. Returns how many: SECCOMP_CALLS at most, and what the kernel lacks. */
unsigned seccomp_calls(enum seccomp_role role, unsigned lacks, uint16_t list[SECCOMP_LIST]);

/* The filter that allows a role's calls, some only with certain arguments, and kills the process at any other or in
 * another architecture's way of calling. Returns its length; 0 on an architecture that has no lists. */
unsigned seccomp_build(enum seccomp_role role, unsigned lacks, struct sock_filter program[SECCOMP_MOST]);

#endif
