# What real mail programs send to smtpd under inetd comes out as they were given it, byte for byte.
#
# Between the two a tap keeps what was said, so that "pipelined" and "chunked" mean what was on the wire. Programs that
# send what they are told (swaks, curl and others) run once a case; mail servers stay up and send on what they get.

import dataclasses
import os
import re
import smtplib
import socket
import subprocess

import pytest

from support import mta
from support.queuefile import QueueFile
from support.sink import free_port, wait_port
from support.smtp import Talk
from support.tap import Tap

pytestmark = pytest.mark.root

USER = "user@example.org"
HEAD = ("From: Ana <a@example.net>\r\nTo: User <user@example.org>\r\nSubject: {}\r\n"
        "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <interop@client.example.net>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
PLAIN = "hello,\r\n\r\nmore of it\r\n"
DOTS = ".\r\n..\r\n...\r\n.a\r\n\r\n.\r\n a.\r\n.\r\n.end\r\n"
LONG = "x" * 998 + "\r\n" + ". " * 499 + "\r\nshort\r\n"
EIGHT = "Grüße aus Köln\r\n.für euch\r\n"
LARGE = "".join(f"{n:07} {'z' * 68}\r\n" for n in range(25 * 1024 * 1024 // 78))
LETTERS = "é" * 250 + "\r\n"                 # no 78 of these are a line, whatever a program thinks


@dataclasses.dataclass
class Mail:
    body: str = PLAIN
    subject: str = "plain"
    sender: str = "a@example.net"
    recipients: tuple = (USER,)
    options: tuple = ()                      # of MAIL, for what lets us say them

    @property
    def text(self):
        return (HEAD.format(self.subject) + self.body).encode()


MAILS = {
    "plain": Mail(),
    "large": Mail(LARGE),
    "pipelined": Mail(recipients=(USER, "postmaster@example.org", "ana@example.org")),
    "8bit": Mail(EIGHT + LETTERS, options=("BODY=8BITMIME",)),
    "8bit-untold": Mail(EIGHT + LETTERS),
    "utf8": Mail(EIGHT, "Grüße", "jürgen@example.net", (USER, "grüße@away.example"), ("SMTPUTF8", "BODY=8BITMIME")),
    "chunked": Mail(DOTS + PLAIN),
    "many": Mail(recipients=(USER, *(f"u{n}@example.org" for n in range(99)))),
    "dots": Mail(DOTS),
    "long": Mail(LONG),
    "dsn": Mail(recipients=(USER, "ana@example.org"), options=("RET=HDRS", "ENVID=QQ314159")),
    "empty": Mail(""),
}

# What must have been on the wire for a case to be that case.
WIRE = {
    "8bit": lambda tap: tap.has(rb"MAIL FROM:<a@example\.net>[^\r]* BODY=8BITMIME"),
    "utf8": lambda tap: tap.has("MAIL FROM:<jürgen@example\\.net>[^\r]* SMTPUTF8".encode()),
    "chunked": lambda tap: tap.has(rb"BDAT \d+") and not tap.has(rb"DATA\r"),
    "pipelined": lambda tap: tap.pipelined(),
    "dsn": lambda tap: tap.has(rb"MAIL [^\r]*ENVID=QQ314159") or tap.has(rb"RCPT [^\r]*NOTIFY="),
}


class World:
    """smtpd under inetd, behind a tap."""

    def __init__(self, tree, inetd, port=0):
        tree.user("user", "ana", *(f"u{n}" for n in range(99)))
        tree.conf(message_size_limit="64M", queue_limit_bytes="1G", client_limit_per_host="50",
                  relay_domains="away.example", smarthost="127.0.0.1:1")
        service = free_port()
        argv = tree.argv("smtpd")
        if len(tree.command) == 1:
            argv[0] += " buzon"              # the path, then argv
        else:
            argv[0] += f" {argv[0]}"
        inetd(f"127.0.0.1:{service} stream tcp nowait.1000 root {' '.join(argv)}\n")
        wait_port("127.0.0.1", service)
        self.tree, self.tap = tree, Tap(service, port)

    def queued(self, n=1):
        files = self.tree.queue()
        assert len(files) == n, f"{len(files)} messages are queued\n{self.tree.log()}\n{self.tap.spoken}"[:20000]
        return [QueueFile(p) for p in files]

    def delivered(self):
        """What a pass brings to the user."""
        out = self.tree.run("queue-runner", timeout=60)
        assert out.returncode == 0, out.stderr
        return self.tree.messages("user")

    def holds(self, case, body_only=False):
        """The message of a case is in the queue and, after a pass, in the mailbox, as it was sent; 250 was said."""
        mail = MAILS[case]
        sent = mail.body.encode() if body_only else mail.text
        if case in WIRE:
            assert WIRE[case](self.tap), f"this was not {case}: {self.tap.said()[:2000]}"
        assert self.tap.has(rb"250 2\.0\.0 queued as ", b"S"), self.tap.said(b"S")
        message = self.queued()[0]
        assert case == "large" or message.complete()         # the pass below looks at that, too
        assert message.sender == mail.sender.encode().decode("latin-1")
        assert sorted(message.recipients) == sorted(r.encode().decode("latin-1") for r in mail.recipients)
        assert same_end(message.text, sent)
        got = self.delivered()
        assert len(got) == 1 and same_end(got[0], sent.replace(b"\r\n", b"\n")), self.tree.log()


def same_end(got, sent):
    """What a sender's own header fields stand in front of; no diff of 25 MB when it is not."""
    assert got.endswith(sent), f"{len(got)} bytes: …{got[-2000:]!r}, not {len(sent)}: …{sent[-2000:]!r}"
    return True


@pytest.fixture
def world(tree, inetd):
    w = World(tree, inetd)
    yield w
    w.tap.close()


# --- programs that send one message ---

def run(*argv, input=b"", **more):
    out = subprocess.run([str(a) for a in argv], input=input, capture_output=True, timeout=120, cwd="/", **more)
    said = (out.stdout + out.stderr)[-4000:].decode(errors="replace")
    assert out.returncode == 0, f"{argv[0]}: {out.returncode} {said}"
    return out.stdout


def swaks(port, mail, file, case):
    file.write_bytes(mail.text[:-2])         # it ends the last line itself
    said = run("swaks", "--server", f"127.0.0.1:{port}", "--ehlo", "client.example.net", "--from", mail.sender, "--to",
               ",".join(mail.recipients), "--data", f"@{file}", *(["--pipeline"] if case == "pipelined" else []),
               *(["--hide-all"] if case == "large" else []))
    assert case == "large" or b"250 2.0.0 queued as" in said


def msmtp(port, mail, file, case):
    dsn = ["--dsn-notify=failure,delay", "--dsn-return=headers"] if case == "dsn" else []
    run("msmtp", "--host=127.0.0.1", f"--port={port}", "--tls=off", "--auth=off", f"--from={mail.sender}",
        "--domain=client.example.net", "--set-date-header=off", *dsn, *mail.recipients, input=mail.text)


def curl(port, mail, file, case):
    to = [word for r in mail.recipients for word in ("--mail-rcpt", r)]
    run("curl", "-sS", "--url", f"smtp://127.0.0.1:{port}/client.example.net", "--mail-from", mail.sender, *to,
        "--upload-file", file, env={**os.environ, "LC_ALL": "C.UTF-8"})


def s_nail(port, mail, file, case):
    settings = ["v15-compat", f"mta=smtp://127.0.0.1:{port}", "smtp-config=-all", f"from={mail.sender}", "sendwait",
                "hostname=client.example.net", "smtp-auth=none", "ttycharset=utf-8", "sendcharsets=utf-8",
                "mime-encoding=8b"]
    run("s-nail", "-:/", *(w for s in settings for w in ("-S", s)), "-s", mail.subject, *mail.recipients,
        input=mail.body.replace("\r\n", "\n").encode(), env={**os.environ, "LC_ALL": "C.UTF-8"})


def python_smtplib(port, mail, file, case):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.net", timeout=60) as s:
        s.command_encoding = "utf-8"
        notify = ["NOTIFY=SUCCESS,FAILURE"] if case == "dsn" else []
        assert s.sendmail(mail.sender, list(mail.recipients), mail.text, list(mail.options), notify) == {}


NODE = """
const [port, file, sender, eight, dsn, ...to] = process.argv.slice(1);
const asks = {id: 'QQ314159', return: 'headers', notify: ['failure'], recipient: sender};
const mailer = require('nodemailer').createTransport(
    {host: '127.0.0.1', port: +port, name: 'client.example.net', secure: false, ignoreTLS: true});
mailer.sendMail({
    envelope: {from: sender, to: to, use8BitMime: eight === 'yes', dsn: dsn === 'yes' ? asks : undefined},
    raw: require('fs').readFileSync(file)
}, (error, info) => {
    if (error || !/^250 2/.test(info.response)) { console.error(error || info); process.exit(1); }
    mailer.close();
});
"""


def nodemailer(port, mail, file, case):
    env = {**os.environ, "NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"}
    run("node", "-e", NODE, "--", port, file, mail.sender, "yes" if case == "8bit" else "no",
        "yes" if case == "dsn" else "no", *mail.recipients, env=env)


def by_hand(port, mail, file, case):
    """RFC 3030 by hand: all in one burst, the text in chunks of every size."""
    with Talk(socket.create_connection(("127.0.0.1", port))) as talk:
        talk.hello()
        options = "".join(f" {o}" for o in mail.options)
        burst = f"MAIL FROM:<{mail.sender}>{options}\r\n" + "".join(f"RCPT TO:<{r}>\r\n" for r in mail.recipients)
        burst, at, size, chunks = burst.encode(), 0, 1, 0
        while at < len(mail.text):
            piece = mail.text[at:at + size]
            burst += b"BDAT %d\r\n%s" % (len(piece), piece)
            at, size, chunks = at + size, size * 2 + 1, chunks + 1
        talk.send(burst + b"BDAT 0 LAST\r\n")
        for _ in range(1 + len(mail.recipients) + chunks):
            assert talk.reply().startswith("250"), talk.buffer
        assert talk.reply().startswith("250 2.0.0 queued as ")
        assert talk.command("QUIT").startswith("221")


PROGRAMS = {
    swaks: "plain large pipelined 8bit-untold many dots long",
    msmtp: "plain large 8bit-untold many dots long dsn empty",
    curl: "plain large 8bit-untold utf8 many dots long empty",
    s_nail: "plain 8bit-untold dots",
    python_smtplib: "plain large 8bit 8bit-untold utf8 many dots long dsn empty",
    nodemailer: "plain large 8bit 8bit-untold utf8 many dots long dsn empty",
    by_hand: "plain large pipelined chunked 8bit utf8 many dots long empty",
}


@pytest.mark.parametrize("program,case", [(p, c) for p, cases in PROGRAMS.items() for c in cases.split()],
                         ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_program(world, tmp_path, program, case):
    mail = MAILS[case]
    file = tmp_path / "message"
    file.write_bytes(mail.text)
    program(world.tap.port, mail, file, case)
    world.tap.close()
    world.holds(case, body_only=program is s_nail)


# --- mail servers ---

SERVERS = {
    mta.Postfix: "plain large pipelined 8bit utf8 many dots long dsn empty",
    mta.Exim: "plain large pipelined chunked 8bit-untold utf8 many dots long dsn empty",
    mta.OpenSmtpd: "plain large 8bit-untold many dots long empty",
}


@pytest.fixture(scope="module")
def servers():
    """servers(KIND): that server, which stays up."""
    assert not mta.missing(), f"not there: {mta.missing()}; make deps-check-all"
    up = {}

    def get(kind):
        if kind in up and up[kind].waiting():            # of a test that failed
            up.pop(kind).close()
        if kind not in up:
            up[kind] = kind(free_port())
        return up[kind]
    yield get
    for server in up.values():
        server.close()


@pytest.fixture
def sending(servers, tree, inetd):
    """sending(KIND): the server, and the world that it sends to."""
    worlds, own = [], []

    def get(kind):
        if kind is mta.OpenSmtpd:            # keeps its connections open, and takes a cut one for trouble
            own.append(kind(free_port()))
        server = own[0] if own else servers(kind)
        worlds.append(World(tree, inetd, server.to))
        return server, worlds[0]
    yield get
    for world in worlds:
        world.tap.close()
    for server in own:
        server.close()


@pytest.mark.parametrize("kind,case", [(s, c) for s, cases in SERVERS.items() for c in cases.split()],
                         ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_server(sending, kind, case):
    server, world = sending(kind)
    mail = MAILS[case]
    server.take(mail.sender, mail.recipients, mail.text, mail.options)
    server.sends()
    world.tap.close()
    world.holds(case)


@pytest.mark.parametrize("kind", SERVERS, ids=lambda k: k.__name__)
def test_server_sends_many_messages(sending, kind):
    """A burst, over as many connections as the server likes."""
    server, world = sending(kind)
    for n in range(20):
        server.take(f"a{n}@example.net", [USER], (HEAD.format(n) + PLAIN * n).encode())
    server.sends()
    world.tap.close()
    assert sorted(q.sender for q in world.queued(20)) == sorted(f"a{n}@example.net" for n in range(20))
    got = world.delivered()
    assert len(got) == 20
    for message in got:
        n = int(re.search(rb"^Subject: (\d+)$", message, re.M).group(1))
        assert same_end(message, (HEAD.format(n) + PLAIN * n).replace("\r\n", "\n").encode())


def test_server_with_more_recipients_than_are_taken(sending):
    """What hears 452 is sent by another transaction: nobody is left out."""
    server, world = sending(mta.Exim)
    world.tree.conf(recipient_limit=30)
    server.take("a@example.net", MAILS["many"].recipients, MAILS["many"].text)
    server.sends()
    world.tap.close()
    got = sorted(r for p in world.tree.queue() for r in QueueFile(p).recipients)
    assert got == sorted(MAILS["many"].recipients) and len(world.tree.queue()) > 3
