# A name server for the tests, over UDP and TCP: knows a table, says "no such domain" to the rest, at once; and lies in
# every way that a test asks for.

import select
import socket
import struct
import threading

TYPES = {1: "A", 5: "CNAME", 12: "PTR", 15: "MX", 28: "AAAA", 16: "TXT"}
NUMBERS = {name: number for number, name in TYPES.items()}
UDP_MOST = 512                               # of an answer to a question without EDNS: RFC 1035 4.2.1
OWN_NAME = b"\xc0\x0c"                       # a pointer to the question's name


def pack_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def pack_data(kind, value):
    if isinstance(value, bytes):
        return value
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack("!H", value[0]) + pack_name(value[1])
    if kind == "TXT":
        text = value.encode()
        return b"".join(bytes([len(text[at:at + 255])]) + text[at:at + 255] for at in range(0, len(text) or 1, 255))
    return pack_name(value)


def record(owner, kind, data):
    owner = owner if isinstance(owner, bytes) else pack_name(owner)
    return owner + struct.pack("!HHIH", NUMBERS[kind], 1, 60, len(data)) + data


class Ask:
    """One question, and the honest answer to it."""

    def __init__(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        self.id, self.question = query[:2], query[12:at + 5]
        self.name = ".".join(labels).lower() + "."
        self.kind = TYPES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")

    def answer(self, records=(), code=0, flags=0x8580, id=None, question=None, count=None):
        counts = struct.pack("!HHHHH", flags | code, 1, len(records) if count is None else count, 0, 0)
        return (id or self.id) + counts + (question or self.question) + b"".join(records)

    def own(self, kind, data):
        """A record of the name asked for."""
        return record(OWN_NAME, kind, data)


class Dns:
    """table: {("name.example.", "A"): ["192.0.2.1"]}; "SERVFAIL", "REFUSED" or "SILENT" instead of the list for
    trouble. A name "*.example." speaks for all below it that are not there themselves.

    delays: {("name.example.", "A"): seconds}, during which others are answered.

    lies: {("name.example.", "A"): f}, where f(ask, honest) gives what is sent instead of the honest answer: a list of
    bytes, or of (socket, bytes) for what comes from elsewhere. Over TCP the same without lies, in pieces of `piece`
    bytes when that is set; `tcp_lies` is for that."""

    def __init__(self, address="127.0.0.1", port=53, make_socket=socket.socket):
        self.table, self.lies, self.tcp_lies, self.delays = {}, {}, {}, {}
        self.asked, self.asked_tcp, self.packets, self.uids = [], [], [], set()
        self.silent, self.piece = False, 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = make_socket(family, socket.SOCK_DGRAM)
        self.sock.bind((address, port))
        self.tcp = make_socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, port))
        self.tcp.listen(8)
        self.closing = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def add(self, name, kind, *values):
        self.table[(name.rstrip(".").lower() + ".", kind)] = list(values)

    def lie(self, name, kind, f):
        self.lies[(name.rstrip(".").lower() + ".", kind)] = f

    def delay(self, name, kind, seconds):
        self.delays[(name.rstrip(".").lower() + ".", kind)] = seconds

    def reset(self):
        for thing in (self.table, self.lies, self.tcp_lies, self.delays, self.asked, self.asked_tcp, self.packets,
                      self.uids):
            thing.clear()
        self.silent, self.piece = False, 0

    def serve(self):
        while not self.closing:
            ready, _, _ = select.select([self.sock, self.tcp], [], [], 0.2)
            try:
                if self.sock in ready:
                    query, peer = self.sock.recvfrom(4096)
                    wait, answers = self.udp_answers(query, peer)
                    for sock, answer in answers:
                        if wait:
                            threading.Timer(wait, sock.sendto, (answer, peer)).start()
                        else:
                            sock.sendto(answer, peer)
                if self.tcp in ready:
                    threading.Thread(target=self.talk, args=self.tcp.accept()[:1], daemon=True).start()
            except (OSError, IndexError, struct.error, UnicodeDecodeError):
                continue

    def udp_answers(self, query, peer):
        ask = Ask(query)
        self.packets.append((ask.id, peer[1]))
        self.uids |= owners_of(peer[1])
        self.asked.append((ask.name, ask.kind))
        honest = self.answer(ask)
        if honest and len(honest) > UDP_MOST:
            honest = ask.answer(flags=0x8780)
        lie = self.lies.get((ask.name, ask.kind))
        said = lie(ask, honest) if lie else [honest]
        answers = [one if isinstance(one, tuple) else (self.sock, one) for one in said if one]
        return self.delays.get((ask.name, ask.kind), 0), answers

    def match(self, name):
        """The name in the table that speaks for this one."""
        if any(n == name for n, _ in self.table):
            return name
        labels = name.split(".")
        wild = [".".join(["*", *labels[i:]]) for i in range(1, len(labels) - 1)]
        return next((w for w in wild if any(n == w for n, _ in self.table)), name)

    def answer(self, ask):
        """The honest answer, or None for silence."""
        found = self.table.get((self.match(ask.name), ask.kind), [])
        if found == ["SILENT"] or self.silent:
            return None
        if found in (["SERVFAIL"], ["REFUSED"]):
            return ask.answer(code=2 if found == ["SERVFAIL"] else 5)
        name, records = ask.name, []
        while (name, ask.kind) not in self.table and (name, "CNAME") in self.table and len(records) < 20:
            target = self.table[(name, "CNAME")][0]
            records.append(record(name, "CNAME", pack_name(target)))
            name = target.rstrip(".").lower() + "."
        owner = OWN_NAME if not records else pack_name(name)
        there = self.match(name)
        records += [record(owner, ask.kind, pack_data(ask.kind, v)) for v in self.table.get((there, ask.kind), [])]
        known = any(n == there for n, _ in self.table)
        return ask.answer(records, code=0 if known else 3)

    def talk(self, conn):
        conn.settimeout(20)
        try:
            with conn:
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                size = struct.unpack("!H", conn.recv(2, socket.MSG_WAITALL))[0]
                ask = Ask(conn.recv(size, socket.MSG_WAITALL))
                self.asked_tcp.append((ask.name, ask.kind))
                honest = self.answer(ask)
                lie = self.tcp_lies.get((ask.name, ask.kind))
                out = lie(ask, honest) if lie else struct.pack("!H", len(honest)) + honest if honest else b""
                piece = self.piece or len(out) or 1
                for at in range(0, len(out), piece):
                    conn.sendall(out[at:at + piece])
        except (OSError, IndexError, struct.error, UnicodeDecodeError):
            pass

    def close(self):
        self.closing = True                  # a socket in a call of another thread would stay open
        self.thread.join()
        self.sock.close()
        self.tcp.close()


def owners_of(port):
    """The users that a UDP port on loopback belongs to, as far as the kernel tells."""
    try:
        with open("/proc/thread-self/net/udp") as f:
            rows = [line.split() for line in f.readlines()[1:]]
    except OSError:
        return set()
    return {int(row[7]) for row in rows if int(row[1].split(":")[1], 16) == port}
