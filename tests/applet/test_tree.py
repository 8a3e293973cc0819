# A tree that is broken or unsafe: every applet says which folder and what the mend is, and no message is lost over it.

import os
import re
import subprocess

import pytest

from support import isolate
from support.queuefile import QueueFile

MS_RDONLY, MS_REMOUNT = 1, 32
APPLETS = [("mailq", []), ("queue-runner", ["-q"]), ("sendmail", ["-i", "ana@example.org"]), ("sendmail", ["-bp"]),
           ("sendmail", ["-bs"]), ("smtpd", []), ("access-check", ["smtpd", "127.0.0.2"])]
UNDECIDED = 2                                # access-check's own word for `cannot tell`: 0 and 1 are its verdicts


@pytest.fixture
def box(tree):
    tree.user("ana")
    return tree


def turned_away(box):
    """What a client is told: one 421 line and the end. smtpd leaves with 78."""
    s = box.smtp()
    said, status = s.rest().decode("latin-1"), s.close()
    assert re.fullmatch(r"421 4\.3\.\d [\x20-\x7e]{3,}\r\n", said) and status == 78, (said, status, box.log())
    assert str(box.root) not in said


def refused(box, applet, args, pattern):
    """Exit status 78 and words that match; nothing on stdout but a client's 421."""
    out = box.run(applet, *args, input="Subject: s\n\nbody\n")
    assert out.returncode == (UNDECIDED if applet == "access-check" else 78), (out, box.log())
    assert re.search(pattern, out.stderr.decode() + box.log()), (out, box.log())
    assert out.stdout == b"" or out.stdout.startswith(b"421 "), out
    return out


# --- mail/ ---

def gone(box):
    box.path("mail").rename(box.path("mail.away"))


def linked(box):
    gone(box)
    box.path("mail").symlink_to("mail.away")


def a_file(box):
    gone(box)
    box.path("mail").write_text("")


def mend(box):
    if box.path("mail").is_symlink() or box.path("mail").exists():
        box.path("mail").unlink()
    box.path("mail.away").rename(box.path("mail"))


@pytest.mark.parametrize("broken", [gone, linked, a_file], ids=lambda f: f.__name__)
def test_no_mailboxes_is_a_fault_and_no_bounce(box, broken):
    """A stick that is not plugged in: local users are not unknown then, and their mail waits."""
    box.hand_in("ana@example.org", sender="postmaster@example.org")
    before = {p.name: p.read_bytes() for p in box.queue()}
    broken(box)
    turned_away(box)
    words = r"/mail: .*(make it|mount --bind)" if broken is not a_file else r"/mail: .*not a directory"
    assert box.logged(words), box.log()
    for applet, args in (("queue-runner", ["-q"]), ("queue-runner", ["-f"]), ("sendmail", ["ana@example.org"])):
        out = box.run(applet, *args, input="Subject: s\n\nbody\n")
        assert out.returncode == 78 and re.search(words, out.stderr.decode()), (out, box.log())
    assert {p.name: p.read_bytes() for p in box.queue()} == before
    mend(box)
    assert box.run("queue-runner", "-q").returncode == 0
    assert len(box.messages("ana")) == 1 and box.queue() == [] and box.messages("postmaster") == []


def test_file_in_a_mailboxs_place_waits(box):
    """mail/ana is there, though it is no Maildir: a mistake of the administrator's, not an unknown user."""
    box.hand_in("ana@example.org", sender="postmaster@example.org")
    box.path("mail/ana").rename(box.path("mail/ana.away"))
    box.path("mail/ana").write_text("")
    with box.smtp() as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<ana@example.org>").startswith("451 ")
        assert s.command("RCPT TO:<nobody@example.org>").startswith("550 5.1.1")
    assert box.run("queue-runner", "-q").returncode == 0
    row = box.rows()[0]
    assert row["recipients"][0]["status"] == "waiting" and row["recipients"][0]["reason"], row
    assert len(box.queue()) == 1 and box.messages("postmaster") == []
    box.path("mail/ana").unlink()
    box.path("mail/ana.away").rename(box.path("mail/ana"))
    assert box.run("queue-runner", "-f").returncode == 0
    assert len(box.messages("ana")) == 1 and box.queue() == []


# --- queue/ ---

def test_link_in_the_queues_place_is_told_as_such(box, tmp_path):
    """A link is root's, but that is not what is wrong with it."""
    box.path("queue").rename(tmp_path / "away")
    box.path("queue").symlink_to(tmp_path / "away")
    for applet, args in APPLETS:
        out = refused(box, applet, args, r"/queue: not a directory")
        assert b"belongs to root" not in out.stderr, out
    assert "belongs to root" not in box.log()


# --- etc/ ---

def owned_by_the_queues_owner(box):
    box.own(box.path("etc"))


def group_writable(box):
    os.chown(box.path("etc"), 0, 8)
    box.path("etc").chmod(0o775)


@pytest.mark.root
@pytest.mark.parametrize("loose", [owned_by_the_queues_owner, group_writable], ids=lambda f: f.__name__)
@pytest.mark.parametrize("applet,args", APPLETS, ids=lambda v: "".join(v))
def test_etc_that_others_may_write(box, tmp_path, applet, args, loose):
    """Root would read any file that a link in etc/ leads to, and show its first wrong line."""
    secret = tmp_path / "shadow"
    secret.write_text("root:s3cret-word:1:0:99999:7:::\n")
    secret.chmod(0o600)
    for name in ("buzon.conf", "hosts.allow", "hosts.deny"):
        box.path("etc").joinpath(name).unlink()
        box.path("etc").joinpath(name).symlink_to(secret)
    loose(box)
    out = refused(box, applet, args, r"/etc is writable by others; .*chown.*root.*chmod 755")
    assert b"s3cret" not in out.stdout + out.stderr and "s3cret" not in box.log(), (out, box.log())
    if applet == "smtpd":
        turned_away(box)
        assert "s3cret" not in box.log()


# --- a file system that is read-only ---

def read_only(box):
    """For preexec_fn: the process sees the tree read-only."""
    def enter():
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        isolate.mount(str(box.root), str(box.root), isolate.MS_BIND)
        isolate.mount("none", str(box.root), isolate.MS_BIND | MS_REMOUNT | MS_RDONLY)
    return enter


@pytest.mark.root
def test_read_only_tree(box, syslogd):
    """A flash with errors is mounted read-only: the sender hears `later`, the log why."""
    box.hand_in("ana@example.org", sender="postmaster@example.org")
    before = QueueFile(box.queue()[0]).bytes

    def enter():
        syslogd.enter()
        read_only(box)()
    out = subprocess.run(box.argv("queue-runner", "-q"), capture_output=True, preexec_fn=enter, timeout=20, cwd="/",
                         env=box.environment({}), stdin=subprocess.DEVNULL)
    assert out.returncode == 75, (out, syslogd.text())
    assert re.search(rb"queue\S*: .*Read-only file system", out.stderr), (out, syslogd.text())
    with box.smtp(preexec_fn=enter) as s:        # no limits, no service
        assert s.reply() == "421 4.3.0 this server is not set up, closing"
    assert re.search(r"run/limits: Read-only file system; mount a tmpfs on run/", syslogd.text()), syslogd.text()

    def enter_with_run():
        enter()
        isolate.mount("tmpfs", str(box.path("run")), 0, "tmpfs")
        os.chown(box.path("run"), box.path("queue").stat().st_uid, box.path("queue").stat().st_gid)
    with box.smtp(preexec_fn=enter_with_run) as s:
        s.hello()
        said = s.command("MAIL FROM:<a@example.net>")
        assert said.startswith("451 4.3.0 ") and "room" not in said, said
    assert re.search(r"smtpd\[\d+\]: queue.*: Read-only file system", syslogd.text()), syslogd.text()
    assert [p.read_bytes() for p in box.queue()] == [before]
    assert box.run("queue-runner", "-q").returncode == 0 and len(box.messages("ana")) == 1
