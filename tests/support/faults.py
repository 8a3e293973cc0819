# System calls that fail, or are the last ones: strace injects a fault at the Nth call of a name.

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Call:
    """The nth call of this name; the whole line as strace wrote it, with paths behind descriptors."""
    name: str
    nth: int
    line: str

    def __str__(self):
        return f"{self.name}#{self.nth}: {self.line}"

    @property
    def on_socket(self):
        return re.match(r"\w+\(\d+<socket:", self.line) is not None


def traced(argv, out, inject=None):
    """The command that runs argv under strace, into the file `out`; inject is as in `write:error=EIO:when=3`.

    The call that fails becomes a getpid, since strace's usual -1 is a call that a seccomp filter kills for."""
    argv = [str(a) for a in argv]
    if inject is None:
        return ["strace", "-f", "-y", "-s", "200", "-o", str(out), *argv]
    name = inject.split(":")[0]
    if ":error=" in inject:
        inject += ":syscall=getpid"
    return ["strace", "-f", "-y", "-qq", "-o", str(out), "-e", f"trace={name}", "-e", f"inject={inject}", *argv]


def calls(out):
    """What stands in strace's file, as Calls; its own start apart, which cannot be made to fail."""
    seen, found = {}, []
    for line in out.read_text(errors="replace").splitlines():
        match = re.match(r"\d+ +((\w+)\(.*)", line)
        if match:
            name = match.group(2)
            seen[name] = seen.get(name, 0) + 1
            found.append(Call(name, seen[name], match.group(1)))
    assert found and found[0].name == "execve", found[:1]
    return found[1:]
