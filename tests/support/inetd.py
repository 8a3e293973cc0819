# openbsd-inetd in the foreground, with the configuration and the /etc of a test.

import os
import shutil
import signal
import subprocess
import time

from support import isolate

INETD = shutil.which("inetd", path="/usr/sbin:/sbin:" + os.environ["PATH"]) or "/usr/sbin/inetd"


def ports(text):
    """The services that a configuration names, to know when inetd is ready."""
    return [l.split()[0] for l in text.splitlines() if l.strip() and not l.startswith("#")]


class Inetd:
    """inetd on a configuration text. It shares the caller's network namespace (the test run has one of its own), and
    has a mount namespace where `files` ({path: text}) stand over the machine's."""

    def __init__(self, text, directory, files=None, env=None):
        self.conf = directory / "inetd.conf"
        self.conf.write_text(text)
        files = dict(files or {})

        def enter():
            isolate.call("unshare", isolate.CLONE_NEWNS)
            isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
            isolate.own_files(files)
        self.process = subprocess.Popen([INETD, "-i", str(self.conf)], preexec_fn=enter, env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        time.sleep(0.05)
        if self.process.poll() is not None:
            raise RuntimeError(f"inetd left at once with {self.process.returncode}")

    def close(self):
        """Ends inetd and what it started (they are one process group)."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
