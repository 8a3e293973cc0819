# What tcpdchk warns of, access-check -t finds: Debian's tcpdchk and access-check on the same line. The table in
# docs/LIBWRAP.md has the same rows.

import pathlib
import re
import subprocess

import pytest

from support.tree import REPO, buzon

pytestmark = pytest.mark.root                # tcpdchk speaks to syslog alone, so that it needs a /dev of its own

TCPDCHK = "/usr/sbin/tcpdchk"
# tcpdchk's warning as its binary or libwrap has it; the rule; what access-check says. DIR has a file of patterns.
RULES = [
    ('missing newline or line too long', "sendmail: ALL", "the last line does not end"),
    ('missing ":" separator', "sendmail ALL\n", "no colon"),
    ('daemon list is empty or ends in EXCEPT', "sendmail EXCEPT: ALL\n", "behind EXCEPT"),
    ('client list is empty or ends in EXCEPT', "sendmail:\n", "no client"),
    ('%s: daemon name begins with "@"', "@g: ALL\n", "netgroups"),
    ('%s: daemon name begins with "/"', "/usr/sbin/x: ALL\n", "without its path"),
    ('%s: daemon name begins with dot', ".x: ALL\n", "does not start with a dot"),
    ('%s: daemon name ends in dot', "sendmail.: ALL\n", "does not end in a dot"),
    ('%s: daemon name may be reserved word', "LOCAL: ALL\n", "for hosts only"),
    ('%s: daemon name may be reserved word', "KNOWN: ALL\n", "write ALL"),
    ('%s: no such process name in %s', "frobd: ALL\n", "no daemon of this name is known here"),
    ('%s: service possibly not wrapped', "bared: ALL\n", "starts this daemon without tcpd"),
    ('%s: user name begins with "@"', "sendmail: @x@10.\n", "no name or pattern"),
    ('%s: user name begins with "/"', "sendmail: /x@10.\n", "`/x@10.`"),
    ('%s: user name begins with dot', "sendmail: .x@10.\n", "does not start with a dot"),
    ('%s: user name ends in dot', "sendmail: x.@10.\n", "a user's name does not end in a dot"),
    ('%s: user name may be reserved word', "sendmail: LOCAL@10.\n", "for hosts only"),
    ('%s: unknown or empty netgroup', "sendmail: @g\n", "netgroups do not exist here"),
    ('FAIL is no longer recognized', "sendmail: FAIL\n", "no longer known"),
    ('FAIL is no longer recognized', "FAIL: ALL\n", "no longer known"),
    ('%s: domain or host name ends in dot', "sendmail: mx.upv.es.\n", "ends in a dot"),
    ('%s: network number begins with dot', "sendmail: .10.2\n", "from its front"),
    ('%s/%s: bad net/mask pattern', "sendmail: 10.0.0.0/x\n", "no prefix length"),
    ('%s: host not found', "sendmail: gone.example.com\n", "no such host"),
    ('host %s has more than one address', "sendmail@many.example.com: ALL\n", "the host has several addresses"),
    ('%s: hostname alias', "sendmail: alias.example.com\n", "the host is called real.example.com"),
    ('host name/name mismatch: %s != %.*s', "sendmail: cname.example.com\n", "does not lead back"),
    ('host name/address mismatch: %s != %.*s', "sendmail: lies.example.com\n", "does not lead back"),
    ("can't verify hostname: getaddrinfo(%s, %s) failed", "sendmail: half.example.com\n", "does not lead back"),
    ('host address %s->name lookup failed', "sendmail: bare.example.com\n", "does not lead back"),
    ('FAIL is no longer recognized', "sendmail: DIR/pats\n", "`FAIL`: this word is no longer known"),
    ('open %s: %m', "sendmail: /dev/null/x\n", "folder above the file is none"),
    ('bad option name: "%s"', "sendmail: ALL: frob\n", "no such option"),
    ('option "%s" requires value', "sendmail: ALL: umask\n", "wants a value"),
    ('option "%s" requires no value', "sendmail: ALL: keepalive x\n", "stands alone"),
    ('option "%s" must be at end', "sendmail: ALL: twist a: allow\n", "is the last of its rule"),
    ('missing option name', "sendmail: ALL:\n", "an option is missing"),
    ('bad umask value: "%s"', "sendmail: ALL: umask 9\n", "no umask"),
    ('bad nice value: "%s"', "sendmail: ALL: nice x\n", "no step of niceness"),
    ('bad rfc931 timeout: "%s"', "sendmail: ALL: rfc931 x\n", "no time to wait"),
    ('bad linger value: "%s"', "sendmail: ALL: linger x\n", "no time"),
    ('bad syslog facility or severity: "%s"', "sendmail: ALL: severity x\n", "no such level"),
    ('unknown user: "%s"', "sendmail: ALL: user nosuch\n", "there is no such user"),
    ('unknown group: "%s"', "sendmail: ALL: group nosuch\n", "there is no such group"),
    ('implicit "allow" at end of rule', "sendmail: 10.\n", "lets in without saying so"),
    ('unrecognized %%%c', "sendmail: ALL: spawn %z\n", "no such %-expansion"),
]

# Likewise of inetd.conf. DIR has tcpd and good, which can be executed, plain, which cannot, open, which everybody may
# write to, and wide/prog, in a directory that everybody may write to.
INETD = [
    ("incomplete line", "x stream tcp nowait root /bin/true", "is missing"),
    ("%s: not found: %m", "x stream tcp nowait root DIR/gone gone", "`DIR/gone`: no such program"),
    ("%s: not found: %m", "x stream tcp nowait root /gone/tcpd good", "`/gone/tcpd`: no such program"),
    ("%s: not found: %m", "x stream tcp nowait root DIR/tcpd DIR/gone", "`DIR/gone`: no such program"),
    ("%s: not found in %s: %m", "x stream tcp nowait root DIR/tcpd gone", "`DIR/gone`: no such program"),
    ("%s: not executable", "x stream tcp nowait root DIR/plain plain", "`DIR/plain`: it cannot be executed"),
    ("%s: not executable", "x stream tcp nowait root DIR/tcpd DIR/plain", "`DIR/plain`: it cannot be executed"),
    ("%s: world writable", "x stream tcp nowait root DIR/open open", "`DIR/open`: everybody may put another"),
    ("%s: world writable", "x stream tcp nowait root DIR/wide/prog prog", "`DIR/wide/prog`: everybody may put another"),
    ("%s: file is set-uid or set-gid", "x stream tcp nowait root DIR/setid/tcpd DIR/good", "`DIR/setid/tcpd`: tcpd "),
    ("%s is recursively calling itself", "x stream tcp nowait root DIR/tcpd tcpd", "`DIR/tcpd`: no daemon stands"),
    ("%s is recursively calling itself", "x stream tcp nowait root DIR/tcpd tcpd good", "`tcpd`: tcpd starts itself"),
    ("%s inserted before %s", "x stream tcp nowait root DIR/tcpd DIR/good good", "`good`: the daemon gets its own"),
    ("%s: cannot wrap rpc/tcp services", "x stream rpc/tcp nowait root DIR/tcpd DIR/good", "`good`: tcpd cannot tell"),
    ("%s may be an insecure service", "x stream tcp nowait root DIR/rpc.rexd rpc.rexd", "`rpc.rexd`: it runs whatever"),
]
# What tcpdchk's binary says besides that are no findings, or cannot happen: docs/LIBWRAP.md says why.
OTHERS = ["(consider using an address instead)", "(use EXCEPT or DENY instead)", "(cannot obtain official name)",
          "(official name: %.*s)", "%s: file lookup: %m",
          "%d: not an internet host", "REAL_DAEMON_DIR %s: %m", "REAL_DAEMON_DIR %s is not a directory",
          "cannot open %s: %m"]

NO_WARNINGS = {"usage: %s [-a] [-d] [-i inet_conf] [-v]", '-a: report rules with implicit "ALLOW" at end',
               "Using network configuration file: %s", ">>> Rule %s line %d:", "access:   %s", "command: %s"}


@pytest.fixture
def both(tmp_path, syslogd):
    """both(rule, inetd): what tcpdchk says, what access-check says, and its exit code."""
    tmp_path.chmod(0o755)

    def run(rule, inetd=""):
        (tmp_path / "inetd.conf").write_text("smtp stream tcp nowait root /usr/sbin/tcpd sendmail\n"
                                             "x stream tcp nowait root /bin/true bared\n" + inetd)
        (tmp_path / "pats").write_text("10. FAIL\n")
        if rule is not None:
            (tmp_path / "hosts.allow").write_text(rule.replace("DIR", str(tmp_path)))
        (tmp_path / "hosts.deny").write_text("ALL: ALL\n")
        subprocess.run([TCPDCHK, "-d", "-i", "inetd.conf", "-a"], cwd=tmp_path, preexec_fn=syslogd.enter,
                       timeout=60, capture_output=True)
        mine = subprocess.run([*buzon(), "access-check", "-tvr", "-i", "inetd.conf", "-a", "hosts.allow", "-d",
                               "hosts.deny"], cwd=tmp_path, timeout=60, capture_output=True, text=True)
        return syslogd.text(), mine.stdout
    return run


def words(message):
    """A message of tcpdchk's as a pattern."""
    return re.sub(r"%(\\\.\\\*)?[smdc]", ".*", re.escape(message).replace("%%", "%"))


def names(dns):
    """Hosts in every state: names, their addresses, and the names that these lead to."""
    for name, addresses, back in (("many", ("192.0.2.1", "192.0.2.2"), "many"), ("real", ("192.0.2.3",), "real"),
                                  ("cname", ("192.0.2.4",), "alias"), ("lies", ("192.0.2.5",), "real"),
                                  ("half", ("192.0.2.6",), "gone"), ("bare", ("192.0.2.7",), None)):
        dns.add(f"{name}.example.com", "A", *addresses)
        for address in addresses if back else ():
            dns.add(".".join(reversed(address.split("."))) + ".in-addr.arpa", "PTR", f"{back}.example.com")
    dns.add("alias.example.com", "CNAME", "real.example.com")


@pytest.mark.parametrize("message, rule, mine", RULES, ids=[f"{m[0]}-{i}" for i, m in enumerate(RULES)])
def test_rules(both, dns, message, rule, mine):
    names(dns)
    theirs, said = both(rule)
    assert re.search(words(message), theirs), theirs
    assert re.search(mine, said), said


def directory(tmp_path):
    d = tmp_path / "dir"
    for name, mode in (("tcpd", 0o755), ("good", 0o755), ("rpc.rexd", 0o755), ("plain", 0o644), ("open", 0o757),
                       ("wide/prog", 0o755), ("setid/tcpd", 0o4755)):
        (d / name).parent.mkdir(exist_ok=True, parents=True)
        (d / name).write_text("#!/bin/sh\n")
        (d / name).chmod(mode)
    (d / "wide").chmod(0o777)
    return str(d)


@pytest.mark.parametrize("message, line, mine", INETD, ids=[f"{m[0]}-{i}" for i, m in enumerate(INETD)])
def test_inetd(both, tmp_path, message, line, mine):
    d = directory(tmp_path)
    theirs, said = both("", line.replace("DIR", d) + "\n")
    assert re.search(words(message), theirs), theirs
    assert re.search("inetd.conf:3: warning: .*" + mine.replace("DIR", d), said), said


def test_good_inetd(both, tmp_path):
    d = directory(tmp_path)
    _, said = both("good: 10.\n", f"x stream tcp nowait root {d}/tcpd good\ny stream tcp nowait root internal\n"
                                  f"z stream tcp nowait root {d}/tcpd {d}/good -x\n"
                                  f"w stream tcp nowait root {d}/good w\n")
    assert "inetd.conf:" not in said


def test_rules_for_what_nobody_asks_for(both, tmp_path):
    d = directory(tmp_path)
    _, said = both("daytime: 10.\ngood: 10.\n", f"daytime stream tcp nowait root internal\nx stream tcp nowait root "
                                                f"{d}/tcpd good\ny stream tcp nowait root {d}/good good\n")
    assert "hosts.allow:1: warning: `daytime`: inetd answers this service by itself" in said
    assert "hosts.allow:2: warning: `good`: inetd starts this daemon without tcpd, too" in said


def test_hosts_allow_that_cannot_be_opened(both, tmp_path):
    (tmp_path / "hosts.allow").symlink_to("hosts.allow")
    theirs, said = both(None)
    assert re.search(words("cannot open %s: %m"), theirs) and "hosts.allow: error: " in said, said


def test_every_message_of_tcpdchk_has_its_row():
    """All warnings that its binary has, and all rows of the table in docs/LIBWRAP.md."""
    known = {m for m, _, _ in RULES + INETD} | set(OTHERS)
    text = (REPO / "docs/LIBWRAP.md").read_text().partition("## What tcpdchk")[2]
    table = re.findall(r"^\| `([^`]+)` \|", text, re.M)
    assert set(table) == known
    texts = {t.decode().strip() for t in re.findall(rb"[\x20-\x7e]{6,}", pathlib.Path(TCPDCHK).read_bytes())}
    said = {t for t in texts if " " in t and re.search(r"%[sdm]|^\(|EXCEPT|newline|\"|recognized", t)}
    assert len(said) > 35 and said - known == NO_WARNINGS
