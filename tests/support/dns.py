# A name server for the tests: knows a table, says "no such domain" to the rest, at once.

import socket
import struct
import threading

TYPES = {1: "A", 12: "PTR", 15: "MX", 28: "AAAA", 16: "TXT"}


def pack_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def pack_data(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack("!H", value[0]) + pack_name(value[1])
    return pack_name(value)


class Dns:
    """table: {("name.example.", "A"): ["192.0.2.1"]}; "SERVFAIL" or "SILENT" instead of the list for trouble."""

    def __init__(self, address="127.0.0.1", port=53, make_socket=socket.socket):
        self.table, self.asked = {}, []
        self.sock = make_socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def add(self, name, kind, *values):
        self.table[(name.rstrip(".").lower() + ".", kind)] = list(values)

    def serve(self):
        while True:
            try:
                query, peer = self.sock.recvfrom(4096)
                answer = self.answer(query)
                if answer:
                    self.sock.sendto(answer, peer)
            except OSError:
                return
            except (IndexError, struct.error, UnicodeDecodeError):
                continue

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        end = at + 5
        name = ".".join(labels).lower() + "."
        kind = TYPES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
        self.asked.append((name, kind))
        found = self.table.get((name, kind), [])
        if found == ["SILENT"]:
            return None
        known = any(n == name for n, _ in self.table)
        code = 2 if found == ["SERVFAIL"] else 0 if known else 3
        records = [] if code else found
        out = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0) + query[12:end]
        for value in records:
            data = pack_data(kind, value)
            out += b"\xc0\x0c" + query[at + 1:at + 5] + struct.pack("!IH", 60, len(data)) + data
        return out

    def close(self):
        self.sock.close()
