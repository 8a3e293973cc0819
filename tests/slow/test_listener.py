# smtpd -l at length: ten thousand connections, two hundred sessions at once and what they cost in memory, and faults.

import os
import pathlib
import re
import signal
import subprocess
import threading

import pytest

from support.daemon import Daemon, fds, ids, private_kb, wait_for
from support.smtp import Closed

SESSIONS = 200
MOST_KB = 12 * 1024              # of private memory, for all of them and the listener
CEILING_KB = 480                 # of one session, as smtpd(8) has it
CLIENTS = 10_000


@pytest.fixture
def box(tree):
    tree.user("user")
    tree.conf(client_limit=SESSIONS, client_limit_per_host=SESSIONS, connect_rate="1000000/m",
              message_rate="1000000/m", recipient_rate="1000000/m", recipient_limit=1000,
              relay_domains="relay.example.org",
              smarthost="127.0.0.1:9")
    return tree


@pytest.fixture
def daemon(box):
    made = []

    def start(where=(), **more):
        made.append(Daemon(box, *where, **more))
        return made[-1]
    yield start
    for d in made:
        d.close()


def total_kb(d):
    return sum(private_kb(p) for p in [d.pid, *d.sessions()])


def mappings(pid):
    """The private memory of a process by mapping, for whoever wants to see where it is."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    rows = []
    for block in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", text)[1:]:
        kb = sum(int(n) for n in re.findall(r"^Private_(?:Dirty|Clean): +(\d+) kB", block, re.M))
        if kb:
            rows.append(f"{kb:6} kB {block.splitlines()[0]}")
    return "\n".join(rows)


def half_a_message(talk, recipients=100, text=65536):
    """MAIL, so many recipients, and half of a text."""
    to = "".join(f"RCPT TO:<recipient.number.{i}@relay.example.org>\r\n" for i in range(recipients))
    talk.send("MAIL FROM:<a@example.net>\r\n" + to + "DATA\r\n")
    replies = [talk.reply() for _ in range(recipients + 2)]
    assert replies[-1].startswith("354 ") and all(r.startswith("250 ") for r in replies[:-1]), replies
    line = b"x" * 70 + b"\r\n"
    talk.send(b"Subject: half\r\n\r\n" + line * (text // 2 // len(line)))


def settles(d, most):
    """The memory of all, once it is not more than that; what a client that pauses does not need is given back."""
    def enough():
        got = total_kb(d)
        return got <= most and got
    try:
        return wait_for("the memory given back", enough, 10)
    except AssertionError:
        one = mappings(d.sessions()[0])
        raise AssertionError(f"{total_kb(d)} kB of private memory; of one session:\n{one}") from None


def test_memory_of_idle_sessions(daemon):
    d = daemon()
    talks = [d.hello() for _ in range(SESSIONS)]
    assert len(d.sessions()) == SESSIONS
    kb = settles(d, MOST_KB)
    print(f"{SESSIONS} idle sessions: {kb} kB, the listener {private_kb(d.pid)} kB")
    for t in talks:
        t.close()


def test_memory_of_sessions_in_use(daemon):
    d = daemon()
    talks = [d.hello() for _ in range(SESSIONS)]
    for t in talks:
        half_a_message(t)
    kb = settles(d, MOST_KB)
    print(f"{SESSIONS} sessions in use: {kb} kB, the listener {private_kb(d.pid)} kB")
    for t in talks:
        t.close()


def test_memory_of_one_session_at_worst(box, daemon):
    """A thousand recipients of the longest addresses, with all that DSN may say of each, and a message in the buffers:
    what smtpd(8) states as the ceiling."""
    d = daemon()
    local, domain = "l" * 60, ".".join(["d" * 59] * 3)
    box.conf(relay_domains=f"{domain}.example")
    with d.hello() as t:
        assert t.command("MAIL FROM:<a@example.net> RET=HDRS ENVID=" + "e" * 100).startswith("250 ")
        for i in range(1000):
            orcpt = "o" * (300 if i < 200 else 0)
            got = t.command(f"RCPT TO:<{local}{i:04}@{domain}.example>"
                            + (f" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;{orcpt}" if orcpt else ""))
            assert got.startswith("250 ") or got.startswith("452 4.5.3"), got
        most = private_kb(d.child())
        assert t.command("DATA").startswith("354 ")
        t.send(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n")
        wait_for("the envelope given back", lambda: private_kb(d.child()) < 100)
    print(f"one session at worst: {most} kB")
    assert most <= CEILING_KB


# --- ten thousand connections ---

def test_ten_thousand_connections(box, daemon):
    """CASES E8: others are served meanwhile, and nothing is left behind."""
    box.conf(client_limit=50, client_limit_per_host=20, connect_rate="100000/m")
    d = daemon()
    d.hello().close()
    d.idle()
    before, seen, done = fds(d.pid), set(), []

    def bomb(n):
        for i in range(CLIENTS // 4):
            t = d.talk(client=f"127.0.1.{n}")
            try:
                seen.add(t.reply()[:3])
                if i % 20:                       # else ten thousand ports stay in TIME_WAIT
                    t.reset()
            except (Closed, ConnectionResetError):
                pass                             # it was turned away by a reset
            finally:
                t.close()
        done.append(n)
    threads = [threading.Thread(target=bomb, args=(n,)) for n in range(1, 5)]
    for t in threads:
        t.start()
    mails = 0
    while any(t.is_alive() for t in threads):
        with d.hello(client="127.0.0.9") as t:
            assert t.deliver("a@example.net", "user@example.org", "Subject: x\r\n\r\n").startswith("250 ")
            mails += 1
    for t in threads:
        t.join()
    d.idle()
    assert len(done) == 4 and "220" in seen and seen <= {"220", "421"}, (done, seen)
    assert mails >= 5 and len(box.queue()) == mails
    assert fds(d.pid) == before
    box.conf(client_limit=1, client_limit_per_host=1)
    for _ in range(3):                           # every slot is free
        d.hello(client="127.0.0.9").close()
        d.idle()


# --- sessions and listeners that are killed ---

def test_killed_at_random(box, daemon):
    """Sessions in all states are killed: no slot is lost, no message is half there."""
    box.conf(client_limit=20, client_limit_per_host=20)
    d = daemon()
    accepted = 0
    for i in range(30):
        talks = [d.hello() for _ in range(20)]
        with d.talk() as t:
            assert t.reply().startswith("421 4.7.0 too many sessions")
        for n, t in enumerate(talks):
            if n % 4:
                t.command("MAIL FROM:<a@example.net>"), t.command("RCPT TO:<user@example.org>")
            if n % 4 > 1:
                t.command("DATA")
            if n % 4 == 3:
                t.send("Subject: x\r\n\r\nhello\r\n" + (".\r\n" if n % 8 == 3 else ""))
                if n % 8 == 3:
                    accepted += t.reply().startswith("250 ")
        for pid in d.sessions():
            os.kill(pid, signal.SIGKILL)
        d.idle()
        for t in talks:
            t.close()
    assert accepted == 90 and len(box.queue()) == accepted


def test_listeners_killed_again_and_again(box, daemon):
    """Each one leaves sessions behind, which count for the next."""
    box.conf(client_limit=6, client_limit_per_host=6)
    d, talks = daemon(), []
    for i in range(6):
        talks.append(d.hello())
        d.kill()
        d = daemon(where=d.where)
    with d.talk() as t:
        assert t.reply().startswith("421 4.7.0 too many sessions")
    for t in talks:
        assert t.deliver("a@example.net", "user@example.org", "Subject: x\r\n\r\n").startswith("250 ")
        t.close()
    wait_for("the slots", lambda: all(t.reply().startswith("220 ") for t in [d.talk() for _ in range(6)]))
    assert len(box.queue()) == 6


# --- what the kernel refuses ---

CALLS = {"accept4": "EMFILE ENFILE ENOBUFS ENOMEM EPERM ECONNABORTED EINTR EPROTO",
         "?fork,?clone": "EAGAIN ENOMEM",
         "?poll,?ppoll": "ENOMEM EINTR",
         "dup2,?dup3": "EMFILE EBUSY",
         "getpeername": "ENOTCONN ENOBUFS",
         "getsockname": "ENOBUFS",
         "wait4": "EINTR",
         "fcntl": "ENOLCK EDEADLK",
         "prlimit64": "EPERM",
         "openat,?open": "EMFILE ENFILE ENOMEM EACCES EIO",
         "kill": "EPERM"}
LISTENERS_OWN = ("accept4", "?fork,?clone", "wait4", "kill")


@pytest.mark.parametrize("calls,error", [(c, e) for c, errors in CALLS.items() for e in errors.split()])
def test_a_call_fails(box, tmp_path, daemon, calls, error):
    """One call in four fails, in the listener and in each session: it goes on, and serves everybody when the trouble is
    over. A client gets a session, a refusal, or the end of the connection."""
    d = daemon()
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}", "-e",
                               f"inject={calls}:error={error}:when=2+4", "-p", str(d.pid)])
    wait_for("the tracer", lambda: int(ids(d.pid)["TracerPid"]))
    served = 0
    for _ in range(12):
        with d.talk() as t:
            try:
                got = t.reply()
                assert got[:3] in ("220", "421", "554"), got
                served += got.startswith("220") and t.command("EHLO x.example").startswith("250")
            except Closed:
                pass
    tracer.terminate()
    tracer.wait(20)
    wait_for("its own again", lambda: not int(ids(d.pid)["TracerPid"]))
    d.idle()
    d.hello().close()
    d.idle()
    if calls in LISTENERS_OWN:                   # a session's calls are counted from its start: all of them may fail
        assert served, box.log()
    d.term()
    assert d.status() == 0
