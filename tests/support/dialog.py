# Runs dialogue files (*.dlg): exact bytes between a client and smtpd. The format is told in tests/dialog/README.

import fnmatch
import re

import pytest

from support.queuefile import QueueFile
from support.smtp import Closed
from support.tree import CONF, REPO
from support.units import boards, emulator

HEADERS = ("conf", "client", "server", "split", "user", "file")
make_tree = drop_trees = None                # conftest sets them

ESCAPES = {"r": b"\r", "n": b"\n", "0": b"\0", "t": b"\t", "\\": b"\\"}


def matching(text, at):
    """Where the brace that opens at `at` closes."""
    depth = 0
    while True:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return at
        at += 1


def unescape(text):
    r"""The bytes that a text of a dialogue file means: \r \n \t \0 \\ \xNN, and \{N:text} for text N times,
    which may hold another one."""
    out, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            out += bytes([int(text[at + 2:at + 4], 16)])
            at += 4
        elif text[at + 1] == "{":
            end = matching(text, at + 1)
            times, _, what = text[at + 2:end].partition(":")
            out += unescape(what) * int(times)
            at = end + 1
        else:
            out += ESCAPES[text[at + 1]]
            at += 2
    return out


class Dialog:
    """A parsed file: headers, steps [(line number, keyword, text)] in order, assertions likewise."""

    KEYWORDS = ("C:", "C-", "S:", "S~", "S*", "CLOSE", "SHUT", "RST", "SPLIT")
    ASSERTIONS = ("QUEUE", "TEXT", "FROM", "TO", "LOG~", "NOLOG~", "EXIT")

    def __init__(self, path):
        self.what, self.conf, self.files, self.users = "", [], [], []
        self.client, self.server, self.split = "127.0.0.2", "127.0.0.1", False
        self.steps, self.asserts = [], []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            try:
                self.line(number, line)
            except (ValueError, KeyError, IndexError) as e:
                raise ValueError(f"{path}:{number}: {line!r} is not understood: {e!r}") from None
        if not self.what or not self.steps:
            raise ValueError(f"{path}: a dialogue says first `# what it shows`, and has steps")

    def line(self, number, line):
        if not line.strip():
            return
        if line.startswith("#"):
            self.what = self.what or line[1:].strip()
            return
        key, colon, value = line.partition(":")
        if colon and key in HEADERS:
            self.header(key, value.strip())
            return
        word, _, rest = line.partition(" ")
        if word in self.KEYWORDS:
            if self.asserts:
                raise ValueError("a step after the assertions")
            self.steps.append((number, word, rest))
        elif word in self.ASSERTIONS:
            self.asserts.append((number, word, rest))
        elif word == "|" and self.asserts[-1][1] == "TEXT":
            n, _, text = self.asserts.pop()
            self.asserts.append((n, "TEXT", text + rest + "\\r\\n"))
        else:
            raise ValueError("no such keyword")

    def header(self, key, value):
        if key == "conf":
            self.conf.append(value)
        elif key == "user":
            self.users.append(value)
        elif key == "file":
            self.files.append(value.partition(" ")[::2])
        elif key == "split":
            self.split = {"yes": True, "no": False}[value]
        else:
            setattr(self, key, value)


class Failed(Exception):
    pass


class Run:
    """One dialogue on one tree. `piece` is the segment size of what the client sends, 0: as it comes."""

    def __init__(self, dialog, path, tree, piece=0):
        self.dialog, self.path, self.tree, self.piece = dialog, path, tree, piece
        self.seen = []
        self.exit = None

    def fail(self, number, said):
        talk = "\n".join(self.seen[-12:])
        raise Failed(f"{self.path}:{number}: {said}\n{talk}")

    def prepare(self):
        keys = {c.split()[0] for c in self.dialog.conf}
        kept = [l for l in CONF.splitlines() if l.split()[0] not in keys]
        self.tree.conf("".join(l + "\n" for l in kept + self.dialog.conf))
        self.tree.user("user", *self.dialog.users)
        for name, text in self.dialog.files:
            self.tree.write(name, unescape(text))

    def run(self):
        self.prepare()
        self.smtp = self.tree.smtp(self.dialog.client, self.dialog.server)
        pending, number = b"", 0
        for number, word, rest in self.dialog.steps:
            if word in ("C:", "C-"):
                pending += unescape(rest) + (b"\r\n" if word == "C:" else b"")
                continue
            if pending:
                self.send(number, pending)
                pending = b""
            self.step(number, word, rest)
        if pending:
            self.send(number, pending)
        if self.smtp.buffer:
            self.fail(number, f"the server said more: {self.smtp.buffer!r}")
        self.exit = self.smtp.close()
        for number, word, rest in self.dialog.asserts:
            self.check(number, word, rest)

    def send(self, number, data):
        self.seen.append(f"  C {data[:200]!r}{'…' if len(data) > 200 else ''}")
        try:
            self.smtp.send(data, self.piece)
        except Closed as e:
            # The server may close before it has all: what it said first is judged by the steps that follow.
            self.smtp.buffer = e.rest
            self.seen.append("  (the server had closed)")
        except TimeoutError as e:
            self.fail(number, str(e))

    def step(self, number, word, rest):
        if word in ("S:", "S~", "S*"):
            self.expect(number, word, rest)
        elif word == "CLOSE":
            self.expect_close(number)
        elif word == "SHUT":
            self.smtp.shut()
        elif word == "RST":
            self.smtp.reset()
        elif word == "SPLIT":
            self.piece = int(rest)

    def expect(self, number, word, rest):
        try:
            got = self.smtp.line()
            while word == "S*" and got[3:4] == b"-":      # the rest of a reply of several lines
                self.seen.append(f"  S {got!r}")
                got = self.smtp.line()
        except (Closed, TimeoutError) as e:
            self.fail(number, f"expected {rest!r}, but: {e}")
        self.seen.append(f"  S {got!r}")
        if len(got) > 512:
            self.fail(number, f"a reply line of {len(got)} bytes (RFC 5321 4.5.3.1.5)")
        if word == "S:" and got != unescape(rest) + b"\r\n":
            self.fail(number, f"expected {unescape(rest)!r}, got {got!r}")
        if word != "S:":
            text = got.decode("latin-1")
            glob = rest.replace("[", "[[]").replace("?", "[?]")
            if not text.endswith("\r\n") or not fnmatch.fnmatchcase(text[:-2], glob):
                self.fail(number, f"expected {rest!r}, got {got!r}")

    def expect_close(self, number):
        try:
            more = self.smtp.rest()
        except (Closed, TimeoutError) as e:
            self.fail(number, f"expected the end of the connection, but: {e}")
        if more:
            self.fail(number, f"expected the end of the connection, got {more!r}")

    def check(self, number, word, rest):
        queue = self.tree.queue()
        if word == "QUEUE" and len(queue) != int(rest):
            self.fail(number, f"{len(queue)} messages are queued, not {rest}")
        if word == "EXIT" and self.exit != int(rest):
            self.fail(number, f"exit status {self.exit}, not {rest}")
        if word == "LOG~" and not self.tree.logged(rest):
            self.fail(number, f"no log line matches {rest!r}:\n{self.tree.log()}")
        if word == "NOLOG~" and self.tree.logged(rest):
            self.fail(number, f"a log line matches {rest!r}:\n{self.tree.log()}")
        if word in ("TEXT", "FROM", "TO"):
            if len(queue) != 1:
                self.fail(number, f"{len(queue)} messages are queued, not one")
            message = QueueFile(queue[0])
            got = {"FROM": message.sender.encode("latin-1"), "TO": " ".join(message.recipients).encode("latin-1"),
                   "TEXT": message.after_trace()}[word]
            if got != unescape(rest):
                self.fail(number, f"{word} queued: {got!r}\nexpected: {unescape(rest)!r}")


class DialogFile(pytest.File):
    def collect(self):
        dialog = Dialog(self.path)
        for board in [""] + boards(self.config):
            mark = board or "native"
            stem, more = self.path.stem, {"dialog": dialog, "board": board}
            yield DialogItem.from_parent(self, name=f"{stem}[{mark}]", piece=0, **more)
            if dialog.split:
                yield DialogItem.from_parent(self, name=f"{stem}[{mark}-bytewise]", piece=1, **more)


class DialogItem(pytest.Item):
    def __init__(self, dialog, board, piece, **kw):
        super().__init__(**kw)
        self.dialog, self.board, self.piece = dialog, board, piece

    def runtest(self):
        command = [*emulator(self.board), str(REPO / "build" / self.board / "buzon")] if self.board else None
        Run(self.dialog, self.path.name, make_tree(self, command), self.piece).run()

    def teardown(self):
        drop_trees(self)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (Failed, AssertionError)):
            return f"{self.dialog.what}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, f"{self.name}: {self.dialog.what}"
