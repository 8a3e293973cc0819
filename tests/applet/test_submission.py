# What a message from a client that may relay is given, and others' are not (RFC 6409 8).

import email
import email.policy
import re

import pytest

from support.queuefile import QueueFile

BARE = "Subject: motion\r\nX: 1\r\n\r\nDate: not a field\r\n"
WHOLE = "Message-Id: <own@camera>\r\ndate: Thu, 1 Jan 2026 00:00:00 +0000\r\nFROM: c@example.net\r\n\r\nbody\r\n"


def queued(box, text, chunks=0):
    with box.smtp() as s:
        s.hello()
        if not chunks:
            s.deliver("camera@example.net", "user@example.org", text)
        else:
            s.command("MAIL FROM:<camera@example.net>")
            s.command("RCPT TO:<user@example.org>")
            for at in range(0, len(text), chunks):
                last = " LAST" if at + chunks >= len(text) else ""
                piece = text[at:at + chunks].encode()
                s.send(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
                assert s.reply().startswith("250"), box.log()
    file, = box.queue()
    return QueueFile(file)


@pytest.fixture
def box(tree):
    tree.user("user")
    tree.conf(relay_clients="ALL", smarthost="[192.0.2.1]")
    return tree


@pytest.mark.parametrize("chunks", [0, 1, 7, 1000])
def test_missing_fields_are_added_at_the_end_of_the_header(box, chunks):
    text = queued(box, BARE, chunks).after_trace()
    assert text.startswith(b"Subject: motion\r\nX: 1\r\nFrom: <camera@example.net>\r\nDate: "), text
    message = email.message_from_bytes(text, policy=email.policy.default)
    assert message["Date"].datetime and re.fullmatch(r"<[0-9a-z]{12}@mx\.example\.org>", message["Message-ID"])
    assert message.get_content() == "Date: not a field\r\n" and not message.defects
    assert f"msgid={message['Message-ID']}" in box.log()


@pytest.mark.parametrize("chunks", [0, 1, 1000])
def test_what_is_there_stays(box, chunks):
    assert queued(box, WHOLE, chunks).after_trace() == WHOLE.encode()


def test_others_mail_is_not_touched(tree):
    tree.user("user")
    assert queued(tree, BARE).after_trace() == BARE.encode()


def test_a_binary_message_may_be_as_large_as_any(tree):
    """What it takes as base64 is not its client's doing."""
    tree.user("user")
    tree.conf(message_size_limit="100k")
    head = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    text = head + bytes(range(256)) * 390
    text += b"\0" * (100 * 1024 - len(text))
    with tree.smtp() as s:
        s.hello()
        assert s.command(f"MAIL FROM:<a@example.net> BODY=BINARYMIME SIZE={len(text)}").startswith("250 ")
        s.command("RCPT TO:<user@example.org>")
        s.send(f"BDAT {len(text)} LAST\r\n".encode() + text)
        assert s.reply().startswith("250 2.0.0 queued"), tree.log()
    file, = tree.queue()
    message = email.message_from_bytes(QueueFile(file).after_trace(), policy=email.policy.SMTP)
    assert message["Content-Transfer-Encoding"] == "base64" and message.get_content() == text[len(head):]
