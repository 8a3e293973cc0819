# Takes the test run out of the machine's network, name service and log: nothing leaves loopback, nothing is read from
# the machine's own hosts file, and no real syslogd hears of it.
#
# The whole pytest process moves into its own network and mount namespace (as an ordinary user: into a user namespace
# first). There it has a loopback of its own, where ports 25 and 53 are free, and its own hosts and resolv.conf in /etc.

import ctypes
import os
import struct
import subprocess
import tempfile

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 32, 4096, 16384, 1 << 18, 2

HOSTS = """\
127.0.0.1 localhost
::1 localhost ip6-localhost
127.0.0.2 client.example.net
127.0.0.3 vega.cc.upv.es
127.0.0.5 printer.lan.example.org printer
"""
# The name server is support/dns.py, which answers "no such domain" at once.
RESOLV = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    """One libc call that must not fail."""
    if getattr(libc, name)(*args) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def mount(source, target, flags, kind=None):
    call("mount", os.fsencode(source), os.fsencode(target), kind and os.fsencode(kind), ctypes.c_ulong(flags), None)


def lo_up():
    """Sets the loopback interface of this namespace up, without any helper program."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        flags = fcntl.ioctl(s, 0x8913, struct.pack("16sH14s", b"lo", 0, b""))       # SIOCGIFFLAGS
        value = struct.unpack("16sH14s", flags)[1] | 1
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14s", b"lo", value, b""))           # SIOCSIFFLAGS


def own_files(replace):
    """Bind-mounts text over files: {path: text}. A path that does not exist is left alone."""
    with tempfile.TemporaryDirectory(prefix="buzon-etc-") as d:
        for i, (path, text) in enumerate(replace.items()):
            path = os.path.realpath(path)
            if not os.path.exists(path):
                continue
            if os.stat(path).st_nlink == 0:  # mounted here earlier: nothing can be mounted on what has no name
                call("umount2", os.fsencode(path), MNT_DETACH)
            if text is None:
                mount("/dev/null", path, MS_BIND)
                continue
            mine = os.path.join(d, str(i))
            with open(mine, "w") as f:
                f.write(text)
            os.chmod(mine, 0o644)
            mount(mine, path, MS_BIND)


def enter():
    """Moves this process over. Returns "" or why it could not (the run then shares the machine's network)."""
    uid, gid = os.getuid(), os.getgid()
    try:
        if uid:
            call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET)
            for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
                with open(f"/proc/self/{name}", "w") as f:
                    f.write(text)
        else:
            call("unshare", CLONE_NEWNS | CLONE_NEWNET)
        mount("none", "/", MS_REC | MS_PRIVATE)
        lo_up()
        own_files({"/etc/hosts": HOSTS, "/etc/resolv.conf": RESOLV, "/dev/log": None})
    except OSError as e:
        return str(e)
    return ""


def loopback_only():
    """Is loopback the only interface here?"""
    out = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True).stdout
    return len(out.splitlines()) == 1
