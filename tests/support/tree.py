# A fresh jail tree, and the applets run on it.

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from support.smtp import Listener, Smtp

REPO = pathlib.Path(__file__).resolve().parents[2]
OWNER = 8                                    # of queue/ and mail/, when the tests run as root: the user "mail"

CONF = "hostname mx.example.org\nlocal-domains example.org\n"


def buzon():
    """The command that starts the binary under test, as a list of words: BUZON_EMU, then BUZON."""
    binary = REPO / os.environ.get("BUZON", "build/native/buzon")
    return shlex.split(os.environ.get("BUZON_EMU", "")) + [str(binary)]


class Tree:
    """root is the tree's directory. As root it is made for an applet that enters it and becomes uid 8; else it is the
    caller's own, and the applets work in place."""

    def __init__(self, root, command=None):
        self.root = pathlib.Path(root)
        self.command = command or buzon()
        self.jailed = os.getuid() == 0
        self.sessions, self.listeners = [], []
        self.root.mkdir(parents=True)
        self.root.chmod(0o755)
        (self.root / "etc").mkdir(mode=0o755)
        for d in ("queue", "queue/tmp", "queue/new", "queue/bad", "mail", "run"):
            self.owned_dir(d)
        self.user("postmaster")
        self.write("etc/buzon.conf", CONF)
        self.write("etc/hosts.allow", "")    # else the machine's own rules would speak
        self.write("etc/hosts.deny", "")

    def own(self, path):
        if self.jailed:
            os.chown(path, OWNER, OWNER)

    def owned_dir(self, name):
        (self.root / name).mkdir(mode=0o700)
        self.own(self.root / name)

    def user(self, *names):
        """Creates mail/NAME, a Maildir."""
        for name in names:
            for d in ("", "/tmp", "/new", "/cur"):
                self.owned_dir(f"mail/{name}{d}")

    def path(self, name=""):
        return self.root / name

    def write(self, path, text, mode=0o644):
        """Writes a file below the root, as its administrator would: owned by whoever runs the tests."""
        p = self.root / path
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(text.encode() if isinstance(text, str) else text)
        p.chmod(mode)
        return p

    def conf(self, text=None, **keys):
        """Replaces etc/buzon.conf by text, or sets keys in it (`_` stands for `-`; None takes one out)."""
        path = self.root / "etc/buzon.conf"
        if text is not None:
            return self.write("etc/buzon.conf", text)
        lines = path.read_text().splitlines() if path.exists() else []
        for key, value in keys.items():
            key = key.replace("_", "-")
            lines = [l for l in lines if l.split()[:1] != [key]]
            if value is not None:
                lines.append(f"{key} {value}")
        return self.write("etc/buzon.conf", "".join(l + "\n" for l in lines))

    def argv(self, applet, *args):
        return [*self.command, applet, "--root", str(self.root), *map(str, args)]

    def environment(self, env):
        # What is read at start-up is kept to the end by design: no leak. For the sanitised binary only.
        base = {"PATH": os.environ["PATH"], "LC_ALL": "C", "ASAN_OPTIONS": "detect_leaks=0"}
        base.update(env or {})
        return base

    def run(self, applet, *args, input=b"", env=None, as_user=None, timeout=20):
        """Runs an applet to its end; what it said is in .stdout and .stderr as bytes."""
        input = input.encode() if isinstance(input, str) else input
        user = {} if as_user is None else {"user": as_user, "group": as_user, "extra_groups": []}
        argv = self.argv(applet, *args)
        if as_user is not None:
            argv = [self.for_everybody(w) if w == self.command[-1] else w for w in argv]
        return subprocess.run(argv, input=input, capture_output=True, timeout=timeout,
                              env=self.environment(env), cwd="/", **user)

    def for_everybody(self, binary):
        """A copy of the binary that any user may run: the checkout may lie where only root can go."""
        copy = self.root.parent / "buzon"
        if not copy.exists():
            shutil.copy(binary, copy)
            copy.chmod(0o755)
        return str(copy)

    def start(self, applet, *args, env=None, **popen):
        """Starts an applet that stays; the fixture ends it."""
        p = subprocess.Popen(self.argv(applet, *args), env=self.environment(env), cwd="/", **popen)
        self.sessions.append(p)
        return p

    def smtp(self, client="127.0.0.1", server="127.0.0.1", applet="smtpd", args=(), timeout=20, env=None,
             **popen):
        """A TCP connection to a freshly started smtpd (or sendmail -bs) that has it as fd 0, 1 and 2."""
        s = Smtp(self.argv(applet, *args), client, server, timeout, env=self.environment(env), cwd="/",
                 **popen)
        self.sessions.append(s.process)
        return s

    def listen(self, applet="smtpd", args=(), env=None):
        """A listener on loopback that starts an smtpd for each connection; .port. The fixture closes it."""
        self.listeners.append(Listener(self.argv(applet, *args), env=self.environment(env), cwd="/"))
        return self.listeners[-1]

    def hand_in(self, *recipients, sender="a@example.org", text="Subject: test\n\nhello\n"):
        """Queues a message through sendmail."""
        out = self.run("sendmail", "-i", "-f", sender, "--", *recipients, input=text)
        assert out.returncode == 0, f"sendmail: {out.returncode} {out.stderr.decode()}\n{self.log()}"

    def rows(self):
        """The queue as mailq -j tells it."""
        out = self.run("mailq", "-j")
        assert out.returncode == 0, f"mailq: {out.returncode} {out.stderr.decode()}\n{self.log()}"
        return [json.loads(l) for l in out.stdout.decode().splitlines()]

    def queue(self):
        """The files in queue/new, by name."""
        return sorted(p for p in (self.root / "queue/new").iterdir())

    def messages(self, user):
        """What was delivered to a user, as a list of bytes, oldest first."""
        new = self.root / "mail" / user / "new"
        if not new.is_dir():
            return []
        return [p.read_bytes() for p in sorted(new.iterdir(), key=lambda p: (p.stat().st_mtime_ns, p.name))]

    def log(self):
        """What the applets logged (they use run/log, for no syslogd answers here)."""
        p = self.root / "run/log"
        return p.read_text(errors="replace") if p.exists() else ""

    def logged(self, pattern):
        """Does a log line match the regular expression?"""
        return re.search(pattern, self.log(), re.M) is not None

    def stop(self):
        """Ends what was started and still runs, by its process id."""
        for p in self.sessions:
            if p.poll() is None:
                p.kill()
                p.wait()
        for listener in self.listeners:
            listener.close()
        self.sessions, self.listeners = [], []
