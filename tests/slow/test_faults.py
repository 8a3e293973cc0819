# Storage that fails and processes that die, at every system call of a session: no 250 without a whole message in the
# queue, no half message is ever delivered, nothing stays behind, and the next one goes through.

import os
import subprocess
import time

import pytest

from support import faults, isolate
from support.queuefile import QueueFile
from support.smtp import Closed, Smtp

pytestmark = pytest.mark.root

LINES = "".join(f"{n:04} {'x' * 70}\r\n" for n in range(600))            # several buffers' worth


class Outcome:
    """How a session went for its client: every reply, and whether it was told that the message is safe."""

    def __init__(self):
        self.replies, self.accepted, self.status = [], False, None

    def refusal(self):
        """The first reply that is not what was hoped for, or None."""
        return next((r for r in self.replies if r[0] not in "23"), None)


class Box:
    """A tree whose client-limit is one session: one that left its slot taken would shut out the next."""

    def __init__(self, tree, syslogd, directory):
        tree.user("user")
        tree.conf(free_space="0", free_files="0", client_limit="1", connect_rate="off", message_rate="off",
                  recipient_rate="off")
        self.tree, self.syslogd, self.trace, self.number = tree, syslogd, directory / "trace", 0

    def text(self):
        """A message unlike any other."""
        self.number += 1
        return f"Subject: number {self.number}\r\nMessage-ID: <{self.number}@client.example.net>\r\n\r\n{LINES}"

    def start(self, argv):
        return Smtp(argv, env=self.tree.environment({}), cwd="/", preexec_fn=self.syslogd.enter)

    def session(self, text, inject=None, trace=False):
        """One message to an smtpd of its own; what goes wrong ends the session, not the test."""
        argv = self.tree.argv("smtpd")
        if inject or trace:
            argv = faults.traced(argv, self.trace, inject)
        out, s = Outcome(), self.start(argv)
        try:
            out.replies.append(s.reply())
            for line in ("EHLO client.example.net", "MAIL FROM:<a@example.net>", "RCPT TO:<user@example.org>", "DATA"):
                out.replies.append(s.command(line))
                if out.replies[-1][0] not in "23":
                    return out
            s.send(text + ".\r\n")
            out.replies.append(s.reply())
            out.accepted = out.replies[-1].startswith("250")
            out.replies.append(s.command("QUIT"))
        except Closed:
            pass
        finally:
            out.status = s.close()
        return out

    def calls(self):
        """The calls of a session in which nothing fails, and which is not the tree's first."""
        assert self.session(self.text()).accepted
        out = self.session(self.text(), trace=True)
        assert out.accepted and out.status == 0, (out.replies, self.syslogd.text())
        self.passes()
        self.empty()
        return faults.calls(self.trace)

    def whole(self, text):
        """Is the message in the queue? Whatever is there must be whole."""
        found = 0
        for path in self.tree.queue():
            message = QueueFile(path)
            assert message.complete(), f"half a message: {path.name}"
            found += message.after_trace() == text.encode()
        assert found <= 1
        return found == 1

    def passes(self):
        """A pass of the runner, for which what lies in queue/tmp is old. Nothing may stay behind."""
        old = time.time() - 3600
        for path in self.tree.path("queue/tmp").iterdir():
            os.utime(path, (old, old))
        out = self.tree.run("queue-runner", "-q")
        assert out.returncode == 0, out
        for name in ("tmp", "new", "bad"):
            assert not list(self.tree.path(f"queue/{name}").iterdir()), f"left in queue/{name}\n{self.tree.log()}"

    def delivered(self):
        """The numbers of what was delivered; every copy must be whole."""
        numbers = []
        for message in self.tree.messages("user"):
            head, _, body = message.partition(b"\n\n")
            assert body == LINES.replace("\r\n", "\n").encode(), f"half a message was delivered: {message[:300]!r}"
            numbers.append(int(head.rpartition(b"Subject: number ")[2].split(b"\n")[0]))
        return sorted(numbers)

    def empty(self):
        for path in self.tree.path("mail/user/new").iterdir():
            path.unlink()
        self.syslogd.text()
        self.syslogd.lines.clear()


@pytest.fixture
def box(tree, dns, syslogd, tmp_path):
    return Box(tree, syslogd, tmp_path)


def check(box, text, out):
    """What must hold after any session, however it ended; then the next one goes through."""
    number, there = box.number, box.whole(text)
    assert there or not out.accepted, "250 was said, and there is no such message"
    after = box.session(box.text())
    assert after.accepted and after.status == 0, f"the next session: {after.replies} {after.status}"
    box.passes()
    assert box.delivered() == ([number] if there else []) + [number + 1], "not what was queued"
    return there


def sweep(box, cases, judge):
    """Each case (what, inject) in a session of its own. All faults are told together, not just the first."""
    wrong = []
    for call, inject in cases:
        text = box.text()
        out = box.session(text, inject)
        try:
            judge(call, text, out)
        except AssertionError as e:
            wrong.append(f"{inject}: {str(e).splitlines()[0]}; replies {out.replies}, status {out.status}; "
                         f"{call.line[:150]}\n{box.syslogd.text()[-600:]}")
            for name in ("queue/tmp", "queue/new", "queue/bad"):
                for path in box.tree.path(name).iterdir():
                    path.unlink()
        box.empty()
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:40])


# --- calls that fail ---

ERRORS = {
    "open": "ENOSPC EIO EMFILE ENOMEM EINTR", "openat": "ENOSPC EIO EMFILE ENOMEM EINTR",
    "write": "ENOSPC EIO EDQUOT EINTR", "writev": "ENOSPC EIO EDQUOT EINTR", "pwrite64": "ENOSPC EIO",
    "pread64": "EIO EINTR", "fdatasync": "EIO ENOSPC", "fsync": "EIO ENOSPC", "rename": "ENOSPC EIO", "renameat": "EIO",
    "renameat2": "EIO", "link": "EIO", "flock": "ENOLCK EINTR EIO", "unlink": "EIO", "close": "EIO", "statfs": "EIO",
    "fstatfs": "EIO", "fstat": "EIO ENOMEM", "stat": "EIO ENOMEM", "lstat": "EIO ENOMEM", "newfstatat": "EIO ENOMEM",
    "statx": "EIO", "mmap": "ENOMEM", "brk": "ENOMEM", "ftruncate": "EIO", "fallocate": "ENOSPC EIO",
    "getrandom": "EIO", "mkdir": "ENOSPC", "readlink": "EIO",
}


def test_every_call_fails_once(box):
    """A call on the connection ends it; any other leads to a 4xx at some point, or changes nothing. A client whose
    descriptor 2 cannot be pointed to /dev/null hears nothing at all."""
    cases = [(c, f"{c.name}:error={e}:when={c.nth}") for c in box.calls() for e in ERRORS.get(c.name, "").split()]
    assert len(cases) > 100

    def judge(call, text, out):
        said = out.refusal()
        assert out.status >= 0, "killed"
        assert said is None or said[0] == "4", "refused for good"
        assert said or out.accepted or call.on_socket or "/dev/null" in call.line, "neither refused nor accepted"
        assert not (out.accepted and call.name in ("fsync", "fdatasync")), "250 for what is not durable"
        if said:
            assert box.syslogd.text(), "no word in the log"
        there = check(box, text, out)
        assert there == out.accepted or call.on_socket, "refused, and queued all the same"
    sweep(box, cases, judge)


def test_next_message_of_the_session_goes_through(box):
    """Storage that fails once, within one session: the message after the refused one is taken."""
    stored = [c for c in box.calls() if "queue/" in c.line and c.name in ERRORS]
    start = next(i for i, c in enumerate(stored) if "queue/tmp/" in c.line)
    wrong = []
    for call in stored[start:]:
        text = box.text()
        inject = f"{call.name}:error={ERRORS[call.name].split()[0]}:when={call.nth}"
        argv = faults.traced(box.tree.argv("smtpd"), box.trace, inject)
        with box.start(argv) as s:
            s.hello()
            replies = []
            for _ in range(2):
                s.command("MAIL FROM:<a@example.net>")
                s.command("RCPT TO:<user@example.org>")
                replies.append(s.command("DATA"))
                if replies[-1].startswith("354"):
                    s.send(text + ".\r\n")
                    replies[-1] = s.reply()
            if not (replies[0][0] in "24" and replies[1].startswith("250")):
                wrong.append(f"{inject}: {replies}")
            accepted = sum(r.startswith("250") for r in replies)
        box.passes()
        if box.delivered() != [box.number] * accepted:
            wrong.append(f"{inject}: {replies}, delivered {box.delivered()}")
        box.empty()
    assert not wrong, "\n".join(wrong)


# --- disks that are full: writes come back short, as no injected error makes them ---

def on_small_disk(box, **options):
    """Puts queue/ on a disk of its own."""
    queue = box.tree.path("queue")
    words = ",".join(f"{k}={v}" for k, v in options.items())
    isolate.call("mount", b"tmpfs", os.fsencode(queue), b"tmpfs", 0, f"mode=700,{words}".encode())
    box.tree.own(queue)
    for name in ("tmp", "new", "bad"):
        (queue / name).mkdir(mode=0o700)
        box.tree.own(queue / name)
    box.passes()                             # makes queue/lock


def more_disk(box):
    isolate.call("mount", b"tmpfs", os.fsencode(box.tree.path("queue")), b"tmpfs", isolate.MS_REMOUNT, b"size=1m")


def off_disk(box):
    isolate.call("umount2", os.fsencode(box.tree.path("queue")), isolate.MNT_DETACH)


@pytest.mark.parametrize("options,fits", [({"size": f"{4 * n}k"}, n >= 12) for n in range(1, 15)]
                         + [({"nr_inodes": n}, n >= 6) for n in (5, 6)], ids=str)
def test_full_disk(box, options, fits):
    """The disk is full after so many pages, or has no inode left. A short write is seen, and nothing stays."""
    on_small_disk(box, **options)
    try:
        text = box.text()
        out = box.session(text)
        assert out.accepted == fits == box.whole(text) and out.status == 0, out.replies
        if not fits:
            assert out.refusal()[:9] == "452 4.3.1" and box.syslogd.text(), out.replies
            assert not list(box.tree.path("queue/tmp").iterdir())
        box.passes()
        assert box.delivered() == [1] * fits
    finally:
        off_disk(box)
    assert box.session(box.text()).accepted


def test_disk_that_has_room_again(box):
    """A write comes back short, and what is written later succeeds: a message with a hole is not taken."""
    on_small_disk(box, size="16k")
    try:
        text = box.text()
        with box.start(box.tree.argv("smtpd")) as s:
            s.hello()
            for line in ("MAIL FROM:<a@example.net>", "RCPT TO:<user@example.org>", "DATA"):
                s.command(line)
            s.send(text[:20000])             # one write of a whole buffer: it reaches the disk's end and no further
            end, on_disk = time.monotonic() + 10, os.statvfs(box.tree.path("queue"))
            while on_disk.f_bfree and not box.syslogd.text():        # it says so at once, and takes the file away
                assert time.monotonic() < end, "the disk does not fill"
                on_disk = os.statvfs(box.tree.path("queue"))
                time.sleep(0.01)
            more_disk(box)
            s.send(text[20000:] + ".\r\n")
            said = s.reply()
        assert said.startswith("250") == box.whole(text) and said[:3] in ("250", "452"), said
    finally:
        off_disk(box)


# --- kill -9 ---

def test_killed_at_every_call(box):
    """SIGKILL before the Nth system call, for every N from the first to the last."""
    cases = [(c, f"{c.name}:signal=KILL:when={c.nth}") for c in box.calls()]
    assert len(cases) > 100
    killed, queued = [], []

    def judge(call, text, out):
        assert out.status in (-9, 0, 137), "it ended otherwise"
        killed.append(out.status != 0)
        assert out.refusal() is None, "a client was refused for it"
        there = check(box, text, out)
        queued.append(there and not out.accepted)
    sweep(box, cases, judge)
    assert sum(killed) > 0.9 * len(cases), f"only {sum(killed)} of {len(cases)} were killed"
    assert any(queued), "no kill fell between the commit and the reply"


def test_runner_killed_at_every_call(box):
    """The same to a pass that brings a message to a mailbox: in the end it is there once, whole."""
    argv = box.tree.argv("queue-runner", "-f")

    def run(command):
        return subprocess.run(command, cwd="/", env=box.tree.environment({}), stdin=subprocess.DEVNULL,
                              preexec_fn=box.syslogd.enter, capture_output=True)

    def queue():
        assert box.session(box.text()).accepted
    queue()
    assert run(faults.traced(argv, box.trace)).returncode == 0
    cases, wrong, killed = faults.calls(box.trace), [], 0
    assert len(cases) > 100 and box.delivered() == [1]
    for call in cases:
        box.empty()
        queue()
        out = run(faults.traced(argv, box.trace, f"{call.name}:signal=KILL:when={call.nth}"))
        killed += out.returncode != 0
        try:
            assert out.returncode in (-9, 0), f"it left with {out.returncode}"
            box.delivered()
            for name in ("tmp", "new"):      # a pass does not wait for what the killed one was writing
                assert len(list(box.tree.path(f"mail/user/{name}").iterdir())) <= 1
            box.passes()
            assert box.delivered() == [box.number], f"delivered {box.delivered()}"
        except AssertionError as e:
            wrong.append(f"{call}: {e}\n{box.syslogd.text()[-600:]}")
            for path in box.tree.path("queue/new").iterdir():
                path.unlink()
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:40])
    assert killed > 0.9 * len(cases), f"only {killed} of {len(cases)} were killed"
