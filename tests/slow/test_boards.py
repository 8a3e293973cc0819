# What takes long or needs the cross compilers: every board's binary, and builds that come out the same everywhere.

import filecmp
import os
import re
import shutil
import subprocess

import pytest

from source import REPO
from support.units import emulator
from test_binary import MIPS, fpu_instructions

BOARDS = ("malta", "ath79", "kirkwood", "armvirt", "filogic")


@pytest.mark.parametrize("board", BOARDS)
def test_board_runs(board):
    argv = [*emulator(board), str(REPO / "build" / board / "buzon"), "--list"]
    out = subprocess.run(argv, capture_output=True, text=True)
    assert out.returncode == 0 and "smtpd" in out.stdout, out


@pytest.mark.parametrize("board", MIPS)
def test_board_has_no_fpu_instruction(board):
    found = fpu_instructions(board)
    assert not found, f"{len(found)} FPU instructions:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("board,byte_order,machine", [
    ("malta", "little", "MIPS"), ("ath79", "big", "MIPS"), ("kirkwood", "little", "ARM"), ("armvirt", "little", "ARM"),
    ("filogic", "little", "AArch64")])
def test_board_is_what_it_says(board, byte_order, machine):
    out = subprocess.run(["readelf", "-h", str(REPO / "build" / board / "buzon")], capture_output=True, text=True)
    out = out.stdout
    assert f"{byte_order} endian" in out and re.search(rf"Machine:\s+{machine}", out), out


def sizes_of(board):
    return (REPO / "build" / board / "buzon").stat().st_size


@pytest.mark.parametrize("board", BOARDS)
def test_board_is_within_its_budget(board):
    budget = re.search(r"^BUDGET\s*:?=\s*(\d+)", (REPO / f"board/{board}.mk").read_text(), re.M)
    assert budget, f"board/{board}.mk names no BUDGET"
    assert sizes_of(board) <= int(budget.group(1))


def copy_sources(to):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True,
                            check=True).stdout.splitlines()
    for name in listed:
        if (REPO / name).is_file() and not name.startswith("tests/"):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, to / name)


@pytest.mark.parametrize("board", ["native", "ath79"])
def test_build_is_reproducible(board, tmp_path):
    """A second build, elsewhere and with a folder name of another length, libraries included: the same bytes."""
    away = tmp_path / "a folder's name of quite another length".replace(" ", "-").replace("'", "")
    away.mkdir()
    copy_sources(away)
    epoch = (REPO / f"build/{board}/date.txt").read_text().strip()
    out = subprocess.run(["make", "-s", f"BOARD={board}", f"CACHE={REPO}/build/cache", f"SOURCE_DATE_EPOCH={epoch}"],
                         cwd=away, capture_output=True, text=True)
    assert out.returncode == 0, out.stdout[-2000:] + out.stderr[-2000:]
    for name in ("buzon", "buzon.debug"):
        ours, theirs = REPO / f"build/{board}/{name}", away / f"build/{board}/{name}"
        assert filecmp.cmp(ours, theirs, shallow=False), f"{name} differs"
    shutil.rmtree(away)


RULES = ("smtpd: 127.0.0.7 [fd00::]/8 .lan\nsshd: ALL EXCEPT 10.1. .lan\nsmtpd: 10.0.0.0/255.255.128.0: severity info\n"
         + "".join(f"smtpd: 10.9.{i >> 8}.{i & 255}\n" for i in range(1000)))
QUESTIONS = "".join(f"smtpd {c}\n" for c in ("127.0.0.7 unknown", "fd12::1 unknown", "10.0.127.1 x", "10.0.128.1 x",
                                             "10.9.3.231 x", "10.9.3.232 x", "192.0.2.1 mx.lan", "192.0.2.1 mx.land"))
QUESTIONS += "sshd 10.2.0.1 a.example\nsshd 10.1.0.1 a.example\nsshd 10.2.0.1 a.lan\n"


def ask_all(command, where, questions=QUESTIONS):
    out = subprocess.run([*command, "access-check", "-a", "hosts.allow", "-d", "hosts.deny", "-"], cwd=where,
                         input=questions, capture_output=True, text=True, timeout=60)
    assert not out.stderr, out.stderr
    return out.stdout


def image_of(command, where):
    out = subprocess.run([*command, "access-check", "-c", "-a", "hosts.allow", "-d", "hosts.deny"], cwd=where,
                         capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stdout + out.stderr


@pytest.mark.parametrize("board", BOARDS)
def test_rules_compiled_here_are_read_there_and_back(board, tmp_path):
    """Whatever the byte order: an image that was made on one side decides on the other as the text does. That it is
    used shows in that nobody says that it is not."""
    native = [str(REPO / "build/native/buzon")]
    theirs = [*emulator(board), str(REPO / "build" / board / "buzon")]
    for name, text in (("hosts.allow", RULES), ("hosts.deny", "ALL: ALL\n")):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1, 1))
    by_text = ask_all(native, tmp_path)
    assert by_text.count("allow ") == 6 and len(by_text.splitlines()) == 11, by_text
    for makes, reads in ((native, theirs), (theirs, native)):
        image_of(makes, tmp_path)
        assert ask_all(reads, tmp_path) == by_text
