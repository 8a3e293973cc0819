# What the lint tests share: the source files, and C text with comments and strings blanked.

import functools
import re
import subprocess

from support.tree import REPO

LAYERS = ("lib/base", "lib/mail", "lib/sys", "applets")


# A file that is part of a module with another name: its header and its public names are the module's.
PART_OF = {
    "lib/sys/qwork.c": "queue",          # the second half of queue.h: what waits in the queue, and is worked on
}


def modules(name):
    """The names that a source's public names may begin with: its own, that of the module it is part of (tls_name.c is
    part of tls.h)."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return [stem, stem.split("_")[0], *([PART_OF[name]] if name in PART_OF else [])]


def rel(path):
    return str(path.relative_to(REPO))


def files(*patterns):
    """All files of the repository's own tree that match a glob, in order. What was built is not among them."""
    return sorted(p for pattern in patterns for p in REPO.glob(pattern)
                  if p.is_file() and "build" not in p.relative_to(REPO).parts[:1])


def sources(*layers):
    return files(*(f"{l}/*.[ch]" for l in layers or LAYERS))


def layer(path):
    return str(path.relative_to(REPO).parent)


@functools.lru_cache(maxsize=None)
def bare(path):
    """C text in which comments and the insides of strings are blanks: line and column stay."""
    def blank(m):
        text = m.group(0)
        if text[0] in "\"'":
            return text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[-1]
        return re.sub(r"[^\n]", " ", text)
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, path.read_text(), flags=re.S)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def nm(*args):
    out = subprocess.run(["nm", *map(str, args)], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return out.stdout


def lines_of_undefined(obj):
    return [l.split()[-1] for l in nm("-u", obj).splitlines() if l.split()[:1] == ["U"]]


def globals_of(obj):
    """Names that an object defines for others."""
    return [l.split()[2] for l in nm("--defined-only", "-g", obj).splitlines() if len(l.split()) == 3]


def functions(path):
    """[(name, first line, last line)] of the functions that a .c file defines, by its layout: a body starts with `{` in
    column 1 and ends with `}` there."""
    text = bare(path).split("\n")
    out, start = [], None
    for i, l in enumerate(text):
        if l.startswith("{") and start is None:
            start = i
        elif l.startswith("}") and start is not None:
            head, j = "", start - 1
            while j >= 0 and text[j].strip() and text[j][0] not in "}#" and not text[j].rstrip().endswith(";"):
                head = text[j] + " " + head
                j -= 1
            m = re.search(r"(\w+)\s*\(", head)
            if m and not re.match(r"\s*(struct|enum|union)\b[^(]*$", head):
                out.append((m.group(1), j + 2, i + 1))
            start = None
    return out


def applet_rows():
    """The rows of applets.h: [(entry, name, other names, help)]"""
    text = (REPO / "applets/applets.h").read_text()
    return re.findall(r'^APPLET\((\w+), "([^"]*)", "([^"]*)", "([^"]*)"\)', text, re.M)


def conf_keys():
    """Every key that the configuration parser knows."""
    found = set()
    for path in files("lib/*/conf*.c"):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        found |= set(re.findall(r'\{\s*"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"\s*,', code))
    return sorted(found)
