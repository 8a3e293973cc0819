# A sample of the differential test against Debian's tcpdmatch that tests/slow/test_libwrap.py makes at length.

import os

from support import libwrap
from support.tree import buzon

SEED = os.environ.get("LIBWRAP_SEED", "sample")


def test_some_random_rules_and_clients():
    print(f"LIBWRAP_SEED={SEED}")
    report = libwrap.run(buzon(), SEED, 150)
    assert not report["trouble"], "\n".join(report["trouble"][:10])
    assert len(report["cases"]) >= 750
