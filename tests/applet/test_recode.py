# lib/mail/recode against a judge of its own: Python's email package must find in the result the parts that were put in.

import email
import os
import random
import subprocess

import pytest

from support.tree import REPO

SEED = int(os.environ.get("RECODE_SEED", "1"))
MESSAGES = int(os.environ.get("RECODE_MESSAGES", "400"))


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    program = tmp_path_factory.mktemp("recode") / "pipe"
    sources = [str(REPO / f) for f in ("tests/applet/recode_pipe.c", "lib/mail/recode.c", "lib/base/str.c")]
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-iquote", str(REPO / "lib"), "-o", str(program), *sources],
                   check=True)
    return program


class Maker:
    """Random messages; .leaves is what a reader must find, in order, as (type, bytes)."""

    def __init__(self, rng, binary=True):
        self.rng, self.leaves, self.boundaries = rng, [], []
        self.encodings = ["8bit", "base64", None] + ["binary", "binary", "BINARY"] * binary
        self.around = ["binary" if binary else "8bit", None]

    def header(self, fields):
        self.rng.shuffle(fields)
        return b"".join(f"{n}: {v}\r\n".encode() for n, v in fields) + b"\r\n"

    def lines(self):
        words = ["hello", "--", "--b", "-", ".", "", "From me", "\u00fcber", "x" * 90]
        return "\r\n".join(self.rng.choices(words, k=self.rng.randint(1, 8))).encode()

    def binary(self):
        """Bytes with all that may be taken for a line end or delimiter, and is none."""
        pieces = [b"\r", b"\n", b"\0", b"\r\n", b"--", b"\r\n--", b"\xff\xfe", b"A: b\r\n\r\n"]
        pieces += [b"\n--" + b + b"\n" for b in self.boundaries]
        pieces += [b"\r\n--" + b[:-1] + b"\r\n" for b in self.boundaries]
        pieces += [b"\r\n--" + b + b"x" for b in self.boundaries]
        return b"".join(self.rng.choice([self.rng.choice(pieces), self.rng.randbytes(self.rng.randint(0, 60))])
                        for _ in range(self.rng.randint(0, 9)))

    def leaf(self, fields):
        encoding = self.rng.choice(self.encodings)
        kind = self.rng.choice(["application/octet-stream", "text/plain", "image/png"])
        fields.append(("Content-Type", kind + self.rng.choice(["", "; charset=utf-8", ";\r\n\tname=\"a;b.bin\""])))
        if encoding:
            fields.append(("Content-Transfer-Encoding", encoding))
        if encoding in ("binary", "BINARY"):
            body = content = self.binary()
        elif encoding == "base64":
            content = self.rng.randbytes(30)
            body = email.base64mime.body_encode(content, eol="\r\n").rstrip("\r\n").encode()
        else:
            body = content = self.lines()
        self.leaves.append((kind, encoding, content))
        return self.header(fields) + body

    def multipart(self, fields, depth):
        boundary = "".join(self.rng.choices("abcXYZ0189'()+_,-./:=?", k=self.rng.randint(20, 70)))
        fields.append(("Content-Type", self.rng.choice(["multipart/mixed", "Multipart/Related"]) +
                       self.rng.choice(["; ", ";\r\n\t"]) + f'boundary="{boundary}"'))
        encoding = self.rng.choice(self.around)
        if encoding:
            fields.append(("Content-Transfer-Encoding", encoding))
        mark = b"--" + boundary.encode()
        self.boundaries.append(boundary.encode())
        out = self.header(fields) + self.rng.choice([b"", b"preamble\r\n", b"--\r\n"])
        for _ in range(self.rng.randint(1, 4)):
            out += mark + self.rng.choice([b"", b" ", b"\t "]) + b"\r\n" + self.entity([], depth + 1) + b"\r\n"
        self.boundaries.pop()
        return out + mark + b"--" + self.rng.choice([b"", b"\r\n", b"\r\nepilogue"])

    def message(self, fields, depth):
        fields.append(("Content-Type", "message/rfc822"))
        encoding = self.rng.choice(self.around)
        if encoding:
            fields.append(("Content-Transfer-Encoding", encoding))
        return self.header(fields) + self.entity([("Subject", "inner"), ("MIME-Version", "1.0")], depth + 1)

    def entity(self, fields, depth):
        roll = self.rng.random()
        if depth < 5 and roll < (0.7 if depth == 0 else 0.3):
            return self.multipart(fields, depth)
        if depth < 5 and roll > 0.85:
            return self.message(fields, depth)
        return self.leaf(fields)

    def whole(self):
        return self.entity([("From", "a@example.org"), ("Subject", "x\r\n\ty"), ("MIME-Version", "1.0")], 0)


def lines_only(data):
    assert b"\0" not in data
    rest = data.replace(b"\r\n", b"")
    assert b"\r" not in rest and b"\n" not in rest
    assert data.endswith(b"\r\n")


def found(message):
    """The leaves as Python reads them: type, encoding, bytes."""
    for part in message.walk():
        if not part.is_multipart():
            yield part.get_content_type(), str(part.get("Content-Transfer-Encoding", "")), part.get_payload(decode=True)


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_python_finds_the_parts_that_were_put_in(pipe, piece):
    rng = random.Random(SEED)
    converted = 0
    for number in range(MESSAGES):
        maker = Maker(rng)
        text = maker.whole()
        out = subprocess.run([str(pipe), str(piece)], input=text, capture_output=True)
        where = f"RECODE_SEED={SEED}, message {number}: {text!r}"
        assert out.returncode == 0, where
        lines_only(out.stdout)
        got = list(found(email.message_from_bytes(out.stdout)))
        assert len(got) == len(maker.leaves), where
        for (kind, encoding, content), (got_kind, got_encoding, got_content) in zip(maker.leaves, got):
            assert kind == got_kind, where
            if (encoding or "").lower() == "binary":
                converted += 1
                assert got_encoding == "base64", where
                assert got_content == content, where
            else:                    # the line end at the message's very end may be ours
                assert got_encoding == (encoding or ""), where
                assert got_content.removesuffix(b"\r\n") == content.removesuffix(b"\r\n"), where
    assert converted > MESSAGES / 3, "hardly anything was binary"


def test_what_has_nothing_binary_is_not_touched(pipe):
    rng = random.Random(SEED)
    for _ in range(50):
        text = Maker(rng, binary=False).whole()
        out = subprocess.run([str(pipe), "100"], input=text, capture_output=True)
        assert out.returncode == 0 and out.stdout in (text, text + b"\r\n"), text
