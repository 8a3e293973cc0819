# What was built: static, hardened, small, and on MIPS without a single FPU instruction.

import re
import shutil
import subprocess

import pytest

from source import REPO

MIPS = {"malta": "mipsel-linux-gnu-objdump", "ath79": "mips-linux-gnu-objdump"}
# Every instruction of the MIPS32r2 FPU, moves and branches on its flags included: `address:<tab>mnemonic<tab>operands`.
FPU = re.compile(r"""^[^\t]*\t(?:
    (?:abs|add|sub|mul|div|neg|sqrt|n?madd|n?msub|recip|rsqrt|c\.\w+|mov|mov[nzft]|li|pll|plu|pul|puu)\.(?:s|d|ps)
  | (?:cvt|trunc|round|ceil|floor)\.[\w.]+
  | [ls][dw]x?c1 | [ls]uxc1 | m[tf]h?c1 | c[tf]c1 | bc1[a-z]+
  | mov[ft](?=\t.*\$fcc)
)(?:\t|\s*$)""", re.X)


def readelf(*args):
    return subprocess.run(["readelf", *map(str, args)], capture_output=True, text=True, check=True).stdout


def built_boards():
    """The boards whose binaries are there; the sanitised one is for tests alone."""
    return sorted({p.parent.name for p in (REPO / "build").glob("*/buzon")} - {"san"})


def test_native_is_built():
    assert "native" in built_boards(), "no build/native/buzon: make"


@pytest.mark.parametrize("board", built_boards() or ["native"])
def test_binary_is_static_stripped_and_hardened(board):
    binary = REPO / "build" / board / "buzon"
    header, segments, sections = readelf("-h", binary), readelf("-lW", binary), readelf("-SW", binary)
    assert "INTERP" not in segments, "needs a dynamic loader"
    assert "(NEEDED)" not in readelf("-dW", binary), "needs a shared library"
    stack = [l for l in segments.splitlines() if "GNU_STACK" in l]
    assert stack and not re.search(r"\bR?WE\b", stack[0]), f"executable stack: {stack}"
    assert "GNU_RELRO" in segments, "no RELRO"
    assert ".symtab" not in sections, "not stripped"
    assert not [l for l in segments.splitlines() if re.match(r"\s*LOAD", l) and re.search(r"\bRWE\b", l)], "W and X"
    assert header


@pytest.mark.parametrize("board", built_boards() or ["native"])
def test_symbols_lie_beside_it(board):
    assert (REPO / "build" / board / "buzon.debug").exists()


def fpu_instructions(board):
    """The FPU instructions of a board's binary before it is stripped: the symbols say which functions are MIPS16, which
    would be read as other instructions else."""
    objdump = shutil.which(MIPS[board])
    assert objdump, f"{MIPS[board]} is not installed"
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", str(REPO / "build" / board / "obj/buzon")],
                          capture_output=True, text=True, check=True).stdout
    assert text.count("\n") > 1000, "objdump saw no code"
    return [l.strip() for l in text.splitlines() if FPU.search(l)]


def test_mips_has_no_fpu_instruction():
    """Looks at the MIPS boards that are built; tests/slow asks that both are."""
    for board in set(MIPS) & set(built_boards()):
        found = fpu_instructions(board)
        assert not found, f"{board}: {len(found)} FPU instructions:\n" + "\n".join(found[:20])


def test_the_fpu_pattern_can_match():
    for line in ("  400: \tadd.d\t$f0,$f2,$f4", "  404: \tlwc1\t$f0,4(a0)", "  408: \tmtc1\tv0,$f0",
                 "  40c: \tbc1t\t500", "  410: \tcvt.d.w\t$f0,$f0", "  414: \tsdc1\t$f20,8(sp)",
                 "  418: \tc.lt.d\t$f0,$f2", "  41c: \tctc1\tv0,$31"):
        assert FPU.search(line), line
    for line in ("  400: \taddiu\tsp,sp,-32", "  404: \tmovn\tv0,v1,a0", "bcf0:\tb\tbc18 <x>", "  408: \tli\tv0,1",
                 "  40c: \tmul\tv0,v0,v1"):
        assert not FPU.search(line), line
