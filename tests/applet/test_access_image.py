# The compiled rules: made by access-check -c, used by smtpd, tcpd and access-check by themselves, and never believed
# when they are not of the files as they are.

import os
import re
import subprocess
import time

import pytest

from support.tree import buzon

ALLOW = "# who may\nsmtpd: 127.0.0.7 127.0.1.0/255.255.255.0\nsmtpd: hub.example: severity debug\n"
DENY = "ALL: ALL\n"


def age(path, seconds=3600):
    """As if it was written an hour ago: else compiling waits until its time tells something."""
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def rules(tree):
    """Writes the sources: rules(allow, deny, access)."""
    def write(allow=ALLOW, deny=DENY, access=None):
        for name, text in (("hosts.allow", allow), ("hosts.deny", deny), ("access", access)):
            if text is not None:
                age(tree.write(f"etc/{name}", text))
        return tree
    return write


def compiled(tree):
    out = tree.run("access-check", "-c")
    assert out.returncode == 0, out.stderr
    return out.stdout.decode()


def banner(tree, client):
    with tree.smtp(client=client) as s:
        return s.reply()


def ask(tree, *args):
    out = tree.run("access-check", *args)
    return out.stdout.decode().rstrip("\n"), out.stderr.decode()


def test_compiled_and_used(rules):
    tree = rules(access="Connect:127.0.1.9 REJECT\nTo:boss@ 550 5.1.1 Not here\n")
    assert compiled(tree) == "etc/access.db: 5 rules, 2560 bytes\n"
    assert (tree.path("etc/access.db").stat().st_mode & 0o777) == 0o644
    assert banner(tree, "127.0.0.7").startswith("220 ")
    assert banner(tree, "127.0.1.1").startswith("220 ")
    assert banner(tree, "127.0.1.9").startswith("554 5.7.1 ")
    assert tree.logged(r"reject: CONNECT from unknown\[127\.0\.1\.9\]: .* by etc/access:1: Connect:127\.0\.1\.9 REJ")
    assert banner(tree, "127.0.0.8").startswith("554 5.7.1 ")
    assert tree.logged(r"reject: CONNECT from unknown\[127\.0\.0\.8\]: .* by etc/hosts\.deny:1: ALL: ALL$")
    assert "read as text" not in tree.log()


def test_recipients_by_the_image(rules):
    tree = rules(allow="ALL: ALL\n", access="To:boss@ 550 5.1.1 Not here\nFrom:spam.example REJECT\n")
    tree.user("boss", "user")
    compiled(tree)
    with tree.smtp() as s:
        assert s.reply().startswith("220 ")
        s.command("HELO client.example")
        assert s.command("MAIL FROM:<a@x.spam.example>").startswith("550 ")
        assert s.command("MAIL FROM:<a@ham.example>").startswith("250 ")
        assert s.command("RCPT TO:<boss@example.org>").startswith("550 5.1.1 Not here")
        assert s.command("RCPT TO:<user@example.org>").startswith("250 ")
    assert "read as text" not in tree.log()


def test_the_texts_are_not_read(rules, tmp_path):
    """Only the rule that decides is read from its text, and of the lists of thousands nothing."""
    tree = rules(allow="".join(f"smtpd: 10.{i >> 8}.{i & 255}.1\n" for i in range(5000)) + "smtpd: 127.0.0.7\n")
    compiled(tree)
    out = tmp_path / "calls"
    subprocess.run(["strace", "-f", "-o", str(out), "-e", "trace=openat,open,read,pread64", *buzon(), "access-check",
                    "--root", str(tree.root), "smtpd", "127.0.0.7"], check=True, capture_output=True, timeout=60)
    calls = out.read_text()
    assert "access.db" in calls and "hosts.allow" in calls
    assert sum(int(n) for n in re.findall(r"p?read(?:64)?\(.*\) = (\d+)$", calls, re.M)) < 20000, calls


def test_a_time_that_was_set_back_hides_nothing(rules):
    """As long as it was, with the time that it had: still another text."""
    tree = rules(deny="ALL: 127.0.0.6\n", allow="")
    compiled(tree)
    was = tree.path("etc/hosts.deny").stat()
    tree.path("etc/hosts.deny").write_text("ALL: 127.0.0.7\n")
    os.utime(tree.path("etc/hosts.deny"), ns=(was.st_atime_ns, was.st_mtime_ns))
    assert banner(tree, "127.0.0.7").startswith("554 ")
    assert tree.logged("etc/hosts.deny was changed; the rules are read as text")


def in_place(path, text):
    """As an editor does that keeps the file: the same inode, other bytes."""
    with open(path, "r+") as f:
        f.write(text)
        f.truncate()


def test_a_table_changed_in_its_place_during_a_session(rules):
    table = "From:spam.example REJECT\nTo:boss@ REJECT\n"
    tree = rules(allow="ALL: ALL\n", access=table)
    tree.user("boss")
    compiled(tree)
    with tree.smtp() as s:
        s.reply()
        s.command("HELO client.example")
        in_place(tree.path("etc/access"), "# a line more\n" + table)
        assert s.command("MAIL FROM:<a@spam.example>").startswith("550 ")
        assert s.command("MAIL FROM:<a@ham.example>").startswith("250 ")
        assert s.command("RCPT TO:<boss@example.org>").startswith("550 ")
    assert tree.logged("the image of the access table is older than it is; the text is read")


def test_an_image_shortened_during_a_session(rules):
    tree = rules(allow="ALL: ALL\n", access="".join(f"From:u{i}@x.example REJECT\n" for i in range(2000)))
    compiled(tree)
    with tree.smtp() as s:
        s.reply()
        s.command("HELO client.example")
        os.truncate(tree.path("etc/access.db"), 0)
        assert s.command("MAIL FROM:<u1234@x.example>").startswith("550 ")
        assert s.command("MAIL FROM:<u1234@y.example>").startswith("250 ")
        assert s.command("QUIT").startswith("221 ")
    assert tree.logged("the image of the access table is damaged; the text is read")


def test_two_images_mixed(rules):
    """Each block is good by itself; together they are no image of anything."""
    deny = "".join(f"ALL: 10.{i >> 8}.{i & 255}.1\n" for i in range(6000)) + "ALL: 127.0.0.7\n"
    tree = rules(allow="", deny=deny)
    compiled(tree)
    a = tree.path("etc/access.db").read_bytes()
    compiled(tree)
    b = tree.path("etc/access.db").read_bytes()
    assert len(a) == len(b) and a != b
    for cut in (512, 4096, len(a) // 2, len(a) // 4096 * 4096 - 4096):
        tree.path("etc/access.db").write_bytes(a[:cut] + b[cut:])
        assert banner(tree, "127.0.0.7").startswith("554 "), cut


@pytest.mark.parametrize("change, what", [
    (lambda t: t.write("etc/hosts.allow", ALLOW.replace("127.0.0.7", "127.0.0.6")), "etc/hosts.allow was changed"),
    (lambda t: t.write("etc/hosts.deny", ""), "etc/hosts.deny was changed"),
    (lambda t: t.path("etc/hosts.deny").unlink(), "etc/hosts.deny is gone"),
    (lambda t: t.write("etc/access", "Connect:127.0.0.9 REJECT\n"), "etc/access was changed"),
    (lambda t: os.truncate(t.path("etc/access.db"), 512), "etc/access.db not as long as it should be"),
    (lambda t: t.write("etc/access.db", b"\0" * 4096), "etc/access.db no access image"),
    (lambda t: t.path("etc/access.db").chmod(0o666), "etc/access.db may be written by others"),
])
def test_an_image_that_does_not_hold(rules, change, what):
    tree = rules()
    compiled(tree)
    change(tree)
    said = banner(tree, "127.0.0.7")
    text = tree.path("etc/hosts.allow").read_text()
    deny = tree.path("etc/hosts.deny")
    refused = "127.0.0.7" not in text and deny.exists() and deny.read_text()
    assert said.startswith("554" if refused else "220")
    assert tree.logged(rf"smtpd\[\d+\]: {what}; the rules are read as text: run access-check -c$"), tree.log()
    line, err = ask(tree, "smtpd", "127.0.0.7")
    assert f"access-check: {what}; the rules are read as text" in err
    compiled(tree)
    assert "read as text" not in ask(tree, "smtpd", "127.0.0.7")[1]


def blocks(tree):
    return tree.path("etc/access.db").stat().st_size // 512


def test_damage_anywhere_is_noticed_where_it_matters(rules):
    """A bit of each block turned: the verdict stays the same, by the image or, with a line in the log, by the text."""
    tree = rules(access="Connect:127.0.1.9 REJECT\n")
    compiled(tree)
    good = tree.path("etc/access.db").read_bytes()
    noticed = 0
    for block in range(1, blocks(tree)):
        bad = bytearray(good)
        bad[block * 512 + 7] ^= 1
        tree.path("etc/access.db").write_bytes(bad)
        tree.path("run/log").unlink(missing_ok=True)
        assert banner(tree, "127.0.0.7").startswith("220 ")
        assert banner(tree, "127.0.1.9").startswith("554 ")
        assert banner(tree, "127.0.0.9").startswith("554 ")
        noticed += tree.logged(r"image of .* is damaged.*run access-check -c$")
    assert noticed >= blocks(tree) - 2


@pytest.mark.parametrize("name, text, what", [
    ("hosts.allow", "smtpd: ALL", "etc/hosts.allow:1: the last line does not end"),
    ("access", "To:a@b.example WHAT\n", "etc/access:1: "),
    ("hosts.deny", "\ufeffALL: ALL\n", "etc/hosts.deny:1: the file starts with a byte order mark"),
])
def test_what_cannot_be_compiled_leaves_the_old_image(rules, name, text, what):
    tree = rules()
    compiled(tree)
    before = tree.path("etc/access.db").read_bytes()
    age(tree.write(f"etc/{name}", text))
    out = tree.run("access-check", "-c")
    assert out.returncode == 78 and out.stdout.decode().startswith(what.replace(": ", ": error: ", 1)), out.stdout
    assert b"etc/access.db: not made, for the rules have errors" in out.stderr
    assert tree.path("etc/access.db").read_bytes() == before
    assert sorted(p.name for p in tree.path("etc").iterdir() if "access.db" in p.name) == ["access.db"]


def test_replaced_in_one_step(rules):
    """Whoever opens it while it is made again finds a whole one: the name never stands for less."""
    tree = rules(allow="".join(f"smtpd: 10.{i >> 8}.{i & 255}.1\n" for i in range(20000)))
    compiled(tree)
    p = tree.start("access-check", "-c", stdout=subprocess.DEVNULL)
    seen = set()
    while p.poll() is None:
        seen.add(tree.path("etc/access.db").stat().st_size)
    assert p.returncode == 0
    assert seen == {tree.path("etc/access.db").stat().st_size}


def test_explained_alike(rules):
    tree = rules()
    by_text = [ask(tree, "-v", "-n", n, "smtpd", a) for n, a in
               (("unknown", "127.0.0.7"), ("hub.example", "10.1.1.1"), ("x.example", "10.1.1.1"))]
    compiled(tree)
    by_image = [ask(tree, "-v", "-n", n, "smtpd", a) for n, a in
                (("unknown", "127.0.0.7"), ("hub.example", "10.1.1.1"), ("x.example", "10.1.1.1"))]
    assert [t[0].splitlines()[-1] for t in by_text] == [i[0].splitlines()[-1] for i in by_image]
    assert by_image[1][0].splitlines()[-1] == "allow etc/hosts.allow:3 smtpd: hub.example: severity debug"


def test_beside_the_files_that_were_named(tmp_path):
    (tmp_path / "hosts.allow").write_text("sshd: 192.0.2.1\n")
    (tmp_path / "hosts.deny").write_text("ALL: ALL\n")
    for f in tmp_path.iterdir():
        age(f)
    args = ["-a", str(tmp_path / "hosts.allow"), "-d", str(tmp_path / "hosts.deny")]
    out = subprocess.run([*buzon(), "access-check", "-c", *args], capture_output=True, timeout=20)
    assert out.returncode == 0, out.stderr
    assert (tmp_path / "access.db").exists()
    out = subprocess.run([*buzon(), "access-check", *args, "sshd", "192.0.2.1"], capture_output=True, timeout=20)
    assert out.stdout.decode().startswith("allow ") and not out.stderr


def test_pattern_files_with_an_image(rules):
    """A file of patterns is no part of the image: what it says counts at once."""
    tree = rules(allow="smtpd: /srv/friends\nsmtpd: 127.0.0.7\n")
    listed = tree.root.parent / "friends"
    age(tree.write("etc/hosts.allow", f"smtpd: {listed}\nsmtpd: 127.0.0.7\n"))
    listed.write_text("127.0.0.9\n")
    listed.chmod(0o644)
    compiled(tree)
    assert banner(tree, "127.0.0.9").startswith("220 ")
    assert banner(tree, "127.0.0.10").startswith("554 ")
    listed.write_text("127.0.0.10\n")
    assert banner(tree, "127.0.0.9").startswith("554 ")
    assert banner(tree, "127.0.0.10").startswith("220 ")
    assert "read as text" not in tree.log()


def test_the_lint_looks_at_the_image(rules):
    tree = rules()
    lint = lambda: tree.run("access-check", "-t").stdout.decode()
    assert "access.db" not in lint()
    compiled(tree)
    assert "access.db" not in lint()
    os.utime(tree.path("etc/hosts.allow"), (1, 1))
    assert "etc/access.db: warning: a text has not the time that is noted here" in lint()
    tree.write("etc/hosts.deny", "ALL: ALL EXCEPT 10.\n")
    assert "etc/access.db: warning: etc/hosts.deny was changed: run access-check -c" in lint()


def test_usage(tree):
    out = tree.run("access-check", "-c", "smtpd", "127.0.0.1")
    assert out.returncode == 64 and b"-t and -c ask no question" in out.stderr
