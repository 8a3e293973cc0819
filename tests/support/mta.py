# Real mail servers as sending sides: each takes mail on a port of loopback, and sends all of it on to another port.
#
# Each runs as root in a mount and a process namespace of its own, where its folders are empty and its users exist: the
# machine's own are not touched, and all of it ends with its first process.

import atexit
import os
import pathlib
import shutil
import signal
import smtplib
import subprocess
import tempfile
import time

from support import isolate
from support.sink import free_port, wait_port
from support.tree import REPO



def for_everybody(folder):
    """A copy that every user can reach: a server executes itself anew as its own user, and /root is closed to him."""
    copy = pathlib.Path(tempfile.mkdtemp(prefix="buzon-aside-"))
    copy.chmod(0o755)
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    if folder.exists():
        shutil.copytree(folder, copy, symlinks=True, dirs_exist_ok=True)
        copy.chmod(0o755)
    return copy


ASIDE = for_everybody(pathlib.Path(os.environ.get("ASIDE", REPO / "build/cache/aside")))
PR_SET_PDEATHSIG = 1
USERS = {"Debian-exim": 9001, "opensmtpd": 9002, "opensmtpq": 9003}


def with_users(path, line):
    """The text of /etc/passwd or /etc/group, with the users of the servers that are not installed."""
    kept = [l for l in pathlib.Path(path).read_text().splitlines() if l.split(":")[0] not in USERS]
    return "\n".join(kept + [line.format(name=name, id=number) for name, number in USERS.items()]) + "\n"


class Mta:
    """.port is where it takes mail. `to` is the port that it sends everything to."""

    empty = ("/var/spool", "/var/lib", "/var/log", "/run")

    def __init__(self, to):
        self.directory, self.to, self.port = pathlib.Path(tempfile.mkdtemp(prefix="buzon-mta-")), to, free_port()
        self.directory.chmod(0o755)
        # The shell is the namespace's first process: it keeps its rights, so that the kernel ends it with unshare, and
        # with it all others; unshare ends with us.
        argv = ["unshare", "--fork", "--pid", "--kill-child", "sh", "-c", '"$@"; exit', "sh", *map(str, self.prepare())]
        self.output = open(self.directory / "output", "wb")
        self.process = subprocess.Popen(argv, preexec_fn=self.enter, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=self.output, start_new_session=True, cwd="/")
        try:
            wait_port("127.0.0.1", self.port)
        except OSError:
            log = self.log()
            self.close()
            raise AssertionError(f"{self.__class__.__name__} does not start\n{log}") from None

    def prepare(self):
        """Writes the configuration; returns the command."""
        raise NotImplementedError

    def folders(self):
        """Makes the folders that the server wants in what is empty."""

    def enter(self):
        isolate.call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
        isolate.call("unshare", isolate.CLONE_NEWNS)
        isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
        isolate.own_files({"/etc/passwd": with_users("/etc/passwd", "{name}:x:{id}:{id}::/:/usr/sbin/nologin"),
                           "/etc/group": with_users("/etc/group", "{name}:x:{id}:")})
        for directory in self.empty:
            isolate.call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, b"mode=755")
        self.folders()

    def file(self, path):
        """A path as the server sees it."""
        return pathlib.Path(f"/proc/{self.process.pid}/root{path}")

    def log(self):
        return (self.directory / "output").read_text(errors="replace")

    def waiting(self):
        """The files of messages that it still has."""
        raise NotImplementedError

    def take(self, sender, recipients, text, options=()):
        """Hands a message in."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example.net", timeout=60) as s:
            s.command_encoding = "utf-8"
            refused = s.sendmail(sender, list(recipients), text, list(options))
            assert refused == {}, refused

    def sends(self, timeout=20):
        """Waits until it has sent everything that it has."""
        end = time.monotonic() + timeout
        while self.waiting():
            assert time.monotonic() < end, f"still waiting: {self.waiting()}\n{self.log()[-4000:]}"
            time.sleep(0.05)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.output.close()
        shutil.rmtree(self.directory)


class Postfix(Mta):
    services = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""
    settings = """\
compatibility_level = 3.6
myhostname = postfix.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{to}
maillog_file = /var/log/postfix.log
message_size_limit = 67108864
default_destination_recipient_limit = 200
smtpd_relay_restrictions = permit_mynetworks, reject
"""

    def prepare(self):
        etc = self.directory / "etc"
        shutil.copytree("/etc/postfix", etc)
        (etc / "main.cf").write_text(self.settings.format(to=self.to))
        (etc / "master.cf").write_text(self.services.format(port=self.port))
        return ["/usr/sbin/postfix", "start-fg"]

    def folders(self):
        isolate.mount(str(self.directory / "etc"), "/etc/postfix", isolate.MS_BIND)
        os.mkdir("/var/spool/postfix")
        os.mkdir("/var/lib/postfix")
        shutil.chown("/var/lib/postfix", "postfix", "postfix")

    def log(self):
        log = self.file("/var/log/postfix.log")
        return super().log() + (log.read_text() if log.exists() else "")

    def waiting(self):
        queues = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
        return [p for q in queues for p in self.file("/var/spool/postfix").glob(f"{q}/**/*") if p.is_file()]


class Exim(Mta):
    settings = """\
exim_path = {exim}
primary_hostname = exim.example.net
spool_directory = /var/spool/exim
log_file_path = /var/log/exim.%s
pid_file_path = /run/exim.pid
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
message_size_limit = 64M
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
all:
  driver = manualroute
  transport = smtp
  route_list = * 127.0.0.1
  self = send
begin transports
smtp:
  driver = smtp
  port = {to}
  message_linelength_limit = 64M
begin retry
* * F,1h,1s
"""

    def prepare(self):
        exim, conf = ASIDE / "exim4-daemon-light/usr/sbin/exim4", self.directory / "conf"
        conf.write_text(self.settings.format(exim=exim, port=self.port, to=self.to))
        conf.chmod(0o644)
        return [exim, "-C", conf, "-bdf", "-q1s"]

    def folders(self):
        os.mkdir("/var/spool/exim")
        for directory in ("/var/spool/exim", "/var/log"):
            os.chown(directory, USERS["Debian-exim"], USERS["Debian-exim"])

    def log(self):
        return super().log() + "".join(p.read_text() for p in self.file("/var/log").glob("exim.*"))

    def waiting(self):
        return [p for p in self.file("/var/spool/exim/input").glob("**/*") if p.is_file()]


class OpenSmtpd(Mta):
    settings = """\
smtp max-message-size 64M
listen on 127.0.0.1 port {port} hostname opensmtpd.example.net
action "out" relay host smtp://127.0.0.1:{to} helo opensmtpd.example.net
match from any for any action "out"
"""

    def prepare(self):
        conf = self.directory / "conf"
        conf.write_text(self.settings.format(port=self.port, to=self.to))
        conf.chmod(0o644)
        return [ASIDE / "opensmtpd/usr/sbin/smtpd", "-d", "-f", conf]

    def folders(self):
        os.makedirs("/var/lib/opensmtpd/empty")
        os.mkdir("/var/spool/smtpd", 0o711)
        for name in ("queue", "incoming", "purge", "temporary", "corrupt"):
            os.mkdir(f"/var/spool/smtpd/{name}", 0o700)
            os.chown(f"/var/spool/smtpd/{name}", USERS["opensmtpq"], 0)
        os.mkdir("/var/spool/smtpd/offline")
        os.chown("/var/spool/smtpd/offline", 0, USERS["opensmtpq"])
        os.chmod("/var/spool/smtpd/offline", 0o770)

    def waiting(self):
        return [p for p in self.file("/var/spool/smtpd").glob("**/*") if p.is_file()]


def missing():
    """What of these servers is not there."""
    programs = ["/usr/sbin/postfix", ASIDE / "exim4-daemon-light/usr/sbin/exim4", ASIDE / "opensmtpd/usr/sbin/smtpd"]
    return [str(p) for p in programs if not os.access(p, os.X_OK)]
