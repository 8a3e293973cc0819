# What is left to an applet in its sandbox, seen from outside: descriptors, limits, filter; kernels that have none; and
# that nobody is killed who does what it should.

import os
import pathlib
import platform
import re
import socket
import subprocess
import time

import pytest

from support.kernel import without_sandbox
from support.smtp import Talk, tcp_pair
from support.tree import REPO
from support.wrap import Identd

HAS_FILTERS = os.path.exists("/proc/sys/kernel/seccomp/actions_avail")
TEXT = "Subject: s\r\n\r\nbody\r\n"


@pytest.fixture
def box(tree):
    tree.user("user")
    return tree


def status(pid):
    return dict(l.split(":\t", 1) for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in l)


def limits(pid):
    """{name: hard limit}"""
    lines = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {l[:26].strip(): l[47:68].strip() for l in lines}


def descriptors(pid):
    """{fd: what it is}, without numbers of sockets and pipes."""
    folder = pathlib.Path(f"/proc/{pid}/fd")
    return {int(p.name): re.sub(r":\[.*", "", os.readlink(p)) for p in folder.iterdir()}


def is_confined(pid, box):
    s = status(pid)
    assert s["NoNewPrivs"] == "1", s
    assert s["Seccomp"] == "2", "no filter: does this machine's kernel have CONFIG_SECCOMP_FILTER?"
    if box.jailed:
        assert {s["CapEff"], s["CapPrm"], s["CapAmb"]} == {"0" * 16} and set(s["Uid"].split()) == {"8"}, s
        assert os.readlink(f"/proc/{pid}/root") == str(box.root)


def await_true(what, timeout=10):
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


# --- from within: tests/unit/sandbox_test.c, as the applets are built ---

def test_every_way_out_is_the_end():
    """The same program runs among the unit tests, but with sanitizers, which take filters away."""
    assert HAS_FILTERS, "this machine's kernel has no filters: nothing here would be shown"
    out = subprocess.run([REPO / "build/native/unit/sandbox_test"], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0 and "\nok the_filter_ends" in "\n" + out.stdout and "not ok" not in out.stdout, out


ROLES = ("session", "runner", "local", "lookup")


def test_the_document_has_the_lists():
    """docs/SECURITY.md's table, row by row, is what the filters allow."""
    names = (REPO / "build/native/sysroot/include/bits/syscall.h").read_text()
    names = {int(n): name for name, n in re.findall(r"^#define __NR_(\w+)\s+(\d+)$", names, re.M)}
    told = {role: set() for role in ROLES}
    for line in (REPO / "docs/SECURITY.md").read_text().splitlines():
        cells = [c.strip() for c in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[0].startswith("`"):
            for role, cell in zip(ROLES, cells[1:]):
                told[role] |= set(re.findall(r"`(\w+)`", cells[0])) if cell else set()
        elif cells and cells[0] == "of them":
            assert [int(c) for c in cells[1:]] == [len(told[role]) for role in ROLES]
    if platform.machine() != "x86_64":       # the names of whose calls it has
        return
    for role in ROLES:
        out = subprocess.run([REPO / "build/native/unit/seccomp_test", role, "0"], capture_output=True, text=True)
        assert {names[int(n)] for n in out.stdout.split()} == told[role], role


# --- a session ---

def test_session(box):
    box.conf(message_size_limit="5m")
    with box.smtp() as s:
        s.hello()
        pid = s.process.pid
        is_confined(pid, box)
        l = limits(pid)
        assert l["Max core file size"] == l["Max processes"] == "0", l
        assert l["Max open files"] == "64" and l["Max file size"] == str((5 << 20) * 3 // 2 + (1 << 20)), l
        assert 64 << 20 <= int(l["Max address space"]) < 65 << 20, l
        files = descriptors(pid)
        assert sorted(files.values()) == sorted(["socket"] * 2 + ["/dev/null", str(box.path("run/limits"))]), files
        s.command("MAIL FROM:<a@example.net>")
        s.command("RCPT TO:<user@example.org>")
        s.command("DATA")
        files = sorted(descriptors(pid).values())
        assert len(files) == 5 and any(f.startswith(str(box.path("queue/tmp"))) for f in files), files
        s.send(TEXT + ".\r\n")
        assert s.reply().startswith("250 ")
        await_true(lambda: len(descriptors(pid)) == 4)


def test_session_with_syslog_and_an_image(box, syslogd):
    """Beside the peer and the limits it has the log's socket, and the image of the rules; no folder, no text."""
    box.write("etc/hosts.allow", "smtpd: 127.\n")
    assert box.run("access-check", "-c").returncode == 0
    with box.smtp(preexec_fn=syslogd.enter) as s:
        s.hello()
        files = descriptors(s.process.pid)
        assert sorted(files.values()) == sorted(["socket"] * 3 + ["/dev/null", str(box.path("run/limits")),
                                                                  str(box.path("etc/access.db"))]), files


def test_size_limit_is_the_protocols_and_not_the_kernels(box):
    """A message of just the limit is taken; the limit on files is behind it, with room for the largest envelope."""
    box.conf(message_size_limit="1m", recipient_limit="1000", message_rate="off", recipient_rate="off")
    head = "Subject: s\r\n\r\n"
    text = head + ("x" * 98 + "\r\n") * ((1 << 20) // 100)
    text += "y" * ((1 << 20) - len(text) - 2) + "\r\n"
    with box.smtp() as s:
        s.hello()
        for r in (text, text + "z\r\n"):
            s.command("MAIL FROM:<a@example.net>")
            assert s.command("RCPT TO:<user@example.org>").startswith("250 ")
            s.command("DATA")
            s.send(r + ".\r\n")
            assert s.reply()[:9] == ("250 2.0.0" if r is text else "552 5.3.4")
    assert len(box.queue()) == 1


def test_log_file_starts_anew(box):
    """Within the sandbox, too: run/log may live in memory."""
    log = box.write("run/log", "x" * 262100 + "\n")
    box.own(log)
    log.chmod(0o600)
    for i in range(3):
        with box.smtp() as s:
            s.hello()
            s.command("MAIL FROM:<a@example.net>")
            s.command("RCPT TO:<nobody@example.org>")
            s.command("RCPT TO:<nobody@example.org>")
            assert s.command("NOOP").startswith("250 ")
    assert "nobody@example.org" in box.log() and log.stat().st_size < 262144


def test_syslogd_that_goes_and_comes_back(box, syslogd):
    with box.smtp(preexec_fn=syslogd.enter) as s:
        s.hello()
        syslogd.sock.close()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<nobody@example.org>").startswith("550 ")
        assert s.command("QUIT").startswith("221 ")
    assert s.process.returncode == 0


# --- listening ---

@pytest.fixture
def listener(box):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    process = box.start("smtpd", "-l", f"127.0.0.1:{port}", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)

    def connect():
        s = socket.create_connection(("127.0.0.1", port), 10)
        return Talk(s)
    await_true(lambda: box.logged("listening"))
    process.connect = connect
    return process


def children(pid):
    return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_listener_and_its_children(box, listener):
    s = status(listener.pid)
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "0", s
    if box.jailed:
        assert set(s["Uid"].split()) == {"8"} and os.readlink(f"/proc/{listener.pid}/root") == str(box.root)
    files = descriptors(listener.pid)
    assert set(files.values()) <= {"socket", "/dev/null", str(box.path("run/limits"))}, files
    with listener.connect() as c:
        c.hello()
        child, = children(listener.pid)
        is_confined(child, box)
        assert limits(child)["Max processes"] == "0"
        files = descriptors(child)
        assert sorted(files.values()) == sorted(["socket"] * 2 + ["/dev/null", str(box.path("run/limits"))]), files
        assert c.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")


@pytest.mark.parametrize("option", ["spawn true", "twist echo hello", "aclexec true"])
def test_commands_are_not_run_by_a_listener(box, listener, option):
    """They would be its child's end."""
    box.write("etc/hosts.allow", f"smtpd: 127.0.0.1: {option}\n")
    with listener.connect() as c:
        assert c.rest().startswith(b"554 5.7.1")
    assert box.logged("smtpd -l runs no commands") and listener.poll() is None, box.log()


def test_options_that_need_no_command(box, listener):
    box.write("etc/hosts.allow", "smtpd: 127.0.0.1: nice 3: umask 022: keepalive: linger 2: setenv A b\n")
    with listener.connect() as c:
        c.hello()
        assert c.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
    assert box.logged("warning: .*nice: this server cannot do it in its sandbox"), box.log()
    assert box.queue()[0].stat().st_mode & 0o777 == 0o600


# --- the others ---

@pytest.mark.parametrize("rules", ["smtpd: joe@ALL\n", "smtpd: joe@ALL: spawn true\n"], ids=["within", "apart"])
def test_identd_that_takes_its_time(box, rules):
    """In the session, or as root in a child, whose filter is another."""
    box.write("etc/hosts.allow", rules)
    box.write("etc/hosts.deny", "ALL: ALL\n")
    with Identd("A , B : USERID : UNIX : joe\r\n", delay=0.5), box.smtp(client="127.0.0.3") as s:
        s.hello()


def test_runner(box, script):
    """While a message is under way."""
    box.conf(smarthost="127.0.0.1:1", relay_clients="127.0.0.1")
    box.hand_in("a@example.net")
    held = socket.create_server(("127.0.0.1", 0))
    box.conf(smarthost=f"127.0.0.1:{held.getsockname()[1]}")
    p = box.start("queue-runner", "-f", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    conn, _ = held.accept()
    is_confined(p.pid, box)
    l = limits(p.pid)
    assert l["Max processes"] == "0" and l["Max open files"] == "64" and l["Max file size"] == "unlimited", l
    files = descriptors(p.pid)
    kinds = sorted(re.sub(r"queue/new/.*", "queue/new/", f.replace(str(box.root), "")) for f in files.values())
    assert kinds == ["/dev/null", "/dev/null", "/dev/null", "/queue/lock", "/queue/new/", "socket"], files
    time.sleep(0.3)                          # it gives memory back meanwhile
    conn.close()
    held.close()
    assert p.wait(20) == 0


def test_sendmail(box):
    p = box.start("sendmail", "-i", "user@example.org", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                  stderr=subprocess.PIPE)
    await_true(lambda: status(p.pid)["Seccomp"] == "2")
    is_confined(p.pid, box)
    assert sorted(descriptors(p.pid).values()) == ["/dev/null", "pipe", "pipe"]
    p.communicate(b"Subject: s\n\nbody\n", timeout=20)
    assert p.returncode == 0 and len(box.queue()) == 1


# --- kernels without ---

WORDS = r"sandbox: Linux \S+ has no filters of system calls \(\w+\), and no Landlock \([\w., ]+\): going on without"


def test_kernel_that_has_neither(box):
    """All works, and it is said once, by whoever comes first."""
    def run(applet, *args, input=None):
        out = subprocess.run(box.argv(applet, *args), input=input, preexec_fn=without_sandbox, capture_output=True,
                             env=box.environment({}), cwd="/", timeout=30)
        assert out.returncode == 0, (out, box.log())
    for _ in range(3):
        with box.smtp(preexec_fn=without_sandbox) as s:
            s.hello()
            assert status(s.process.pid)["Seccomp_filters"] == "1"       # the one that takes away the others
            assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
    run("sendmail", "user@example.org", input=b"Subject: s\n\nbody\n")
    run("queue-runner", "-f")
    run("mailq")
    assert len(box.messages("user")) == 4
    assert len(re.findall(WORDS, box.log())) == 1, box.log()
    assert re.fullmatch(r"Linux \S+ has no .*", box.path("run/sandbox").read_text())
    box.path("run/sandbox").write_text("Linux 2.6 has no nothing")       # another kernel's
    run("mailq")
    assert len(re.findall(WORDS, box.log())) == 2, box.log()


def test_kernel_that_has_it_is_not_spoken_of(box):
    box.hand_in("user@example.org")
    with box.smtp() as s:
        s.hello()
    assert "sandbox" not in box.log() and not box.path("run/sandbox").exists()


def test_run_that_cannot_be_written_is_no_fault(box):
    """Then it is said each time."""
    box.path("run/sandbox").mkdir()
    for _ in range(2):
        out = subprocess.run(box.argv("mailq"), preexec_fn=without_sandbox, capture_output=True, timeout=30,
                             env=box.environment({}), cwd="/")
        assert out.returncode == 0, out
    assert len(re.findall(WORDS, box.log())) == 2, box.log()
