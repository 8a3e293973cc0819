# The access table in smtpd: clients by name with and without DNS, files that must not be believed, what is discarded.

import os

import pytest

from support.queuefile import QueueFile
from support.tree import REPO

TEXT = "Subject: test\r\n\r\nhello\r\n"
PTR = "9.0.0.127.in-addr.arpa"


@pytest.fixture
def box(tree):
    tree.user("user", "boss")
    return tree


def named(dns, name):
    """127.0.0.9 is called so, and the name leads back; None: nobody answers."""
    dns.add(PTR, "PTR", name or "SILENT")
    if name:
        dns.add(name, "A", "127.0.0.9")


def banner(box, client="127.0.0.9", **more):
    with box.smtp(client=client, **more) as s:
        return s.reply()


# --- names ---

def test_client_by_name_and_parent_domain(box, dns):
    box.write("etc/access", "Connect:spam.example REJECT\nConnect:good.spam.example OK\n")
    named(dns, "a.b.spam.example")
    assert banner(box).startswith("554 5.7.1 access denied")
    assert box.logged(r"reject: CONNECT from a\.b\.spam\.example\[127\.0\.0\.9\]: 554 5\.7\.1 access denied "
                      r"by etc/access:1: Connect:spam\.example REJECT$"), box.log()
    named(dns, "mx.good.spam.example")
    assert banner(box).startswith("220 ")
    named(dns, "notspam.example")
    assert banner(box).startswith("220 ")


def test_forged_name_is_no_name(box, dns):
    """A name that does not lead back gives no right, and takes none."""
    box.write("etc/access", "Connect:127 REJECT\nConnect:good.example RELAY\n")
    dns.add(PTR, "PTR", "mx.good.example")
    dns.add("mx.good.example", "A", "192.0.2.1")
    assert banner(box).startswith("554 ")


def test_names_are_asked_for_only_when_a_key_could_match(box, dns):
    named(dns, None)
    box.write("etc/access", "Connect:10 REJECT\nFrom:spam.example REJECT\nTo:x@y.example REJECT\nuser@z.example OK\n")
    assert banner(box).startswith("220 ")
    assert not [q for q in dns.asked if PTR in str(q)], dns.asked
    box.write("etc/access", "spam.example REJECT\n")
    assert banner(box).startswith("220 ")
    assert [q for q in dns.asked if PTR in str(q)], dns.asked


def test_address_works_while_dns_is_dead(box, dns):
    """CASES G9: the client's own address decides before its name is asked for."""
    named(dns, None)
    box.write("etc/access", "Connect:127 REJECT\nConnect:127.0.0.9 OK\nConnect:spam.example REJECT\n")
    assert banner(box).startswith("220 ")
    assert not [q for q in dns.asked if PTR in str(q)], dns.asked


@pytest.mark.parametrize("value", ["REJECT", "DISCARD", "ERROR:5.7.1:550 no"])
def test_net_against_a_name_that_cannot_be_looked_up(box, dns, value):
    """CASES G7: the name might have been let in, so the refusal, or the loss, is not for good."""
    named(dns, None)
    box.write("etc/access", f"Connect:127 {value}\nConnect:good.example OK\n")
    assert banner(box).startswith("421 4.7.25 ")
    assert box.logged(r"reject: CONNECT from .*: 421 4\.7\.25 .* by etc/access:1: Connect:127 "), box.log()
    named(dns, "mx.good.example")
    assert banner(box).startswith("220 ")


def test_ipv6_client(box):
    box.write("etc/access", "Connect:IPv6:::1 ERROR:550 six\n")
    assert banner(box, "::1", server="::1").startswith("550 5.7.1 six")
    box.write("etc/access", "Connect:[::]/127 REJECT\nConnect:[::1] OK\n")
    assert banner(box, "::1", server="::1").startswith("220 ")


# --- files ---

BROKEN = "421 4.3.0 this server is not set up, closing"


@pytest.mark.parametrize("mode, said", [(0o666, "everybody may write"), (0o646, "chmod o-w")])
def test_table_that_everybody_may_write(box, mode, said):
    box.write("etc/access", "Connect:10 OK\n", mode=mode)
    assert banner(box).startswith(BROKEN)
    assert box.logged(rf"reject: CONNECT from .*: {BROKEN} by etc/access:0: .*{said}"), box.log()


def test_table_that_is_no_file(box):
    box.path("etc/access").mkdir()
    assert banner(box).startswith(BROKEN)
    assert box.logged(r"by etc/access:0: no regular file"), box.log()


def test_link_to_nothing(box):
    os.symlink("gone", box.path("etc/access"))
    assert banner(box).startswith(BROKEN)
    assert box.logged(r"by etc/access:0: the file is a link to nothing"), box.log()


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "\n\n"])
def test_no_table_says_nothing(box, text):
    if text is not None:
        box.write("etc/access", text)
    with box.smtp() as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 2.0.0 queued as ")


@pytest.mark.root
def test_table_that_root_alone_may_read(box):
    box.write("etc/access", "Connect:127.0.0.9 REJECT\n", mode=0o600)
    assert banner(box).startswith("554 5.7.1 ")
    assert banner(box, "127.0.0.8").startswith("220 ")


@pytest.mark.parametrize("line, said", [
    ("\ufeffConnect:10 OK", "byte order mark"), ("Connect:10 OK\r", "Unix line ends"),
    ("Connect:10 MAYBE", "no such value"),
    ("Connect:10.0.0.1/8 OK", "beyond the prefix"), ("From:example.org RELAY", "anyone can write"),
])
def test_line_that_cannot_be_understood(box, line, said):
    box.write("etc/access", f"{line}\n# more\n")
    assert banner(box).startswith(BROKEN)
    assert box.logged(rf"by etc/access:1: .*{said}"), box.log()


def test_the_systems_own_mail_access_is_not_asked(box):
    """sendmail's /etc/mail/access, in the tree's place or the system's, is another program's."""
    box.write("etc/mail/access", "Connect:127 REJECT\n")
    assert banner(box).startswith("220 ")


# --- who is concerned ---

def test_local_user_is_not(box):
    box.write("etc/access", "Connect:127 REJECT\nFrom:example.org REJECT\nTo:user@ REJECT\nbroken\n")
    out = box.run("smtpd", input="HELO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<user@example.org>\r\nQUIT\r\n")
    assert out.stdout.count(b"250 ") == 3, out.stdout
    box.hand_in("user@example.org")
    assert len(box.queue()) == 1


def test_sendmail_bs_on_a_socket_is(box):
    box.write("etc/access", "Connect:127.0.0.9 REJECT\n")
    assert banner(box, applet="sendmail", args=("-bs",)).startswith("554 5.7.1 ")


# --- what is kept ---

def test_discarded_recipient_among_others(box):
    box.write("etc/access", "To:boss@example.org DISCARD\n")
    with box.smtp() as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        for who in ("user", "boss", "postmaster"):
            assert s.command(f"RCPT TO:<{who}@example.org>").startswith("250 2.1.5")
        s.command("DATA")
        assert s.command(TEXT + ".").startswith("250 2.0.0 queued as ")
    message = QueueFile(box.queue()[0])
    assert message.recipients == ["user@example.org", "postmaster@example.org"]
    assert len(box.queue()) == 1 and message.complete()


def test_discarded_message_touches_no_disk(box):
    box.write("etc/access", "From:spam.example DISCARD\n")
    box.conf(free_space="1000000G")          # there is no room for any other message
    with box.smtp() as s:
        s.hello()
        assert s.deliver("a@spam.example", "user@example.org", TEXT).startswith("250 2.0.0 message accepted")
        assert not list(box.path("queue/tmp").iterdir())
        assert s.command("MAIL FROM:<a@example.net>").startswith("452 4.3.1")
    assert box.queue() == [] and box.logged(r"discard: DATA from .*size=\d+, nrcpts=1, msgid=.*from=<a@spam\.example>")


def test_discarded_message_has_its_limits(box):
    box.write("etc/access", "From:spam.example DISCARD\n")
    box.conf(message_size_limit="64k")
    with box.smtp() as s:
        s.hello()
        s.command("MAIL FROM:<a@spam.example>")
        s.command("RCPT TO:<user@example.org>")
        s.command("DATA")
        s.send(b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 1000)
        assert s.command(".").startswith("552 5.3.4")
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 2.0.0 queued as ")


def test_relayed_message_is_queued(box):
    box.conf(smarthost="127.0.0.1:2600", smarthost_tls="off")
    box.write("etc/access", "To:far.example RELAY\n")
    with box.smtp() as s:
        s.hello()
        assert s.deliver("a@example.net", "x@sub.far.example", TEXT).startswith("250 2.0.0 queued as ")
    assert QueueFile(box.queue()[0]).recipients == ["x@sub.far.example"]


# --- the example ---

def test_example_table(box):
    """As it is shipped it says nothing; each of its examples is understood and does what it says."""
    text = (REPO / "rootfs/etc/access").read_text()
    box.write("etc/access", text)
    assert all(not l or l.startswith("#") for l in text.splitlines())
    assert banner(box).startswith("220 ")
    lines = [l[1:] for l in text.splitlines() if l.startswith(("#Connect:", "#From:", "#To:"))]
    assert len(lines) >= 6
    box.write("etc/access", "".join(l + "\n" for l in lines))
    with box.smtp() as s:
        s.hello()
        assert s.command("MAIL FROM:<a@shop.example>").startswith("550 5.7.1 We have")
        assert s.command("MAIL FROM:<invoices@shop.example>").startswith("250 ")
        assert s.command("RCPT TO:<boss@example.org>").startswith("550 5.2.1 Ask")
        assert s.command("RCPT TO:<a@branch.example.org>").startswith("550 5.4.4 no route")
