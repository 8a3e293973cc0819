# mailq: what waits, for people and for programs.

import re
import shutil
import subprocess
import time

import pytest

from support.sink import free_port

TEXT = "Subject: test\n\nhello\n"


@pytest.fixture
def box(tree):
    """A tree whose mail for other domains waits for a smarthost that is not there."""
    tree.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    tree.user("user")
    return tree


def test_empty_queue(tree):
    out = tree.run("mailq")
    assert (out.returncode, out.stdout, out.stderr) == (0, b"Mail queue is empty\n", b"")


def test_empty_queue_as_json(tree):
    out = tree.run("mailq", "-j")
    assert (out.returncode, out.stdout, out.stderr) == (0, b"", b"")


def test_listing(box):
    box.hand_in("x@example.net", "y@example.net")
    out = box.run("mailq").stdout.decode()
    assert out.isascii() and "a@example.org" in out and "x@example.net" in out and "y@example.net" in out, out
    ident = box.rows()[0]["id"]
    assert re.search(rf"^\s*{re.escape(ident)}\b", out, re.M), out


def test_json_has_what_the_interface_says(box):
    before = int(time.time())
    box.hand_in("x@example.net", "user@example.org")
    rows = box.rows()
    assert len(rows) == 1
    row = rows[0]
    assert set(row) == {"id", "size", "arrived", "next", "attempts", "state", "sender", "recipients"}
    assert isinstance(row["id"], str) and row["id"]
    assert before - 1 <= row["arrived"] <= time.time() + 1 and isinstance(row["next"], int)
    assert row["size"] >= len(TEXT) and row["attempts"] == 0 and row["state"] == "waiting"
    assert row["sender"] == "a@example.org"
    assert [r["address"] for r in row["recipients"]] == ["x@example.net", "user@example.org"]
    for r in row["recipients"]:
        assert set(r) == {"address", "status", "reason"} and r["status"] == "waiting"


def test_reason_after_an_attempt(box):
    box.hand_in("x@example.net", "user@example.org")
    assert box.run("queue-runner", "-q").returncode == 0
    row = box.rows()[0]
    x, user = row["recipients"]
    assert row["attempts"] == 1 and row["next"] > row["arrived"]
    assert x["status"] == "waiting" and x["reason"]
    assert user["status"] == "done"
    text = box.run("mailq").stdout.decode()
    assert x["reason"][:20] in text, text


def test_odd_addresses_stay_one_json_line(box):
    box.hand_in('"a\\"b"@example.net', sender='"back\\\\slash"@example.org')
    rows = box.rows()
    assert rows[0]["recipients"][0]["address"] == '"a\\"b"@example.net'


def test_null_sender(box):
    box.hand_in("x@example.net", sender="<>")
    assert box.rows()[0]["sender"] == ""
    assert "<>" in box.run("mailq").stdout.decode() or "MAILER-DAEMON" in box.run("mailq").stdout.decode()


def test_many_messages(box):
    for i in range(12):
        box.hand_in(f"x{i}@example.net")
    assert len(box.rows()) == 12
    assert len({r["id"] for r in box.rows()}) == 12


def test_does_not_change_the_queue(box):
    box.hand_in("x@example.net")
    before = [(p.name, p.read_bytes(), p.stat().st_mtime_ns) for p in box.queue()]
    box.run("mailq")
    box.run("mailq", "-j")
    assert before == [(p.name, p.read_bytes(), p.stat().st_mtime_ns) for p in box.queue()]


def test_a_torn_file_is_told(box):
    box.hand_in("x@example.net")
    f = box.queue()[0]
    f.write_bytes(f.read_bytes()[:-5])
    out = box.run("mailq")
    assert out.returncode in (0, 65, 74, 75), out
    assert out.stdout != b"Mail queue is empty\n"


def test_missing_queue(tree):
    shutil.rmtree(tree.path("queue"))
    out = tree.run("mailq")
    assert out.returncode == 78 and b"queue" in out.stderr and out.stdout == b"", out


@pytest.mark.parametrize("args", [["-Z"], ["extra"], ["-j", "extra"]])
def test_usage(tree, args):
    out = tree.run("mailq", *args)
    assert out.returncode == 64 and b"usage" in out.stderr.lower() and out.stdout == b"", out


def test_reader_that_leaves(box):
    """`mailq | head -1` is no error worth a word."""
    for i in range(5):
        box.hand_in(f"x{i}@example.net")
    p = subprocess.Popen(box.argv("mailq"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.close()
    assert p.wait(10) is not None and b"Traceback" not in p.stderr.read()
