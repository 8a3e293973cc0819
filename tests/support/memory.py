# Many sessions at once, and the memory that is theirs alone.

import socket
import subprocess


class Session:
    """A client that has said EHLO."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.f = self.s.makefile("rb")
        self.expect(b"220")
        self.say(b"EHLO client.example.net", b"250")

    def expect(self, code):
        while True:
            line = self.f.readline()
            if not line.startswith(code):
                raise AssertionError(f"wanted {code}, got {line}")
            if line[3:4] != b"-":
                return

    def say(self, line, code):
        self.s.sendall(line + b"\r\n")
        self.expect(code)

    def half_a_message(self, recipient, recipients, text):
        """Up to the middle of a text, of which at least what fits the server's buffers has been read."""
        self.say(b"MAIL FROM:<a@example.net>", b"250")
        for _ in range(recipients):
            self.say(b"RCPT TO:<" + recipient.encode() + b">", b"250")
        self.say(b"DATA", b"354")
        self.s.sendall(text)

    def close(self):
        self.f.close()
        self.s.close()


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(x) for x in out.split()]


def private_kb(pid):
    """Private_Clean and Private_Dirty of a process, and its share of everything (Pss), in KB."""
    own = share = 0
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith(("Private_Clean", "Private_Dirty")):
                own += int(line.split()[1])
            elif line.startswith("Pss:"):
                share = int(line.split()[1])
    return own, share
