# Kernels of less, for single processes: for preexec_fn, by a filter that answers as they would.

import ctypes
import errno
import platform
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
CLOSE_RANGE, LANDLOCK_CREATE_RULESET = 436, 444
PRCTL = {"x86_64": 157, "aarch64": 167}

libc = ctypes.CDLL(None, use_errno=True)


def install(steps):
    """The process, and what it starts, is on a kernel that first asks this filter: (code, yes, no, value) a step."""
    text = b"".join(struct.pack("HBBI", *s) for s in steps)
    buffer = ctypes.create_string_buffer(text, len(text))
    filter = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(buffer))
    zero = ctypes.c_ulong(0)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero)
            or libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), filter, zero, zero)):
        raise OSError(ctypes.get_errno(), "seccomp")


def without_sandbox():
    """It knows neither filters nor Landlock."""
    install([(LOAD, 0, 0, 0),                                        # the number
             (EQUALS, 0, 3, PRCTL[platform.machine()]),
             (LOAD, 0, 0, 16),                                       # the first argument
             (EQUALS, 3, 0, PR_SET_SECCOMP),
             (RETURN, 0, 0, RET_ALLOW),
             (EQUALS, 0, 2, LANDLOCK_CREATE_RULESET),
             (RETURN, 0, 0, RET_ERRNO | errno.ENOSYS),
             (RETURN, 0, 0, RET_ERRNO | errno.EINVAL),
             (RETURN, 0, 0, RET_ALLOW)])


def without_close_range():
    """It is older than 5.9."""
    install([(LOAD, 0, 0, 0), (EQUALS, 0, 1, CLOSE_RANGE), (RETURN, 0, 0, RET_ERRNO | errno.ENOSYS),
             (RETURN, 0, 0, RET_ALLOW)])
