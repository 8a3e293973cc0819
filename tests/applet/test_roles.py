# The example files of rootfs/: every applet takes each role's, and smtpd does what their comments promise.

import os
import re
import signal
import subprocess
import time

import pytest

from source import conf_keys
from support.smtp import Closed
from support.tree import REPO

ROLES = ("leaf", "hub", "router")
ETC, FIRMWARE = REPO / "rootfs/etc", REPO / "rootfs/firmware"
FILES = ("buzon.conf", "hosts.allow", "hosts.deny")

HUB, OTHER, LAN = "127.0.0.9", "127.0.0.10", "127.0.1.20"


@pytest.fixture
def role(tree):
    """role(NAME, {was: is}) puts a role's three files into the tree. What is replaced must stand there."""
    def put(name, changes=None):
        text = {f: (ETC / name / f).read_text() for f in FILES}
        for was, now in (changes or {}).items():
            assert any(was in t for t in text.values()), f"{was} does not stand in the {name} example"
            text = {f: t.replace(was, now) for f, t in text.items()}
        for f in FILES:
            tree.write(f"etc/{f}", text[f])
        tree.user("ana")
        return tree
    return put


def named(dns, address, name, forward=None):
    dns.add(".".join(reversed(address.split("."))) + ".in-addr.arpa", "PTR", name)
    dns.add(name, "A", forward or address)


def refused(tree, client):
    """The client hears 554 and the end, and a log line says which rule it was."""
    with tree.smtp(client) as s:
        try:
            said = s.rest()
        except Closed as e:
            said = e.rest
    assert said == b"554 5.7.1 access denied\r\n", said
    assert tree.logged(r"reject: CONNECT from .*hosts\.deny:\d+: ALL: ALL"), tree.log()


def rcpt(s, sender, recipient):
    assert s.command("RSET").startswith("250")
    assert s.command(f"MAIL FROM:<{sender}>").startswith("250")
    return s.command(f"RCPT TO:<{recipient}>")


# --- all of them ---

@pytest.mark.parametrize("name", ROLES)
def test_every_applet_takes_it(role, dns, name):
    tree = role(name)
    for applet, args in (("mailq", ()), ("queue-runner", ("-q",)), ("sendmail", ("-bp",)), ("sendmail", ("-q",))):
        out = tree.run(applet, *args)
        assert out.returncode == 0 and out.stderr == b"", (applet, out)
    out = tree.run("smtpd", input=b"QUIT\r\n")
    assert out.returncode == 0 and out.stdout.startswith(b"220 ") and out.stderr == b"", out
    host = re.search(r"^hostname +(\S+)", (ETC / name / "buzon.conf").read_text(), re.M).group(1)
    tree.hand_in(f"ana@{host}", sender=f"ana@{host}")
    assert len(tree.rows()) == 1


@pytest.mark.parametrize("name", ROLES)
def test_its_rules_can_be_understood(role, dns, name):
    tree = role(name)
    for client in ("192.0.2.1", "2001:db8::1"):
        out = tree.run("access-check", "-n", "unknown", "smtpd", client)
        assert out.returncode in (0, 1) and out.stderr == b"", out


@pytest.mark.parametrize("name", ROLES)
def test_what_its_comments_offer_is_good_too(role, dns, name):
    """The alternatives in comments, such as `# smtpd: 192.0.2.10` and `#postmaster …`, in the place of what stands."""
    tree = role(name)
    offered = re.findall(r"^# (smtpd: [^\n]+)$", (ETC / name / "hosts.allow").read_text(), re.M)
    assert offered
    tree.write("etc/hosts.allow", "".join(o + "\n" for o in offered))
    out = tree.run("access-check", "-n", "unknown", "smtpd", "203.0.113.1")
    assert out.returncode in (0, 1) and out.stderr == b"", out
    text = (ETC / name / "buzon.conf").read_text()
    tree.conf(re.sub(r"^#([a-z-]+ +\S.*)$", r"\1", text, flags=re.M))
    out = tree.run("mailq")
    assert out.returncode == 0, out


# --- leaf ---

def test_leaf_hears_the_hub(role, dns):
    named(dns, HUB, "hub.example.org")
    with role("leaf").smtp(HUB) as s:
        s.hello("hub.example.org")
        assert rcpt(s, "a@example.net", "ana@leaf.example.org").startswith("250")
        assert rcpt(s, "a@example.net", "postmaster@leaf.example.org").startswith("250")
        assert rcpt(s, "a@example.net", "nobody@leaf.example.org").startswith("550 5.1.1")


def test_leaf_relays_for_nobody(role, dns):
    named(dns, HUB, "hub.example.org")
    with role("leaf").smtp(HUB) as s:
        s.hello("hub.example.org")
        assert rcpt(s, "a@example.org", "x@elsewhere.example") == "550 5.7.1 relaying denied"


@pytest.mark.parametrize("client", ["127.0.0.1", OTHER])
def test_leaf_refuses_all_others(role, dns, client):
    named(dns, OTHER, "other.example.org")
    refused(role("leaf"), client)


def test_leaf_refuses_who_only_claims_to_be_the_hub(role, dns):
    named(dns, OTHER, "hub.example.org", forward=HUB)
    refused(role("leaf"), OTHER)


def test_leaf_sends_what_is_for_others_to_the_hub(role, dns, sink):
    tree = role("leaf", {"smarthost       hub.example.org": f"smarthost 127.0.0.1:{sink.port}"})
    tree.hand_in("x@elsewhere.example", sender="ana@leaf.example.org")
    assert tree.run("queue-runner").returncode == 0
    assert [m.rcpt_tos for m in sink.messages] == [["x@elsewhere.example"]], tree.log()


# --- hub ---

def test_hub_hears_anyone_for_its_own(role, dns):
    with role("hub").smtp(OTHER) as s:
        s.hello("nobody.knows.example")
        assert rcpt(s, "a@example.net", "ana@example.org").startswith("250")
        assert rcpt(s, "", "postmaster@example.org").startswith("250")
        assert rcpt(s, "a@example.net", "x@elsewhere.example") == "550 5.7.1 relaying denied"
        assert rcpt(s, "ana@example.org", "x@elsewhere.example") == "550 5.7.1 relaying denied"


def test_hub_relays_for_machines_and_addresses_of_its_own(role, dns):
    named(dns, HUB, "ws1.example.org")
    with role("hub").smtp(HUB) as s:
        s.hello("ws1.example.org")
        assert rcpt(s, "ana@example.org", "x@elsewhere.example").startswith("250")
        assert rcpt(s, "", "x@elsewhere.example").startswith("250")
        assert rcpt(s, "a@example.net", "x@elsewhere.example").startswith("550 5.7.1 relaying denied: the sender's")
        assert rcpt(s, "a@example.net", "ana@example.org").startswith("250")


def test_hub_knows_a_machine_only_when_its_name_leads_back(role, dns):
    named(dns, OTHER, "ws1.example.org", forward=HUB)
    with role("hub").smtp(OTHER) as s:
        s.hello("ws1.example.org")
        assert rcpt(s, "ana@example.org", "x@elsewhere.example") == "550 5.7.1 relaying denied"


def test_hub_that_wants_registered_machines(role, dns):
    tree = role("hub", {"require-name    off": "require-name registered"})
    named(dns, HUB, "ws1.example.org")
    named(dns, OTHER, "ws2.example.org", forward=HUB)
    with tree.smtp(HUB) as s:
        s.hello()
    for client in (OTHER, "127.0.0.11"):
        with tree.smtp(client) as s:
            assert s.rest().startswith(b"554 5.7.25 "), tree.log()


def test_hub_with_somebody_named_behind_except(role, dns):
    tree = role("hub", {"\nsmtpd: ALL\n": f"\nsmtpd: ALL EXCEPT {OTHER} .spam.example\n"})
    refused(tree, OTHER)
    named(dns, "127.0.0.11", "a.spam.example")
    refused(tree, "127.0.0.11")
    with tree.smtp(HUB) as s:
        s.hello()


# --- router ---

@pytest.fixture
def router(role, sink):
    """The example, with its LAN and its smarthost on loopback."""
    return role("router", {"192.168.1.": "127.0.1.", "mail.provider.example:25": f"127.0.0.1:{sink.port}"})


def test_router_takes_mail_from_a_sloppy_device_and_sends_it_on(router, sink):
    with router.smtp(LAN) as s:
        assert s.reply()[:3] == "220"
        s.send(b"HELO office printer_2\nMAIL FROM:<printer@lan>\nRCPT TO:<x@elsewhere.example>\nDATA\n")
        assert [s.reply()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        s.send(b"Subject: scan\n\npage 1\n.\n")
        assert s.reply().startswith("250 2.0.0")
    assert router.run("queue-runner").returncode == 0
    head, _, body = sink.messages[0].content.partition(b"\r\n\r\n")
    assert len(sink.messages) == 1 and body == b"page 1\r\n"
    assert re.search(rb"^Subject: scan\r\nFrom: <printer@lan>\r\nDate: .*\r\nMessage-ID: <", head, re.M), head


def test_router_keeps_mail_while_the_wan_is_down(role):
    tree = role("router", {"192.168.1.": "127.0.1.", "mail.provider.example:25": "127.0.0.1:1"})
    tree.hand_in("x@elsewhere.example")
    assert tree.run("queue-runner").returncode == 0
    row = tree.rows()[0]
    assert row["attempts"] == 1 and row["recipients"][0]["status"] == "waiting"
    assert row["next"] > row["arrived"] + 200


@pytest.mark.parametrize("client", ["127.0.0.1", OTHER])
def test_router_refuses_the_wan(router, client):
    refused(router, client)


# --- the default file ---

def settings():
    """[(key, value)] of the commented settings in etc/buzon.conf."""
    return re.findall(r"^#([a-z][a-z-]+) +(\S.*)$", (ETC / "buzon.conf").read_text(), re.M)


def test_default_file_sets_nothing():
    text = (ETC / "buzon.conf").read_text()
    assert not [l for l in text.splitlines() if l.strip() and not l.startswith("#")]


def test_default_file_names_every_key_once():
    text = (ETC / "buzon.conf").read_text()
    shown = [key for key, _ in settings()]
    later = " ".join(re.findall(r"^#   (.*)$", text, re.M)).split()
    assert sorted(shown + later) == sorted(conf_keys())


def test_default_file_is_taken_as_it_is_and_with_all_its_lines(tree):
    tree.conf((ETC / "buzon.conf").read_text())
    assert tree.run("mailq").returncode == 0
    tree.conf("".join(f"{key} {value}\n" for key, value in settings()))
    out = tree.run("mailq")
    assert out.returncode == 0, out


def test_what_it_says_is_refused_is_refused(tree):
    text = (ETC / "buzon.conf").read_text()
    later = [f"{key} 1" for key in " ".join(re.findall(r"^#   (.*)$", text, re.M)).split()]
    assert len(later) > 7
    for line in later + [f"smarthost-tls {v}" for v in ("may", "must", "verify")] + ["auth tls", "auth always"]:
        tree.conf(line + "\n")
        out = tree.run("mailq")
        assert out.returncode == 78 and b"buzon.conf:1: " in out.stderr and b"not supported yet" in out.stderr, out


def test_default_tree_relays_for_nobody(tree):
    tree.conf((ETC / "buzon.conf").read_text())
    with tree.smtp() as s:
        s.hello()
        assert rcpt(s, "a@example.net", "x@elsewhere.example") == "550 5.7.1 relaying denied"


def test_make_install_lays_them_into_the_tree(tmp_path, tree):
    owner = f"{os.getuid() or 8}"
    script = [REPO / "board/install", tree.command[-1], tmp_path, "/srv/buzon", owner]
    out = subprocess.run(script, cwd=REPO, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    etc = tmp_path / "srv/buzon/etc"
    for name in ("buzon.conf", *(f"{r}/{f}" for r in ROLES for f in FILES)):
        assert (etc / name).read_bytes() == (ETC / name).read_bytes()
    # No rules of the tree's own: /etc's hold until an administrator puts some here.
    assert not (etc / "hosts.allow").exists() and not (etc / "hosts.deny").exists()


# --- the firmware's files ---

@pytest.mark.parametrize("name,line", [
    ("services", "smtp  25/tcp  mail"),
    ("inetd.conf", "smtp stream tcp nowait root /usr/sbin/tcpd sendmail -bs"),
    ("hosts.allow", "sendmail: vega.cc.upv.es"),
    ("hosts.deny", "ALL: ALL"),
    ("rc.local", "/usr/sbin/sendmail -q15m"),
    ("crontab", "*/5 * * * * /usr/sbin/queue-runner"),
])
def test_classic_line_alone_is_in_force(name, line):
    lines = (FIRMWARE / name).read_text().splitlines()
    assert [l for l in lines if l.strip() and not l.startswith("#")] == [line]


def rc(tree, directory, word):
    runner = directory / "queue-runner"
    if not runner.exists():
        runner.symlink_to(tree.command[-1])
    env = {"PATH": os.environ["PATH"], "PIDFILE": str(directory / "pid"), "RUNNER": str(runner),
           "BUZON_ROOT": str(tree.root)}
    return subprocess.run(["sh", str(FIRMWARE / "init.d/buzon"), word], env=env, capture_output=True, timeout=20,
                          text=True)


@pytest.mark.skipif("BUZON_EMU" in os.environ, reason="the script starts the binary itself")
def test_rc_script(tree, tmp_path):
    pidfile = tmp_path / "pid"
    assert rc(tree, tmp_path, "status").returncode == 3
    tree.hand_in("postmaster")
    assert rc(tree, tmp_path, "start").returncode == 0
    pid = int(pidfile.read_text())
    try:
        assert rc(tree, tmp_path, "status").stdout == f"queue-runner runs, process {pid}\n"
        assert rc(tree, tmp_path, "start").returncode == 0 and int(pidfile.read_text()) == pid
        end = time.monotonic() + 10
        while not tree.messages("postmaster") and time.monotonic() < end:
            time.sleep(0.05)
        assert len(tree.messages("postmaster")) == 1, tree.log()
        assert rc(tree, tmp_path, "stop").returncode == 0
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.05)
        assert rc(tree, tmp_path, "status").returncode == 3
    finally:
        if os.path.exists(f"/proc/{pid}") and b"queue-runner" in open(f"/proc/{pid}/cmdline", "rb").read():
            os.kill(pid, signal.SIGKILL)
    tree.hand_in("postmaster")
    assert rc(tree, tmp_path, "flush").returncode == 0 and len(tree.messages("postmaster")) == 2
    assert rc(tree, tmp_path, "nonsense").returncode == 64


@pytest.mark.skipif("BUZON_EMU" in os.environ, reason="the script starts the binary itself")
def test_rc_script_leaves_a_stranger_alone(tree, tmp_path):
    """A pid file that a power cut left may name anybody."""
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "pid").write_text(f"{stranger.pid}\n")
        assert rc(tree, tmp_path, "status").returncode == 3
        assert rc(tree, tmp_path, "stop").returncode == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
