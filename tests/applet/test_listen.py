# smtpd -l: its own super-server. What it lets in, what its sessions may see, how it stops, and what it survives.

import os
import pathlib
import re
import signal
import socket
import time

import pytest

from support import isolate
from support.daemon import Daemon, fds, ids, wait_for
from support.queuefile import QueueFile
from support.sink import free_port
from support.smtp import Closed
from support.tree import OWNER

BUSY = "421 4.7.0 too many sessions now, try again later"
FULL = "421 4.3.2 this server has no room for a session now, try again later"
STOPPED = "421 4.3.2 this server is being stopped, closing"
NOT_SET_UP = "421 4.3.0 this server is not set up, closing"
MAIL, RCPT = "MAIL FROM:<a@example.net>", "RCPT TO:<user@example.org>"


@pytest.fixture
def box(tree):
    tree.user("user")
    tree.conf(connect_rate="10000/m", client_limit_per_host=20)
    return tree


@pytest.fixture
def daemon(box):
    """Starts listeners on the tree: daemon(), daemon(25, "[::1]:26", before=…)."""
    made = []

    def start(*where, **more):
        made.append(Daemon(box, *where, **more))
        return made[-1]
    yield start
    for d in made:
        d.close()


def deliver(talk, text="Subject: x\r\n\r\nhello\r\n"):
    got = talk.deliver("a@example.net", "user@example.org", text)
    assert got.startswith("250 2.0.0 queued as "), got
    return got.split()[-1]


def refused(d, **kind):
    """Nobody listens there any more."""
    with pytest.raises(ConnectionRefusedError):
        d.talk(**kind).close()
    return True


# --- who is served, and by what ---

def test_mail_over_ipv4_and_ipv6(box, daemon):
    port = free_port()
    d = daemon(port)
    for server, label in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
        with d.hello(server=server) as s:
            ident = deliver(s)
        assert box.logged(rf"smtpd\[\d+\]: {ident}: from=<a@example\.net>.*relay=unknown \[{label}\]"), box.log()
    assert [QueueFile(p).recipients for p in box.queue()] == [["user@example.org"]] * 2


def test_several_addresses_and_no_others(daemon):
    a, b = free_port(), free_port()
    d = daemon(f"127.0.0.2:{a}", f"[::1]:{b}", f"127.0.0.1:{b}")
    for server, port in (("127.0.0.2", a), ("::1", b), ("127.0.0.1", b)):
        d.hello(server=server, port=port).close()
    assert refused(d, server="127.0.0.1", port=a) and refused(d, server="127.0.0.2", port=b)


def test_ipv6_any_leaves_ipv4_alone(daemon):
    port = free_port()
    d = daemon(f"[::]:{port}")
    d.hello(server="::1").close()
    assert refused(d, server="127.0.0.1")
    daemon(f"0.0.0.0:{port}").hello().close()


@pytest.mark.root
def test_everybody_is_in_the_jail_and_nobody_is_root(box, daemon):
    d = daemon()
    with d.hello():
        for pid in (d.pid, d.child()):
            assert os.readlink(f"/proc/{pid}/root") == os.readlink(f"/proc/{pid}/cwd") == str(box.root)
            got = ids(pid)
            assert got["Uid"].split() == got["Gid"].split() == [str(OWNER)] * 4 and got["Groups"] == str(OWNER)
            assert int(got["CapEff"], 16) == int(got["CapPrm"], 16) == 0 and got["NoNewPrivs"] == "1"


def test_what_a_session_has_open(box, daemon):
    """CASES J5: the client, /dev/null, the limits; above all no socket that listens, and no folder."""
    d = daemon(f"127.0.0.1:{free_port()}", f"[::1]:{free_port()}")
    before = fds(d.pid)
    with d.hello(), d.hello(), d.hello():
        for pid in wait_for("three", lambda: len(d.sessions()) == 3 and d.sessions()):
            at = fds(pid)
            assert at[0] == at[1] and at[0].startswith("socket:") and at[0] not in before.values(), at
            assert at[2] == "/dev/null", at
            assert [p.rsplit("/", 2)[-2:] for fd, p in at.items() if fd > 2] == [["run", "limits"]], at
    d.idle()
    wait_for("all are closed", lambda: fds(d.pid) == before)
    assert [p for p in before.values() if os.path.isdir(p)] == []


def test_signals_are_what_they_should_be(daemon):
    """CASES J7: a listener that was born with signals blocked and ignored."""
    def hostile():
        for s in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(s, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1})
    d = daemon(preexec_fn=hostile)
    with d.hello():
        got = ids(d.child())
        bit = {s: 1 << s - 1 for s in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGHUP)}
        held = bit[signal.SIGTERM] | bit[signal.SIGINT] | bit[signal.SIGCHLD]
        assert int(got["SigBlk"], 16) & ~held == 0, got
        assert int(got["SigCgt"], 16) & bit[signal.SIGCHLD] == 0, got
        assert int(got["SigIgn"], 16) & (bit[signal.SIGTERM] | bit[signal.SIGCHLD]) == 0, got
    d.idle()
    d.term()
    assert d.status() == 0


def test_sighup_changes_nothing(daemon):
    d = daemon()
    with d.hello() as s:
        os.kill(d.pid, signal.SIGHUP)
        os.kill(d.child(), signal.SIGHUP)
        deliver(s)
    d.hello().close()


def test_sessions_do_not_share_their_ids(box, daemon):
    d = daemon()
    talks = [d.hello() for _ in range(12)]
    for t in talks:
        t.command(MAIL), t.command(RCPT), t.command("DATA")
    for t in talks:
        t.send("Subject: x\r\n\r\n.\r\n")
    got = {t.reply().split()[-1] for t in talks}
    assert len(got) == len(box.queue()) == 12, got
    for t in talks:
        t.close()


# --- limits ---

def test_client_limit_costs_no_process(box, daemon):
    """CASES E9: the refusal is the listener's own."""
    box.conf(client_limit=2, client_limit_per_host=2, connect_rate="10000/m")
    d = daemon()
    with d.hello(), d.hello():
        for client in ("127.0.0.1", "127.0.0.7"):
            with d.talk(client=client) as s:
                assert s.reply().startswith("421 4.7.0 too many sessions")
                assert s.rest() == b""
        assert len(d.children()) == 2
        assert box.logged(rf"smtpd\[{d.pid}\]: reject: CONNECT from unknown\[127\.0\.0\.7\]: {BUSY}"), box.log()
    d.idle()
    d.hello().close()


def test_client_limit_per_host_and_rate(box, daemon):
    box.conf(client_limit_per_host=1, connect_rate="3/h")
    d = daemon()
    with d.hello(), d.talk() as other:
        assert other.reply() == "421 4.7.0 too many sessions of your address now, try again later"
        d.hello(client="127.0.0.7").close()
    for _ in range(2):
        d.idle()
        d.hello().close()
    d.idle()
    with d.talk() as s:
        assert s.reply() == "421 4.7.0 too many connections of your address, try again later"


def test_inetd_and_the_listener_count_together(box, daemon):
    box.conf(client_limit=1)
    d = daemon()
    with d.hello(), box.smtp() as s:
        assert s.reply() == BUSY
    d.idle()
    with box.smtp() as s:
        s.hello()
        with d.talk() as other:
            assert other.reply() == BUSY


def test_a_session_that_is_killed_gives_its_slot_back(box, daemon):
    box.conf(client_limit=1)
    d = daemon()
    with d.hello() as s:
        os.kill(d.child(), signal.SIGKILL)
        with pytest.raises(Closed):
            s.command("NOOP")
    d.idle()
    d.hello().close()


def test_limits_that_are_taken_away_are_made_anew(box, daemon):
    d = daemon()
    with d.hello() as s:
        os.truncate(box.path("run/limits"), 0)
        with d.talk() as t:
            t.reply()                            # whatever it is: from the next one on it is well again
        box.conf(client_limit=1)
        with d.hello():
            with d.talk() as t:
                assert t.reply() == BUSY
        assert s.command("NOOP").startswith("250 ")
    d.idle()
    d.hello().close()


# --- stopping ---

@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_idle_sessions_are_told(box, daemon, sig):
    d = daemon()
    with d.hello() as a, d.hello() as b:
        os.kill(d.pid, sig)
        assert a.reply() == b.reply() == STOPPED
        assert a.rest() == b.rest() == b""
    assert d.status() == 0 and refused(d)
    assert box.logged(rf"smtpd\[{d.pid}\]: stopping") and box.logged(rf"smtpd\[{d.pid}\]: stopped")


def test_a_transaction_is_finished(box, daemon):
    d = daemon()
    with d.hello() as s:
        s.command(MAIL)
        d.term()
        wait_for("no new connections", lambda: box.logged("stopping"))
        assert refused(d) and d.process.poll() is None
        assert s.command(RCPT).startswith("250 ")
        assert s.command("DATA").startswith("354 ")
        s.send("Subject: x\r\n\r\nhel")
        assert d.process.poll() is None
        s.send("lo\r\n.\r\n")
        assert s.reply().startswith("250 2.0.0 queued as ")
        assert s.reply() == STOPPED
    assert d.status() == 0 and len(box.queue()) == 1


def test_a_message_in_chunks_is_finished(box, daemon):
    d = daemon()
    with d.hello() as s:
        s.command(MAIL), s.command(RCPT)
        s.send("BDAT 14\r\nSubject: x\r\n\r\n")
        assert s.reply().startswith("250 ")
        d.term()
        wait_for("no new connections", lambda: box.logged("stopping"))
        s.send("BDAT 7 LAST\r\nhello\r\n")
        assert s.reply().startswith("250 2.0.0 queued as ")
        assert s.reply() == STOPPED
    assert d.status() == 0 and len(box.queue()) == 1


def test_who_never_pauses_is_told_too(box, daemon):
    """A client that has sent its next commands already: nobody waits for them, but while a refusal is held back."""
    box.conf(tarpit="2s")
    d = daemon()
    with d.hello() as s:
        s.send("WHAT\r\n" * 6 + "RSET\r\n" * 50)
        for _ in range(5):
            assert s.reply().startswith("500 ")
        pid = d.child()
        d.term()
        wait_for("the signal", lambda: int(ids(pid)["ShdPnd"], 16) & 1 << signal.SIGTERM - 1)
        assert s.reply().startswith("500 ")
        assert s.reply() == STOPPED
    assert d.status() == 0


def test_an_idle_transaction_does_not_hold_it_for_ever(box, daemon):
    """It has the time of one command for all that is left of it."""
    box.conf(command_timeout="2s", tarpit=0)
    d = daemon()
    with d.hello() as s:
        s.command(MAIL)
        d.term()
        with pytest.raises(Closed):
            while True:
                got = s.command("RCPT TO:<nobody@example.org>")
                if got.startswith("421"):
                    s.reply()
                time.sleep(0.2)
    assert got == "421 4.4.2 no command came in time, closing" and d.status() == 0


def test_the_listener_killed(box, daemon):
    """Its sessions go on and keep their slots; another one takes the port at once."""
    box.conf(client_limit=1)
    d = daemon()
    with d.hello() as s:
        d.kill()
        again = daemon(f"127.0.0.1:{d.port}")
        with again.talk() as t:
            assert t.reply() == BUSY
        deliver(s)
        assert s.command("QUIT").startswith("221 ")
        assert s.rest() == b""
    wait_for("the slot", lambda: again.talk().reply().startswith("220 "))


# --- what is edited while it runs ---

def test_rules_are_seen_by_the_next_connection(box, daemon):
    d = daemon()
    d.hello().close()
    box.write("etc/hosts.deny", "smtpd: 127.0.0.1\n")
    with d.talk() as s:
        assert s.reply() == "554 5.7.1 access denied"
    assert box.logged(r"554 5\.7\.1 access denied by etc/hosts\.deny:1: smtpd: 127\.0\.0\.1")
    d.hello(client="127.0.0.7").close()
    for name in ("allow", "deny"):
        box.path(f"etc/hosts.{name}").unlink()
    with d.talk(client="127.0.0.7") as s:
        assert s.reply() == NOT_SET_UP
    assert box.logged(r"etc/hosts\.allow and etc/hosts\.deny are gone: put them back"), box.log()
    box.write("etc/hosts.deny", "")
    d.hello().close()


def test_the_table_is_seen_by_the_next_connection(box, daemon):
    d = daemon()
    d.hello().close()
    box.write("etc/access", "Connect:127.0.0.1 REJECT\n")
    with d.talk() as s:
        assert s.reply() == "554 5.7.1 access denied"
    box.write("etc/access", "Connect:127.0.0.1 what?\n")
    with d.talk() as s:
        assert s.reply() == NOT_SET_UP


@pytest.mark.root
def test_rules_of_the_system_stay_as_they_were(box, tmp_path, daemon):
    """The jail has no /etc of the system's."""
    etc = tmp_path / "etc"
    etc.mkdir()
    for name in ("passwd", "group", "hosts", "resolv.conf"):
        etc.joinpath(name).write_bytes(pathlib.Path("/etc", name).read_bytes())
    etc.joinpath("hosts.deny").write_text("smtpd: 127.0.0.2\n")
    for name in ("allow", "deny"):
        box.path(f"etc/hosts.{name}").unlink()

    def own_etc():
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        isolate.mount(etc, "/etc", isolate.MS_BIND)
    d = daemon(preexec_fn=own_etc)
    assert "the rules are those of /etc as they are now: restart smtpd when they change" in d.said()
    for _ in range(2):
        d.hello().close()
        with d.talk(client="127.0.0.2") as s:
            assert s.reply() == "554 5.7.1 access denied"
        assert box.logged(r"access denied by /etc/hosts\.deny:1: smtpd: 127\.0\.0\.2")
        etc.joinpath("hosts.deny").write_text("ALL: ALL\n")
    box.write("etc/hosts.deny", "smtpd: 127.0.0.3\n")            # the tree's own come first
    d.hello(client="127.0.0.2").close()
    with d.talk(client="127.0.0.3") as s:
        assert s.reply() == "554 5.7.1 access denied"


def test_the_configuration_is_seen_by_the_next_connection(box, daemon):
    d = daemon()

    def banner():
        with d.talk() as s:
            return s.reply()
    assert banner().startswith("220 mx.example.org ")
    box.conf(hostname="my.example.org")          # as long as before, and within the same second
    assert banner().startswith("220 my.example.org ")
    good = box.path("etc/buzon.conf").read_text()
    for text, fault in (("hostname\n", r"etc/buzon\.conf:1: .*; smtpd goes by what it read before"),
                        ("", r"etc/buzon\.conf is empty; put it back; smtpd goes by what it read before"),
                        (None, r"etc/buzon\.conf is gone; put it back; smtpd goes by what it read before")):
        if text is None:
            box.path("etc/buzon.conf").unlink()
        else:
            box.conf(text)
        assert banner().startswith("220 my.example.org ") and banner().startswith("220 my.example.org ")
        assert len(re.findall(fault, box.log())) == 1, box.log()
    box.conf(good.replace("my.", "mx."))
    assert banner().startswith("220 mx.example.org ")


@pytest.mark.root
def test_resolv_conf_of_the_jail_is_read_anew(box, dns, daemon):
    """A queue-runner's pass makes it equal to the system's."""
    dns.add("9.0.0.127.in-addr.arpa", "PTR", "nine.example.net")
    dns.add("nine.example.net", "A", "127.0.0.9")
    box.conf(require_name="registered", name_timeout="1s")
    d = daemon()
    d.hello(client="127.0.0.9").close()
    box.write("etc/resolv.conf", "nameserver 127.0.0.250\n")
    with d.talk(client="127.0.0.9") as s:
        assert s.reply().startswith("421 4.7.25 ")
    assert box.run("queue-runner").returncode == 0
    d.hello(client="127.0.0.9").close()


def test_who_is_refused_takes_nobodys_place(box, daemon):
    """Not even while he reads it: else a few forbidden hosts would shut the others out."""
    box.conf(client_limit=2, connect_rate="off")
    box.write("etc/hosts.allow", "smtpd: 127.0.0.1\n")
    box.write("etc/hosts.deny", "ALL: ALL\n")
    d = daemon()
    silent = [d.talk(client=f"127.0.0.{n}") for n in range(10, 20)]
    try:
        refused = [s.reply() for s in silent]
        assert set(refused) <= {"554 5.7.1 access denied", "421 4.7.0 too many sessions now, try again later"}, refused
        d.hello().close()                        # while they hold their ends open
    finally:
        for s in silent:
            s.close()


def test_a_session_that_is_killed_is_told(box, daemon):
    d = daemon()
    with d.hello() as s:
        os.kill(d.child(), signal.SIGSEGV)
        s.rest()
    wait_for("the line", lambda: box.logged(r"session \d+ was ended by signal 11"))


# --- what the jail cannot do ---

@pytest.mark.parametrize("option", ["spawn (echo hello)", "twist /bin/echo hello", "aclexec /bin/true"])
def test_a_rule_with_a_command_refuses(box, daemon, option):
    box.write("etc/hosts.allow", f"smtpd: 127.0.0.1: {option}\n")
    d = daemon()
    assert re.search("the rules have spawn, twist, .*or start smtpd from inetd", d.said()), d.said()
    with d.talk() as s:
        assert s.rest() == b"554 5.7.1 access denied\r\n"
    assert box.logged(r"error: etc/hosts\.allow, line 1: .*: smtpd -l runs no commands: take the option out, or start "
                      "smtpd from inetd"), box.log()
    d.hello(client="127.0.0.7").close()


@pytest.mark.root
def test_what_the_owner_cannot_read_is_told_at_the_start(box, daemon):
    box.write("etc/hosts.deny", "", mode=0o600)
    box.write("etc/access", "", mode=0o600)
    d = daemon()
    assert re.search(r"etc/hosts\.deny: .*; until that is mended whoever it is asked about is refused", d.said())
    assert re.search(r"etc/access:0: .*; until that is mended every client hears 421", d.said())
    with d.talk() as s:
        assert s.reply() == NOT_SET_UP
    assert box.logged(r"reject: CONNECT from unknown\[127\.0\.0\.1\]: 421 4\.3\.0 .* by etc/hosts\.deny:"), box.log()
    box.path("etc/hosts.deny").chmod(0o644)
    with d.talk() as s:
        assert s.reply() == NOT_SET_UP
    box.path("etc/access").chmod(0o644)
    d.hello().close()


# --- the start ---

@pytest.mark.parametrize("value", ["", "x", "0", "65536", "-25", "25x", ":25", "::1:25", "[127.0.0.1]:25", "[::1]",
                                   "127.0.0:25", "[::1]25", "example.org:25", "127.0.0.1:"])
def test_values_that_are_none(box, value):
    out = box.run("smtpd", "-l", value)
    assert out.returncode == 64, out
    assert f"-l {value}: not [ADDR:]PORT; write it like 25, 192.0.2.1:25 or [2001:db8::1]:25" in out.stderr.decode()


@pytest.mark.parametrize("args", [["-l"], ["-l", "25", "x"], ["-l", "25", "-l"], ["-l", "2525"] * 9])
def test_command_lines_that_are_none(box, args):
    out = box.run("smtpd", *args)
    assert out.returncode == 64 and b"usage: smtpd [--root DIR] [-l [ADDR:]PORT]" in out.stderr, out


@pytest.mark.root
def test_under_inetd_it_is_a_mistake(box, syslogd):
    with box.smtp(args=("-l", "2525"), preexec_fn=syslogd.enter) as s:
        assert s.rest() == NOT_SET_UP.encode() + b"\r\n"
        assert s.wait() == 64
    assert re.search("smtpd.*-l is not for inetd's line: inetd listens itself", syslogd.text())


def test_a_port_that_is_taken(box, daemon):
    d = daemon()
    for where in d.where[0], str(d.port):
        out = box.run("smtpd", "-l", where)
        assert out.returncode == 71, out
        assert f"-l {where}: Address in use; another server, or another -l, listens there" in out.stderr.decode(), out
    out = box.run("smtpd", "-l", "192.0.2.1:2525")
    assert out.returncode == 71 and b"no interface has this address, or not yet" in out.stderr, out


def test_a_low_port_is_roots(box):
    out = box.run("smtpd", "-l", "127.0.0.1:25", as_user=None if os.getuid() else OWNER)
    assert out.returncode == 77, out
    assert b"-l 127.0.0.1:25: Permission denied; ports below 1024 are root's" in out.stderr, out


def test_a_tree_that_is_not_in_order(box):
    box.path("queue/new").rmdir()
    out = box.run("smtpd", "-l", str(free_port()))
    assert out.returncode == 78 and b"queue/new: No such file" in out.stderr, out
    box.owned_dir("queue/new")
    box.conf("no-such-key 1\n")
    out = box.run("smtpd", "-l", str(free_port()))
    assert out.returncode == 78 and b"etc/buzon.conf:1:" in out.stderr, out


# --- faults ---

def injected(tmp_path, calls, fault):
    """The words that let system calls fail: strace."""
    return ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={calls}",
            "-e", f"inject={calls}:{fault}"]


def test_fork_fails(box, tmp_path, daemon):
    d = daemon(before=injected(tmp_path, "?fork,?clone", "error=EAGAIN:when=2..31"))     # not that of the rehearsal
    before = fds(d.pid)
    for _ in range(30):                          # more than client-limit: no slot is lost
        with d.talk() as s:
            assert s.reply() == FULL and s.rest() == b""
    wait_for("the last is closed", lambda: fds(d.pid) == before)
    assert box.logged(r"fork: .*; a client was turned away: lower client-limit, or give this host more memory")
    d.hello().close()


@pytest.mark.parametrize("error", ["EMFILE", "ENOMEM"])
def test_accept_fails(box, tmp_path, daemon, error):
    d = daemon(before=injected(tmp_path, "accept4", f"error={error}:when=1..2"))
    began = time.monotonic()
    d.hello().close()
    assert time.monotonic() - began > 1.5, "it must not be busy with trying"
    assert len(re.findall("accept: .*; clients must wait", box.log())) == 2, box.log()


def test_accept_is_interrupted(box, tmp_path, daemon):
    """What is the connection's own fault costs the others nothing."""
    d = daemon(before=injected(tmp_path, "accept4", "error=ECONNABORTED:when=1..3"))
    d.hello().close()
    assert "accept" not in box.log()


# --- the log ---

@pytest.mark.root
def test_the_log_outlives_syslogd(box, syslogd, daemon):
    d = daemon(preexec_fn=syslogd.enter)
    with d.hello() as s:
        first = deliver(s)
        assert f"{first}: from=<a@example.net>" in syslogd.text() and first not in box.log()
        syslogd.close()
        second, third = deliver(s), deliver(s)
        for ident in second, third:
            assert f"{ident}: from=<a@example.net>" in box.log()
        box.path("dev").mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:      # where the jail finds it again
            log.bind(str(box.path("dev/log")))
            box.path("dev/log").chmod(0o666)
            log.settimeout(20)
            fourth = deliver(s)
            assert re.match(rf"<22>\w\w\w [ \d]\d [\d:]+ smtpd\[{d.child()}\]: {fourth}: from=".encode(),
                            log.recv(65536)) and fourth not in box.log()


@pytest.mark.root
def test_a_syslogd_that_hangs_does_not_hold_mail(box, syslogd, daemon):
    d = daemon(preexec_fn=syslogd.enter)
    with d.hello() as s:
        filled = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
            full.setblocking(False)
            full.connect(str(syslogd.dev / "log"))
            while True:
                try:
                    full.send(b"x")
                    filled += 1
                except BlockingIOError:
                    break
        assert filled
        ident = deliver(s)
    assert f"{ident}: from=<a@example.net>" in box.log()
