# The classic set-up, unmodified: the lines that people have written since 2002, under a real inetd, on a router of
# network and mount namespaces with two hosts on its LAN.

import os
import re
import shutil
import subprocess
import time

import pytest

from support import isolate
from support.dns import Dns
from support.smtp import Closed, Talk
from support.tree import REPO, buzon
from support.world import Host, Lan

pytestmark = pytest.mark.root

SERVICES = "smtp  25/tcp  mail\n"
INETD_CONF = "smtp stream tcp nowait root /usr/sbin/tcpd sendmail -bs\n"
HOSTS_ALLOW = "sendmail: vega.cc.upv.es\n"
HOSTS_DENY = "ALL: ALL\n"
HOSTS = "127.0.0.1 localhost\n10.77.0.1 mx.example.org mx\n10.77.0.2 vega.cc.upv.es vega\n"
TEXT = "Subject: classic\r\n\r\nhello\r\n"


class Classic:
    """The router with what `make install` puts on it, a hub and another host."""

    def __init__(self, directory):
        self.disk = directory / "disk"
        self.install()
        self.etc = directory / "etc"
        subprocess.run(["cp", "-a", "/etc", str(self.etc)], check=True)
        for name, text in {"services": SERVICES, "inetd.conf": INETD_CONF, "hosts.allow": HOSTS_ALLOW,
                           "hosts.deny": HOSTS_DENY, "hosts": HOSTS, "resolv.conf": isolate.RESOLV,
                           "crontab": "* * * * * root /usr/sbin/queue-runner\n"}.items():
            (self.etc / name).unlink(missing_ok=True)
            (self.etc / name).write_text(text)
            (self.etc / name).chmod(0o644)
        shutil.rmtree(self.etc / "cron.d", ignore_errors=True)
        (self.etc / "cron.d").mkdir()
        empty = directory / "empty"
        empty.mkdir()
        (empty / "crontabs").mkdir()

        def prepare():
            bind = isolate.MS_BIND
            isolate.mount(str(self.etc), "/etc", bind)
            isolate.mount(str(self.disk / "usr/sbin"), "/usr/sbin", bind)
            isolate.mount(str(self.disk / "srv"), "/srv", bind)
            isolate.mount(str(empty), "/run", bind)
            isolate.mount(str(empty), "/var/spool/cron", bind)
        self.router = Host("router", prepare)
        self.hub, self.other = Host("hub"), Host("other")
        self.lan = Lan(self.router, self.hub, self.other)
        self.dns = Dns(make_socket=self.router.socket)
        self.root = self.disk / "srv/buzon"

    def install(self):
        """make install, and beside its links the programs of the machine that the tests start by their usual path."""
        make = ["make", "-s", "install", f"DESTDIR={self.disk}"]
        out = subprocess.run(make, cwd=REPO, capture_output=True, text=True)
        assert out.returncode == 0, out.stdout + out.stderr
        self.disk.chmod(0o755)
        for program in ("inetd", "cron"):
            shutil.copy2(f"/usr/sbin/{program}", self.disk / "usr/sbin" / program)
        conf = self.disk / "srv/buzon/etc/buzon.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text("hostname mx.example.org\nlocal-domains example.org\n")
        self.user("user")

    def user(self, name):
        mail = self.disk / "srv/buzon/mail"
        owner = os.stat(self.disk / "srv/buzon/queue")
        for d in ("", "tmp", "new", "cur"):
            (mail / name / d).mkdir(mode=0o700, exist_ok=True)
            os.chown(mail / name / d, owner.st_uid, owner.st_gid)

    def queue(self):
        return list((self.root / "queue/new").iterdir())

    def messages(self):
        return [p.read_bytes() for p in (self.root / "mail/user/new").iterdir()]

    def log(self):
        p = self.root / "run/log"
        return p.read_text() if p.exists() else ""

    def empty(self):
        for p in self.queue() + list((self.root / "mail/user/new").iterdir()):
            p.unlink()

    def wait(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def close(self):
        self.dns.close()
        self.lan.close()
        shutil.rmtree(self.etc)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if len(buzon()) > 1:
        pytest.skip("the installed binary is the native one")
    directory = tmp_path_factory.mktemp("classic")
    for d in (directory, *directory.parents[:2]):
        d.chmod(0o755)
    classic = Classic(directory)
    classic.inetd = classic.router.start("/usr/sbin/inetd", "-i")
    yield classic
    classic.close()


@pytest.fixture
def classic(made):
    made.empty()
    return made


def send(talk):
    talk.hello("vega.cc.upv.es")
    assert talk.deliver("a@cc.upv.es", "user@example.org", TEXT).startswith("250 2.0.0")
    assert talk.command("QUIT").startswith("221")


def refused(talk):
    """No greeting: the original closes the door without a word; a 554 says the same in SMTP."""
    try:
        said = talk.rest()
    except Closed as e:
        said = e.rest
    assert said == b"" or re.fullmatch(rb"554 [\x20-\x7e]+\r\n", said), said
    return True


def test_the_lines_stand_there_unmodified(classic):
    got = classic.router.run("cat", "/etc/services", "/etc/inetd.conf", "/etc/hosts.allow", "/etc/hosts.deny").stdout
    assert got.decode() == SERVICES + INETD_CONF + HOSTS_ALLOW + HOSTS_DENY
    for name in ("tcpd", "sendmail", "mailq", "queue-runner"):
        out = classic.router.run("readlink", "-f", f"/usr/sbin/{name}")
        assert out.stdout.decode().strip().endswith("/buzon"), out.stdout


def test_hub_is_served(classic):
    with classic.hub.connect("10.77.0.1") as talk:
        send(talk)
    assert len(classic.queue()) == 1


def test_hub_is_served_with_a_real_client(classic):
    classic.hub.run("swaks", "--server", "10.77.0.1", "--ehlo", "vega.cc.upv.es", "--from", "a@cc.upv.es",
                    "--to", "user@example.org")
    assert len(classic.queue()) == 1


def test_other_host_is_refused(classic):
    with classic.other.connect("10.77.0.1") as talk:
        refused(talk)
    assert classic.queue() == []


def test_localhost_is_refused(classic):
    for address in ("127.0.0.1", "10.77.0.1"):
        with classic.router.connect(address) as talk:
            refused(talk)
    assert classic.queue() == []


def test_hub_by_another_address_is_refused(classic):
    """The name must lead back to the address: a PTR that only claims to be the hub is not enough."""
    classic.dns.add("9.0.77.10.in-addr.arpa", "PTR", "vega.cc.upv.es")
    classic.dns.add("vega.cc.upv.es", "A", "10.77.0.2")
    classic.other.ip("addr add 10.77.0.9/24 dev eth0")
    s = classic.other.socket()
    s.bind(("10.77.0.9", 0))
    s.settimeout(10)
    s.connect(("10.77.0.1", 25))
    with Talk(s) as talk:
        refused(talk)
    assert classic.queue() == []


def test_two_hubs_at_once(classic):
    with classic.hub.connect("10.77.0.1") as one, classic.hub.connect("10.77.0.1") as two:
        one.hello()
        two.hello()
        assert one.deliver("a@cc.upv.es", "user@example.org", TEXT).startswith("250")
        assert two.deliver("b@cc.upv.es", "user@example.org", TEXT).startswith("250")
    assert len(classic.queue()) == 2


def receive(classic):
    with classic.hub.connect("10.77.0.1") as talk:
        send(talk)
    assert len(classic.queue()) == 1


def test_mailq(classic):
    assert classic.router.run("mailq").stdout == b"Mail queue is empty\n"
    receive(classic)
    assert b"user@example.org" in classic.router.run("mailq").stdout


def test_sendmail_q_drains(classic):
    receive(classic)
    assert classic.router.run("sendmail", "-q").stderr == b""
    assert classic.queue() == [] and len(classic.messages()) == 1
    assert b"Subject: classic" in classic.messages()[0]


def runners(classic):
    """Resident queue runners, by pid."""
    return {pid: words for pid, words in classic.router.processes().items()
            if any(w.startswith("-q") for w in words) and "sleep" not in words[0]}


def stop(classic):
    for pid in runners(classic):
        os.kill(pid, 15)
    assert classic.wait(lambda: not runners(classic)), f"they stay after SIGTERM: {runners(classic)}"


def test_sendmail_q15m_detaches_and_stays(classic):
    receive(classic)
    began = time.monotonic()
    classic.router.run("sendmail", "-q15m")
    assert time.monotonic() - began < 3, "it did not detach"
    assert classic.wait(lambda: classic.messages()), f"no pass at its start\n{classic.log()}"
    assert classic.wait(lambda: len(runners(classic)) == 1), "the pass goes on, or nobody stays"
    pid = next(iter(runners(classic)))
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    assert int(fields[3]) != os.getsid(0), "still in the caller's session"
    for fd in (0, 1, 2):
        assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"
    time.sleep(0.3)
    assert runners(classic)
    stop(classic)


def test_sendmail_q_with_a_short_interval_runs_passes(classic):
    classic.router.run("sendmail", "-q1s")
    for _ in range(2):
        classic.empty()
        receive(classic)
        assert classic.wait(lambda: classic.messages() and not classic.queue()), classic.log()
    stop(classic)


def test_queue_runner_from_a_cron_line(classic):
    """The line is `* * * * * root /usr/sbin/queue-runner`; faketime starts cron three seconds before the minute."""
    receive(classic)
    cron = classic.router.start("faketime", "-f", "@2026-01-01 11:59:57", "/usr/sbin/cron", "-f",
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert classic.wait(lambda: classic.messages() and not classic.queue(), 75), classic.log()
    finally:
        for pid, words in classic.router.processes().items():
            if words[0].endswith("cron"):
                os.kill(pid, 15)
        cron.wait(10)


def test_everything_is_dropped_and_jailed(classic):
    """What serves the hub runs as the queue's owner, inside the tree."""
    owner = os.stat(classic.root / "queue").st_uid
    with classic.hub.connect("10.77.0.1") as talk:
        talk.hello()
        serving = [pid for pid, words in classic.router.processes().items() if words[1:] == ["-bs"]]
        assert len(serving) == 1, classic.router.processes()
        with open(f"/proc/{serving[0]}/status") as f:
            status = f.read()
        assert owner != 0 and re.search(rf"^Uid:\s+{owner}\s+{owner}\s+{owner}\s+{owner}$", status, re.M), status
        assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapPrm:\s+0+$", status, re.M)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
        assert os.path.samefile(f"/proc/{serving[0]}/root", classic.root)
        fds = sorted(int(f) for f in os.listdir(f"/proc/{serving[0]}/fd"))
        assert not any(os.path.isdir(f"/proc/{serving[0]}/fd/{fd}") and
                       not os.path.realpath(f"/proc/{serving[0]}/fd/{fd}").startswith(str(classic.root)) for fd in fds)
