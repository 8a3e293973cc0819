# Names of clients, against name servers that are honest, lie, stumble or are silent: CASES G3 to G9, for each of the
# programs that ask.

import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

from support import isolate
from support.dns import OWN_NAME, Dns, pack_name, record
from support.smtp import tcp_pair
from support.tree import buzon

CLIENT, HOST = "127.0.0.9", "host.example.com"
PTR = "9.0.0.127.in-addr.arpa"
ALLOW, DENY = f"ALL: {HOST}\n", "ALL: ALL\n"
NOBODY, OWNER = 65534, 8


class Smtpd:
    """What a client hears of smtpd: `in`, `out` (for good) or `later`."""
    tells_later, uid = True, OWNER

    def __init__(self, tree, directory):
        self.tree = tree
        tree.conf(name_timeout="1s")

    def ask(self, allow=ALLOW, deny=DENY, client=CLIENT):
        self.tree.write("etc/hosts.allow", allow)
        self.tree.write("etc/hosts.deny", deny)
        with self.tree.smtp(client=client) as s:
            return {"220": "in", "554": "out", "421": "later"}[s.reply()[:3]]


class AccessCheck:
    tells_later, uid = False, OWNER

    def __init__(self, tree, directory):
        self.tree = tree

    def ask(self, allow=ALLOW, deny=DENY, client=CLIENT):
        self.tree.write("etc/hosts.allow", allow)
        self.tree.write("etc/hosts.deny", deny)
        out = self.tree.run("access-check", "smtpd", client)
        self.said = out.stderr.decode()
        return {0: "in", 1: "out"}[out.returncode]


class Tcpd:
    """tcpd, with an /etc of its own, before a daemon that tells of its signals."""
    tells_later, uid = False, NOBODY

    def __init__(self, tree, directory):
        self.etc, self.program = directory / "etc", directory / "tcpd"
        self.etc.mkdir(mode=0o755)
        shutil.copy(buzon()[0], self.program)
        self.before = lambda: None
        self.command = [shutil.which("grep"), "-h", "^Sig", "/proc/self/status"]

    def enter(self):
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        isolate.mount(self.etc, "/etc", isolate.MS_BIND)
        self.before()

    def start(self, allow=ALLOW, deny=DENY, client=CLIENT):
        for name in ("hosts", "resolv.conf"):
            (self.etc / name).write_text(pathlib.Path("/etc", name).read_text())
        (self.etc / "hosts.allow").write_text(allow)
        (self.etc / "hosts.deny").write_text(deny)
        for p in self.etc.iterdir():
            p.chmod(0o644)
        mine, theirs = tcp_pair(client)
        p = subprocess.Popen(self.command, executable=str(self.program), stdin=theirs, stdout=theirs, stderr=theirs,
                             preexec_fn=self.enter)
        theirs.close()
        return p, mine

    def ask(self, *args, **more):
        p, mine = self.start(*args, **more)
        mine.settimeout(20)
        with mine:
            self.got = b"".join(iter(lambda: mine.recv(4096), b"")).decode()
        p.wait(20)
        return "in" if self.got else "out"


DOORS = {"smtpd": Smtpd, "access-check": AccessCheck, "tcpd": Tcpd}


@pytest.fixture(params=DOORS)
def door(request, tree, tmp_path, resolv):
    if request.param == "tcpd" and (os.getuid() != 0 or len(buzon()) > 1):
        pytest.skip("tcpd reads /etc, and so needs a mount namespace, and it execs")
    tmp_path.chmod(0o755)
    return DOORS[request.param](tree, tmp_path)


@pytest.fixture
def tcpd(tree, tmp_path, resolv):
    return Tcpd(tree, tmp_path)


root_only = [pytest.mark.root, pytest.mark.skipif(len(buzon()) > 1, reason="execs: not under an emulator")]


def later(door):
    """How a client is told that its name cannot be looked up now."""
    return "later" if door.tells_later else "out"


def honest(dns, ptr=HOST, address=CLIENT):
    dns.add(PTR, "PTR", ptr)
    dns.add(ptr, "A", address)


def test_a_name_that_leads_back(door, dns):
    honest(dns)
    assert door.ask() == "in"
    assert dns.asked == [(PTR + ".", "PTR"), (HOST + ".", "A")]


def test_no_such_domain_is_for_good(door, dns):
    assert door.ask() == "out"


@pytest.mark.parametrize("trouble", ["SERVFAIL", "SILENT"])
@pytest.mark.parametrize("where", ["PTR", "A"])
def test_an_outage_is_for_now(door, dns, trouble, where):
    """CASES G7."""
    honest(dns)
    dns.add(*{"PTR": (PTR, "PTR"), "A": (HOST, "A")}[where], trouble)
    assert door.ask() == later(door)


def test_ptr_and_a_disagree(door, dns):
    """CASES G8."""
    honest(dns, address="127.0.0.8")
    assert door.ask() == "out"
    assert door.ask("ALL: KNOWN\n") == "out"
    assert door.ask("", "ALL: PARANOID\n") == "out"


def test_a_name_that_is_an_alias(door, dns):
    dns.add(PTR, "PTR", HOST)
    dns.add(HOST, "CNAME", "real.example.com")
    dns.add("real.example.com", "A", CLIENT)
    assert door.ask() == "out"
    dns.add(PTR, "PTR", "real.example.com")
    assert door.ask("ALL: real.example.com\n") == "in"


def test_an_address_whose_ptr_is_an_alias(door, dns):
    """RFC 2317: how the owners of a few addresses name them."""
    dns.add(PTR, "CNAME", "9.0-15.0.0.127.in-addr.arpa")
    dns.add("9.0-15.0.0.127.in-addr.arpa", "PTR", HOST)
    dns.add(HOST, "A", CLIENT)
    assert door.ask() == "in"


def test_of_several_names_the_first_counts(door, dns):
    """As in the original: else whoever owns the reverse zone gets past a rule for PARANOID."""
    dns.add(HOST, "A", CLIENT)
    dns.add("a.example.com", "A", "127.0.0.8")
    dns.add(PTR, "PTR", HOST, "a.example.com")
    assert door.ask() == "in"
    dns.add(PTR, "PTR", "a.example.com", HOST)
    assert door.ask() == "out"


@pytest.mark.parametrize("name", ["unknown", "paranoid", "0x7f.1", "0x7f000009", "host.0x7f", "a.b.17"])
def test_a_name_that_is_none(door, dns, name):
    """Words for the lack of a name, and what could pass for an address."""
    dns.add(PTR, "PTR", name)
    dns.add(name, "A", CLIENT)
    assert door.ask("ALL: KNOWN\n") == "out"


def test_of_many_names_a_few_are_tried(door, dns):
    """CASES G4."""
    names = [f"n{i}.example.com" for i in range(100)]
    dns.add(PTR, "PTR", *names, HOST)
    dns.add(HOST, "A", CLIENT)
    assert door.ask() == "out"
    assert len(dns.asked) <= 6 and dns.asked_tcp == [(PTR + ".", "PTR")]


def test_hosts_goes_before_dns(door, dns):
    dns.add("3.0.0.127.in-addr.arpa", "PTR", HOST)
    dns.add(HOST, "A", "127.0.0.3")
    assert door.ask("ALL: vega.cc.upv.es\n", client="127.0.0.3") == "in"
    assert door.ask(client="127.0.0.3") == "out"
    dns.add(PTR, "PTR", "vega.cc.upv.es")                # a name in hosts has the addresses in hosts, and no others
    dns.add("vega.cc.upv.es", "A", CLIENT)
    assert door.ask("ALL: vega.cc.upv.es\n") == "out"
    assert dns.asked == [(PTR + ".", "PTR")]


# ---- answers that are none (CASES G6): each says that the client is somebody, or nobody, before the honest answer

def forged(**how):
    """An answer with the wrong id, question or kind, for HOST as the client's name."""
    def make(ask):
        data = pack_name(HOST) if ask.kind == "PTR" else socket.inet_aton(CLIENT)
        return ask.answer([record(OWN_NAME, ask.kind, data)], **{k: f(ask) for k, f in how.items()})
    return make


FORGED = {
    "id": forged(id=lambda ask: bytes([ask.id[0], ask.id[1] ^ 1])),
    "name": forged(question=lambda ask: pack_name("x" + ask.name) + ask.question[-4:]),
    "type": forged(question=lambda ask: ask.question[:-3] + b"\x10" + ask.question[-2:]),
    "class": forged(question=lambda ask: ask.question[:-1] + b"\3"),
    "question, not answer": forged(flags=lambda ask: 0x0580),
    "opcode": forged(flags=lambda ask: 0x8d80),
    "short": lambda ask: ask.id + b"\x85\x80",
    "empty": lambda ask: b"\0",
}


@pytest.mark.parametrize("what", FORGED)
def test_what_is_no_answer_is_not_heard(door, dns, what):
    """The honest answer, no such domain, comes after it."""
    for name, kind in ((PTR, "PTR"), (HOST, "A")):
        dns.lie(name, kind, lambda ask, honest: [FORGED[what](ask), honest])
    assert door.ask() == "out"
    honest(dns)                                          # and now it is the honest answer that lets the client in
    dns.lie(PTR, "PTR", lambda ask, honest: [ask.answer(code=3, id=b"\0\0"), FORGED[what](ask), honest])
    assert door.ask() == "in"


@pytest.mark.parametrize("address, port", [("127.0.0.1", 0), ("127.0.0.66", 53)], ids=["port", "address"])
def test_whoever_was_not_asked_is_not_heard(door, dns, address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((address, port))
        right = forged()
        for name, kind in ((PTR, "PTR"), (HOST, "A")):
            dns.lie(name, kind, lambda ask, honest: [(stranger, right(ask)), honest])
        assert door.ask() == "out"
        honest(dns)
        assert door.ask() == "in"


def test_ids_and_ports_cannot_be_foretold(door, dns):
    dns.add(PTR, "PTR", "a.example.com", "b.example.com", "c.example.com", "d.example.com")
    while len(dns.packets) < 50:
        assert door.ask() == "out"
    ids = [struct.unpack("!H", i)[0] for i, _ in dns.packets]
    ports = [port for _, port in dns.packets]
    # Of 50 numbers out of 65536, or of the 28232 that Linux takes ports from, hardly two are the same.
    assert len(set(ids)) >= 45 and len(set(ports)) >= 40
    for numbers in (ids, ports):
        steps = {(b - a) % 65536 for a, b in zip(numbers, numbers[1:])}
        assert len(steps) >= 40, numbers


# ---- answers that cannot be read (CASES G3)

def lying(data=b"", kind=None, owner=OWN_NAME, **more):
    return lambda ask, honest: [ask.answer([record(owner, kind or ask.kind, data)], **more)]


BROKEN = {
    "pointer to itself": lambda ask, honest: [
        ask.answer([record(OWN_NAME, "PTR", struct.pack("!H", 0xc000 | 12 + len(ask.question) + 12))])],
    "pointers in a circle": lambda ask, honest: [
        ask.answer([record(OWN_NAME, "PTR", b"\1a" + struct.pack("!H", 0xc000 | 12 + len(ask.question) + 12))])],
    "pointer forward": lying(b"\xc0\xff" + bytes(300)),
    "pointer into the header": lying(b"\xc0\x00"),
    "label over 63": lying(b"\x40" + b"a" * 64 + b"\0"),
    "name over 255": lying(b"\x3f" + (b"a" * 63 + b"\x3f") * 4 + b"a" * 63 + b"\0"),
    "name that ends nowhere": lying(b"\4host"),
    "alias of itself": lambda ask, honest: [ask.answer([record(OWN_NAME, "CNAME", OWN_NAME)])],
    "aliases in a circle": lambda ask, honest: [
        ask.answer([record(OWN_NAME, "CNAME", b"\1b\0"), record(b"\1b\0", "CNAME", OWN_NAME)])],
    "data past the end": lambda ask, honest: [ask.answer([record(OWN_NAME, "PTR", pack_name(HOST))])[:-3]],
    "count that lies": lying(pack_name(HOST), count=40),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_answer_that_cannot_be_read_is_an_outage(door, dns, what):
    honest(dns)
    dns.lie(PTR, "PTR", BROKEN[what])
    assert door.ask() == later(door)


@pytest.mark.parametrize("label", [b"host\n", b"ho st", b"host\0", b"h\xf6st", b"host.example", b"\x1b[31m", b"h%s"],
                         ids=repr)
def test_odd_bytes_in_a_name_are_no_name(door, dns, label):
    """CASES F1, G3."""
    dns.lie(PTR, "PTR", lying(bytes([len(label)]) + label + b"\7example\3com\0"))
    dns.add("host.example.com", "A", CLIENT)
    assert door.ask("ALL: .example.com\n") == "out"
    assert dns.asked == [(PTR + ".", "PTR")]
    if isinstance(door, AccessCheck):
        assert all(31 < ord(c) < 127 for c in door.said.replace("\n", "")) and len(door.said.splitlines()) <= 1


# ---- over TCP (CASES G5, RFC 7766)

@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "in single bytes"])
def test_what_is_cut_off_is_asked_for_over_tcp(door, dns, piece):
    honest(dns)
    dns.piece = piece
    for name, kind in ((PTR, "PTR"), (HOST, "A")):
        dns.lie(name, kind, lambda ask, honest: [ask.answer(flags=0x8780)])
    assert door.ask() == "in"
    assert dns.asked_tcp == [(PTR + ".", "PTR"), (HOST + ".", "A")]


def test_the_part_before_the_cut_does_not_count(door, dns):
    dns.lie(PTR, "PTR", lambda ask, honest: [ask.answer([record(OWN_NAME, "PTR", pack_name(HOST))], flags=0x8780)])
    dns.add(HOST, "A", CLIENT)
    assert door.ask() == "out"


def test_an_answer_as_large_as_can_be(door, dns):
    dns.add(PTR, "PTR", HOST)
    dns.add(HOST, "A", CLIENT, *(f"10.0.{i >> 8}.{i & 255}" for i in range(4000)))
    assert door.ask() == "in"
    assert dns.asked_tcp == [(HOST + ".", "A")]


TCP_LIES = {
    "another id": lambda ask, honest: struct.pack("!H", len(honest)) + b"\0\0" + honest[2:],
    "cut off again": lambda ask, honest: struct.pack("!H", len(honest)) + honest[:2] + b"\x87\x80" + honest[4:],
    "an end too soon": lambda ask, honest: struct.pack("!H", len(honest) + 1) + honest,
    "half a length": lambda ask, honest: b"\0",
    "nothing": lambda ask, honest: b"",
    "no length": lambda ask, honest: b"\0\0",
}


@pytest.mark.parametrize("what", TCP_LIES)
def test_trouble_over_tcp_is_an_outage(door, dns, what):
    honest(dns)
    dns.lie(PTR, "PTR", lambda ask, honest: [ask.answer(flags=0x8780)])
    dns.tcp_lies[(PTR + ".", "PTR")] = TCP_LIES[what]
    assert door.ask() == later(door)


# ---- silence (CASES G9)

PATIENT = "options timeout:30 attempts:5\n"
SERVERS = "nameserver 127.0.0.1\nnameserver 127.0.0.61\nnameserver ::1\n"


def test_address_rules_work_at_once_while_all_servers_are_silent(door, dns, resolv):
    """The rule on the address lets the client in, and nobody is asked."""
    dns.silent = True
    resolv(SERVERS + PATIENT)
    assert door.ask(f"ALL: {CLIENT}\n") == "in"
    assert door.ask(f"ALL: {CLIENT} {HOST}\n") == "in"
    assert door.ask(f"ALL: {HOST} {CLIENT}\n") == "in"
    assert door.ask("", f"ALL: {CLIENT}\n") == "out"
    assert dns.asked == []


def test_the_deadline_goes_before_resolv_confs_patience(door, dns, resolv):
    """Which would be seven minutes; every wait in these tests ends after twenty seconds. All servers were asked."""
    dns.silent = True
    others = [Dns("127.0.0.61"), Dns("::1")]
    try:
        for other in others:
            other.silent = True
        resolv(SERVERS + PATIENT)
        assert door.ask(f"ALL: {HOST}\nALL: {CLIENT}\n") == "in"
        if door.tells_later:
            assert door.ask() == "later"
        assert all((PTR + ".", "PTR") in server.asked for server in (dns, *others))
    finally:
        for other in others:
            other.close()


def test_name_timeout_is_heeded(tree, dns, resolv):
    """A server that takes its time: too long for one value, and not for another."""
    resolv("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
    honest(dns)
    dns.lie(PTR, "PTR", lambda ask, honest: time.sleep(2) or [honest])
    door = Smtpd(tree, None)
    assert door.ask() == "later"
    tree.conf(name_timeout="20s")
    assert door.ask() == "in"


@pytest.mark.parametrize("trouble", ["silent", "SERVFAIL", "REFUSED", "broken", "nobody there", "unreachable"])
def test_the_next_server_is_asked(door, dns, resolv, trouble):
    first = "240.0.0.1" if trouble == "unreachable" else "127.0.0.62"
    resolv(f"nameserver {first}\nnameserver 127.0.0.1\n" + PATIENT)
    honest(dns)
    other = None if trouble in ("nobody there", "unreachable") else Dns("127.0.0.62")
    try:
        if other:
            code = {"SERVFAIL": 2, "REFUSED": 5}.get(trouble)
            for name, kind in ((PTR, "PTR"), (HOST, "A")):
                other.lie(name, kind, {"silent": lambda ask, honest: [], "broken": lying(b"\xc0\xff")}.get(
                    trouble, lambda ask, honest: [ask.answer(code=code)]))
        assert door.ask() == "in"
        assert not other or other.asked[0] == (PTR + ".", "PTR")
    finally:
        if other:
            other.close()


def test_a_server_over_ipv6(door, dns, resolv):
    resolv("nameserver ::1\n")
    six = Dns("::1")
    try:
        honest(six)
        assert door.ask() == "in"
        assert dns.asked == []
    finally:
        six.close()


def test_without_a_server_it_is_this_host(door, dns, resolv):
    resolv("# nothing\n")
    honest(dns)
    assert door.ask() == "in"


@pytest.mark.parametrize("what", ["resolv.conf that everybody may write", "hosts over 1 MB"])
def test_files_that_cannot_be_used_are_an_outage(door, dns, what):
    hosts = pathlib.Path("/etc/hosts")
    text = hosts.read_text()

    def spoil():
        if what.startswith("resolv"):
            os.chmod("/etc/resolv.conf", 0o666)
        else:
            hosts.write_text(text + "#" * (1 << 20))
    if isinstance(door, Tcpd):
        door.before = spoil
    else:
        spoil()
    try:
        honest(dns)
        assert door.ask() == later(door)
        assert dns.asked == []
        assert door.ask(f"ALL: {CLIENT}\n") == "in"
    finally:
        os.chmod("/etc/resolv.conf", 0o644)
        hosts.write_text(text)


def test_a_clients_name_is_whole_as_it_stands(door, dns, resolv):
    """The search list is for what an administrator writes."""
    resolv("search example.com\nnameserver 127.0.0.1\n")
    dns.add(PTR, "PTR", "host")
    dns.add(HOST, "A", CLIENT)
    assert door.ask("ALL: host .example.com KNOWN\n") == "out"
    assert dns.asked == [(PTR + ".", "PTR"), ("host.", "A")]


# ---- with whose rights

@pytest.mark.root
def test_packets_are_sent_and_read_without_roots_rights(door, dns):
    honest(dns)
    assert door.ask() == "in"
    assert dns.uids == {door.uid}


@pytest.mark.root
def test_in_the_jail_no_file_is_needed(tree, dns, tmp_path):
    """resolv.conf and hosts are open before the jail, and never in it."""
    if len(buzon()) > 1:
        pytest.skip("strace would see the emulator")
    honest(dns)
    tree.write("etc/hosts.allow", ALLOW)
    tree.write("etc/hosts.deny", DENY)
    trace = tmp_path / "trace"
    tree.command = ["strace", "-f", "-o", str(trace), "-e", "trace=chroot,open,openat,setuid", *tree.command]
    with tree.smtp(client=CLIENT, timeout=60) as s:
        s.hello()
    before, jail, after = trace.read_text().partition("chroot(")
    assert jail and "setuid(" in after, trace.read_text()
    assert '"/etc/resolv.conf"' in before and '"/etc/hosts"' in before
    assert not re.search(r'open.*"[^"]*(resolv\.conf|hosts)"', after), after


class TestTcpdsChild:
    """It reads packets for root."""
    pytestmark = root_only

    def test_where_inetd_ignores_its_children(self, tcpd, dns):
        honest(dns)
        tcpd.before = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        assert tcpd.ask() == "in"
        assert self.mask(tcpd, "SigIgn") >> (signal.SIGCHLD - 1) & 1

    def test_where_signals_are_blocked(self, tcpd, dns, resolv):
        """The daemon is given them as they were."""
        every = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
        dns.silent = True
        tcpd.before = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, every)
        assert tcpd.ask() == "out"
        dns.reset()
        honest(dns)
        assert tcpd.ask() == "in"
        assert self.mask(tcpd, "SigBlk") >> (signal.SIGALRM - 1) & 1

    def mask(self, tcpd, name):
        return int(re.search(rf"^{name}:\s+(\w+)$", tcpd.got, re.M).group(1), 16)

    def processes(self, tcpd):
        """[pid] of what runs the test's own copy of the program."""
        found = []
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(p / "exe").startswith(str(tcpd.program)):
                    found.append(int(p.name))
            except OSError:
                continue
        return found

    def wait(self, condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "it did not come to that"
            time.sleep(0.02)

    def test_ends_with_its_parent(self, tcpd, dns, resolv):
        dns.silent = True
        resolv("nameserver 127.0.0.1\n" + PATIENT)
        p, mine = tcpd.start()
        with mine:
            self.wait(lambda: dns.asked)
            children = [pid for pid in self.processes(tcpd) if pid != p.pid]
            assert len(children) == 1
            status = pathlib.Path(f"/proc/{children[0]}/status").read_text()
            assert re.search(rf"^Uid:(\s+{NOBODY}){{4}}$", status, re.M), status
            assert re.search(rf"^Gid:(\s+{NOBODY}){{4}}$", status, re.M), status
            assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), status
            assert re.search(r"^CapEff:\s+0+$", status, re.M), status
            links = {os.readlink(f"/proc/{children[0]}/fd/{fd}") for fd in os.listdir(f"/proc/{children[0]}/fd")}
            assert {l.split(":")[0] for l in links} == {"pipe", "socket"} and len(links) == 2, links
            assert "/fdinfo" in os.readlink(f"/proc/{children[0]}/root")
            p.kill()
            p.wait(20)
            self.wait(lambda: not self.processes(tcpd))

    @pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
    def test_whatever_becomes_of_it_the_client_is_only_refused(self, tcpd, dns, resolv, what):
        dns.silent = True
        resolv("nameserver 127.0.0.1\n" + PATIENT)
        p, mine = tcpd.start()
        mine.settimeout(20)
        with mine:
            self.wait(lambda: dns.asked)
            child = [pid for pid in self.processes(tcpd) if pid != p.pid][0]
            os.kill(child, what)
            assert mine.recv(100) == b""
        assert p.wait(20) == 0
        assert self.processes(tcpd) == []


# ---- the way out: the smarthost's name

@pytest.fixture
def sender(tree):
    def send(host, sink, timeout="1s"):
        tree.conf(smarthost=f"{host}:{sink.port}", smarthost_tls="off", connect_timeout="5s", name_timeout=timeout)
        tree.hand_in("user@example.net")
        out = tree.run("queue-runner", "-f")
        assert out.returncode == 0, out.stderr
        return "" if not tree.rows() else tree.rows()[0]["recipients"][0]["reason"]
    return send


def test_a_smarthost_by_its_name(sender, dns, sink):
    dns.add("mail.example.com", "A", "127.0.0.1")
    assert sender("mail.example.com", sink) == ""
    asked = {kind for name, kind in dns.asked if name == "mail.example.com."}
    assert asked == {"A", "AAAA"}


def test_a_smarthost_whose_first_addresses_lead_nowhere(sender, dns, sink):
    """Eight of IPv6 do not keep those of IPv4 out."""
    dns.add("mail.example.com", "AAAA", *(f"2001:db8::{i}" for i in range(1, 9)))
    dns.add("mail.example.com", "A", "127.0.0.77", "127.0.0.1")
    assert sender("mail.example.com", sink) == ""


def test_a_smarthost_by_an_alias(sender, dns, sink):
    dns.add("smtp.example.com", "CNAME", "mail.example.com")
    dns.add("mail.example.com", "A", "127.0.0.1")
    assert sender("smtp.example.com", sink) == ""


def test_a_smarthost_without_a_dot(sender, dns, sink, resolv):
    resolv("search nowhere.example example.com\nnameserver 127.0.0.1\n")
    dns.add("mail.example.com", "A", "127.0.0.1")
    assert sender("mail", sink) == ""


def test_a_smarthost_that_half_the_servers_know(sender, dns, sink):
    """An outage of the AAAA alone."""
    dns.add("mail.example.com", "A", "127.0.0.1")
    dns.add("mail.example.com", "AAAA", "SERVFAIL")
    assert sender("mail.example.com", sink) == ""


def test_a_smarthost_about_whose_other_addresses_nobody_speaks(sender, dns, sink, resolv):
    """Name servers that drop questions for AAAA: the time for names would be longer than a pass may take here."""
    resolv("nameserver 127.0.0.1\n" + PATIENT)
    dns.add("mail.example.com", "A", "127.0.0.1")
    dns.add("mail.example.com", "AAAA", "SILENT")
    assert sender("mail.example.com", sink, timeout="1m") == ""


@pytest.mark.parametrize("trouble, words", [
    ("SILENT", "no name server answered within 1 s"), ("SERVFAIL", "cannot tell now"), (None, "no such host")])
def test_a_smarthost_that_cannot_be_found_waits(sender, dns, sink, trouble, words):
    if trouble:
        dns.add("mail.example.com", "A", trouble)
        dns.add("mail.example.com", "AAAA", trouble)
    assert words in sender("mail.example.com", sink)
