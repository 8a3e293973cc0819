# SMTP servers on loopback to deliver to: a real one that keeps what it gets, and one that misbehaves by script.

import socket
import socketserver
import threading
import time

from aiosmtpd.controller import Controller


class Keeper:
    """aiosmtpd's handler: keeps every message, or answers as told in .replies, {"RCPT": "450 4.2.0 later"}."""

    def __init__(self):
        self.messages, self.replies = [], {}
        self.recipients = {}                 # replies to single recipients, by address

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        said = self.recipients.get(address) or self.replies.get("RCPT")
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.messages.append(envelope)
        return "250 2.0.0 kept as %d" % len(self.messages)


class Sink:
    """A real SMTP server. .port, .messages (aiosmtpd envelopes: mail_from, rcpt_tos, content as bytes)."""

    def __init__(self, address="127.0.0.1", port=0, **options):
        self.keeper = Keeper()
        if not port:
            with socket.socket() as s:
                s.bind((address, 0))
                port = s.getsockname()[1]
        self.address, self.port = address, port
        options.setdefault("data_size_limit", 64 << 20)
        self.controller = Controller(self.keeper, hostname=address, port=port, **options)
        self.controller.start()

    messages = property(lambda self: self.keeper.messages)
    replies = property(lambda self: self.keeper.replies)
    recipients = property(lambda self: self.keeper.recipients)

    def wait(self, n, timeout=10):
        """Waits until n messages came."""
        end = time.monotonic() + timeout
        while len(self.messages) < n and time.monotonic() < end:
            time.sleep(0.02)
        return len(self.messages) >= n

    def close(self):
        self.controller.stop()


class ScriptHandler(socketserver.StreamRequestHandler):
    def handle(self):
        script = self.server.script
        script.connections += 1
        self.script, self.text = script, None
        try:
            if self.say("CONNECT", b"220 fake.example.net ESMTP\r\n"):
                while self.step():
                    pass
        except (ConnectionError, TimeoutError):
            script.broken += 1

    def say(self, verb, usual):
        """Sends the scripted reply to a verb, or the usual one. False: this connection ends."""
        reply = self.script.reply(verb, usual)
        if reply is None:
            return False
        self.wfile.write(reply)
        return True

    def step(self):
        line = self.rfile.readline(65536)
        if not line:
            return False
        self.script.lines.append(line)
        verb = line.split(None, 1)[0].upper().decode("latin-1") if line.split() else ""
        usual = {"EHLO": b"250-fake.example.net\r\n250-PIPELINING\r\n250 SIZE 0\r\n", "DATA": b"354 go on\r\n",
                 "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")
        if not self.say(verb, usual) or verb == "QUIT":
            return False
        if verb == "DATA" and self.script.said[:1] == b"3":
            return self.data()
        return True

    def data(self):
        """Raw bytes up to CRLF.CRLF, kept with every dot and line end as they came."""
        got = b"\r\n"
        while not got.endswith(b"\r\n.\r\n"):
            piece = self.rfile.readline(1 << 20)
            if not piece:
                self.script.cut.append(got[2:])
                return False
            got += piece
        self.script.texts.append(got[2:])
        return self.say(".", b"250 kept\r\n")


class ScriptedServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Script:
    """A server for faults: .replies maps a verb (CONNECT, EHLO, MAIL, RCPT, DATA, ., QUIT) to bytes to send, to a list
    of them (one a use, the last one stays), or to None: close there and then. Counts .connections, keeps .lines and
    .texts as raw bytes."""

    def __init__(self, address="127.0.0.1", port=0, **replies):
        self.replies = {k: v for k, v in replies.items()}
        self.connections = self.broken = 0
        self.lines, self.texts, self.cut, self.said = [], [], [], b""
        self.server = ScriptedServer((address, port), ScriptHandler)
        self.server.script = self
        self.address, self.port = self.server.server_address[:2]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def reply(self, verb, usual):
        said = self.replies.get(verb, usual)
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        self.said = said or b""
        return said

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def wait_port(address, port, timeout=10):
    """Waits until somebody listens there."""
    end = time.monotonic() + timeout
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def free_port(address="127.0.0.1"):
    """A port where nobody listens."""
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]
