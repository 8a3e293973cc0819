# Debian's tcpdmatch and access-check side by side on random rule files: the generator, the runs, the classifier.
#
#     python3 libwrap.py SEED FIRST COUNT BINARY...    compares COUNT pairs of rule files; prints JSON
#
# Names come from HOSTS, which the test binds over /etc/hosts in a mount namespace (enter). tcpdmatch looks a client's
# name up only when it is asked about by name; buzon is then asked about the address and finds the name by itself.

import collections
import fnmatch
import hashlib
import ipaddress
import json
import os
import random
import re
import subprocess
import sys
import tempfile

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import isolate

TCPDMATCH = "/usr/sbin/tcpdmatch"
INETD = "".join(f"{s} stream tcp nowait root /usr/sbin/tcpd {d}\n"
                for s, d in (("smtp", "sendmail"), ("ssh", "sshd"), ("ftp", "in.ftpd")))
ALIASES = ["smtpd", "smtp", "in.smtpd", "25"]            # what sendmail is called here besides

HOSTS = """\
127.0.0.1 localhost
10.1.2.3 mx.upv.es
10.1.2.4 vega.cc.upv.es
10.1.2.5 mx.upv.es
10.3.3.3 real.upv.es alias.lan
10.7.7.7 10.net.example
10.9.9.9 10.2.2.2 evil.example
192.168.1.20 printer
192.168.1.21 cam.lan
2001:db8::9 six.upv.es
2001:db8:1::1 host6
fd00::25 mail.lan
"""

ADDRESSES = ["10.1.2.3", "10.1.2.4", "10.1.2.255", "10.1.3.0", "10.255.255.255", "11.0.0.0", "9.255.255.255",
             "192.168.1.20", "192.0.2.9", "127.0.0.1", "0.0.0.1", "128.0.0.0", "223.1.1.1",
             "2001:db8::9", "2001:db8:1::1", "2001:db9::", "::1", "fe80::1", "fd00::25"]
NAMES = ["mx.upv.es", "vega.cc.upv.es", "alias.lan", "10.net.example", "evil.example", "printer", "cam.lan",
         "six.upv.es", "host6", "mail.lan", "localhost"]
SUFFIXES = [".upv.es", ".es", ".lan", ".cc.upv.es", ".example", ".mx.upv.es", ".com"]
GLOBS = ["*.es", "m?.upv.es", "*", "10.1.*", "1?.1.2.3", "*.lan", "p*", "un*", "host?", "*r", "*o*", "10.?.*", "2001:*",
         "192.168.1.2?", "??*", "?", "v*.upv.*", "10.*", "*.9"]
WORDS = ["ALL", "ALL", "KNOWN", "UNKNOWN", "LOCAL", "PARANOID"]
DAEMONS = ["sshd", "sendmail", "in.ftpd", "ALL", "ALL", "s*", "*d", "?endmail", "ss?d", "KNOWN", "imapd"]
MASKS = ["255.0.0.0", "255.255.0.0", "255.255.255.0", "255.255.255.254", "128.0.0.0", "255.0.255.0", "0.0.0.0",
         "254.0.0.0"]
# Options that are right, and that are not. tcpdmatch only says what they would do, but for user and group, which it
# does (while Debian's tcpd does not), so that they name root.
OPTIONS = ["severity notice", "severity mail.info", "SEVERITY local3.debug", "umask 022", "umask = 77", "nice",
           "nice 5", "keepalive", "KeepAlive", "linger 3", "setenv FOO bar", "setenv FOO %a,%h %u", "user root",
           "user root.root", "group root", "rfc931", "rfc931 7", "banners /no/such/directory", "spawn true %d %c",
           "spawn a \\: b"]
WRONG_OPTIONS = ["frob", "severity", "severity mail.loud", "severity sport.info", "umask 9", "umask", "umask 12345",
                 "nice x", "nice 400", "keepalive on", "linger", "linger x", "linger -3", "setenv", "setenv 9 x",
                 "user", "group", "rfc931 x", "rfc931 -1", "banners", "banners etc", "spawn", "spawn date +%Y", "allow",
                 "deny", "twist true", "", " ", "= x", "spawn 100%"]
PATTERN_FILES = 5
# What slips of the pen put into a line.
SLIPS = list(":@/.,*?[]#-_\\ \t\"'!&|%(){}=+~0159afx") + ["\r", "\0", "\xff", "::", "..", "/33", "/0", "/08", "EXCEPT",
         " EXCEPT ", ": ", " # x", "\n", "\\\n", "@@", "012.", "fe80::1", "[10.1.2.3]", "[::ffff:10.1.2.3]", "ALL",
         "/255.255.255.255", " joe@ALL", "10.1.2"]


class Writer:
    """Random rule files. Everything it draws comes from one seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def case(self, word):
        return self.r.choice([word, word, word.lower(), word.capitalize(), word.swapcase()])

    def network(self, address):
        a = ipaddress.ip_address(address)
        if a.version == 6:
            bits = self.r.choice([0, 1, 16, 32, 33, 48, 63, 64, 65, 127, 128])
            host = a if self.r.random() < .3 else ipaddress.ip_network((a, bits), strict=False).network_address
            return f"[{host}]/{bits}"
        if self.r.random() < .5:
            bits = self.r.choice([1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 30, 31, 32])
            return f"{ipaddress.ip_network((a, bits), strict=False).network_address}/{bits}"
        mask = self.r.choice(MASKS)
        return f"{ipaddress.ip_address(int(a) & int(ipaddress.ip_address(mask)))}/{mask}"

    def host(self):
        kind = self.r.randrange(10)
        if kind < 2:
            a = self.r.choice(ADDRESSES)
            return f"[{a}]" if ":" in a else a
        if kind == 2:
            n = self.r.randrange(1, 4)
            return "".join(part + "." for part in self.r.choice(ADDRESSES[:13]).split(".")[:n])
        if kind < 5:
            return self.network(self.r.choice(ADDRESSES))
        if kind == 5:
            return self.case(self.r.choice(NAMES))
        if kind == 6:
            return self.case(self.r.choice(SUFFIXES))
        if kind == 7:
            return self.r.choice(GLOBS)
        return self.case(self.r.choice(WORDS))

    def host_or_file(self, deeper=0):
        """`/file` in the place of a pattern; DIR stands for the run's directory. Files name only those after them,
        since libwrap follows a circle without end."""
        if deeper < PATTERN_FILES and self.r.random() < .1:
            return f"/DIR/p{self.r.randrange(deeper, PATTERN_FILES)}"
        return self.host()

    def client(self):
        if self.r.random() < .15:
            user = self.case(self.r.choice(["ALL", "joe", "KNOWN", "j*", "UNKNOWN", "jim", "?im"]))
            return user + "@" + self.host_or_file()
        return self.host_or_file()

    def pattern_files(self, faulty):
        """{name: text}; some that rules name are missing."""
        found = {}
        for n in range(PATTERN_FILES):
            if self.r.random() < (.6 if faulty else .9):
                words = [self.host_or_file(n + 1) for _ in range(self.r.choice([0, 1, 2, 2, 4]))]
                if faulty and self.r.random() < .3:
                    slip = self.r.choice(["#", "# home", "EXCEPT", "10.\r", "10.0.0.0/33", "\xff", "10.,", "joe@10."])
                    words.insert(self.r.randrange(len(words) + 1), slip)
                text = "".join(w + self.r.choice([" ", "\n", "\n", "\t\n\n"]) for w in words)
                found[f"p{n}"] = (text if self.r.random() < .8 else text.rstrip()).encode("latin-1")
        return found

    def daemon(self):
        d = self.case(self.r.choice(DAEMONS))
        return f"{d}@{self.host_or_file()}" if self.r.random() < .1 else d

    def items(self, item):
        out = [item() for _ in range(self.r.choice([1, 1, 1, 2, 3, 5]))]
        while self.r.random() < .25:
            out += [self.case("EXCEPT"), *[item() for _ in range(self.r.choice([1, 1, 2]))]]
        text = self.gap(False) + out[0]
        for o in out[1:]:
            text += self.r.choice([" ", " ", ", ", ",", "\t", " , \t", " \\\n ", ",\\\n"]) + o
        return text + self.gap(False)

    def gap(self, some):
        return self.r.choice(["", " ", "\t", "  "]) if not some else self.r.choice([" ", "\t"])

    def rule(self):
        text = self.items(self.daemon) + ":" + self.items(self.client)
        options = [self.r.choice(OPTIONS) for _ in range(self.r.choice([1, 1, 2, 3]))] if self.r.random() < .15 else []
        n = self.r.random()
        if n < .25:
            options.append(self.case(self.r.choice(["allow", "deny", "deny"])))
        elif n < .28:
            options.append(self.r.choice(["", " frob", " allow: deny", " allow x", " =", " deny:"]))
        elif n < .29:
            options.append(self.case("twist") + " true %a")
        if options and self.r.random() < .06:
            options.insert(self.r.randrange(len(options) + 1), self.r.choice(WRONG_OPTIONS))
        return text + "".join(":" + self.gap(False) + o + self.gap(False) for o in options)

    def line(self):
        n = self.r.random()
        if n < .07:
            return self.r.choice(["# words", "#ALL: ALL", "#", "# ALL: ALL \\", "## x:y"])
        if n < .12:
            return self.r.choice(["", " ", "\t ", "\r", " \\", "\\"])
        return self.rule()

    def mutated(self, text):
        """A line with a slip of the pen in it."""
        at = self.r.randrange(len(text) + 1)
        how = self.r.randrange(8)
        if how < 4:
            return text[:at] + self.r.choice(SLIPS) + text[at:]
        if how == 4:
            return text[:at] + text[at + 1:]
        if how == 5:
            return text[:at] + self.r.choice(SLIPS) + text[at + 1:]
        if how == 6:
            return text[:at]
        return text + self.r.choice(["\r", " " * self.r.choice([2040, 2050]), ":", " #", " EXCEPT", "\\", ","])

    def text(self, faulty):
        lines = [self.line() for _ in range(self.r.choice([0, 1, 1, 2, 3, 5]))]
        if faulty and lines:
            at = self.r.randrange(len(lines))
            lines[at] = self.mutated(lines[at])
        text = "".join(l + "\n" for l in lines)
        if faulty and self.r.random() < .1:
            text = self.r.choice(["\xef\xbb\xbf" + text, text[:-1], text + " ", text + "#", text.replace("\n", "\r\n")])
        return text.encode("latin-1")

    def files(self):
        """(hosts.allow, hosts.deny, files of patterns)"""
        faulty = self.r.random() < .3
        allow, deny = self.text(faulty), self.text(faulty and self.r.random() < .5)
        deny = deny + b"ALL: ALL\n" if self.r.random() < .5 and not faulty else deny
        return allow, deny, self.pattern_files(faulty)

    def question(self, rules):
        """(what tcpdmatch is asked, what access-check is asked; None: about the addresses that tcpdmatch found)."""
        daemon = self.r.choice(["sshd", "sendmail", "in.ftpd"])
        if daemon == "sendmail" and names_apart(rules):
            daemon = "sshd"
        if self.r.random() < .15:
            daemon += "@" + self.r.choice(["10.1.2.4", "192.168.1.21", "fd00::25", "10.1.3.0", "127.0.0.1"])
        user = self.r.choice(["", "", "", "", "joe@", "jim@", "unknown@"])
        n = self.r.random()
        if n < .5:
            return (daemon, user + self.r.choice(NAMES)), None
        if n < .9:
            a = self.r.choice(ADDRESSES)
            mapped = "::ffff:" if ":" not in a and self.r.random() < .2 else ""
            return (daemon, user + a), (daemon, user + mapped + a, "unknown")
        word = self.r.choice(["unknown", "paranoid"])
        return (daemon, user + word), (daemon, user + "unknown", word)


def names_apart(rules):
    """Does a word in the rules mean another of smtpd's names, and not sendmail? tcpdmatch knows one name a daemon."""
    words = re.split(r"[\s,:@\\]+", rules.decode("latin-1").lower())
    return any(fnmatch.fnmatchcase(a, w.replace("[", "[[]")) and not fnmatch.fnmatchcase("sendmail", w)
               for w in words if w for a in ALIASES)


# What differs on purpose: docs/LIBWRAP.md has the same names. A fault of buzon's is one of these: the words that it is
# told in, and what must then be in the rule. `token` is what stands in backquotes; without any, the line.
Row = collections.namedtuple("Row", "name words token line")


def row(name, words, token=None, line=None):
    return Row(name, re.compile(words), re.compile(token, re.S | re.I) if token else None,
               re.compile(line, re.S | re.I) if line else None)


ROWS = [
    row("byte order mark", "byte order mark", line="^\xef\xbb\xbf"),
    row("UTF-16", "UTF-16", line="^\xff\xfe|^\xfe\xff"),
    row("NUL byte", "a NUL byte", line="\0"),
    row("CR at the line's end", "ends in CR", token="\r", line="\r\n?$|\r\\\\\n"),
    row("last line without newline", "the last line does not end", line=r"[^\n]$|\\\n$"),
    row("long line", "longer than 2046", line=r"[^\n]{2040}|\\\n"),
    row("no colon", "no colon", line=r"(^|\n)[^:]*($|\n)|\["),
    row("# not in the first column", "a comment has its #", line="#"),
    row("no daemon or no client", "no daemon before the colon|no client behind the colon",
        line=r":\s*,*\s*(:|$)|^[\s,]*:|\\"),
    row("EXCEPT without a side", "stands before it|stands behind EXCEPT", line="EXCEPT"),
    row("prefix length", "no prefix length", token=r"/|\]"),
    row("mask", "no mask", token=r"/.*\."),
    row("mask of all ones", "never matches this mask", token=r"/255\.255\.255\.255$"),
    row("/0", "never matches /0", token=r"/0$"),
    row("host bits", "bits outside its mask", token=r"/"),
    row("no network", "no network address", token=r"/"),
    row("part of an address", "a part of an address|a whole address|no address: numbers", token=r"^(.*@)?[0-9.]+$"),
    row("end of an address", "no name ends in numbers alone", token=r"^(.*@)?\.[0-9.]*$"),
    row("IPv6 without brackets", "IPv6 address stands in brackets", line=r":"),
    row("brackets around no IPv6 address", "no IPv6 address in brackets", token=r"\["),
    row("IPv4 in brackets", "write the IPv4 address without brackets", token=r"\[.*\."),
    row("dots of a name", "two dots in a row|ends in a dot", token=r"\.\.|\.$"),
    row("no name", "no name, address or pattern", token=r"[^a-z0-9.*?_-]"),
    row("no daemon's name", "no name or pattern: it has a character", token=r"[^a-z0-9.+*?_-]"),
    row("path of a daemon", "without its path", token=r"^/|@/"),
    row("port", "a port is a number without", token=r"^(0|\+)\d+(@|$)"),
    row("dot before a daemon", "does not start with a dot", token=r"^\."),
    row("word for hosts", "this word is for hosts only", token=r"^(LOCAL|PARANOID)(@|$)"),
    row("nothing", "nothing where a (host|name) should stand", token=r"@|^$"),
    row("netgroup", "netgroups", token=r"@"),
    row("file of patterns", "no such file of patterns|file of patterns was not read|no regular file", token=r"/"),
    row("glob on a name", "it is the host's name that this matches", token=r"^(.*@)?[0-9.*?]*[0-9][0-9.*?]*$"),
    row("glob on unknown", "a host without a proven name", token=r"[*?]"),
    row("option", "no such (option|facility|level)|an option is missing|stands alone|last of its rule|wants a value|"
        "no name for a variable|no umask|no step of niceness|no user|no group|no directory|no time|"
        "no such %-expansion|% at the end", line=r":.*:"),
    row("comment in a file of patterns", "a file of patterns has no comments", token=r"^#"),
    row("EXCEPT in a file of patterns", "EXCEPT is for rules", token=r"^EXCEPT$"),
]


# An option that names another account than those in OPTIONS, after a slip of the pen.
ACCOUNT = re.compile(r":\s*(user|group)\b\s*=?\s*(?!root(\.root)?\s*(:|$))", re.I)


def rule_text(text, at):
    """The lines of a rule, from the one that a verdict names to the end of its continuation, newline and all."""
    lines = text.decode("latin-1").split("\n")
    first = last = int(at.rpartition(":")[2]) - 1
    while last + 1 < len(lines) and lines[last].endswith("\\"):
        last += 1
    return "\n".join(lines[first:last + 1]) + ("\n" if last + 1 < len(lines) else "")


def classify(fault, text):
    """The name of the difference that a fault of buzon's is, or None when it is none that is intended. `text` is the
    rule's, or that of the file of patterns that the fault names."""
    token = re.match(r"(?:/\S+, line \d+: )?`(.*?)(\.\.\.)?`: ", fault, re.S)
    for r in ROWS:
        if not r.words.search(fault):
            continue
        if r.token and token and (token[2] or r.token.search(token[1]) or "?" in token[1]):
            return r.name
        if r.line and r.line.search(text):
            return r.name
    return None


def run_libwrap(where, questions, prepare=None):
    """[[(address or "unknown", verdict)]]: tcpdmatch on each question; a name may have several addresses. `prepare` is
    called in the child, as by run_buzon: enter, unless we are there."""
    script = "".join(f"echo == ; {TCPDMATCH} -d -i inetd.conf '{d}' '{c}'\n" for d, c in questions)
    out = subprocess.run(["sh", "-c", script], cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, timeout=120, preexec_fn=prepare).stdout.decode("latin-1")
    found = []
    for part in out.split("==\n")[1:]:
        blocks, address = [], "unknown"
        for line in part.splitlines():
            words = line.split()
            if words[:2] == ["client:", "address"]:
                address = words[2]
            elif words[:1] == ["access:"]:
                blocks.append((address, words[1]))
                address = "unknown"
        found.append(blocks)
    return found


def run_buzon(binary, where, questions, prepare=None):
    """[(verdict, "FILE:LINE" or "-", fault)]"""
    out = subprocess.run([*binary, "access-check", "-a", "hosts.allow", "-d", "hosts.deny", "-"], cwd=where,
                         input="".join(" ".join(q) + "\n" for q in questions).encode(), stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=120, preexec_fn=prepare).stdout.decode("latin-1")
    found, fault = [], ""
    for line in out.split("\n")[:-1]:
        m = re.match(r"(allow|deny|none) (\S+)", line)
        if m:
            found.append((m[1], m[2], fault))
            fault = ""
        else:
            m = re.match(r"access-check: hosts\.(?:allow|deny):\d+: (.*)", line)
            fault = m[1] if m else fault
    return found


def compare(binary, where, rules, questions):
    """Compares one set of files. Returns ([case], {difference: times}, {both verdicts: times}, [trouble])."""
    allow, deny, files = rules
    for name in range(PATTERN_FILES):
        if f"p{name}" not in files and os.path.exists(f"{where}/p{name}"):
            os.unlink(f"{where}/p{name}")
    written = {name: text.replace(b"/DIR/", f"{where}/".encode())
               for name, text in {"hosts.allow": allow, "hosts.deny": deny, **files}.items()}
    for name, text in written.items():
        with open(f"{where}/{name}", "wb") as f:
            f.write(text)
    asked, theirs = [], []
    for (theirs_asks, mine_asks), blocks in zip(questions, run_libwrap(where, [q[0] for q in questions])):
        for address, verdict in blocks:
            user = theirs_asks[1].split("@")[0] + "@" if "@" in theirs_asks[1] else ""
            asked.append(mine_asks or (theirs_asks[0], user + address))
            theirs.append(verdict)
    mine = run_buzon(binary, where, asked)
    trouble = [] if len(mine) == len(theirs) and len(theirs) >= len(questions) else \
        [f"{len(questions)} questions: {len(theirs)} answers by tcpdmatch, {len(mine)} by access-check"]
    counts, verdicts, cases = collections.Counter(), collections.Counter(), []
    for question, t, (m, at, fault) in zip(asked, theirs, mine):
        cases.append(hashlib.sha1(repr((rules, question)).encode()).hexdigest()[:16])
        t = {"granted": "allow", "denied": "deny"}.get(t, t)
        rule = rule_text(written[at.partition(":")[0]], at) if ":" in at and not at.endswith(":0") else ""
        if t == "delegated":             # a twist: access-check says which file it stands in
            t = "allow" if fault else m if "twist" in rule.lower() else t
        elif (m, t) == ("allow", "deny") and ACCOUNT.search(rule):
            t = m                        # whether there is such a user, access-check leaves to the servers
        verdicts[f"libwrap {t}, buzon {m}"] += 1
        named = re.match(rf"{where}/(p\d), line (\d+): ", fault)
        stands = named.expand(r"\1:\2") if named else at
        text = rule_text(written[stands.partition(":")[0]], stands) if fault else ""
        kind = classify(fault, text) if fault else None
        if fault and not kind:
            trouble.append(f"{question}: a fault that is no intended difference: {at}: {fault}")
        elif m != t and (m, t) != ("deny", "allow"):
            trouble.append(f"{question}: libwrap {t}, buzon {m}: not fail-closed")
        elif m != t and not kind:
            trouble.append(f"{question}: libwrap {t}, buzon {m} without a fault, {at}")
        elif m != t:
            counts[kind] += 1
    return cases, counts, verdicts, [f"{t}\n  allow {rules[0]!r}\n  deny  {rules[1]!r}\n  {files}" for t in trouble]


def enter():
    """For a child process: a mount namespace of its own with our /etc/hosts."""
    isolate.call("unshare", isolate.CLONE_NEWNS)
    isolate.mount("none", "/", isolate.MS_REC | isolate.MS_PRIVATE)
    # What isolate.py bound there is a file without a name by now, and nothing can be bound over that.
    isolate.libc.umount2(b"/etc/hosts", 2)
    isolate.own_files({"/etc/hosts": HOSTS})


def run(binary, seed, files, workers=2):
    """Compares on `files` pairs of rule files in worker processes. Returns the merged report as a dict."""
    share = -(-files // workers)
    started = [subprocess.Popen([sys.executable, __file__, str(seed), str(i * share), str(share), *binary],
                                stdout=subprocess.PIPE, preexec_fn=enter) for i in range(workers)]
    total = {"cases": set(), "counts": collections.Counter(), "verdicts": collections.Counter(), "trouble": []}
    for p in started:
        out = p.communicate()[0]
        assert p.returncode == 0, f"a worker ended with {p.returncode}"
        part = json.loads(out)
        total["cases"].update(part["cases"])
        total["counts"].update(part["counts"])
        total["verdicts"].update(part["verdicts"])
        total["trouble"] += part["trouble"]
    return total


def main():
    seed, first, count, binary = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    total = {"cases": [], "counts": collections.Counter(), "verdicts": collections.Counter(), "trouble": []}
    with tempfile.TemporaryDirectory(prefix="buzon-libwrap-") as where:
        os.chmod(where, 0o755)
        with open(f"{where}/inetd.conf", "w") as f:
            f.write(INETD)
        for n in range(first, first + count):
            w = Writer(f"{seed}/{n}")
            rules = w.files()
            questions = [w.question(rules[0] + b"\n" + rules[1]) for _ in range(8)]
            cases, counts, verdicts, trouble = compare(binary, where, rules, questions)
            total["cases"] += cases
            total["counts"].update(counts)
            total["verdicts"].update(verdicts)
            total["trouble"] += trouble
            if len(total["trouble"]) > 20:
                break
    json.dump(total, sys.stdout)


if __name__ == "__main__":
    main()
