# Each fuzzer for a fixed time, from its corpus; what it finds fails the test and is kept beside the report.

import os
import subprocess

import pytest

from source import REPO, files

SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))


def fuzzers():
    return [p.stem for p in files("tests/fuzz/*_fuzz.c")]


def test_there_are_fuzzers():
    assert fuzzers()


@pytest.mark.parametrize("name", fuzzers() or ["none"])
def test_fuzzer_finds_nothing(name, tmp_path):
    program = REPO / "build/fuzz" / name
    assert program.exists(), f"{program}: make fuzz"
    found, fresh = tmp_path / "found", tmp_path / "fresh"
    found.mkdir()
    fresh.mkdir()
    corpus = [str(d) for d in (REPO / "tests/fuzz/corpus" / name, REPO / "tests/fuzz/corpus" / name[:-5]) if d.is_dir()]
    out = subprocess.run([str(program), f"-max_total_time={SECONDS}", f"-artifact_prefix={found}/", "-timeout=5",
                          "-rss_limit_mb=1024", str(fresh), *corpus], capture_output=True, text=True, errors="replace",
                         timeout=SECONDS + 60)
    kept = "\n".join(f"{p}: {p.read_bytes()[:300]!r}" for p in found.iterdir())
    assert out.returncode == 0, f"{kept}\n{out.stderr[-4000:]}"
