# The one binary: which applet a name chooses, and what it says when there is none.

import os
import re
import shutil
import subprocess

import pytest

from support.tree import REPO, buzon

APPLETS = ["access-check", "mailq", "queue-runner", "sendmail", "smtpd", "tcpd"]


def run(*argv, executable=None, **more):
    more.setdefault("input", b"")
    return subprocess.run(list(argv), executable=executable, capture_output=True, timeout=20, **more)


@pytest.fixture
def binary():
    words = buzon()
    if len(words) > 1:
        pytest.skip("argv[0] is the emulator's here")
    return words[0]


def test_list():
    out = run(*buzon(), "--list")
    assert out.returncode == 0 and out.stderr == b""
    names = [l.split()[0] for l in out.stdout.decode().splitlines()]
    assert names == sorted(names) and set(APPLETS) <= set(names)


def test_version():
    out = run(*buzon(), "--version")
    assert out.returncode == 0 and re.fullmatch(rb"buzon \d[\w.+~-]*\n", out.stdout), out.stdout


def test_no_arguments_tells_what_there_is():
    out = run(*buzon())
    assert out.returncode in (0, 64)
    assert all(a.encode() in out.stdout + out.stderr for a in APPLETS)


def test_unknown_applet():
    out = run(*buzon(), "frobnicate")
    assert out.returncode == 64 and out.stdout == b""
    assert b"frobnicate" in out.stderr and all(a.encode() in out.stderr for a in APPLETS)


def test_unknown_option():
    out = run(*buzon(), "--frobnicate")
    assert out.returncode == 64 and out.stdout == b"" and b"usage" in out.stderr.lower()


@pytest.mark.parametrize("name", ["mailq", "/usr/bin/mailq", "./mailq", "//x//mailq", "-mailq"])
def test_argv0_chooses(tree, binary, name):
    out = run(name, "--root", str(tree.root), executable=binary)
    assert (out.returncode, out.stdout) == (0, b"Mail queue is empty\n"), out


@pytest.mark.parametrize("name", ["", "/", "mailq/", "x", "MAILQ", "mailqq", "mail", "a" * 5000, "mailq\n", "\xff"])
def test_other_argv0_never_is_an_applet(tree, binary, name):
    """CASES J9."""
    out = run(name, "--root", str(tree.root), executable=binary)
    assert out.returncode == 64 and out.stdout == b"" and b"\x1b" not in out.stderr, out


def test_other_name_of_an_applet(tree, binary):
    out = run("runq", "--root", str(tree.root), executable=binary)
    assert out.returncode == 0, out


def test_argc_0(binary, tmp_path):
    """CASES J9: execve with an empty argv. Kernels since 5.18 make it one empty string."""
    program = tmp_path / "argc0.c"
    program.write_text('#include <unistd.h>\nint main(int c, char **v) { char *none[] = {0}; (void)c;'
                       ' execve(v[1], none, none); return 99; }\n')
    subprocess.run(["cc", "-o", tmp_path / "argc0", program], check=True)
    out = run(str(tmp_path / "argc0"), binary)
    assert out.returncode == 64 and out.stdout == b"" and out.stderr, out


def test_through_a_link(tree, binary, tmp_path):
    for make in (os.symlink, os.link):
        link = tmp_path / "mailq"
        try:
            make(binary, link)
        except OSError:
            continue                         # another file system
        out = run(str(link), "--root", str(tree.root))
        assert out.stdout == b"Mail queue is empty\n"
        link.unlink()


def test_applet_as_argument(tree):
    out = run(*buzon(), "mailq", "--root", str(tree.root))
    assert out.stdout == b"Mail queue is empty\n"


def test_executed_as_tcpd(binary):
    """tcpd without a daemon to run says how it is used."""
    out = run("tcpd", executable=binary)
    assert out.returncode != 0 and out.stdout == b""


def test_install_makes_links(binary, tmp_path):
    target = tmp_path / "sbin"
    target.mkdir()
    out = run(binary, "--install", str(target))
    assert out.returncode == 0, out
    names = {p.name for p in target.iterdir()}
    assert {"smtpd", "sendmail", "mailq", "queue-runner", "access-check", "tcpd"} <= names
    assert run(str(target / "sendmail"), "--root", "/nowhere", "-bp").returncode == 78
    again = run(binary, "--install", str(target))
    assert again.returncode == 0, again


def test_install_leaves_what_is_not_its_own(binary, tmp_path):
    target = tmp_path / "sbin"
    target.mkdir()
    (target / "sendmail").write_text("#!/bin/sh\n# somebody else's\n")
    out = run(binary, "--install", str(target))
    assert (target / "sendmail").read_text().startswith("#!/bin/sh")
    assert out.returncode != 0 and b"sendmail" in out.stderr


@pytest.mark.root
@pytest.mark.parametrize("name", ["queue", "queue/new", "mail", "mail/postmaster", "mail/postmaster/cur", "run"])
def test_install_follows_no_link_of_the_queues_owner(binary, tmp_path, name):
    """mail/ and queue/ belong to him: a link there would give him a chmod and a chown of root's."""
    dest, away = tmp_path / "dest", tmp_path / "away"

    def install():
        return run("board/install", binary, str(dest), "/srv/buzon", "mail", cwd=REPO)
    tree = dest / "srv/buzon"
    out = install()
    assert out.returncode == 0 and (tree / "mail/postmaster").stat().st_uid == 8, out
    away.mkdir()
    away.chmod(0o1757)
    before = away.stat()
    shutil.rmtree(tree / name)
    (tree / name).symlink_to(away)
    out = install()
    assert out.returncode not in (0, 64) and str(tree / name).encode() in out.stderr, out
    after = away.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert not list(away.iterdir())
    (tree / name).unlink()
    assert install().returncode == 0 and (tree / name).is_dir()


@pytest.mark.parametrize("args", [["--install"], ["--install", "/nowhere/at/all"]])
def test_install_that_cannot_be(args):
    out = run(*buzon(), *args)
    assert out.returncode in (64, 73, 71, 72) and out.stderr, out


def test_writes_that_fail_are_told(binary):
    with open("/dev/full", "wb") as full:
        p = subprocess.run([binary, "--list"], stdout=full, stderr=subprocess.PIPE, timeout=10)
    assert p.returncode == 74, p


@pytest.mark.parametrize("applet", APPLETS)
def test_root_needs_a_value(applet):
    if applet == "tcpd":
        return                               # the original's interface: tcpd DAEMON ARGS, no options of its own
    out = run(*buzon(), applet, "--root")
    # smtpd has a client to answer, whatever its command line.
    assert out.returncode == 64 and (out.stdout == b"" or out.stdout.startswith(b"421 ")), out


@pytest.mark.parametrize("applet,args", [("mailq", []), ("queue-runner", ["-q"]), ("sendmail", ["-bp"]),
                                         ("sendmail", ["-q"]), ("smtpd", [])], ids=lambda v: "".join(v))
def test_root_may_be_relative(tree, applet, args):
    """To the caller's working directory, whatever the applet does before it uses the name."""
    root = str(tree.root).lstrip("/")
    for words in (["--root", root], [f"--root={root}"]):
        out = run(*buzon(), applet, *words, *args, cwd="/", input=b"QUIT\r\n")
        assert out.returncode == 0, out
    assert not tree.path(root).exists()


def test_closed_standard_fds(tree, binary):
    """CASES J7: a file that is opened must not become fd 0, 1 or 2."""
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        out = subprocess.run(["sh", "-c", f'"$0" mailq --root "$1" {closed}', binary, str(tree.root)],
                             capture_output=True, timeout=20)
        assert out.returncode in (0, 74), (closed, out)
    assert not tree.log() or "Mail queue" not in tree.log()
