# What MAIL and RCPT said beside the addresses, on the way out: SMTPUTF8 and DSN, from queue files written by hand.

import re

import pytest

from support import queuefile

TEXT = "From: a@example.org\r\nSubject: test\r\n\r\nhello\r\n"
WIDE = "From: a@example.org\r\nSubject: gr\u00fc\u00dfe\r\n\r\nhello\r\n"
BODY = "From: a@example.org\r\nSubject: test\r\n\r\ngr\u00fc\u00dfe\r\n"


def runs(tree):
    out = tree.run("queue-runner", "-q", timeout=40)
    assert out.returncode == 0, f"{out.returncode} {out.stderr.decode()}\n{tree.log()}"


@pytest.fixture
def box(tree):
    tree.user("user", "a")
    return tree


def relay(box, server):
    box.conf(smarthost=f"127.0.0.1:{server.port}", smarthost_tls="off")
    return server


def queue(box, *recipients, sender="a@example.org", lines=("u SMTPUTF8",), text=TEXT):
    queuefile.write(box, [f"s {sender}", "c test", "p UTF8SMTP", *lines], recipients, text)


def bounced(box):
    """The one bounce in a's mailbox."""
    runs(box)
    got = box.messages("a")
    assert len(got) == 1, box.log()
    return got[0].decode()


# --- SMTPUTF8 (RFC 6531) ---

def test_utf8_addresses_leave_with_smtputf8(box, make_sink):
    sink = relay(box, make_sink(enable_SMTPUTF8=True))
    queue(box, "j\u00fcrgen@b\u00fccher.example", "x@example.net", sender="m\u00fcller@example.org", text=WIDE)
    runs(box)
    assert box.queue() == [], box.log()
    got = sink.messages[0]
    assert got.mail_from == "m\u00fcller@example.org"
    assert sorted(got.rcpt_tos) == ["j\u00fcrgen@b\u00fccher.example", "x@example.net"]
    assert "SMTPUTF8" in got.mail_options and "BODY=8BITMIME" in got.mail_options
    assert got.content == WIDE.encode()


def test_ascii_mail_does_not_say_smtputf8(box, make_sink):
    sink = relay(box, make_sink(enable_SMTPUTF8=True))
    queue(box, "x@example.net", lines=(), text=BODY)
    runs(box)
    assert sink.messages[0].mail_options and "SMTPUTF8" not in sink.messages[0].mail_options


@pytest.mark.parametrize("sender, text", [("m\u00fcller@example.org", TEXT), ("a@example.org", WIDE)],
                         ids=["sender", "header"])
def test_a_server_without_smtputf8_hears_nothing(box, script, sender, text):
    server = relay(box, script(EHLO=b"250-fake\r\n250 8BITMIME\r\n"))
    queue(box, "x@example.net", "y@example.net", sender=sender, text=text)
    runs(box)
    assert not [l for l in server.lines if l.startswith((b"MAIL", b"RCPT", b"DATA"))], server.lines
    for who in "xy":
        assert box.logged(rf"to=<{who}@example\.net>.*dsn=5\.6\.7, stat=Failed"), box.log()


def test_only_the_recipient_beyond_ascii_fails(box, script):
    server = relay(box, script())
    queue(box, "j\u00fcrgen@example.net", "x@example.net")
    runs(box)
    assert [l for l in server.lines if l.startswith(b"RCPT")] == [b"RCPT TO:<x@example.net>\r\n"]
    assert all(b < 128 for l in server.lines for b in l) and len(server.texts) == 1
    text = bounced(box)
    assert "Final-Recipient: utf-8; j\\x{FC}rgen@example.net\n" in text and "Status: 5.6.7\n" in text
    assert box.queue() == []


def test_utf8_in_the_body_needs_8bitmime_alone(box, script):
    server = relay(box, script(EHLO=b"250-fake\r\n250 8BITMIME\r\n"))
    queue(box, "x@example.net", text=BODY)
    runs(box)
    assert server.texts == [BODY.encode() + b".\r\n"]
    assert any(re.match(rb"MAIL FROM:<a@example\.org> BODY=8BITMIME\r\n", l) for l in server.lines), server.lines


def test_a_header_beyond_ascii_of_a_sender_who_did_not_say_smtputf8(box, script):
    """As it always went: 8BITMIME, and nobody asks."""
    server = relay(box, script(EHLO=b"250-fake\r\n250 8BITMIME\r\n"))
    queue(box, "x@example.net", lines=(), text=WIDE)
    runs(box)
    assert server.texts == [WIDE.encode() + b".\r\n"]


def test_a_local_part_beyond_ascii_is_nobodys_here(box):
    queue(box, "j\u00fcrgen@example.org", "user@example.org", sender="m\u00fcller@example.net")
    box.conf(smarthost=None)
    runs(box)
    got = box.messages("user")
    assert len(got) == 1 and got[0].startswith("Return-Path: <m\u00fcller@example.net>\n".encode())
    assert box.logged(r"relay=local, dsn=5\.1\.1, stat=Failed"), box.log()


def test_the_bounce_to_a_sender_beyond_ascii_says_smtputf8(box, make_sink):
    sink = make_sink(enable_SMTPUTF8=True)
    relay(box, sink)
    sink.recipients["x@example.net"] = "550 5.1.1 no such user"
    queue(box, "x@example.net", sender="m\u00fcller@example.net")
    runs(box)
    runs(box)
    assert [(m.mail_from, m.rcpt_tos) for m in sink.messages] == [("<>", ["m\u00fcller@example.net"])]
    assert "SMTPUTF8" in sink.messages[0].mail_options
    assert "To: <m\u00fcller@example.net>\r\n".encode() in sink.messages[0].content


# --- DSN (RFC 3461) ---

@pytest.mark.parametrize("notify", ["---N", "S---", "S-D-"])
def test_who_does_not_want_to_hear_of_failures(box, script, notify):
    relay(box, script(RCPT=b"550 5.1.1 no such user\r\n"))
    queue(box, ("x@example.net", f"o{notify} "), lines=())
    runs(box)
    runs(box)
    assert box.queue() == [] and box.messages("a") == []
    assert box.logged(r"sender did not want to be told \(NOTIFY\)"), box.log()


def test_a_bounce_names_what_the_sender_named(box, script):
    relay(box, script(RCPT=b"550 5.1.1 no such user\r\n"))
    queue(box, ("x@example.net", "oSF-- rfc822;alias+2Bx@example.com"), ("y@example.net", "o---N rfc822;y@example.com"),
          "z@example.net", lines=("n HDRS", "e QQ+3D1"))
    runs(box)
    text = bounced(box)
    assert "\n\nOriginal-Envelope-Id: QQ=1\nReporting-MTA: dns; mx.example.org\n" in text
    assert "\n\nOriginal-Recipient: rfc822;alias+x@example.com\nFinal-Recipient: rfc822; x@example.net\n" in text
    assert "\n\nFinal-Recipient: rfc822; z@example.net\n" in text
    assert "y@example" not in text
    assert box.queue() == []


def test_mailq_shows_it_as_before(box):
    queue(box, ("x@example.net", "oSF-- rfc822;a@example.com"), lines=("n FULL", "e Q", "b 8BITMIME", "u SMTPUTF8"))
    row, = box.rows()
    assert row["sender"] == "a@example.org"
    assert [r["address"] for r in row["recipients"]] == ["x@example.net"]
