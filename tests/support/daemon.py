# smtpd -l: a listener in the background, and a look at it and its sessions from outside.

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from support.sink import free_port
from support.smtp import Talk


def wait_for(what, true, timeout=20):
    """Waits until true() holds, and returns it."""
    end = time.monotonic() + timeout
    while True:
        got = true()
        if got:
            return got
        assert time.monotonic() < end, f"in {timeout} s not yet: {what}"
        time.sleep(0.01)


def ids(pid):
    """What /proc/PID/status says, as a dict of words."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {l.split(":")[0]: l.split(":", 1)[1].strip() for l in text.splitlines()}


def fds(pid):
    """Where each descriptor of a process leads."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass
    return found


def private_kb(pid):
    """What the process alone has in memory."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"^Private_(?:Dirty|Clean): +(\d+) kB", text, re.M))


class Daemon:
    """`smtpd -l` on a tree, started and listening. Where `where` is empty it is one free port on 127.0.0.1. `before`
    are words before the command, such as strace's."""

    def __init__(self, tree, *where, before=(), **popen):
        self.tree = tree
        self.where = [str(w) for w in where] or [f"127.0.0.1:{free_port()}"]
        self.port = int(self.where[0].rpartition(":")[2])
        self.stderr = tree.root.parent / f"stderr.{self.port}"
        listens = [w for at in self.where for w in ("-l", at)]
        with open(self.stderr, "wb") as err:
            self.process = subprocess.Popen([*before, *tree.argv("smtpd", *listens)], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=err, cwd="/", env=tree.environment(None),
                                            **popen)
        wait_for("listening",
                 lambda: self.process.poll() is not None or f"listening at {self.where[-1]}" in self.said())
        assert self.process.poll() is None, f"it left with {self.process.returncode}: {self.said()}"
        self.pid = self.process.pid
        if before:                               # the listener is a child of that program
            self.pid = wait_for("its process", lambda: self.children(self.process.pid))[0]

    def said(self):
        return self.stderr.read_text()

    def children(self, pid=None):
        text = pathlib.Path(f"/proc/{pid or self.pid}/task/{pid or self.pid}/children").read_text()
        return [int(p) for p in text.split()]

    def sessions(self):
        """The children that have not ended."""
        def lives(pid):
            try:
                return ids(pid)["State"][0] != "Z"
            except (FileNotFoundError, ProcessLookupError):
                return False
        return [p for p in self.children() if lives(p)]

    def child(self):
        """The only session's process id."""
        one = wait_for("one session", self.sessions)
        assert len(one) == 1, one
        return one[0]

    def talk(self, client=None, server=None, port=None):
        """A connection: its banner is not read yet."""
        server = server or "127.0.0.1"
        sock = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET)
        try:
            if client:
                sock.bind((client, 0))
            sock.connect((server, port or self.port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            raise
        return Talk(sock)

    def hello(self, **kind):
        """A connection that has said EHLO."""
        t = self.talk(**kind)
        t.hello()
        return t

    def idle(self):
        """Waits until no session is left."""
        wait_for("no session", lambda: not self.children())

    def term(self):
        os.kill(self.pid, signal.SIGTERM)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(20)

    def status(self):
        """Its exit status, once it has left by itself."""
        return self.process.wait(20)

    def close(self):
        """Ends it, and the sessions that a test has left."""
        if self.process.poll() is None:
            left = self.children()
            self.term()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the listener did not leave") from None
