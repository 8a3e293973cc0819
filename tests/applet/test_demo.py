# The demo does what it says, in seconds, and leaves nothing behind.

import glob
import subprocess
import time

from support.tree import REPO


def leftovers():
    return set(glob.glob("/tmp/buzon-demo.*"))


def test_demo():
    before, began = leftovers(), time.monotonic()
    out = subprocess.run([str(REPO / "tests/demo/run")], capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stdout[-3000:] + out.stderr
    assert "All 11 steps did what they say" in out.stdout
    assert leftovers() <= before and time.monotonic() - began < 60
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "aiosmtpd.handlers" not in running and "/tmp/buzon-demo" not in running


def test_demo_fails_when_a_step_does(tmp_path):
    """With a client that is not there the demo must not say that all is well."""
    fake = tmp_path / "swaks"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    before = leftovers()
    out = subprocess.run([str(REPO / "tests/demo/run")], capture_output=True, text=True, timeout=120,
                         env={"PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"})
    assert out.returncode != 0 and "step 3 did not do what it says" in out.stderr, out.stdout[-1500:] + out.stderr
    assert leftovers() <= before
