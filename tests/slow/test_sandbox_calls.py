# Every system call that an applet makes in its sandbox is in the list of its role, on every board: each is run under
# the board's emulator, which prints the calls and has no filters of its own.
#
# Here, the kernel itself asserts that: whoever calls another is killed. Emulated boards have no filter, so the text of
# their calls is held against the list, which tests/unit/seccomp_test prints.

import contextlib
import functools
import os
import re
import resource
import socket
import subprocess
import time

import pytest

from source import REPO
from support.kernel import without_close_range
from support.smtp import Talk
from support.tree import Tree
from support.units import emulator

BOARDS = ("malta", "ath79", "kirkwood", "armvirt", "filogic")
TEXT = "Subject: s\r\n\r\nbody \xe9\r\n".encode("latin-1")
# qemu's names for what the kernel's headers call otherwise.
OTHER_NAMES = {"_newselect": "select", "fstatat64": "newfstatat"}


@functools.lru_cache
def names_of(board):
    """{number: the name of the call} from the board's C library."""
    text = (REPO / "build" / board / "sysroot/include/bits/syscall.h").read_text()
    return {int(n): name for name, n in re.findall(r"^#define __NR_(\w+)\s+(\d+)$", text, re.M)}


@functools.lru_cache
def listed(board, role, lacks=0):
    out = subprocess.run([*emulator(board), REPO / "build" / board / "unit/seccomp_test", role, str(lacks)],
                         capture_output=True, text=True)
    assert out.returncode == 0 and out.stdout, out
    return {re.sub(r"_time32$|32$(?<=clock_gettime32)", "", names_of(board)[int(n)]) for n in out.stdout.split()}


def calls_behind(board, text):
    """{name} of the calls that a trace of one process has behind the sandbox's last question to the kernel, or None
    when there is no sandbox in it. Of calls that the emulator knows no name for it gives the number."""
    lines = text.splitlines()
    at = [i for i, l in enumerate(lines) if re.match(r"\d+ prctl\((?:22|PR_SET_SECCOMP),", l)]
    if not at:
        return None
    called = [m.groups() for l in lines[at[-1] + 1:] if (m := re.match(r"\d+ (?:(\w+)\(|Unknown syscall (\d+))", l))]
    return {name or names_of(board)[int(number)] for name, number in called}


def far_away():
    """For preexec_fn: the emulator's own file, which is open in the applet as well, gets a number that the applet does
    not close: it closes the first 4096."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    null = os.open("/dev/null", os.O_RDWR)
    os.set_inheritable(null, True)
    for fd in set(range(3, 4100)) - {null}:
        os.dup2(null, fd)
    without_close_range()


class Traced:
    """A tree whose applets write what they call to files; each role's calls are gathered."""

    def __init__(self, board, directory):
        self.board, self.folder, self.n = board, directory, 0
        self.box = Tree(directory / "root")
        self.box.user("user")
        self.found = {}

    @contextlib.contextmanager
    def traced(self):
        """Within it the tree's applets are the board's, and traced; gives the file."""
        self.n += 1
        log = self.folder / f"calls.{self.n}"
        native, self.box.command = self.box.command, [*emulator(self.board), "-strace", "-D", str(log),
                                                      str(REPO / "build" / self.board / "buzon")]
        yield log
        self.box.command = native

    def gather(self, role, log):
        """By process: a listener's children are in the same file."""
        text, some = log.read_text(errors="replace"), False
        pids = set(re.findall(r"^(\d+) \w+", text, re.M))
        text = re.sub(rf"({'|'.join(pids)}) (?=\w+\(|Unknown)", r"\n\1 ", text)      # where they write at a time
        for pid in pids:
            calls = calls_behind(self.board, "\n".join(l for l in text.splitlines() if l.startswith(pid + " ")))
            if calls is not None:
                assert "exit_group" in calls, f"{log} does not go to the end of {pid}: {sorted(calls)}"
                self.found.setdefault(role, set()).update(calls)
                some = True
        assert some, f"{log}: no sandbox was entered\n{text[-2000:]}\n{self.box.log()}"

    def run(self, role, applet, *args, input=b"", code=0):
        with self.traced() as log:
            argv = self.box.argv(applet, *args)
        out = subprocess.run(argv, input=input, capture_output=True, timeout=120, cwd="/",
                             env=self.box.environment({}), preexec_fn=far_away, close_fds=False)
        assert out.returncode == code, (out, self.box.log())
        self.gather(role, log)
        return out

    def talk(self, speak, **more):
        with self.traced() as log:
            s = self.box.smtp(timeout=60, preexec_fn=far_away, close_fds=False, **more)
        with s:
            speak(s)
        self.gather("session", log)


def deliver(s):
    s.hello()
    s.command("MAIL FROM:<b@example.net>")
    s.command("RCPT TO:<nobody@example.org>")
    s.command("RSET")
    assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")


def everything(s):
    s.hello()
    for line in ("HELP", "VRFY user", "NOOP", "ETRN leaf.example.org", "MAIL FROM:<a@example.net>",
                 "RCPT TO:<nobody@example.org>", "RCPT TO:<u@elsewhere.example>", "RSET", "HELO x", "NONSENSE",
                 "EHLO client.example.net"):
        s.command(line)
    assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
    big = b"Subject: big\r\n\r\n" + (b"x" * 98 + b"\r\n") * 32000
    assert s.deliver("a@example.net", "user@example.org", big).startswith("250 ")
    s.command("MAIL FROM:<a@example.net> BODY=BINARYMIME")
    s.command("RCPT TO:<user@example.org>")
    s.send(b"BDAT 5 LAST\r\nab\0cd")
    s.reply()
    s.command("QUIT")


def leave_within(s):
    s.hello()
    s.command("MAIL FROM:<a@example.net>")
    s.command("RCPT TO:<user@example.org>")
    s.command("DATA")
    s.send(b"Subject: half\r\n")
    s.shut()
    s.rest()


def sessions(t, dns):
    box = t.box
    box.conf(smarthost="127.0.0.1:1", relay_domains="leaf.example.org", free_space="1", queue_limit_messages="1000",
             queue_limit_bytes="1000m")
    t.talk(everything)
    t.talk(leave_within)
    box.write("run/log", "x" * 262200)
    t.talk(everything, client="127.0.0.2")
    # Names, by UDP and TCP, of clients, lists and senders.
    dns.add("7.0.0.127.in-addr.arpa.", "PTR", *[f"n{i}.of-a-client.with-many-names.example." for i in range(40)])
    dns.add("2.0.0.127.in-addr.arpa.", "PTR", "client.example.net.")
    dns.add("7.0.0.127.list.example.", "A", "127.0.0.2")
    dns.add("7.0.0.127.list.example.", "TXT", "bad")
    dns.add("example.net.", "MX", (10, "mx.example.net."))
    box.conf(require_name="known", dnsbl="list.example", sender_domain="known", relay_clients=".example.net",
             greet_delay="1s", command_timeout="2s")
    t.talk(lambda s: s.rest(), client="127.0.0.7")
    t.talk(lambda s: (s.hello(), s.command("MAIL FROM:<a@example.net>"), s.rest()), client="127.0.0.2")
    box.conf(require_name=None, dnsbl=None, sender_domain=None, greet_delay=None, command_timeout=None)
    # Rules: options, users, an image that becomes older than its texts.
    box.write("etc/hosts.allow", "smtpd: joe@127.0.0.1: allow\nsmtpd: ALL: keepalive: linger 3: setenv A b\n")
    box.write("etc/access", "Connect:127.0.0.9 REJECT\nFrom:x@example.net REJECT\n")
    t.talk(deliver)
    assert box.run("access-check", "-c").returncode == 0
    t.talk(deliver)
    box.write("etc/hosts.allow", "smtpd: ALL\n")


def listening(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with t.traced() as log:
        p = t.box.start("smtpd", "-l", f"127.0.0.1:{port}", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, preexec_fn=far_away, close_fds=False)
    for i in range(2):
        for _ in range(200):
            try:
                s = socket.create_connection(("127.0.0.1", port), 10)
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        with Talk(s, 60) as c:
            deliver(c) if i == 0 else c.hello()
            if i:
                p.terminate()
                assert c.rest(30).startswith(b"421 ")
    p.wait(60)
    text = log.read_text(errors="replace")
    # The listener itself has no filter: its own lines go.
    log.write_text("\n".join(l for l in text.splitlines() if not l.startswith(f"{p.pid} ")))
    t.gather("session", log)


def runs(t, sink, script):
    box = t.box
    t.run("local", "sendmail", "-i", "-t", input=b"To: user@example.org\n\nbody \xe9\n")
    t.run("local", "sendmail", "-i", "-f", "user@example.org", "--", "u@elsewhere.example",
          input=b"Subject: out\n\n" + (b"x" * 69 + b"\n") * 40000)
    t.run("local", "sendmail", "nobody@example.org", input=b"", code=67)
    t.run("local", "mailq")
    t.run("local", "mailq", "-j")
    box.write("queue/tmp/0000000000aa", "debris").touch()
    box.own(box.path("queue/tmp/0000000000aa"))
    box.conf(smarthost="127.0.0.1:1")
    t.run("runner", "queue-runner", "-f", "-v")
    box.conf(smarthost="no.such.example", name_timeout="2")
    t.run("runner", "queue-runner", "-f")
    box.conf(smarthost=f"127.0.0.1:{script(RCPT=b'550 5.1.1 no' + bytes([13, 10])).port}")
    t.run("runner", "queue-runner", "-f")
    box.hand_in("u@elsewhere.example")
    box.conf(smarthost=f"127.0.0.1:{sink.port}")
    bad = box.queue()[0]
    bad.with_name(bad.name[:-1] + ("0" if bad.name[-1] != "0" else "1")).write_bytes(b"no message")
    for f in box.queue():
        box.own(f)
    t.run("runner", "queue-runner", "-f")
    t.run("local", "mailq")
    assert len(sink.messages) == 1 and box.messages("user"), box.log()


@pytest.mark.parametrize("board", BOARDS)
def test_no_call_is_made_that_is_not_listed(board, tmp_path, dns, sink, script):
    tmp_path.chmod(0o755)
    t = Traced(board, tmp_path)
    try:
        sessions(t, dns)
        listening(t)
        runs(t, sink, script)
    finally:
        t.box.stop()
    for role, calls in t.found.items():
        missing = calls - listed(board, role)
        assert not missing, f"{board}, {role}: {sorted(missing)} called, but not listed"
        # And lists are not longer than they need be: these are for what does not come about here.
        seldom = {"restart_syscall", "rt_sigreturn", "sigreturn", "mprotect", "brk", "munmap", "mremap", "fsync",
                  "nanosleep", "writev", "sendto", "unlink", "unlinkat", "madvise"}
        never = listed(board, role) - calls - seldom
        assert not never, f"{board}, {role}: {sorted(never)} listed, but never called"
    assert set(t.found) == {"session", "runner", "local"}    # who looks up apart may do less than a session does


@pytest.mark.parametrize("board", BOARDS)
def test_lists_are_short(board):
    for role in ("session", "runner", "local", "lookup"):
        assert 20 <= len(listed(board, role)) <= 40
