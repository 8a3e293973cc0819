# A tcpd under test, with daemons beside it and an /etc, a /dev and a syslogd of its own; and Debian's in its place.

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from support import isolate
from support.smtp import tcp_pair
from support.tree import buzon

REAL = shutil.which("tcpd", path="/usr/sbin:/sbin:" + os.environ["PATH"])

# A daemon that tells on fd 1 what it was given.
DAEMON = r"""
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv)
{
    struct sigaction pipe_action;
    struct rlimit core;
    for (int i = 0; i < argc; i++)
        printf("argv %s\n", argv[i]);
    for (char **e = environ; *e; e++)
        printf("env %s\n", *e);
    for (int fd = 0; fd < 64; fd++) {
        struct stat st;
        if (fstat(fd, &st) == 0)
            printf("fd %d %s\n", fd, S_ISSOCK(st.st_mode) ? "socket" : S_ISCHR(st.st_mode) ? "device" : "other");
    }
    sigaction(SIGPIPE, NULL, &pipe_action);
    getrlimit(RLIMIT_CORE, &core);
    printf("umask %o\nsigpipe %s\ncore %s\nuid %d\n", umask(0),
           pipe_action.sa_handler == SIG_IGN ? "ignored" : "default",
           core.rlim_cur ? "some" : "none", (int)getuid());
    gid_t groups[32];
    int n = getgroups(32, groups), keepalive = 0;
    printf("gid %d\nnice %d\n", (int)getgid(), getpriority(PRIO_PROCESS, 0));
    for (int i = 0; i < n; i++)
        printf("group %d\n", (int)groups[i]);
    struct linger linger = { 0, 0 };
    getsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &(socklen_t){ sizeof keepalive });
    getsockopt(0, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof linger });
    printf("keepalive %d\nlinger %d %d\nnonblock %d\n", keepalive, linger.l_onoff, linger.l_linger,
           (fcntl(0, F_GETFL) & O_NONBLOCK) != 0);
    fflush(stdout);
    return 7;
}
"""


@pytest.fixture(scope="module")
def sbin(tmp_path_factory):
    """A folder with tcpd (a link to buzon) and daemons beside it."""
    d = tmp_path_factory.mktemp("sbin")
    for up in (d, *d.parents[:2]):
        up.chmod(0o755)              # a daemon that became another user is found, too
    (d / "daemon.c").write_text(DAEMON)
    subprocess.run(["gcc", "-o", str(d / "sendmail"), str(d / "daemon.c")], check=True)
    shutil.copy(d / "sendmail", d / "in.probe")
    (d / "tcpd").symlink_to(pathlib.Path(buzon()[0]).resolve())
    (d / "noexec").write_text("not a program\n")
    return d


class Wrapper:
    """Runs a tcpd with an /etc, a /dev and a syslogd of its own."""

    def __init__(self, directory, sbin):
        self.sbin, self.directory = sbin, directory
        self.etc, self.dev = directory / "etc", directory / "dev"
        for d in (self.etc, self.dev):
            d.mkdir()
        (self.dev / "null").touch()
        self.etc.joinpath("hosts").write_text(isolate.HOSTS)
        self.etc.joinpath("resolv.conf").write_text(isolate.RESOLV)
        self.started = []
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(str(self.dev / "log"))
        self.log.settimeout(0.05)

    def rules(self, allow=None, deny=None):
        for name, text in (("hosts.allow", allow), ("hosts.deny", deny)):
            path = self.etc / name
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
                path.chmod(0o644)

    def enter(self):
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        isolate.mount("/dev/null", self.dev / "null", isolate.MS_BIND)
        isolate.mount(self.dev, "/dev", isolate.MS_BIND | isolate.MS_REC)
        isolate.mount(self.etc, "/etc", isolate.MS_BIND)

    def start(self, argv, tcpd=None, stdin=None, before=lambda: None, **popen):
        def child():
            self.enter()
            before()
        p = subprocess.Popen(argv, executable=str(tcpd or self.sbin / "tcpd"), stdin=stdin, stdout=stdin,
                             stderr=stdin, preexec_fn=child, **popen)
        self.started.append(p)
        return p

    def stop(self):
        """Ends what a failed test has left."""
        for p in self.started:
            if p.poll() is None:
                p.kill()
                p.wait()
        self.log.close()

    def connect(self, argv, client="127.0.0.3", server="127.0.0.1", **more):
        """What the client gets, and the exit code."""
        mine, theirs = tcp_pair(client, server)
        p = self.start(argv, stdin=theirs, **more)
        theirs.close()
        mine.settimeout(20)
        got = b""
        with mine:
            while piece := mine.recv(65536):
                got += piece
        return got.decode(), p.wait(20)

    def original(self, argv, client="127.0.0.3", **more):
        """What Debian's tcpd does with a connection: bytes, exit code, log. It sleeps five seconds when it refuses, so
        that is cut short once it has logged."""
        mine, theirs = tcp_pair(client)
        with mine:
            p = self.start(argv, stdin=theirs, tcpd=REAL, **more)
            theirs.close()
            log, end, last = [], time.monotonic() + 20, None
            while not last and p.poll() is None and time.monotonic() < end:
                log += self.lines()
                last = next((text for _, _, text in log if re.search(r"\bconnect from|^twist", text)), None)
            if last and last.startswith("refused"):
                p.kill()
            mine.settimeout(20)
            got = b""
            while piece := mine.recv(65536):
                got += piece
            p.wait(20)
            log += self.lines()
        return got.decode(), max(p.returncode, 0), log

    def both(self, argv, client="127.0.0.3", env=None, **more):
        """What this tcpd does and what Debian's does, each as (bytes, exit code, log)."""
        def umask():                 # which the original sets before it runs the daemon
            os.umask(0o22)
        got, code = self.connect(argv, client, env=env or {}, before=umask, **more)
        return (got, code, self.lines()), self.original(argv, client, env=env or {})

    def lines(self):
        """[(tag, level, text)] of what was logged."""
        found = []
        while True:
            try:
                raw = self.log.recv(4096).decode().rstrip("\n\0")
            except TimeoutError:
                return found
            pri, tag, text = re.fullmatch(r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d ([^\[:]+)\[\d+\]: (.*)", raw).groups()
            found.append((tag, int(pri), text))


@pytest.fixture
def wrapper(tmp_path, sbin):
    w = Wrapper(tmp_path, sbin)
    yield w
    w.stop()


class Identd:
    """Answers on port 113 of an address, A and B in the answer being the ports as asked; None: never."""

    def __init__(self, answer, address="127.0.0.3", delay=0):
        self.answer, self.asked, self.held, self.delay = answer, [], [], delay
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, 113))
        self.sock.listen(5)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                c, peer = self.sock.accept()
            except OSError:
                return
            line = b""
            while not line.endswith(b"\n"):
                line += c.recv(64)
            self.asked.append((line, peer[0]))
            if self.answer is None:
                self.held.append(c)
                continue
            time.sleep(self.delay)
            client, server = line.decode().strip().split(",")
            c.sendall(self.answer.replace("A", client, 1).replace("B", server, 1).encode("latin-1"))
            c.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join()
        for c in self.held:
            c.close()
