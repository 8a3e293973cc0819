# Reads a queue file by its format (lib/mail/envelope.h), without the code under test.

import re

STATE_AT, STATE_LEN = 33, 32                 # what changes in place, in the first line
REASON = 120
FIRST_LINE = re.compile(rb"BUZON1 ([0-9a-f]{8}) ([0-9a-f]{16}) ([0-9a-f]{4}) ([0-9a-f]{8}) ([0-9a-f]{16}) [-8]\n")


def crc32c_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = crc32c_table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for b in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ b) & 0xFF]
    return crc ^ 0xFFFFFFFF


class QueueFile:
    """.sender, .recipients, .status (of each), .text with the trace header; as they stand in the file."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        first = FIRST_LINE.match(self.bytes)
        assert first, f"{path.name}: no queue file: {self.bytes[:80]!r}"
        length, self.arrival, self.attempts, self.waited, self.last = (int(v, 16) for v in first.groups())
        self.envelope, rest = self.bytes[:length], self.bytes[length:]
        assert self.envelope.endswith(b"\n\n"), f"{path.name}: the envelope's length is wrong"
        self.text, self.end = rest[:-30], rest[-30:]
        self.sender, self.recipients, self.status = None, [], []
        self.lines = {}
        for line in self.envelope[first.end():-1].decode("latin-1").splitlines():
            if line[0] == "r":
                self.status.append(line[1])
                self.recipients.append(line[3 + REASON + 1:])
            else:
                self.lines[line[0]] = line[2:]
        self.sender = self.lines["s"]

    def complete(self):
        """Does the END record fit?"""
        end = re.fullmatch(rb"END ([0-9a-f]{16}) ([0-9a-f]{8})\n", self.end)
        if not end:
            return False
        fixed = bytearray(self.envelope)
        spans = [(STATE_AT, STATE_AT + STATE_LEN)]
        spans += [(m.start() + 2, m.start() + 2 + 2 + REASON) for m in re.finditer(rb"\nr", self.envelope)]
        for start, stop in reversed(spans):
            del fixed[start:stop]
        length, crc = int(end.group(1), 16), int(end.group(2), 16)
        return length == len(self.envelope) + len(self.text) and crc == crc32c(bytes(fixed) + self.text)

    def after_trace(self):
        """The text behind the Received field that stands first."""
        trace = re.match(rb"Received:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", self.text)
        assert trace, f"no trace field in front: {self.text[:100]!r}"
        return self.text[trace.end():]


def write(tree, lines, recipients, text, name="0000000000.k3x9q0mz71ab"):
    """Puts a message into a tree's queue, due at once: `lines` of its envelope, and recipients, each an address or a
    pair of one and the line behind it."""
    body = "".join(l + "\n" for l in lines)
    for r in recipients:
        address, behind = (r, None) if isinstance(r, str) else r
        body += "r. " + " " * REASON + " " + address + "\n" + (behind + "\n" if behind is not None else "")
    body = body.encode() + b"\n"
    text = text.encode() if isinstance(text, str) else text
    state = b"0000 00000000 0000000000000000 -"
    front = b"BUZON1 %08x 00000000692466c8 " % (STATE_AT + STATE_LEN + 1 + len(body))
    whole = front + state + b"\n" + body + text
    fixed = re.sub(rb"\nr. {122}", b"\nr ", front + b"\n" + body) + text
    eight = b"8" if any(b > 127 for b in text) else b"-"
    whole = front + state[:-1] + eight + whole[len(front) + STATE_LEN:]
    path = tree.path("queue/new") / name
    path.write_bytes(whole + b"END %016x %08x\n" % (len(whole), crc32c(fixed)))
    path.chmod(0o600)
    tree.own(path)
    return path
