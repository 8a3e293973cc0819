# A small network of hosts: each a network namespace, the router with a mount namespace and an /etc of its own as well.

import os
import signal
import socket
import subprocess
import threading
import time

from support import isolate
from support.smtp import Talk


class Host:
    """A namespace that lives as long as a sleeping process in it."""

    def __init__(self, name, prepare=None):
        self.name = name

        def enter():
            isolate.call("unshare", isolate.CLONE_NEWNET | (isolate.CLONE_NEWNS if prepare else 0))
            isolate.lo_up()
            if prepare:
                isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
                prepare()
        self.holder = subprocess.Popen(["sleep", "3600"], preexec_fn=enter, stdin=subprocess.DEVNULL)
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", *(["-m"] if prepare else [])]
        self.inode = os.readlink(f"/proc/{self.holder.pid}/ns/net")

    def run(self, *argv, check=True, **more):
        more.setdefault("timeout", 30)
        more.setdefault("cwd", "/")
        more.setdefault("input", b"")
        out = subprocess.run([*self.enter, *map(str, argv)], capture_output=True, **more)
        assert not check or out.returncode == 0, f"{self.name}: {argv}: {out.returncode} {out.stdout} {out.stderr}"
        return out

    def start(self, *argv, **more):
        more.setdefault("cwd", "/")
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([*self.enter, *map(str, argv)], **more)

    def ip(self, words):
        self.run("ip", *words.split())

    def within(self, make):
        """What `make()` returns when it is called in this host's network. Threads that it starts stay there."""
        made = []

        def enter():
            fd = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY)
            isolate.call("setns", fd, isolate.CLONE_NEWNET)
            os.close(fd)
            made.append(make())
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket of this host's network."""
        return self.within(lambda: socket.socket(family, kind))

    def connect(self, address, port=25, wait=10, source=None):
        """A connection from this host, as support.smtp.Talk. Waits a little for a server that just starts."""
        end = time.monotonic() + wait
        while True:
            s = self.socket()
            s.settimeout(10)
            try:
                if source:
                    s.bind((source, 0))
                s.connect((address, port))
                s.setblocking(True)
                return Talk(s)
            except ConnectionRefusedError:
                s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def processes(self):
        """{pid: command line as words} of what runs here, the holder apart."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/net") == self.inode and int(pid) != self.holder.pid:
                    with open(f"/proc/{pid}/cmdline", "rb") as f:
                        words = f.read().decode(errors="replace").split("\0")[:-1]
                    if words:
                        found[int(pid)] = words
            except OSError:
                continue
        return found

    def close(self):
        """Ends all that runs in this namespace, by process id, and the namespace with it."""
        for _ in range(5):
            left = self.processes()
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        self.holder.kill()
        self.holder.wait()


class Lan:
    """A router with hosts on its one bridge: router 10.77.0.1, the others from 10.77.0.2 on."""

    def __init__(self, router, *hosts):
        self.router, self.hosts = router, hosts
        router.ip("link add br0 type bridge")
        router.ip("addr add 10.77.0.1/24 dev br0")
        router.ip("link set br0 up")
        for n, host in enumerate(hosts, 2):
            router.ip(f"link add port{n} type veth peer name eth0 netns {host.holder.pid}")
            router.ip(f"link set port{n} master br0 up")
            host.ip(f"addr add 10.77.0.{n}/24 dev eth0")
            host.ip("link set eth0 up")
            host.address = f"10.77.0.{n}"

    def close(self):
        for host in (*self.hosts, self.router):
            host.close()
