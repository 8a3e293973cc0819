# A syslogd for single processes: a /dev of their own with a log socket in it.

import os
import socket

from support import isolate


class Syslogd:
    def __init__(self, directory):
        self.dev = directory / "dev"
        self.dev.mkdir(mode=0o755)
        for name in ("null", "urandom", "random", "zero"):
            (self.dev / name).touch()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(self.dev / "log"))
        os.chmod(self.dev / "log", 0o666)
        self.sock.setblocking(False)
        self.lines = []

    def enter(self):
        """For preexec_fn: this process, and what it starts, has our /dev."""
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        for name in ("null", "urandom", "random", "zero"):
            isolate.mount(f"/dev/{name}", str(self.dev / name), isolate.MS_BIND)
        isolate.mount(str(self.dev), "/dev", isolate.MS_BIND | isolate.MS_REC)

    def text(self):
        """All lines so far, `<PRI>date tag[pid]: words`."""
        while True:
            try:
                self.lines.append(self.sock.recv(65536).decode(errors="replace").rstrip("\n\0"))
            except BlockingIOError:
                return "\n".join(self.lines)

    def close(self):
        self.sock.close()
