# SMTP by hand: a client that holds a real TCP connection whose other end is fd 0, 1 and 2 of a server, as under inetd.

import select
import socket
import struct
import subprocess
import threading
import time


class Closed(Exception):
    """The server closed the connection; what came before the end is in .rest, reset tells RST from FIN."""

    def __init__(self, rest, reset=False):
        super().__init__(f"connection {'reset' if reset else 'closed'}, after {rest!r}")
        self.rest, self.reset = rest, reset


def tcp_pair(client="127.0.0.1", server="127.0.0.1"):
    """Two ends of one loopback connection: (the client's, the server's)."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((server, 0))
        listener.listen(1)
        mine = socket.socket(family)
        mine.bind((client, 0))
        mine.connect(listener.getsockname())
        theirs, _ = listener.accept()
    mine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return mine, theirs


class Talk:
    """A connection to a server that somebody else started. Use as a context: the end of it closes."""

    def __init__(self, sock, timeout=20):
        self.sock, self.timeout, self.buffer = sock, timeout, b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes our end with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def shut(self):
        """Half-close: we will send nothing more, but still read."""
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data, piece=0):
        """Sends bytes, in segments of `piece` bytes when given, reading meanwhile so that neither side blocks."""
        data = data.encode() if isinstance(data, str) else data
        end = time.monotonic() + self.timeout
        self.sock.setblocking(False)
        try:
            at = 0
            while at < len(data):
                reads, writes, _ = select.select([self.sock], [self.sock], [], max(0, end - time.monotonic()))
                if not reads and not writes:
                    raise TimeoutError("the server takes no more bytes")
                if reads and not self.more():
                    raise Closed(self.buffer)
                if writes:
                    at += self.sock.send(data[at:at + piece] if piece else data[at:])
                    if piece:
                        time.sleep(0)
        except (ConnectionResetError, BrokenPipeError):
            raise Closed(self.buffer, reset=True) from None
        finally:
            self.sock.setblocking(True)

    def more(self):
        """Takes what is there into the buffer; False at the end of the stream."""
        got = self.sock.recv(65536)
        self.buffer += got
        return bool(got)

    def line(self, timeout=None):
        """The next line, its end included. Raises Closed or TimeoutError."""
        end = time.monotonic() + (timeout or self.timeout)
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.sock], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no whole line came; so far {self.buffer!r}")
            try:
                if not self.more():
                    raise Closed(self.buffer)
            except ConnectionResetError:
                raise Closed(self.buffer, reset=True) from None
        text, _, self.buffer = self.buffer.partition(b"\n")
        return text + b"\n"

    def reply(self, timeout=None):
        """One whole reply as text, its lines joined with newlines, without the CRs."""
        lines = []
        while True:
            text = self.line(timeout).decode("latin-1")
            assert text.endswith("\r\n"), f"a reply line without CRLF: {text!r}"
            lines.append(text[:-2])
            if text[3:4] != "-":
                return "\n".join(lines)

    def command(self, line, timeout=None):
        """Sends a line (CRLF is added) and returns the reply."""
        self.send((line if isinstance(line, bytes) else line.encode("latin-1")) + b"\r\n")
        return self.reply(timeout)

    def rest(self, timeout=None):
        """Everything up to the server's orderly end of the connection."""
        end = time.monotonic() + (timeout or self.timeout)
        while True:
            ready, _, _ = select.select([self.sock], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"the server keeps the connection open; so far {self.buffer!r}")
            try:
                if not self.more():
                    got, self.buffer = self.buffer, b""
                    return got
            except ConnectionResetError:
                raise Closed(self.buffer, reset=True) from None

    def hello(self, name="client.example.net"):
        """Banner and EHLO; returns EHLO's reply."""
        assert self.reply()[:3] == "220"
        got = self.command("EHLO " + name)
        assert got.startswith("250"), got
        return got

    def deliver(self, sender, recipients, text):
        """One whole transaction with CRLF text (dots are stuffed here). Returns the reply to the final dot."""
        got = self.command(f"MAIL FROM:<{sender}>")
        assert got.startswith("250"), got
        for r in [recipients] if isinstance(recipients, str) else recipients:
            got = self.command(f"RCPT TO:<{r}>")
            assert got.startswith("250"), got
        got = self.command("DATA")
        assert got.startswith("354"), got
        text = text.encode() if isinstance(text, str) else text
        stuffed = b"".join(b"." + l if l.startswith(b".") else l for l in text.splitlines(keepends=True))
        self.send(stuffed + b".\r\n")
        return self.reply()


class Smtp(Talk):
    """A connection to a server process of our own, which has its other end as fd 0, 1 and 2."""

    def __init__(self, argv, client="127.0.0.1", server="127.0.0.1", timeout=20, **popen):
        mine, theirs = tcp_pair(client, server)
        super().__init__(mine, timeout)
        with theirs:
            self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, **popen)

    def close(self):
        """Closes our end and returns the server's exit status; one that stays is killed and that is an error."""
        self.sock.close()
        try:
            return self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server did not leave after the connection was closed") from None

    def wait(self):
        """The exit status of a server that leaves by itself."""
        return self.process.wait(self.timeout)


class Listener:
    """What inetd does, for clients that want a port: a server process for each connection, the socket as its fds."""

    def __init__(self, argv, address="127.0.0.1", port=0, **popen):
        self.argv, self.popen, self.processes = argv, popen, []
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.sock.listen(64)
        self.address, self.port = self.sock.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with conn:
                self.processes.append(subprocess.Popen(self.argv, stdin=conn, stdout=conn, stderr=conn, **self.popen))

    def close(self):
        """No more connections; every server must have left, or is ended here and told."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        left = []
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                left.append(p.pid)
                p.kill()
                p.wait()
        assert not left, f"servers that did not leave when their client was gone: {left}"
