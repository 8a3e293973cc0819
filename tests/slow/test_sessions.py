# What the unit programs of the session do in small, in large: the reference model (CASES C6), and sessions at every
# segmentation of the peer's bytes (CASES A).

import re
import subprocess

from source import REPO


def run(program, *args):
    """The output of a unit program, which must have passed."""
    out = subprocess.run([str(REPO / "build" / program), *args], capture_output=True, text=True, errors="replace",
                         timeout=900)
    assert out.returncode == 0 and "\ndone " in out.stdout, out.stdout[-3000:] + out.stderr[-3000:]
    return out.stdout


def test_model_and_machine_agree():
    """All sequences of commands to depth 5, and a million random ones of up to 40."""
    said = run("native/unit/srv_model_test", "5", "1000000", "20261125")
    moves = [int(n) for n in re.findall(r"^# options \d: (\d+) moves, to depth 5$", said, re.M)]
    assert len(moves) == 3 and min(moves) > 10_000_000, said
    assert "# 1000000 random sequences" in said, said


def test_every_segmentation_gives_the_same_session():
    """Each A case behind DATA and in chunks, cut at each byte, at each pair of bytes, and everywhere near odd ones."""
    said = run("native/unit/session_split_test", "all")
    runs = int(re.search(r"^# (\d+) runs$", said, re.M).group(1))
    print(f"{runs} runs")
    assert runs >= 1_000_000, said
