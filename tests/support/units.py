# Collects the unit programs: one *_test.c is one program, each `ok` or `not ok` line of it one test.
#
# A program runs once a variant, when it is collected: `san` is the native build with sanitisers, `native` the musl
# build, any other name a board, whose program runs under qemu-user.

import functools
import os
import shlex
import subprocess

import pytest

from support.tree import REPO

TIMEOUT = 120


@functools.lru_cache
def emulator(board):
    """The command that runs a board's programs here, as words; it stands in board/NAME.mk.
    `san` is this machine's own build with sanitisers, whose unit programs always run."""
    if board == "san":
        return []
    out = subprocess.run(["make", "-s", "--no-print-directory", "print-emulator", f"BOARD={board}"], cwd=REPO,
                         capture_output=True, text=True)
    if out.returncode or not out.stdout.strip():
        raise RuntimeError(f"make print-emulator BOARD={board}: {out.stdout}{out.stderr}")
    return shlex.split(out.stdout)


def boards(config):
    return config.getoption("--boards").replace(",", " ").split()


def variants(config):
    """[(name, words before the program, folder of the programs)]"""
    found = [("san", [], "san")]
    if config.getoption("--native-unit"):
        found.append(("native", [], "native"))
    for b in boards(config):
        if b == "san":
            continue
        found.append((b, emulator(b), b))
    return [(name, words, REPO / "build" / folder / "unit") for name, words, folder in found]


class UnitFile(pytest.File):
    def collect(self):
        for name, words, folder in variants(self.config):
            program = folder / self.path.stem
            for case, failure in self.cases(words, program):
                yield UnitCase.from_parent(self, name=f"{case}[{name}]", failure=failure)

    def cases(self, words, program):
        """[(case, "" or what failed)]; a program that dies is a failed case of its own."""
        if not program.exists():
            return [("program", f"{program} is not there: `make unit-san`, or `make unit BOARD={program.parts[-3]}`")]
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        try:
            run = subprocess.run([*words, str(program)], capture_output=True, text=True, errors="replace", cwd=REPO,
                                 timeout=TIMEOUT, env=env)
        except subprocess.TimeoutExpired:
            return [("program", f"still ran after {TIMEOUT} s")]
        found, extra, finished = [], [], False
        for line in run.stdout.splitlines():
            word, _, rest = line.partition(" ")
            if word == "ok":
                found.append((rest, ""))
            elif line.startswith("not ok "):
                case, _, failure = line[7:].partition(" ")
                found.append((case, failure or "failed"))
            elif word == "done":
                finished = int(rest) == len(found)
            else:
                extra.append(line)
        bad = any(failure for _, failure in found)
        if not finished or run.returncode != (1 if bad else 0) or not found:
            found.append(("program", f"ended with {run.returncode} after {len(found)} cases\n" + run.stderr[-3000:]))
        more = "\n".join(extra[-40:])
        return [(case, failure and f"{failure}\n{more}") for case, failure in found]


class UnitCase(pytest.Item):
    def __init__(self, failure, **kw):
        super().__init__(**kw)
        self.failure = failure

    def runtest(self):
        if self.failure:
            raise AssertionError(self.failure)

    def repr_failure(self, excinfo, style=None):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, 0, self.name
