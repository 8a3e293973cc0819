# queue-runner: what is due is delivered, what cannot be waits, and nothing is lost or sent twice.

import fcntl
import os
import re
import shutil
import signal
import socket
import time

import pytest

from support.queuefile import STATE_AT
from support.sink import ScriptHandler, free_port

TEXT = "From: a@example.org\nSubject: test\n\nhello\n"
ARRIVAL_AT = 16                              # in the first line, 16 digits


def runs(tree, *args, code=0):
    out = tree.run("queue-runner", *(args or ("-q",)), timeout=40)
    assert out.returncode == code, f"{out.returncode} {out.stderr.decode()}\n{tree.log()}"
    return out


@pytest.fixture
def box(tree):
    tree.user("user", "a")
    return tree


@pytest.fixture
def relay(box, sink):
    """A tree that hands everything else to a sink."""
    box.conf(smarthost=f"127.0.0.1:{sink.port}", smarthost_tls="off")
    return box


def scripted(box, server):
    box.conf(smarthost=f"127.0.0.1:{server.port}", smarthost_tls="off")
    return server


# --- local ---

def test_empty_queue(box):
    out = runs(box)
    assert out.stdout == b"" and out.stderr == b""


def test_local_maildir(box):
    box.hand_in("user@example.org", text=TEXT)
    runs(box)
    got = box.messages("user")
    assert len(got) == 1 and box.queue() == []
    # qmail's and Postfix's order: Return-Path, Delivered-To, then the trace; local line ends.
    assert got[0].startswith(b"Return-Path: <a@example.org>\n"), got[0][:200]
    assert re.search(rb"^Delivered-To: user@example\.org$", got[0], re.M), got[0][:300]
    assert got[0].endswith(b"From: a@example.org\nSubject: test\n\nhello\n") or b"\n\nhello\n" in got[0]
    assert b"\r" not in got[0]
    assert box.logged(r"to=<user@example\.org>.*dsn=2\.0\.0, stat=Sent"), box.log()


def test_maildir_file_is_private_and_named_as_maildirs_are(box):
    box.hand_in("user@example.org")
    runs(box)
    files = list(box.path("mail/user/new").iterdir())
    assert len(files) == 1 and files[0].stat().st_mode & 0o7777 == 0o600
    assert re.fullmatch(r"\d+\.[^/:]+\.[^/:]+", files[0].name), files[0].name
    assert not list(box.path("mail/user/tmp").iterdir())


def test_two_recipients_one_message(box):
    box.hand_in("user@example.org", "postmaster@example.org")
    runs(box)
    assert len(box.messages("user")) == len(box.messages("postmaster")) == 1 and box.queue() == []


def test_user_in_another_case(box):
    box.hand_in("USER@Example.ORG")
    runs(box)
    assert len(box.messages("user")) == 1


def test_maildir_that_cannot_be_written_waits(box):
    box.hand_in("user@example.org")
    box.path("mail/user/tmp").chmod(0o500)
    if not box.jailed:
        box.path("mail/user/new").chmod(0o500)
    runs(box)
    box.path("mail/user/tmp").chmod(0o700)
    box.path("mail/user/new").chmod(0o700)
    row = box.rows()[0]
    assert row["recipients"][0]["status"] == "waiting" and row["recipients"][0]["reason"] and row["attempts"] == 1


def test_user_who_went_away_bounces(box):
    """A user who was there at RCPT and is gone now: 5.1.1, to the sender."""
    box.hand_in("user@example.org", sender="a@example.org")
    shutil.rmtree(box.path("mail/user"))
    runs(box)
    runs(box)
    assert len(box.messages("a")) == 1 and b"user@example.org" in box.messages("a")[0]


# --- smarthost ---

def test_smarthost(relay, sink):
    relay.hand_in("x@example.net", "y@example.com", text=TEXT)
    runs(relay)
    assert len(sink.messages) == 1 and relay.queue() == []
    got = sink.messages[0]
    assert got.mail_from == "a@example.org" and sorted(got.rcpt_tos) == ["x@example.net", "y@example.com"]
    assert got.content.endswith(b"\r\nSubject: test\r\n\r\nhello\r\n")
    assert relay.logged(r"to=<x@example\.net>.*relay=\S*127\.0\.0\.1.*dsn=2\.0\.0, stat=Sent"), relay.log()


def test_local_and_relayed(relay, sink):
    relay.hand_in("user@example.org", "x@example.net")
    runs(relay)
    assert len(relay.messages("user")) == 1 and len(sink.messages) == 1 and relay.queue() == []
    assert sink.messages[0].rcpt_tos == ["x@example.net"]


def test_messages_share_a_connection(box, script):
    server = scripted(box, script())
    for i in range(5):
        box.hand_in(f"x{i}@example.net")
    runs(box)
    assert len(server.texts) == 5 and server.connections == 1
    assert [l.split()[0] for l in server.lines].count(b"QUIT") == 1


def test_only_crlf_leaves(box, script):
    """CASES B1: whatever is handed in, no bare CR or LF goes out, and one end of data."""
    server = scripted(box, script())
    for bad in ("a\n.\nb", "a\r\n.\r\nb", "a\r.\rb", "a\n.\r\nb", "a\r\n.\nb", "a\r.\nb"):
        box.run("sendmail", "-i", "-f", "a@example.org", "x@example.net", input="Subject: s\n\n" + bad + "\n")
    runs(box)
    assert server.texts
    for text in server.texts:
        assert not re.search(rb"\r(?!\n)", text) and not re.search(rb"(?<!\r)\n", text), text
        assert text.count(b"\r\n.\r\n") == 1 and text.endswith(b"\r\n.\r\n")
    assert all(re.fullmatch(rb"[^\r\n]*\r\n", l) for l in server.lines)
    verbs = {l.split()[0].upper() for l in server.lines}
    assert verbs <= {b"EHLO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"QUIT"}, verbs


@pytest.mark.parametrize("body,sent", [
    (".\n", b"..\r\n"), ("..\n", b"...\r\n"), (".x\n", b"..x\r\n"), ("x.\n", b"x.\r\n"), ("a\n.", b"a\r\n..\r\n"),
    ("no end", b"no end\r\n"), ("", b""), ("\n\n", b"\r\n\r\n")])
def test_dots_and_last_line(box, script, body, sent):
    """CASES B2, B3."""
    server = scripted(box, script())
    box.hand_in("x@example.net", text="Subject: s\n\n" + body)
    runs(box)
    assert server.texts[0].endswith(b"Subject: s\r\n\r\n" + sent + b".\r\n"), server.texts[0][-80:]


def test_dots_at_buffer_edges(box, script):
    server = scripted(box, script())
    # Lines of 61 bytes and a dot, so that a dot comes to stand at each offset of any buffer of up to 128 KB.
    body = ("." + "b" * 59 + "\n") * 2200
    box.hand_in("x@example.net", text="Subject: s\n\n" + body)
    runs(box)
    got = server.texts[0].split(b"\r\n\r\n", 1)[1][:-3].replace(b"\r\n", b"\n")
    assert got == b"".join(b"." + l if l.startswith(b".") else l for l in body.encode().splitlines(keepends=True))


def test_large_message(relay, sink):
    body = ("0123456789" * 7 + "\n") * 150000
    relay.hand_in("x@example.net", text="Subject: large\n\n" + body)
    runs(relay)
    assert sink.messages[0].content.split(b"\r\n\r\n", 1)[1] == body.replace("\n", "\r\n").encode()


def test_declared_size_and_body(relay, sink):
    relay.hand_in("x@example.net", text="Subject: s\n\nn\u00e4mlich\n")
    runs(relay)
    options = " ".join(sink.messages[0].mail_options).upper()
    assert "SIZE=" in options and "BODY=8BITMIME" in options
    assert "n\u00e4mlich".encode() in sink.messages[0].content


# --- what fails for now ---

@pytest.mark.parametrize("verb,reply", [
    ("CONNECT", b"421 4.3.2 not now\r\n"), ("EHLO", b"450 4.3.2 later\r\n"), ("MAIL", b"451 4.3.0 later\r\n"),
    ("RCPT", b"450 4.2.0 greylisted\r\n"), ("DATA", b"451 4.3.0 later\r\n"), (".", b"452 4.3.1 full\r\n"),
    ("CONNECT", None), ("MAIL", None), (".", None), ("CONNECT", b"rubbish\r\n"), ("RCPT", b"2\r\n"),
    ("EHLO", b"250-a\r\n350 b\r\n"), ("MAIL", b"999 5.0.0 what\r\n")],
    ids=lambda v: "closed" if v is None else v if isinstance(v, str) else re.sub(r"\W+", "-", v.decode())[:24])
def test_temporary_failure_waits(box, script, verb, reply):
    server = scripted(box, script(**{verb: reply}))
    box.hand_in("x@example.net", text=TEXT)
    before = box.queue()[0].read_bytes()[-200:]
    runs(box)
    row = box.rows()[0]
    assert row["attempts"] == 1 and row["state"] == "waiting"
    assert row["next"] >= time.time() + 60, "not rescheduled"
    assert row["recipients"][0]["status"] == "waiting" and row["recipients"][0]["reason"]
    assert box.queue()[0].read_bytes()[-200:] == before
    # Not due: a plain pass leaves it alone.
    seen = server.connections
    runs(box)
    assert server.connections == seen


def test_greylisted_message_is_delivered_later(box, script):
    server = scripted(box, script(RCPT=[b"450 4.2.0 greylisted\r\n", b"250 2.1.5 ok\r\n"]))
    box.hand_in("x@example.net")
    runs(box)
    assert len(box.queue()) == 1
    runs(box, "-q", "-f")
    assert box.queue() == [] and len(server.texts) == 1


def test_smarthost_down(box):
    box.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    for i in range(3):
        box.hand_in(f"x{i}@example.net")
    began = time.monotonic()
    runs(box)
    assert time.monotonic() - began < 5
    rows = box.rows()
    assert len(rows) == 3 and all("refused" in r["recipients"][0]["reason"].lower() for r in rows), rows


def test_smarthost_without_a_name(box):
    """An unresolvable smarthost is temporary."""
    box.conf(smarthost="no-such-host.example.net", smarthost_tls="off")
    box.hand_in("x@example.net")
    runs(box)
    assert box.rows()[0]["recipients"][0]["status"] == "waiting"


def test_host_that_fails_is_tried_once_a_pass(box, script):
    server = scripted(box, script(CONNECT=b"421 4.3.2 not now\r\n"))
    for i in range(4):
        box.hand_in(f"x{i}@example.net")
    runs(box)
    assert server.connections == 1
    assert all(r["recipients"][0]["status"] == "waiting" for r in box.rows())


def test_silent_smarthost_is_given_up(box):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        box.conf(smarthost=f"127.0.0.1:{s.getsockname()[1]}", smarthost_tls="off", connect_timeout="1s",
                 command_timeout="1s")
        box.hand_in("x@example.net")
        began = time.monotonic()
        runs(box)
        assert time.monotonic() - began < 10
    assert box.rows()[0]["recipients"][0]["status"] == "waiting"


def test_endless_reply_is_bounded(box, script):
    """CASES C9."""
    scripted(box, script(EHLO=b"250-more\r\n" * 100000))
    box.hand_in("x@example.net")
    runs(box)
    assert box.rows()[0]["recipients"][0]["status"] == "waiting"


def make_due(box):
    """Gives what waits a due time that has passed: it is the name's first half."""
    for path in box.queue():
        path.rename(path.with_name("0000000001." + path.name.split(".")[1]))


def test_retries_grow_apart(box):
    box.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    box.hand_in("x@example.net")
    waits = []
    for _ in range(4):
        make_due(box)
        runs(box)
        waits.append(box.rows()[0]["next"] - time.time())
    assert 100 < waits[0] < 600 and waits == sorted(waits) and waits[-1] > 2 * waits[0], waits


def test_forced_passes_do_not_push_the_schedule_out(box):
    """An ifup hook that flushes at each flap of the WAN must not drive mail towards retry-max."""
    box.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    box.hand_in("x@example.net")
    for _ in range(6):
        runs(box, "-f")
        assert box.rows()[0]["next"] - time.time() < 600


def untouched(box, *addresses):
    """All wait, nobody was told a thing: no bounce, and no line of the log that says Sent."""
    rows = box.rows()
    assert len(rows) == 1, rows
    assert {r["address"]: r["status"] for r in rows[0]["recipients"]} == dict.fromkeys(addresses, "waiting"), rows
    assert all(r["reason"] for r in rows[0]["recipients"]) and rows[0]["attempts"] == 1, rows
    assert box.messages("a") == [] and not box.logged(r"stat=Sent"), box.log()


@pytest.mark.parametrize("replies", [
    dict(DATA=b"354 go\r\n250 ok\r\n"), dict(EHLO=b"250 fake\r\n250 ok\r\n"), dict(CONNECT=b"220 fake\r\n250 ok\r\n"),
    dict(MAIL=b"250 ok\r\n250 ok\r\n250 ok\r\n")], ids=lambda r: "-".join(r))
def test_reply_that_nobody_asked_for_hands_nothing_over(box, script, replies):
    """It would be taken for the answer to the next command, and a message be thought sent that the server drops."""
    server = scripted(box, script(**{**replies, ".": None}))
    box.hand_in("x@example.net", text=TEXT)
    runs(box)
    untouched(box, "x@example.net")
    server.replies = {}
    runs(box, "-f")
    assert box.queue() == [] and len(server.texts) >= 1 and b"hello" in server.texts[-1]


def test_second_reply_to_a_recipient_is_not_the_next_ones(box, script):
    server = scripted(box, script(RCPT=[b"250 ok\r\n250 ok\r\n", b"550 5.1.1 no such user\r\n"]))
    box.hand_in("x@example.net", "y@example.net", "z@example.net", text=TEXT)
    runs(box)
    untouched(box, "x@example.net", "y@example.net", "z@example.net")
    assert server.texts == []


class Allowance:
    """Makes a scripted server take `most` recipients a transaction and answer the others with `refusal`.
    .accepted are those it took, in order."""

    def __init__(self, server, most, refusal):
        self.server, self.most, self.refusal, self.usual = server, most, refusal, server.reply
        self.accepted, self.here = [], 0
        server.reply = self.reply

    def reply(self, verb, usual):
        if verb in ("MAIL", "RSET"):
            self.here = 0
        if verb == "RCPT":
            self.here += 1
            if self.here > self.most:
                self.server.said = self.refusal
                return self.refusal
            self.accepted.append(re.search(rb"<(.*)>", self.server.lines[-1]).group(1).decode())
        return self.usual(verb, usual)


@pytest.mark.parametrize("refusal", [b"452 4.5.3 too many recipients\r\n", b"552 too many recipients\r\n",
                                     b"552 5.5.3 too many recipients\r\n"], ids=["452", "552", "552-5.5.3"])
def test_server_that_takes_ten_recipients_at_a_time(box, script, refusal):
    """RFC 5321 4.5.3.1.10: the others are sent in further transactions, at once, and a 552 there is no refusal."""
    server = scripted(box, script())
    allowed = Allowance(server, 10, refusal)
    everybody = [f"x{i}@example.net" for i in range(35)]
    box.hand_in(*everybody, text=TEXT)
    runs(box)
    assert sorted(allowed.accepted) == sorted(everybody)
    assert len(server.texts) == 4 and server.connections == 1
    assert box.queue() == [] and box.messages("a") == []
    assert len(re.findall(r"to=<x\d+@example\.net>.*stat=Sent", box.log())) == 35, box.log()


def test_recipient_who_is_always_put_off_does_not_hold_the_pass_up(box, script):
    """A full mailbox is answered with 452 too: the others are sent, it waits, and the pass ends."""
    server = scripted(box, script())
    usual = server.reply

    def reply(verb, said):
        if verb == "RCPT" and b"<full@" in server.lines[-1]:
            server.said = b"452 4.2.2 mailbox full\r\n"
            return server.said
        return usual(verb, said)
    server.reply = reply
    box.hand_in("x@example.net", "full@example.net", "y@example.net")
    runs(box)
    assert len(server.texts) == 1 and [l.split()[0] for l in server.lines].count(b"MAIL") <= 2, server.lines
    status = {r["address"]: (r["status"], r["reason"]) for r in box.rows()[0]["recipients"]}
    assert status["x@example.net"][0] == status["y@example.net"][0] == "done", status
    assert status["full@example.net"][0] == "waiting" and "mailbox full" in status["full@example.net"][1], status
    runs(box, "-f")
    assert len(server.texts) == 1 and len(box.queue()) == 1


class OneMessage(ScriptHandler):
    """Closes the connection behind each message, without a 421."""

    def data(self):
        super().data()
        return False


class OneMessageLate(ScriptHandler):
    """Closes when a second message is begun."""

    def step(self):
        if self.text == "kept":
            self.rfile.readline(65536)
            return False
        return super().step()

    def data(self):
        self.text = "kept"
        return super().data()


@pytest.mark.parametrize("handler", [OneMessage, OneMessageLate], ids=["at-once", "at-the-next"])
def test_server_that_takes_one_message_a_connection(box, script, handler):
    """The next message goes out over a new connection, in the same pass, and none twice."""
    server = scripted(box, script())
    server.server.RequestHandlerClass = handler
    for i in range(6):
        box.hand_in(f"x{i}@example.net", text=f"Subject: n{i}\n\nbody\n")
    runs(box)
    assert box.queue() == [], box.rows()
    assert sorted(re.search(rb"Subject: (n\d)", t).group(1) for t in server.texts) == [b"n%d" % i for i in range(6)]
    assert len(re.findall(r"stat=Sent", box.log())) == 6 and server.connections == 6


@pytest.mark.parametrize("handler", [OneMessage, OneMessageLate], ids=["at-once", "at-the-next"])
def test_server_that_takes_ten_recipients_and_one_message(box, script, handler):
    server = scripted(box, script())
    server.server.RequestHandlerClass = handler
    allowed = Allowance(server, 10, b"452 4.5.3 too many recipients\r\n")
    everybody = [f"x{i}@example.net" for i in range(35)]
    box.hand_in(*everybody, text=TEXT)
    runs(box)
    assert sorted(allowed.accepted) == sorted(everybody) and len(server.texts) == server.connections == 4
    assert box.queue() == [] and box.messages("a") == []


# --- what fails for good ---

@pytest.mark.parametrize("verb,reply", [("MAIL", b"550 5.7.1 no\r\n"), ("RCPT", b"550 5.1.1 no such user\r\n"),
                                        (".", b"554 5.6.0 not this\r\n")])
def test_refused_for_good_bounces_to_the_sender(box, script, verb, reply):
    scripted(box, script(**{verb: reply}))
    box.hand_in("x@example.net", sender="a@example.org", text=TEXT)
    runs(box)
    runs(box)                                # the bounce is a message of its own, due at once
    assert box.queue() == [], box.rows()
    got = box.messages("a")
    assert len(got) == 1
    text = got[0].decode()
    assert text.startswith("Return-Path: <>\n"), text[:200]
    assert "multipart/report" in text and "message/delivery-status" in text
    assert re.search(r"^Final-Recipient: rfc822; ?x@example\.net$", text, re.M | re.I)
    assert re.search(r"^Status: 5\.\d+\.\d+$", text, re.M) and re.search(r"^Action: failed$", text, re.M)
    assert reply.decode().split(None, 1)[1].strip()[6:] in text, "the server's words are missing"
    assert "Subject: test" in text
    assert "hello" not in text.split("Subject: test")[1] or len(text) < 8000


def test_one_refused_of_two(box, script):
    server = scripted(box, script(RCPT=[b"250 2.1.5 ok\r\n", b"550 5.1.1 no such user\r\n"]))
    box.hand_in("x@example.net", "y@example.net", sender="a@example.org")
    runs(box)
    runs(box)
    assert len(server.texts) == 1 and box.queue() == []
    text = box.messages("a")[0].decode()
    assert "y@example.net" in text and not re.search(r"^Final-Recipient:.*x@example", text, re.M)


def test_no_bounce_for_a_null_sender(box, script):
    """CASES F5, F6: no bounce of a bounce; postmaster hears once, or the log does."""
    scripted(box, script(RCPT=b"550 5.1.1 no such user\r\n"))
    box.hand_in("x@example.net", sender="<>")
    for _ in range(3):
        runs(box)
    assert box.queue() == [] and len(box.messages("postmaster")) <= 1
    assert box.logged(r"x@example\.net.*550|5\.1\.1"), box.log()


def test_message_that_is_too_old_bounces(box):
    box.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    box.hand_in("x@example.net", sender="a@example.org")
    runs(box)
    has_waited(box.queue()[0], 4 * 86400)
    runs(box, "-q", "-f")
    assert len(box.rows()) == 1 and box.messages("a") == []
    has_waited(box.queue()[0], 5 * 86400 + 60)
    runs(box, "-q", "-f")
    runs(box, "-q", "-f")
    assert len(box.messages("a")) == 1 and box.queue() == [], box.log()


def has_waited(path, seconds):
    """Writes the time that a message has waited into its first line (the part that changes in place)."""
    with path.open("r+b") as f:
        f.seek(STATE_AT + 5)
        assert f.read(8).isalnum()
        f.seek(STATE_AT + 5)
        f.write(b"%08x" % seconds)


@pytest.mark.parametrize("shift", [-56 * 365 * 86400, -86400, 10 * 365 * 86400], ids=["1970", "back", "ahead"])
def test_clock_that_jumped(box, sink, shift):
    """CASES I5: a message that arrived while the clock was wrong neither expires nor waits for decades."""
    box.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    box.hand_in("x@example.net", sender="a@example.org")
    runs(box)
    old = box.queue()[0]
    data = old.read_bytes()
    then = int(time.time()) + shift
    fields = (b"%016x" % (then & (1 << 64) - 1))
    old.write_bytes(data[:STATE_AT + 14] + fields + data[STATE_AT + 30:])        # the last attempt's time
    old.rename(old.with_name(f"{max(then, 0) + 300:010x}" + old.name[10:]))
    box.conf(smarthost=f"127.0.0.1:{sink.port}")
    runs(box)
    assert len(sink.messages) == 1 and box.queue() == [] and box.messages("a") == [], box.log()


# --- passes, locks and damage ---

def test_second_runner_leaves_at_once(box, script):
    """CASES J8: overlapping cron runs."""
    server = scripted(box, script())
    gate = free_port()
    with socket.socket() as s:
        s.bind(("127.0.0.1", gate))
        s.listen(1)
        box.conf(smarthost=f"127.0.0.1:{gate}", smarthost_tls="off")
        box.hand_in("x@example.net")
        first = box.start("queue-runner", "-q")
        conn, _ = s.accept()                 # the first one now waits for a greeting
        began = time.monotonic()
        out = box.run("queue-runner", "-q")
        assert out.returncode == 0 and time.monotonic() - began < 3
        assert first.poll() is None
        conn.close()
        assert first.wait(20) == 0
    assert server.connections == 0 and len(box.queue()) == 1


@pytest.mark.parametrize("when", ["RCPT", "DATA", "."])
def test_kill_in_a_pass_loses_nothing(box, script, when):
    """CASES I8: killed at any moment, at most one duplicate, never a loss."""
    server = scripted(box, script())
    for i in range(3):
        box.hand_in(f"x{i}@example.net", text=f"Subject: n{i}\n\nbody\n")
    runner = []
    usual = server.reply
    hits = []

    def reply(verb, said):
        if verb == when:
            hits.append(verb)
            if len(hits) == 2:
                os.killpg(runner[0].pid, signal.SIGKILL)
        return usual(verb, said)
    server.reply = reply
    runner.append(box.start("queue-runner", "-q", start_new_session=True))
    runner[0].wait(20)
    server.reply = usual
    time.sleep(0.1)
    runs(box, "-q", "-f")
    runs(box, "-q", "-f")
    assert box.queue() == [], box.rows()
    got = [re.search(rb"^Subject: (n\d)", t, re.M).group(1) for t in server.texts]
    assert set(got) == {b"n0", b"n1", b"n2"} and len(got) <= 4, got


def damaged(box, change):
    box.hand_in("user@example.org")
    f = box.queue()[0]
    data = f.read_bytes()
    f.write_bytes(change(data))
    runs(box)
    assert box.messages("user") == [] and box.queue() == []
    bad = list(box.path("queue/bad").iterdir())
    assert len(bad) == 1 and bad[0].read_bytes() == change(data)
    assert box.logged(r"queue/bad|bad/"), box.log()


@pytest.mark.parametrize("change", [
    lambda d: d[:-1], lambda d: d[:-16], lambda d: d[:len(d) // 2], lambda d: b"", lambda d: d + b"x",
    lambda d: b"\0" * len(d), lambda d: d[:-40] + b"\0" * 40, lambda d: b"X" + d[1:],
    lambda d: d[:-60] + bytes([d[-60] ^ 1]) + d[-59:]],
    ids=["one-byte-short", "no-end", "half", "empty", "one-byte-more", "zeros", "zero-tail", "magic", "bit"])
def test_torn_file_is_set_aside(box, change):
    """CASES I4: told by the END record, moved to queue/bad, never sent."""
    damaged(box, change)


def test_other_name_of_a_file_in_bad_goes(box):
    """A power cut in the middle of setting aside can leave both names: they are one file, and rename does nothing."""
    box.hand_in("user@example.org")
    f = box.queue()[0]
    bad = box.path("queue/bad") / f.name.split(".")[1]
    os.link(f, bad)
    data = f.read_bytes()
    runs(box)
    assert box.queue() == [] and bad.read_bytes() == data and bad.stat().st_nlink == 1
    assert box.messages("user") == [] and box.logged(r"queue/bad"), box.log()
    assert box.run("mailq").stdout == b"Mail queue is empty\n"


def test_setting_aside_keeps_what_is_there(box):
    """Two files of one name are both for a person to look at."""
    box.hand_in("user@example.org")
    f = box.queue()[0]
    torn = f.read_bytes()[:-5]
    f.write_bytes(torn)
    bad = box.path("queue/bad") / f.name.split(".")[1]
    bad.write_bytes(b"another one\n")
    runs(box)
    assert box.queue() == [] and bad.read_bytes() == b"another one\n"
    assert sorted(p.read_bytes() for p in bad.parent.iterdir()) == sorted([b"another one\n", torn])


@pytest.mark.parametrize("value", [b"f" * 16, b"8" + b"0" * 15, b"7" + b"f" * 15], ids=["ff", "80", "7f"])
@pytest.mark.parametrize("at", [ARRIVAL_AT, STATE_AT + 14], ids=["arrival", "last"])
def test_forged_times_are_set_aside(box, at, value):
    """Times that no clock tells, in a file whose checksum does not cover the last attempt's."""
    for who in ("user@example.org", "a@example.org"):
        box.hand_in(who, sender="postmaster@example.org")
    ident = next(r["id"] for r in box.rows() if r["recipients"][0]["address"] == "user@example.org")
    forged = next(p for p in box.queue() if p.name.endswith(ident))
    with forged.open("r+b") as f:
        f.seek(at)
        assert re.fullmatch(rb"[0-9a-f]{16}", f.read(16))
        f.seek(at)
        f.write(value)
    runs(box)
    assert [p.name for p in box.path("queue/bad").iterdir()] == [ident], box.log()
    assert box.logged(rf"{ident}: set aside to queue/bad"), box.log()
    assert box.queue() == [] and box.messages("user") == [] and len(box.messages("a")) == 1
    assert box.messages("postmaster") == []


@pytest.mark.parametrize("what", ["symlink", "fifo", "directory", "name"])
def test_foreign_things_in_the_queue(box, what, tmp_path):
    """CASES J1: they are not sent, not followed, and do not stop the pass."""
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    box.hand_in("user@example.org")
    name = box.queue()[0].name
    other = box.path("queue/new") / ("foreign" if what == "name" else name[:-1] + ("0" if name[-1] != "0" else "1"))
    {"symlink": lambda: other.symlink_to(secret), "fifo": lambda: os.mkfifo(other), "directory": lambda: other.mkdir(),
     "name": lambda: other.write_text("hello")}[what]()
    runs(box)
    assert len(box.messages("user")) == 1 and secret.read_text() == "secret\n"
    assert box.log().strip(), "not a word about it"


def test_a_message_being_received_is_not_taken(box):
    """The file is locked until the client has its 250: a pass leaves it alone."""
    box.hand_in("user@example.org")
    with box.queue()[0].open("rb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        runs(box)
        assert box.messages("user") == [] and len(box.queue()) == 1
    runs(box, "-q", "-f")
    assert len(box.messages("user")) == 1


def test_debris_in_tmp_goes_by_age(box):
    old, young = box.write("queue/tmp/0123456789ab", "x"), box.write("queue/tmp/0123456789ac", "x")
    for p in (old, young):
        box.own(p)
    past = time.time() - 8 * 86400
    os.utime(old, (past, past))
    runs(box)
    assert not old.exists() and young.exists()


def test_stays_and_runs_passes(box):
    p = box.start("queue-runner", "-q1s")
    box.hand_in("user@example.org")
    end = time.monotonic() + 8
    while not box.messages("user") and time.monotonic() < end:
        time.sleep(0.05)
    assert len(box.messages("user")) == 1
    assert p.poll() is None or p.returncode == 0
    box.hand_in("user@example.org")
    end = time.monotonic() + 8
    while len(box.messages("user")) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(box.messages("user")) == 2
    if p.poll() is not None:
        stop_detached(box)
    else:
        p.send_signal(signal.SIGTERM)
        assert p.wait(10) in (0, -signal.SIGTERM)


def stop_detached(box):
    """Ends the runner that left its parent, found by the tree in its command line."""
    mark = str(box.root).encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if mark in words and b"queue-runner" in words:
            os.kill(int(pid), signal.SIGTERM)


def restart(syslogd):
    """The syslogd ends and another one takes its place, on a socket of its own at the same name."""
    syslogd.text()
    syslogd.sock.close()
    path = syslogd.dev / "log"
    path.unlink()
    syslogd.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    syslogd.sock.bind(str(path))
    path.chmod(0o666)
    syslogd.sock.setblocking(False)
    syslogd.lines = []


def heard(syslogd, pattern, timeout=8):
    end = time.monotonic() + timeout
    while not re.search(pattern, syslogd.text()):
        assert time.monotonic() < end, f"no line like {pattern} in {syslogd.text()!r}"
        time.sleep(0.05)


@pytest.mark.root
def test_syslogd_that_restarts_hears_the_next_passes(box, syslogd):
    p = box.start("queue-runner", "-q1s", preexec_fn=syslogd.enter)
    for user in ("user", "a"):
        box.hand_in(f"{user}@example.org")
        heard(syslogd, rf"queue-runner\[\d+\]: .*to=<{user}@example\.org>.*stat=Sent")
        restart(syslogd)
    assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    p.wait(10)


def test_many_messages_in_one_pass(relay, sink):
    with relay.smtp() as s:
        relay.conf(relay_clients="127.0.0.1")
    with relay.smtp() as s:
        s.hello()
        for i in range(60):
            s.deliver("a@example.org", f"x{i}@example.net", "Subject: s\r\n\r\nbody\r\n")
    runs(relay)
    assert len(sink.messages) == 60 and relay.queue() == []


# --- choosing ---

def test_choice_by_id_recipient_and_sender(relay, sink):
    relay.hand_in("x@example.net", sender="a@example.org")
    relay.hand_in("y@example.net", sender="b@example.org")
    relay.hand_in("z@example.net", sender="c@example.org")
    ident = next(r["id"] for r in relay.rows() if r["recipients"][0]["address"] == "z@example.net")
    runs(relay, "-q", "-R", "x@")
    assert [m.rcpt_tos for m in sink.messages] == [["x@example.net"]]
    runs(relay, "-q", "-S", "b@")
    assert [m.rcpt_tos for m in sink.messages][1:] == [["y@example.net"]]
    runs(relay, "-q", "-I", ident)
    assert [m.rcpt_tos for m in sink.messages][2:] == [["z@example.net"]]


# --- broken set-ups ---

def test_missing_queue(tree):
    shutil.rmtree(tree.path("queue"))
    out = tree.run("queue-runner", "-q")
    assert out.returncode == 78 and b"queue" in out.stderr, out


def test_broken_configuration(tree):
    tree.conf("frobnicate yes\n")
    out = tree.run("queue-runner", "-q")
    assert out.returncode == 78 and b"etc/buzon.conf:1: " in out.stderr, out


def test_world_writable_parent(tree):
    tree.root.parent.chmod(0o777)
    out = tree.run("queue-runner", "-q")
    tree.root.parent.chmod(0o755)
    assert out.returncode == 78 and b"writable" in out.stderr, out


@pytest.mark.parametrize("args", [["-Z"], ["-qx"], ["-q1x"], ["extra"], ["-I"]])
def test_usage(tree, args):
    out = tree.run("queue-runner", *args)
    assert out.returncode == 64 and b"usage" in out.stderr.lower(), out
