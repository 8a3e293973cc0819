# The path names the layer: who may include whom, and what the pure layers must never reach.

import pathlib
import re

import pytest

from source import REPO, bare, files, globals_of, layer, line_of, lines_of_undefined, rel, sources

# What each layer may include of the project's own.
MAY = {
    "lib/base": {"base"},
    "lib/mail": {"base", "mail"},
    "lib/sys": {"base", "mail", "sys"},
    "applets": {"base", "mail", "sys", "applets.h"},
}
# Third-party headers, and the only files that may include them.
THIRD = {"uthash.h": r"lib/base/map\.c", "bearssl.h": r"lib/sys/tls\w*\.c"}

# Headers of the C library whose functions touch nothing but their arguments: all that base and mail need.
PURE_HEADERS = {"arpa/inet.h", "ctype.h", "errno.h", "limits.h", "netinet/in.h", "stdarg.h", "stdbool.h", "stddef.h",
                "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "sys/socket.h", "sysexits.h", "time.h",
                "assert.h", "inttypes.h", "stdalign.h", "arm_acle.h"}

# What objects of base and mail may call. No I/O, no clock, no memory from the heap, no exit.
PURE_CALLS = re.compile(r"""^(?:
    mem(?:cpy|move|set|cmp|chr|rchr|mem|ccpy) | explicit_bzero
  | str(?:len|nlen|chr|rchr|cmp|ncmp|casecmp|ncasecmp|spn|cspn|pbrk|str|cpy|cat|ncpy|ncat|tok_r) | stpcpy | bcmp
  | v?snprintf | inet_(?:pton|ntop) | htons | htonl | ntohs | ntohl
  | qsort | bsearch | abs | gmtime_r | timegm
  | __errno_location                                # errno of the pure calls above
  | __stack_chk_(?:fail|guard|fail_local) | __guard_local
  | _GLOBAL_OFFSET_TABLE_ | _gp_disp | __gnu_local_gp
  | __(?:u?divdi3|u?moddi3|ashldi3|ashrdi3|lshrdi3|bswap[sd]i2|clz[sd]i2|ctz[sd]i2|popcount[sd]i2|muldi3|u?divmoddi4)
  | __aeabi_\w+
)$""", re.X)
# lib/base/map.c is the one place with a heap: maps are built at start-up only (STYLE: memory).
HEAP = re.compile(r"^(?:malloc|calloc|realloc|free|exit|abort)$")
HEAP_FILES = {"lib/base/map.o": "uthash's maps, built at start-up"}


def includes(path):
    return [(line_of(path.read_text(), m.start()), m.group(1), m.group(2))
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', path.read_text(), re.M)]


def include_faults(path):
    where, faults = layer(path), []
    for number, kind, name in includes(path):
        head = name.split("/")[0]
        if name in THIRD:
            if not re.fullmatch(THIRD[name], rel(path)):
                faults.append(f"{rel(path)}:{number}: {name} belongs into {THIRD[name]} alone")
        elif kind == '"' and head not in MAY[where]:
            faults.append(f"{rel(path)}:{number}: {where} must not include {name}")
        elif kind == '"' and not ((REPO / "lib" / name).exists() or (REPO / where / name).exists()):
            faults.append(f"{rel(path)}:{number}: no such header: {name}")
        elif kind == "<" and where in ("lib/base", "lib/mail") and name not in PURE_HEADERS:
            faults.append(f"{rel(path)}:{number}: <{name}> reaches beyond its arguments: not in {where}")
    return faults


@pytest.mark.parametrize("where", MAY)
def test_includes_follow_the_table(where):
    faults = [f for path in sources(where) for f in include_faults(path)]
    assert sources(where), f"no sources in {where}"
    assert not faults, "\n".join(faults)


def test_no_applet_includes_or_calls_another():
    names = {p.stem for p in files("applets/*.c")} - {"main"}
    faults = []
    for path in files("applets/*.c"):
        if path.name == "main.c":
            continue
        for m in re.finditer(r"\b(\w+)_main\s*\(", bare(path)):
            if m.group(1) in names and m.group(1) != path.stem:
                faults.append(f"{rel(path)}:{line_of(bare(path), m.start())}: calls {m.group(1)}_main")
    assert not faults, "\n".join(faults)


def pure_objects():
    objects = sorted(p for d in ("base", "mail") for p in (REPO / "build/native/obj/lib" / d).glob("*.o"))
    assert objects, "no objects in build/native/obj/lib: make"
    return objects


def test_pure_layers_call_nothing_with_an_effect():
    own = set()
    for obj in pure_objects():
        own |= set(globals_of(obj))
    faults = []
    for obj in pure_objects():
        name = str(pathlib.Path("lib") / obj.parent.name / obj.name)
        for symbol in lines_of_undefined(obj):
            if symbol in own or PURE_CALLS.match(symbol) or (name in HEAP_FILES and HEAP.match(symbol)):
                continue
            faults.append(f"{name} calls {symbol}")
    assert not faults, "\n".join(faults)


def test_every_pure_source_was_looked_at():
    built = {f"lib/{o.parent.name}/{o.stem}" for o in pure_objects()}
    missing = {rel(p)[:-2] for p in files("lib/base/*.c", "lib/mail/*.c")} - built
    assert not missing, f"no object for {sorted(missing)}"


# A library's own child has no caller to return to.
OWN_CHILD = {"lib/sys/apart.c": "_exit"}


def test_only_applets_exit():
    faults = []
    for path in sources("lib/base", "lib/mail", "lib/sys"):
        for m in re.finditer(r"\b(exit|_exit|_Exit|abort|quick_exit|err|errx|assert)\s*\(", bare(path)):
            if m.group(1) == "exit" and rel(path) == "lib/base/map.c" or m.group(1) == OWN_CHILD.get(rel(path)):
                continue
            faults.append(f"{rel(path)}:{line_of(bare(path), m.start())}: {m.group(1)}()")
    assert not faults, "\n".join(faults)


# Who may call read, write and their kin beside io.c, which alone speaks to peers: each on files that it opened itself.
OWN_FILES = {
    "lib/sys/apart.c": "the pipe from its own child",
    "lib/sys/file.c": "small files that an administrator wrote",
    "lib/sys/imagefile.c": "the texts of rules that an image was made of",
    "lib/sys/limits.c": "run/limits",
    "lib/sys/log.c": "run/log",
    "lib/sys/maildir.c": "a message on its way into a mailbox",
    "lib/sys/queue.c": "a queue file being written",
    "lib/sys/qwork.c": "a queue file being worked on",
    "lib/sys/resolve.c": "the answers of name servers",
    "lib/sys/sandbox.c": "run/sandbox",
    "lib/sys/rand.c": "the kernel's random numbers",
    "lib/sys/wake.c": "run/etrn and the pipe run/wake",
    "applets/sendmail.c": "the message that its own caller hands in, on a pipe or from a file",
}
SOCKET_ONLY = r"recv|recvfrom|recvmsg|send|sendto|sendmsg|readv|writev|sendfile|splice"


# io.c is lines and bytes of one connection. A name server is sent packets, and a try of it is over when they are lost.
NAME_SERVERS = {"lib/sys/resolve.c": {"send"}, "lib/sys/log.c": {"send"}}      # and syslogd


def test_peers_are_spoken_to_in_io_alone():
    faults = []
    for path in files("lib/*/*.c", "applets/*.c"):
        if rel(path) == "lib/sys/io.c":
            continue
        text = bare(path)
        for m in re.finditer(rf"(?<![\w.>])({SOCKET_ONLY})\s*\(", text):
            if m.group(1) in NAME_SERVERS.get(rel(path), ()):
                continue
            faults.append(f"{rel(path)}:{line_of(text, m.start())}: {m.group(1)}() belongs into lib/sys/io.c")
        if rel(path) in OWN_FILES:
            continue
        for m in re.finditer(rf"(?<![\w.>])(read|write|pread|pwrite|dprintf)\s*\(", text):
            faults.append(f"{rel(path)}:{line_of(text, m.start())}: {m.group(1)}() on whose fd? use sys/io, "
                          "or name the file in this lint")
    assert not faults, "\n".join(faults)


def test_no_applet_reads_fd_0_by_itself():
    faults = []
    for path in files("applets/*.c"):
        if path.name in ("main.c", "mailq.c", "access_check.c"):
            continue
        text = bare(path)
        for m in re.finditer(r"\b(?:STDIN_FILENO|stdin)\b", text):
            faults.append(f"{rel(path)}:{line_of(text, m.start())}: {m.group(0)}")
    assert not faults, "\n".join(faults)
