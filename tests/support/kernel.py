# A kernel of less, for single processes: one that knows neither filters of system calls nor Landlock.

import ctypes
import errno
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
LANDLOCK_CREATE_RULESET = 444
PRCTL = {"x86_64": 157, "aarch64": 167}

libc = ctypes.CDLL(None, use_errno=True)


def program():
    """prctl(PR_SET_SECCOMP) is EINVAL and landlock_create_ruleset ENOSYS; all else is as before."""
    steps = [(LOAD, 0, 0, 0),                                        # the number
             (EQUALS, 0, 3, PRCTL[platform.machine()]),
             (LOAD, 0, 0, 16),                                       # the first argument
             (EQUALS, 3, 0, PR_SET_SECCOMP),
             (RETURN, 0, 0, RET_ALLOW),
             (EQUALS, 0, 2, LANDLOCK_CREATE_RULESET),
             (RETURN, 0, 0, RET_ERRNO | errno.ENOSYS),
             (RETURN, 0, 0, RET_ERRNO | errno.EINVAL),
             (RETURN, 0, 0, RET_ALLOW)]
    return b"".join(struct.pack("HBBI", *s) for s in steps), len(steps)


def without_sandbox():
    """For preexec_fn: the process, and what it starts, is on such a kernel."""
    text, n = program()
    buffer = ctypes.create_string_buffer(text, len(text))
    filter = struct.pack("HxxxxxxQ", n, ctypes.addressof(buffer))
    zero = ctypes.c_ulong(0)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
            or libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), filter, zero, zero)):
        raise OSError(ctypes.get_errno(), "seccomp")
