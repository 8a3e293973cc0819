# The differential test against Debian's tcpdmatch, at length: see support/libwrap.py and docs/LIBWRAP.md.

import os

from support import libwrap
from support.tree import buzon

SEED = os.environ.get("LIBWRAP_SEED", "1")
FILES = int(os.environ.get("LIBWRAP_FILES", "4000"))


def test_random_rules_and_clients():
    print(f"LIBWRAP_SEED={SEED} LIBWRAP_FILES={FILES}")
    report = libwrap.run(buzon(), SEED, FILES)
    print(len(report["cases"]), "cases", dict(report["verdicts"]), dict(report["counts"]))
    assert not report["trouble"], "\n".join(report["trouble"][:10])
    assert len(report["cases"]) >= 5 * FILES, "fewer distinct cases than were meant"
    if FILES >= 4000:
        assert len(report["cases"]) >= 20_000
        # Both verdicts are common, so that agreeing means something, and so is what differs.
        for verdicts in ("libwrap allow, buzon allow", "libwrap deny, buzon deny", "libwrap allow, buzon deny"):
            assert report["verdicts"][verdicts] > len(report["cases"]) / 20, report["verdicts"]
        assert len(report["counts"]) > 20, report["counts"]
