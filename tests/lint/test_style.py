# How the sources are written: what a reader may rely on in every file.

import re
import subprocess

import pytest

from source import LAYERS, REPO, bare, files, functions, globals_of, line_of, modules, rel, sources

SCRIPTS = ("tests/run", "tests/demo/run", ".ci/run")


def test_every_file_opens_by_saying_what_it_is_for():
    faults = []
    for path in files("lib/**/*.[ch]", "applets/*.[ch]", "tests/**/*.[ch]"):
        if not re.match(r"/\* \S", path.read_text()):
            faults.append(f"{rel(path)}: begins with no comment")
    for path in files("tests/**/*.py", "board/*.mk", "Makefile"):
        text = path.read_text()
        if text.strip() and not re.match(r"(?:#!.*\n)?(?:# \S|\"\"\"\S)", text):
            faults.append(f"{rel(path)}: begins with no comment")
    assert not faults, "\n".join(faults)


def test_own_header_comes_first():
    faults = []
    for path in files("lib/*/*.c"):
        own = [f'"{path.parent.name}/{module}.h"' for module in modules(rel(path))]
        first = re.search(r'^#include\s*([<"][^>"]+[>"])', path.read_text(), re.M)
        if not first or first.group(1) not in own:
            faults.append(f"{rel(path)}: the first include is {first and first.group(1)}, not {own[0]}")
    assert not faults, "\n".join(faults)


def test_guards_bear_the_path():
    faults = []
    for path in files("lib/*/*.h"):
        guard = f"{path.parent.name}_{path.stem}_H".upper()
        if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", path.read_text(), re.M):
            faults.append(f"{rel(path)}: no guard {guard}")
        if "#pragma once" in path.read_text():
            faults.append(f"{rel(path)}: #pragma once")
    assert not faults, "\n".join(faults)


def test_no_struct_hides_behind_a_typedef():
    faults = []
    for path in sources():
        for m in re.finditer(r"\btypedef\s+(?:struct|union|enum)\b", bare(path)):
            faults.append(f"{rel(path)}:{line_of(bare(path), m.start())}: typedef")
    assert not faults, "\n".join(faults)


# Public names that do not begin with their file's name, each with the reason.
NAMES = {
    "main": "the C library calls it so",
}


@pytest.mark.parametrize("where", LAYERS)
def test_public_names_bear_their_files_name(where):
    objects = sorted((REPO / "build/native/obj" / where).glob("*.o"))
    assert objects, f"no objects in build/native/obj/{where}: make"
    faults = []
    for obj in objects:
        for name in globals_of(obj):
            stems = modules(f"{where}/{obj.stem}.c")
            if name not in NAMES and not any(name == s or name.startswith(s + "_") for s in stems):
                faults.append(f"{where}/{obj.stem}.c: {name}")
    assert not faults, "\n".join(faults)


def declarations(path):
    """[(line, text)] of a header's top-level declarations of functions."""
    text, out = bare(path), []
    start = r"^(?!#|typedef|struct \w+ \{|enum \w+ \{|\}|static\b)"
    for m in re.finditer(start + r"([A-Za-z_][^;{}#]*?\b(\w+)\s*\([^;{}]*\)[^;{}]*);", text, re.M):
        out.append((line_of(text, m.start()), m.group(2)))
    return out


def test_every_public_function_has_a_contract():
    """A comment above it, at its end, or above the group of lines that it stands in."""
    faults = []
    for path in files("lib/*/*.h"):
        lines = path.read_text().splitlines()
        for number, name in declarations(path):
            i = number - 1
            if "/*" in lines[i]:
                continue
            while i > 0 and lines[i - 1].strip():
                i -= 1
            if not any("/*" in l or l.lstrip().startswith("*") for l in lines[i:number]):
                # A group's comment may be one blank line away when the lines between are declarations only.
                faults.append(f"{rel(path)}:{number}: {name} has no comment")
    assert not faults, "\n".join(faults)


def test_functions_are_short():
    faults = []
    for path in files("lib/*/*.c", "applets/*.c", "tests/**/*.c"):
        for name, first, last in functions(path):
            if last - first + 1 > 80:
                faults.append(f"{rel(path)}:{first}: {name} has {last - first + 1} lines")
    assert not faults, "\n".join(faults)


def test_functions_are_found():
    """The measure above sees the functions at all."""
    found = {name for path in files("lib/base/*.c") for name, _, _ in functions(path)}
    assert {"str_init", "num_dec", "crc32c"} <= found


TEXTS = ("lib/**/*", "applets/*", "board/*", "tests/**/*", "rootfs/**/*", "Makefile", "docs/**/*", "*.md", ".ci/*")


def texts():
    for path in files(*TEXTS):
        if "__pycache__" in path.parts or path.suffix in (".pyc", ".png", ".svg") or "corpus" in path.parts:
            continue
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue


def test_lines_are_at_most_120_columns():
    faults = [f"{rel(path)}:{n}: {len(l)} columns" for path, text in texts() if path.suffix not in (".dlg", ".md")
              for n, l in enumerate(text.splitlines(), 1) if len(l) > 120]
    assert not faults, "\n".join(faults)


def test_nothing_is_left_to_do():
    words = "TO" + "DO", "FIX" + "ME", "X" + "XX"
    faults = [f"{rel(path)}:{n}: {l.strip()}" for path, text in texts()
              for n, l in enumerate(text.splitlines(), 1) if re.search(r"\b(?:%s)\b" % "|".join(words), l)]
    assert not faults, "\n".join(faults)


def test_no_trailing_blanks_and_no_tabs_in_c():
    faults = []
    for path in files("lib/**/*.[ch]", "applets/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py"):
        for n, l in enumerate(path.read_text().splitlines(), 1):
            if l != l.rstrip():
                faults.append(f"{rel(path)}:{n}: trailing blank")
            if "\t" in l:
                faults.append(f"{rel(path)}:{n}: tab")
    assert not faults, "\n".join(faults)


def test_options_of_the_preprocessor_use_if():
    """`#if OPTION`, never `#ifdef`, for what can be chosen; a guard, a test for the compiler and one for a system call
    that may not exist are not choices."""
    faults = []
    for path in files("lib/*/*.c", "applets/*.c"):
        for m in re.finditer(r"^\s*#\s*if(?:n?def)\s+(\w+)", path.read_text(), re.M):
            if not re.match(r"SYS_|__|[A-Z]+_H$|(?:O|F|MSG|SO|PR|AT|IP|IPV6|TCP)_[A-Z0-9_]+$|APPLET", m.group(1)):
                faults.append(f"{rel(path)}:{line_of(path.read_text(), m.start())}: #ifdef {m.group(1)}")
    assert not faults, "\n".join(faults)


def shell_scripts():
    found = {p for p in files("tests/**/*", ".ci/*", "rootfs/**/*", "board/*", "docs/*", "*.sh")
             if "__pycache__" not in p.parts and p.suffix not in (".py", ".dlg")
             and re.match(rb"#!\s*(/usr)?/bin/(env )?(ba|da)?sh\b", p.open("rb").read(40))}
    return sorted(found)


def test_shell_scripts_pass_shellcheck():
    scripts = shell_scripts()
    assert REPO / "tests/run" in scripts
    # An OpenWrt init script has its own interpreter line, /bin/sh /etc/rc.common, and names that it sets for others.
    out = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
