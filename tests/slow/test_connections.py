# Connections that are slow, break, or are never read, at every place of a session (CASES E3-E6, E8, E10).

import concurrent.futures
import contextlib
import os
import re
import socket
import subprocess
import threading
import time

import pytest

from support.queuefile import QueueFile
from support.sink import free_port, wait_port
from support.smtp import Closed, Talk, tcp_pair

TEXT = b"Subject: x\r\n\r\nhello\r\n..dot\r\n"
HELLO = [b"EHLO c.example.net\r\n"]
MAIL = [b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<user@example.org>\r\n"]
DATA = [b"DATA\r\n", TEXT + b".\r\n"]
BDAT = [b"BDAT 14\r\n" + TEXT[:14], b"BDAT %d LAST\r\n" % len(TEXT[14:]) + TEXT[14:]]
QUIT = [b"QUIT\r\n"]

# What a client sends before it waits for all that is due.
SESSIONS = {
    "data": HELLO + MAIL + DATA + QUIT,
    "pipelined": HELLO + [b"".join(MAIL + DATA[:1])] + [DATA[1] + QUIT[0]],
    "chunked": HELLO + MAIL + BDAT + QUIT,
    "chunks-pipelined": HELLO + [b"".join(MAIL + BDAT + QUIT)],
}


@pytest.fixture
def box(tree, dns):
    tree.user("user")
    return tree


def nothing_left(box):
    assert box.queue() == [] and not list(box.path("queue/tmp").iterdir()), box.log()


# --- one byte now and then ---

def until(box, steps):
    """A session that has gone so far."""
    s = box.smtp()
    s.reply()
    for step in steps:
        s.send(step)
        s.reply()
    return s


SLOW = {
    "greeting": ([], b"EHLO " + b"c" * 200),
    "mail": (HELLO, b"MAIL FROM:<" + b"a" * 200),
    "rcpt": (HELLO + MAIL[:1], b"RCPT TO:<" + b"a" * 200),
    "data": (HELLO + MAIL, b"DATA" + b" " * 200),
    "text": (HELLO + MAIL + DATA[:1], b"Subject: " + b"x\r\n" * 100),
    "end": (HELLO + MAIL + DATA[:1], b"." * 200),
    "bdat": (HELLO + MAIL, b"BDAT 1" + b"0" * 200),
    "chunk": (HELLO + MAIL, b"BDAT 1000\r\n" + b"x" * 200),
    "chunks": (HELLO + MAIL, b"BDAT 1\r\nx" * 30),
}


def dribble(s, rest):
    """A byte every quarter of a second until the server ends it. Returns the last line that it said."""
    try:
        for byte in rest:
            s.send(bytes([byte]))
            time.sleep(0.25)
        return "every byte was taken"
    except Closed:
        pass
    try:
        said = s.rest()
    except Closed as e:
        said = e.rest
    return said.decode().splitlines()[-1] if said else "closed without a word"


def test_one_byte_now_and_then_in_each_phase(box):
    """CASES E3: a deadline is a command's or a message's, and no byte puts it off. All at once, to save time."""
    box.conf(command_timeout="2s", data_timeout="2s", client_limit_per_host="100", client_limit="100")
    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
        said = dict(zip(SLOW, pool.map(lambda phase: dribble(until(box, phase[0]), phase[1]), SLOW.values())))
    wrong = {name: line for name, line in said.items() if not line.startswith("421 4.4.2")}
    assert not wrong, wrong
    nothing_left(box)


# --- cut at every byte ---

def walk(s, steps, cut):
    """Sends the first `cut` bytes, waiting for the replies where a client does. Returns what is left to send of it."""
    s.reply()
    for step in steps:
        part = step[:cut]
        s.send(part)
        cut -= len(part)
        if len(part) < len(step) or not cut:
            return
        s.reply()


@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("name", SESSIONS)
def test_cut_at_every_byte(box, name, how):
    """CASES E4, E5: whatever was sent whole is queued and, after a FIN, answered; of anything less nothing is left."""
    steps, wrong, seen = SESSIONS[name], [], set()
    whole = len(b"".join(steps)) - len(QUIT[0])
    box.conf(connect_rate="off", message_rate="off", recipient_rate="off")
    for cut in range(len(b"".join(steps)) + 1):
        s = box.smtp()
        walk(s, steps, cut)
        if how == "FIN":
            s.shut()
            said = s.rest()
        else:
            said = b""
            s.reset()
        status = s.wait()
        files = [QueueFile(p) for p in box.queue()]
        sent = TEXT if "chunk" in name else TEXT.replace(b"..", b".")
        good = all(f.complete() and f.after_trace() == sent for f in files)
        due = 1 if cut >= whole else 0
        if not (status == 0 and good and not list(box.path("queue/tmp").iterdir())
                and (len(files) == due if how == "FIN" else len(files) <= due)):
            wrong.append(f"cut at {cut}: status {status}, {len(files)} queued, good {good}; {said!r}")
        if how == "FIN" and due and cut == whole and b"250 2.0.0 queued as" not in said:
            wrong.append(f"cut at {cut}: queued, and not answered: {said!r}")
        seen.add(len(files))
        for p in [*box.queue(), *box.path("queue/tmp").iterdir()]:
            p.unlink()
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20])
    assert seen == {0, 1} or how == "RST"


# --- never read ---

def test_client_that_never_reads(box):
    """CASES E6: replies that nobody takes fill the socket's buffers; the server gives up and is gone."""
    box.conf(command_timeout="2s", recipient_limit=1000)
    mine, theirs = tcp_pair()
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
    with theirs:
        p = subprocess.Popen(box.argv("smtpd"), stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
                             env=box.environment({}))
    box.sessions.append(p)
    mine.settimeout(20)
    try:
        mine.sendall(b"".join(HELLO + MAIL[:1]) + MAIL[1] * 900 + HELLO[0] * 90)
    except (ConnectionResetError, BrokenPipeError):
        pass
    assert p.wait(30) == 0
    with Talk(mine) as talk, contextlib.suppress(Closed):
        talk.rest()
    assert talk.buffer.count(b"\r\n") < 900, "all replies were sent, so nothing was tried"
    nothing_left(box)


# --- many ---

def by_inetd(box, inetd, port):
    argv = box.argv("smtpd")
    argv.insert(1, "buzon" if len(box.command) == 1 else argv[0])
    inetd(f"127.0.0.1:{port} stream tcp nowait.10000 root {' '.join(argv)}\n")


def by_itself(box, inetd, port):
    box.start("smtpd", "-l", f"127.0.0.1:{port}")


@pytest.fixture
def served(box, inetd):
    """The port where inetd serves the tree."""
    port = free_port()
    by_inetd(box, inetd, port)
    wait_port("127.0.0.1", port)
    return port


def connect(port, client):
    s = socket.socket()
    s.bind((client, 0))
    s.settimeout(20)
    s.connect(("127.0.0.1", port))
    return s


@pytest.mark.root
@pytest.mark.parametrize("start", [by_inetd, by_itself])
def test_a_thousand_connections_while_another_is_served(box, inetd, start):
    """CASES E8: they come as fast as they can, talk or not, and hang up; mail goes on all the while."""
    box.conf(connect_rate="off", message_rate="off", recipient_rate="off")
    served = free_port()
    start(box, inetd, served)
    wait_port("127.0.0.1", served)
    opened, said, stop = [], [], threading.Event()

    def knock(client):
        while not stop.is_set() and len(opened) < 1000:
            try:
                with connect(served, client) as s:
                    opened.append(client)
                    if len(opened) % 3:
                        said.append(s.recv(100))
                    if len(opened) % 2:
                        s.sendall(b"EHLO x\r\n")
            except OSError:
                continue
    threads = [threading.Thread(target=knock, args=(f"127.0.1.{n}",), daemon=True) for n in range(4)]
    for t in threads:
        t.start()
    try:
        sent = 0
        with Talk(connect(served, "127.0.0.9")) as talk:
            talk.hello()
            while any(t.is_alive() for t in threads) or sent < 10:
                assert talk.deliver("a@example.net", "user@example.org", TEXT).startswith("250 2.0.0")
                sent += 1
                if sent % 5 == 0:
                    with Talk(connect(served, "127.0.0.10")) as other:
                        other.hello()
                        assert other.deliver("b@example.net", "user@example.org", TEXT).startswith("250 2.0.0")
                    sent += 1
    finally:
        stop.set()
        for t in threads:
            t.join(20)
    assert len(opened) >= 1000 and len(said) > 500 and len(box.queue()) == sent
    assert all(line.startswith((b"220 ", b"421 4.7.0 ")) for line in said)


# --- nothing but SMTP ---

BROKEN = {
    "good": lambda box: None,
    "broken-conf": lambda box: box.conf("frob 1\n"),
    "no-queue": lambda box: (box.path("queue/new").rmdir()),
    "broken-rule": lambda box: box.write("etc/hosts.allow", "smtpd 127.0.0.1 without a colon\n"),
    "open-root": lambda box: box.path().chmod(0o777),
    "no-log": lambda box: box.path("run").rmdir(),
    "table-broken": lambda box: box.write("etc/access", "nonsense\n"),
}


@pytest.mark.root
@pytest.mark.parametrize("name", BROKEN)
def test_nothing_but_smtp_reaches_the_client(box, served, name):
    """CASES E10: descriptor 2 is the client's socket under inetd, and nothing of it gets there."""
    BROKEN[name](box)
    with Talk(connect(served, "127.0.0.9")) as talk:
        try:
            talk.send(b"")
            got = talk.reply()
            if got.startswith("220"):
                pid = next(int(p) for p in os.listdir("/proc") if p.isdigit() and is_session(p, box))
                assert os.readlink(f"/proc/{pid}/fd/2") == "/dev/null"
                assert talk.command("EHLO c.example.net").startswith("250")
                talk.deliver("a@example.net", "user@example.org", TEXT)
                talk.send(b"QUIT\r\n")
            got = (got + "\r\n").encode() + talk.rest()
        except Closed as e:
            got = e.rest
    assert re.fullmatch(rb"(?:\d{3}[ -][\x20-\x7e]*\r\n)+", got), got


def is_session(pid, box):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        return b"smtpd" in words and os.fsencode(box.root) in words
    except OSError:
        return False
