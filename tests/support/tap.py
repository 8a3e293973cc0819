# A wire tap between a client and a server: passes everything on, and keeps who said what and in which order.

import re
import socket
import threading


class Tap:
    """Listens on a port of loopback, and connects each client to `to` there.

    .spoken has a list for each connection, of (b"C" or b"S", bytes) in the order in which they came."""

    def __init__(self, to, port=0):
        self.to, self.spoken, self.threads, self.clients = to, [], [], []
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("127.0.0.1", port))
        self.sock.listen(64)
        self.port = self.sock.getsockname()[1]
        self.start(self.serve)

    def start(self, target, *args):
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def serve(self):
        while True:
            try:
                client, _ = self.sock.accept()
            except OSError:
                return
            self.clients.append(client)
            server, spoken = socket.create_connection(("127.0.0.1", self.to)), []
            self.spoken.append(spoken)
            self.start(self.copy, client, server, spoken, b"C")
            self.start(self.copy, server, client, spoken, b"S")

    @staticmethod
    def copy(one, other, spoken, who):
        try:
            while data := one.recv(1 << 16):
                spoken.append((who, data))
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def said(self, who=b"C"):
        """All that the clients, or the servers (b"S"), said."""
        return b"".join(data for spoken in self.spoken for side, data in spoken if side == who)

    def has(self, pattern, who=b"C"):
        """Is there a line that begins like this?"""
        return re.search(rb"(?im)^" + pattern, self.said(who)) is not None

    def pipelined(self):
        """Did a client send RCPT before it had the reply to MAIL?"""
        return any(side == b"C" and re.search(rb"(?im)^MAIL [^\n]+\nRCPT ", data)
                   for spoken in self.spoken for side, data in spoken)

    def close(self):
        """Ends what clients keep open, and waits until the server has closed its ends."""
        for sock in (self.sock, *self.clients):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass                         # gone already
        for thread in self.threads:
            thread.join(10)
        assert not any(t.is_alive() for t in self.threads), "the server keeps a connection open"
        self.sock.close()
