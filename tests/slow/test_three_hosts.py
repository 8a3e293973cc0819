# Three hosts: the Internet, an organisation's hub, and a leaf behind it. The roles of rootfs/etc work together, and
# spam and bombs are held by the limits while honest mail goes on.

import contextlib
import os
import re
import signal
import threading
import time

import pytest

from support import isolate
from support.dns import Dns
from support.sink import Sink
from support.smtp import Closed
from support.tree import REPO
from support.world import Host

pytestmark = pytest.mark.root

HUB, HUB_LAN, LEAF = "198.51.100.10", "192.0.2.10", "192.0.2.20"
NAMESERVER, PROVIDER = "198.51.100.53", "198.51.100.1"
# Hosts of the Internet: one that is as it should be, and those that are not.
HONEST, LISTED, FORGED, NAMELESS = "198.51.100.25", "198.51.100.66", "198.51.100.67", "198.51.100.68"
BOMBERS = [f"198.51.100.{n}" for n in range(100, 130)]

HOSTS = f"127.0.0.1 localhost\n{HUB} mail.example.org\n"
RESOLV = f"nameserver {NAMESERVER}\noptions timeout:2 attempts:1\n"
TEXT = "From: a@far.example\r\nSubject: {}\r\nMessage-ID: <{}@far.example>\r\n\r\nhello\r\n"


def reverse(address):
    return ".".join(reversed(address.split(".")))


class Server:
    """A host that serves a tree by inetd, with a role's files."""

    def __init__(self, name, tree):
        self.tree = tree
        self.host = Host(name, lambda: isolate.own_files({"/etc/hosts": HOSTS, "/etc/resolv.conf": RESOLV}))

    def serve(self, role, changes=None, **keys):
        """Lays the role's three files into the tree, with {was: is} done, and starts inetd."""
        for name in ("buzon.conf", "hosts.allow", "hosts.deny"):
            text = (REPO / "rootfs/etc" / role / name).read_text()
            for was, now in (changes or {}).items():
                text = text.replace(was, now)
            self.tree.write(f"etc/{name}", text)
        self.tree.conf(**keys)
        conf = self.tree.root.parent / "inetd.conf"
        argv = self.tree.argv("smtpd")
        argv.insert(1, "buzon")
        conf.write_text(f"smtp stream tcp nowait.100000 root {' '.join(argv)}\n")
        self.host.start("/usr/sbin/inetd", "-i", conf, env=self.tree.environment({}))

    def run(self, applet, *args, **more):
        return self.host.run(*self.tree.argv(applet, *args), env=self.tree.environment({}), **more)

    def sessions(self):
        """The pids of the sessions that are open."""
        return [pid for pid, words in self.host.processes().items() if "smtpd" in words]


class World:
    """The Internet's router has every address outside; the hub forwards to the leaf."""

    def __init__(self, trees):
        self.net = Host("internet")
        self.hub, self.leaf = Server("hub", trees()), Server("leaf", trees())
        self.wire(self.net, "out", self.hub.host, "wan", PROVIDER, HUB)
        self.wire(self.hub.host, "lan", self.leaf.host, "eth0", HUB_LAN, LEAF)
        for address in (NAMESERVER, HONEST, LISTED, FORGED, NAMELESS, *BOMBERS):
            self.net.ip(f"addr add {address}/24 dev out")
        self.net.ip(f"route add 192.0.2.0/24 via {HUB}")
        self.leaf.host.ip(f"route add default via {HUB_LAN}")
        self.hub.host.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        self.dns = Dns(NAMESERVER, make_socket=self.net.socket)
        self.provider = self.net.within(lambda: Sink(PROVIDER, 25))
        self.names()
        self.hub.tree.user("ana", "bea")
        self.leaf.tree.user("leo")

    @staticmethod
    def wire(one, its, other, others, address, peer):
        one.ip(f"link add {its} type veth peer name {others} netns {other.holder.pid}")
        one.ip(f"addr add {address}/24 dev {its}")
        other.ip(f"addr add {peer}/24 dev {others}")
        one.ip(f"link set {its} up")
        other.ip(f"link set {others} up")

    def names(self):
        for address, name in {HUB: "mail.example.org", HUB_LAN: "hub.example.org", LEAF: "leaf.example.org",
                              PROVIDER: "relay.provider.example", HONEST: "mx.far.example", LISTED: "mx.spam.example",
                              **{a: f"b{n}.bomb.example" for n, a in enumerate(BOMBERS)}}.items():
            self.dns.add(reverse(address) + ".in-addr.arpa", "PTR", name)
            self.dns.add(name, "A", address)
        self.dns.add(reverse(FORGED) + ".in-addr.arpa", "PTR", "hub.example.org")
        self.dns.add("far.example", "MX", (10, "mx.far.example"))
        self.dns.add("null.example", "MX", (0, "."))
        self.dns.add(reverse(LISTED) + ".bl.example", "A", "127.0.0.2")
        self.dns.add(reverse(LISTED) + ".bl.example", "TXT", b"\x19sends nothing but rubbish")

    def call(self, source=HONEST, to=HUB):
        """A connection from an address of the Internet."""
        return self.net.connect(to, source=source)

    def honest(self, n=1, to="ana@example.org"):
        """Honest mail passes, and at once."""
        with self.call() as talk:
            talk.hello("mx.far.example")
            assert talk.deliver("a@far.example", to, TEXT.format(n, n)).startswith("250 2.0.0"), self.hub.tree.log()

    def close(self):
        self.provider.close()
        self.dns.close()
        for host in (self.leaf.host, self.hub.host, self.net):
            host.close()


@pytest.fixture
def world(trees):
    w = World(trees)
    yield w
    w.close()


def door(talk):
    """What a client hears first, and whether that was all."""
    try:
        said = talk.reply()
        if said.startswith("220"):
            return said
        return said if talk.rest() == b"" else said + " and more"
    except Closed as e:
        return e.rest.decode()


def queued(server, n):
    assert len(server.tree.queue()) == n, server.tree.log()


# --- the roles of 2002 ---

LEAF_ROLE = {"smarthost       hub.example.org": f"smarthost       [{HUB_LAN}]"}


def test_mail_from_the_internet_comes_to_the_hub(world):
    world.hub.serve("hub")
    world.honest()
    world.hub.run("queue-runner")
    message = world.hub.tree.messages("ana")[0].decode()
    assert "\nReceived: from mx.far.example (mx.far.example [198.51.100.25])\n" in message


def test_leaf_hears_the_hub_alone(world):
    world.leaf.serve("leaf")
    with world.hub.host.connect(LEAF) as talk:
        talk.hello("hub.example.org")
        assert talk.deliver("a@far.example", "leo@leaf.example.org", TEXT.format(1, 1)).startswith("250 2.0.0")
    for talk in (world.call(to=LEAF), world.call(FORGED, LEAF), world.leaf.host.connect("127.0.0.1"),
                 world.leaf.host.connect(LEAF)):
        with talk:
            assert door(talk) == "554 5.7.1 access denied"
    world.leaf.run("queue-runner")
    assert len(world.leaf.tree.messages("leo")) == 1


def test_mail_of_the_leaf_goes_by_the_hub_into_the_world(world):
    """A user of the leaf writes to the world and to a user of the hub."""
    world.leaf.serve("leaf", LEAF_ROLE)
    world.hub.serve("hub", relay_domains="leaf.example.org")
    with world.hub.host.connect(LEAF):       # both are up
        world.hub.host.connect(HUB).close()
    world.leaf.run("sendmail", "-f", "leo@leaf.example.org", "x@far.example", "bea@example.org",
                   input=b"Subject: from the leaf\n\nhello\n")
    world.leaf.run("queue-runner")
    queued(world.leaf, 0)
    world.hub.run("queue-runner")
    queued(world.hub, 0)
    assert len(world.hub.tree.messages("bea")) == 1, world.hub.tree.log()
    assert [m.rcpt_tos for m in world.provider.messages] == [["x@far.example"]]
    trace = re.findall(rb"\sby (\S+) \(buzon", world.provider.messages[0].content)
    assert trace == [b"mail.example.org", b"leaf.example.org"], world.provider.messages[0].content


def test_hub_relays_for_its_own_only(world):
    world.hub.serve("hub")
    for source in (HONEST, FORGED, NAMELESS):
        with world.call(source) as talk:
            talk.hello("hub.example.org")
            for sender in ("a@far.example", "ana@example.org"):
                talk.command("RSET")
                talk.command(f"MAIL FROM:<{sender}>")
                assert talk.command("RCPT TO:<x@elsewhere.example>") == "550 5.7.1 relaying denied"
    with world.leaf.host.connect(HUB_LAN) as talk:
        talk.hello("leaf.example.org")
        talk.command("MAIL FROM:<ana@example.org>")
        assert talk.command("RCPT TO:<x@elsewhere.example>").startswith("250")
        talk.command("RSET")
        talk.command("MAIL FROM:<a@far.example>")
        assert talk.command("RCPT TO:<x@elsewhere.example>").startswith("550 5.7.1 relaying denied: ")


def test_router_takes_mail_from_the_lan_to_the_smarthost(world):
    """The hub's host as a router with a smarthost; the leaf's as a printer that ends lines in LF."""
    world.hub.serve("router", {"192.168.1.": "192.0.2.", "mail.provider.example:25": "relay.provider.example"})
    with world.leaf.host.connect(HUB_LAN) as talk:
        assert talk.reply().startswith("220")
        talk.send("HELO printer 2\nMAIL FROM:<printer@lan>\nRCPT TO:<x@far.example>\nDATA\n")
        assert [talk.reply()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        talk.send("Subject: scan\n\npage 1\n.\n")
        assert talk.reply().startswith("250 2.0.0")
    with world.call() as talk:
        assert door(talk) == "554 5.7.1 access denied"
    world.hub.run("queue-runner")
    assert [m.rcpt_tos for m in world.provider.messages] == [["x@far.example"]], world.hub.tree.log()
    assert world.provider.messages[0].content.endswith(b"\r\n\r\npage 1\r\n")


# --- those who are turned away ---

def test_listed_forged_and_nameless_hosts(world):
    world.hub.serve("hub", dnsbl="bl.example", require_name="registered")
    for source, said in {LISTED: "554 5.7.1 your address is listed by bl.example: sends nothing but rubbish",
                         FORGED: "554 5.7.25 your address has no name that leads back to it",
                         NAMELESS: "554 5.7.25 your address has no name that leads back to it"}.items():
        with world.call(source) as talk:
            assert door(talk) == said
        assert world.hub.tree.logged(rf"reject: CONNECT from .*\[{source}\]: {re.escape(said)}"), world.hub.tree.log()
    world.honest()


def test_early_talker(world):
    world.hub.serve("hub", greet_delay="2s")
    with world.call(BOMBERS[0]) as talk:
        talk.send("EHLO b0.bomb.example\r\nMAIL FROM:<a@far.example>\r\n")
        assert door(talk) == "554 5.5.1 you spoke before the banner, closing"
    world.honest()
    queued(world.hub, 1)


def test_senders_without_a_domain(world):
    world.hub.serve("hub", sender_domain="known")
    with world.call(BOMBERS[0]) as talk:
        talk.hello("b0.bomb.example")
        for sender, said in {"a@nowhere.example": "550 5.1.8", "a@null.example": "550 5.7.27", "a": "501 5.1.7",
                             "": "250", "a@mx.far.example": "250"}.items():
            talk.command("RSET")
            assert talk.command(f"MAIL FROM:<{sender}>").startswith(said), sender
    world.honest()


def test_users_that_are_guessed(world):
    """A dictionary is tried: each word is refused, and soon the session is over."""
    world.hub.serve("hub", tarpit="0s")
    with world.call(BOMBERS[0]) as talk:
        talk.hello("b0.bomb.example")
        talk.command("MAIL FROM:<a@far.example>")
        said = [talk.command(f"RCPT TO:<user{n}@example.org>") for n in range(20)]
        assert said[0] == "550 5.1.1 no such user here"
        assert said[-1].startswith("421 4.7.0 too many errors") or talk.reply().startswith("421 4.7.0 too many errors")
        assert talk.rest() == b""
    world.honest()
    queued(world.hub, 1)


# --- bombs ---

def attempt(talk, sender, text="Subject: bomb\r\n\r\nboom\r\n", to="ana@example.org"):
    """A message from a session that has said EHLO. Returns the first refusal, or what was said to it at its end."""
    talk.command("RSET")
    for line in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA"):
        said = talk.command(line)
        if said[0] not in "23":
            return said
    talk.send(text + ".\r\n")
    return talk.reply()


def doors(world, sources):
    """Opens a connection from each source and keeps those that are let in; what each heard first."""
    stay, said = contextlib.ExitStack(), []
    for source in sources:
        talk = stay.enter_context(world.call(source))
        said.append(talk.reply())
        if not said[-1].startswith("220"):
            talk.close()
    return stay, said


def test_sessions_of_one_host(world):
    world.hub.serve("hub")
    stay, said = doors(world, BOMBERS[:1] * 20)
    with stay:
        assert [s[:3] for s in said] == ["220"] * 5 + ["421"] * 15
        assert set(said[5:]) == {"421 4.7.0 too many sessions of your address now, try again later"}
        world.honest()
    assert world.hub.tree.logged(rf"reject: CONNECT from .*\[{BOMBERS[0]}\]: 421 4\.7\.0 too many sessions of your ")


def test_sessions_of_all_hosts_together(world):
    """No more than client-limit: honest mail is asked to come again, and comes as soon as there is room."""
    world.hub.serve("hub", client_limit=20)
    stay, said = doors(world, BOMBERS[:24])
    with stay:
        assert [s[:3] for s in said] == ["220"] * 20 + ["421"] * 4
        assert said[-1] == "421 4.7.0 too many sessions now, try again later"
        with world.call() as talk:
            assert door(talk).startswith("421 4.7.0")
    wait(lambda: not world.hub.sessions())
    world.honest()


def test_sessions_that_are_killed_leave_their_slots(world):
    world.hub.serve("hub", client_limit=5)
    stay, said = doors(world, BOMBERS[:5])
    with stay:
        assert [s[:3] for s in said] == ["220"] * 5
        with world.call() as talk:
            assert door(talk).startswith("421 4.7.0")
        for pid in world.hub.sessions():
            os.kill(pid, signal.SIGKILL)
        wait(lambda: not world.hub.sessions())
        world.honest()


def wait(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.05)


def test_connections_in_a_row(world):
    world.hub.serve("hub", connect_rate="10/h")
    said = []
    for _ in range(15):
        with world.call(BOMBERS[0]) as talk:
            said.append(talk.reply())
    assert [s[:3] for s in said] == ["220"] * 10 + ["421"] * 5
    assert said[-1] == "421 4.7.0 too many connections of your address, try again later"
    world.honest()


def test_messages_of_one_host(world):
    world.hub.serve("hub", message_rate="10/h")
    with world.call(BOMBERS[0]) as talk:
        talk.hello("b0.bomb.example")
        said = [attempt(talk, f"a{n}@bomb.example") for n in range(12)]
        assert [s[:3] for s in said] == ["250"] * 10 + ["450"] * 2
        assert said[-1] == "450 4.7.1 too many messages of your address, try again later"
        world.honest()
    queued(world.hub, 11)


def test_messages_of_one_sender_from_many_hosts(world):
    """One of our own, whose machines send: of strangers' mail the sender does not count, for anybody can write it."""
    world.hub.serve("hub", message_rate="10/h", relay_clients="198.51.100.")
    said = []
    for source in BOMBERS[:15]:
        with world.call(source) as talk:
            talk.hello("x.bomb.example")
            said.append(attempt(talk, "a@bomb.example"))
    assert [s[:3] for s in said] == ["250"] * 10 + ["450"] * 5
    assert said[-1] == "450 4.7.1 too many messages of your sender's address, try again later"
    world.honest()
    queued(world.hub, 11)


def test_recipients_of_one_host(world):
    world.hub.serve("hub", recipient_rate="10/h")
    with world.call(BOMBERS[0]) as talk:
        talk.hello("b0.bomb.example")
        said = []
        for n in range(12):
            talk.command("RSET")
            talk.command(f"MAIL FROM:<a{n}@bomb.example>")
            said.append(talk.command("RCPT TO:<ana@example.org>"))
        assert [s[:3] for s in said] == ["250"] * 10 + ["450"] * 2
        assert said[-1] == "450 4.7.1 too many recipients of your address, try again later"
        world.honest()


@pytest.mark.parametrize("limit", [{"queue_limit_messages": 10}, {"queue_limit_bytes": "100k"}], ids=str)
def test_queue_that_is_full(world, limit):
    """Who brings what there is no room for is asked to come again; once the runner has been there, mail goes on."""
    world.hub.serve("hub", **limit)
    text = "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 150
    said, n = "250", 0
    while said.startswith("250"):
        with world.call(BOMBERS[n]) as talk:
            talk.hello("x.bomb.example")
            said = attempt(talk, f"a{n}@bomb.example", text)
        n += said.startswith("250")
        assert n < 20, "the queue has no end"
    assert said == "452 4.3.1 the queue is full, try again later"
    queued(world.hub, n)
    size = sum(p.stat().st_size for p in world.hub.tree.queue())
    assert n == 10 if "queue_limit_messages" in limit else 80_000 < size <= 100 << 10, (n, size)
    assert world.hub.tree.logged(r"queue: full: queue-limit-\w+ is reached"), world.hub.tree.log()
    with world.call() as talk:
        talk.hello("mx.far.example")
        assert attempt(talk, "a@far.example", text).startswith("452 4.3.1")
    world.hub.run("queue-runner")

    def welcome():                           # the queue is counted once a second, not for each message that is refused
        with world.call() as talk:
            talk.hello("mx.far.example")
            return attempt(talk, "a@far.example", text).startswith("250")
    wait(welcome)
    world.honest()


def test_all_of_it_at_once_and_mail_goes_on(world):
    """Hosts that guess, send all they can and hang up anywhere, while honest mail comes."""
    world.hub.serve("hub", dnsbl="bl.example", tarpit="0s", connect_rate="off",
                    message_rate="25/m")
    over = threading.Event()
    heard = set()

    def bomb(source, n):
        turn = 0
        while not over.is_set():
            turn += 1
            try:
                with world.call(source) as talk:
                    said = talk.reply()
                    heard.add(said[:9])
                    if not said.startswith("220"):
                        over.wait(0.02)
                        continue
                    talk.send(f"EHLO b{n}.bomb.example\r\n")
                    talk.reply()
                    for k in range(30):
                        talk.send(f"MAIL FROM:<a{n}.{k}@bomb.example>\r\nRCPT TO:<bea@example.org>\r\n"
                                  f"RCPT TO:<x{k}@example.org>\r\nDATA\r\n")
                        replies = [talk.reply() for _ in range(4)]
                        heard.update(r[:9] for r in replies)
                        if replies[3].startswith("354"):
                            talk.send("Subject: bomb\r\n\r\n" + "x\r\n" * (turn % 7))
                            if turn % 3 == 0:
                                break        # and hangs up
                            talk.send(".\r\n")
                            talk.reply()
            except (Closed, TimeoutError, OSError):
                continue
    sources = enumerate([*BOMBERS[:8], LISTED] * 2)
    threads = [threading.Thread(target=bomb, args=(s, n), daemon=True) for n, s in sources]
    for t in threads:
        t.start()
    try:
        for n in range(20):
            world.honest(n)
    finally:
        over.set()
        for t in threads:
            t.join(30)
    wait(lambda: not world.hub.sessions())
    while world.hub.tree.queue():
        before = len(world.hub.tree.queue())
        world.hub.run("queue-runner", timeout=60)
        assert len(world.hub.tree.queue()) < before, world.hub.tree.log()[-3000:]
    got = [re.search(rb"^Subject: (\d+)$", m, re.M).group(1) for m in world.hub.tree.messages("ana")]
    assert sorted(map(int, got)) == list(range(20))
    assert {"220 mail.", "554 5.7.1", "550 5.1.1", "450 4.7.1"} <= heard, heard
    assert not list(world.hub.tree.path("queue/tmp").iterdir()) and not list(world.hub.tree.path("queue/bad").iterdir())
