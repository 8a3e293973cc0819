# Every row of the table in docs/LIBWRAP.md: Debian's tcpdmatch and access-check on the same rule, once in hosts.allow
# before a hosts.deny that refuses all, once in hosts.deny alone. Buzon refuses in both: each difference is fail-closed.

import re
import subprocess

import pytest

from support import libwrap
from support.tree import REPO, buzon

ME, NAMED = ("sshd", "10.1.2.3"), ("sshd", "10.net.example")
# The row's name; the rule; what libwrap does when it is in hosts.allow, in hosts.deny (A: lets in, D: refuses).
RULES = [
    ("byte order mark", b"\xef\xbb\xbfsshd: ALL\n", "DA"),
    ("UTF-16", "\ufeffsshd: ALL\n".encode("utf-16-le"), "DD"),
    ("NUL byte", b"sshd: ALL\0 EXCEPT 10.\n", "DD"),
    ("NUL byte", b"sshd: ALL\0\nx: y\n", "DA"),
    ("NUL byte", b"#\0\nsshd: ALL\n", "DA"),
    ("CR at the line's end", b"sshd: ALL\r\n", "AD"),
    ("last line without newline", b"sshd: ALL", "DD"),
    ("last line without newline", b"sshd: ALL\\\n", "DD"),
    ("last line without newline", b"#", "DD"),
    ("long line", b"sshd: ALL" + b" " * 2040 + b"\n", "DD"),
    ("long line", b"#" * 2047 + b"\nsshd: ALL\n", "DD"),
    ("no colon", b"sshd ALL\n", "DA"),
    ("# not in the first column", b" # x\n", "DA"),
    ("# not in the first column", b"sshd: ALL # x\n", "AD"),
    ("no daemon or no client", b": ALL\n", "DA"),
    ("no daemon or no client", b"sshd:\n", "DA"),
    ("EXCEPT without a side", b"sshd: ALL EXCEPT\n", "AD"),
    ("EXCEPT without a side", b"sshd: EXCEPT 11.\n", "DA"),
    ("prefix length", b"sshd: 10.0.0.0/33\n", "DA"),
    ("prefix length", b"sshd: 10.0.0.0/08\n", "AD"),
    ("prefix length", b"sshd: [fe80::]/\n", "DA"),
    ("mask", b"sshd: 10.0.0.0/255.0.0\n", "DA"),
    ("mask of all ones", b"sshd: 10.1.2.3/255.255.255.255\n", "DA"),
    ("/0", b"sshd: 0.0.0.0/0\n", "DA"),
    ("host bits", b"sshd: 10.0.0.5/8\n", "DA"),
    ("no network", b"sshd: 012.0.0.0/8\n", "AD"),
    ("no network", b"sshd: 10.1/16\n", "DA"),
    ("part of an address", b"sshd: 10.1.2\n", "DA"),
    ("part of an address", b"sshd: 012.\n", "DA"),
    ("part of an address", b"sshd: 010.1.2.3\n", "DA"),
    ("end of an address", b"sshd: .2.3\n", "AD"),
    ("IPv6 without brackets", b"sshd: fe80::1\n", "DA"),
    ("brackets around no IPv6 address", b"sshd: [fe80::x]\n", "DA"),
    ("IPv4 in brackets", b"sshd: [10.1.2.3]\n", "DA"),
    ("IPv4 in brackets", b"sshd: [::ffff:10.1.2.3]\n", "DA"),
    ("dots of a name", b"sshd: a..b\n", "DA"),
    ("dots of a name", b"sshd: mx.upv.es.\n", "DA"),
    ("no name", b"sshd: a!b\n", "DA"),
    ("no daemon's name", b"ssh!: ALL\n", "DA"),
    ("path of a daemon", b"/usr/sbin/sshd: ALL\n", "DA"),
    ("dot before a daemon", b".hd: ALL\n", "DA"),
    ("word for hosts", b"LOCAL: ALL\n", "DA"),
    ("nothing", b"sshd@: ALL\n", "DA"),
    ("netgroup", b"sshd: @hosts\n", "DA"),
    ("port", b"022: ALL\n", "DA"),
    ("file of patterns", b"sshd: /etc/more\n", "DA"),
    ("glob on unknown", b"sshd: u*\n", "AD"),
    ("option", b"sshd: ALL: frob\n", "DD"),
    ("option", b"sshd: ALL:\n", "DD"),
    ("option", b"sshd: 11.: frob\n", "DA"),
]


@pytest.fixture
def both(tmp_path):
    """both(allow, deny, question, mine): "A" or "D" by tcpdmatch, the same by access-check, and its fault."""
    tmp_path.chmod(0o755)
    (tmp_path / "inetd.conf").write_text(libwrap.INETD)

    def ask(allow, deny, question=ME, mine=None):
        (tmp_path / "hosts.allow").write_bytes(allow)
        (tmp_path / "hosts.deny").write_bytes(deny)
        [[(address, theirs)]] = libwrap.run_libwrap(tmp_path, [question], libwrap.enter)
        by_name = question[1][0].isalpha() or question == NAMED
        mine = mine or ((question[0], address) if by_name else (*question, "unknown"))
        [(verdict, at, fault)] = libwrap.run_buzon(buzon(), tmp_path, [mine], libwrap.enter)
        return {"granted": "A", "denied": "D"}[theirs] + {"allow": "A", "deny": "D"}[verdict], at, fault
    return ask


def difference(name):
    [r] = [r for r in libwrap.ROWS if r.name == name]
    return r


@pytest.mark.parametrize("name, rule, libwrap_does", RULES, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(RULES)])
def test_refuses(both, name, rule, libwrap_does):
    for where, files, theirs in (("hosts.allow", (rule, b"ALL: ALL\n"), libwrap_does[0]),
                                 ("hosts.deny", (b"", rule), libwrap_does[1])):
        verdicts, at, fault = both(*files)
        assert verdicts == theirs + "D", f"in {where}: {verdicts}, {at} {fault}"
        assert at.startswith(where + ":") and difference(name).words.search(fault), f"{at} {fault}"
        text = files[where == "hosts.deny"].decode("latin-1")
        assert libwrap.classify(fault, libwrap.rule_text(text.encode("latin-1"), at)) == name


def test_glob_on_a_name(both):
    """Whoever is called 10.net.example is matched by `10.*` there; here he is refused, not let in, nor passed on."""
    for files, theirs in (((b"sshd: 10.*.0.*\n", b"ALL: ALL\n"), "D"), ((b"sshd: 1?.n*\n", b"ALL: ALL\n"), "A")):
        assert both(*files, NAMED)[0][0] == theirs           # the question is what it seems
    mine = ("sshd", "192.0.2.1", "10.net.example")           # the same name at an address that is not 10's
    verdicts, at, fault = both(b"sshd: 10.*\n", b"ALL: ALL\n", NAMED, mine)
    assert verdicts == "AD" and difference("glob on a name").words.search(fault)
    verdicts, at, fault = both(b"", b"sshd: 10.*\n", NAMED, mine)
    assert verdicts == "DD" and difference("glob on a name").words.search(fault)
    assert both(b"sshd: 10.*\n", b"ALL: ALL\n", ME)[0] == "AA"           # and addresses are as ever


@pytest.mark.parametrize("rule, name", [(b"sshd: p*\n", "paranoid"), (b"sshd: u*\n", "unknown")])
def test_glob_on_unknown(both, rule, name):
    question = ("sshd", name)
    mine = ("sshd", "unknown" if name == "unknown" else "192.0.2.1", name)
    verdicts, at, fault = both(rule, b"ALL: ALL\n", question, mine)
    if name == "unknown":
        assert verdicts == "AA"                              # an address that is unknown is that word in both
    else:
        assert verdicts == "AD" and difference("glob on unknown").words.search(fault)


@pytest.mark.parametrize("rule", ["smtpd", "smtp", "in.smtpd", "25", "sendmail"])
def test_names_of_smtpd(both, rule):
    """libwrap knows a daemon by the name it was started under; smtpd by five. In hosts.deny that refuses more; what
    hosts.allow then lets in, libwrap lets in to a daemon of the name that the rule has."""
    text = f"{rule}: 10.\n".encode()
    assert both(text, b"ALL: ALL\n", ("sendmail", "10.1.2.3"))[0] == ("AA" if rule == "sendmail" else "DA")
    # A number is the port that the client came to; tcpdmatch has none.
    assert both(text, b"ALL: ALL\n", (rule, "10.1.2.3"))[0] == ("DA" if rule == "25" else "AA")
    assert both(b"", text, ("sendmail", "10.1.2.3"))[0] == ("DD" if rule == "sendmail" else "AD")
    # One of the names excepted is the daemon excepted; libwrap excepts none but the one it was started under.
    assert both(b"", f"ALL EXCEPT {rule}: ALL\n".encode(), (rule, "10.1.2.3"))[0] == ("DA" if rule == "25" else "AA")


@pytest.mark.parametrize("name, patterns", [("comment in a file of patterns", "# 10.\n"),
                                            ("EXCEPT in a file of patterns", "11. EXCEPT 10.\n")])
def test_a_word_in_a_file_of_patterns(both, tmp_path, name, patterns):
    """10.1.2.3 is matched there, and refused here in both files."""
    (tmp_path / "more").write_text(patterns)
    rule = f"sshd: {tmp_path}/more\n".encode()
    for files, theirs in (((rule, b"ALL: ALL\n"), "A"), ((b"", rule), "D")):
        verdicts, at, fault = both(*files)
        assert verdicts == theirs + "D" and fault.startswith(f"{tmp_path}/more, line 1: ")
        assert libwrap.classify(fault, patterns) == name


def test_a_file_that_everybody_may_write(both, tmp_path):
    both(b"", b"")
    (tmp_path / "hosts.allow").chmod(0o666)
    verdicts, at, fault = both(b"ALL: ALL\n", b"")
    assert verdicts == "AD" and at == "hosts.allow:0" and "chmod o-w" in fault


def test_no_regular_file(tmp_path):
    (tmp_path / "inetd.conf").write_text(libwrap.INETD)
    (tmp_path / "hosts.allow").write_text("")
    (tmp_path / "hosts.deny").mkdir()
    assert libwrap.run_libwrap(tmp_path, [ME]) == [[("10.1.2.3", "granted")]]
    [(verdict, at, fault)] = libwrap.run_buzon(buzon(), tmp_path, [(*ME, "unknown")])
    assert (verdict, at) == ("deny", "hosts.deny:0") and "no regular file" in fault


@pytest.mark.root
def test_a_file_that_cannot_be_read(tree):
    """libwrap goes on to hosts.deny; buzon refuses."""
    where = tree.root.parent
    (where / "inetd.conf").write_text(libwrap.INETD)
    (where / "hosts.allow").write_text("ALL: ALL: deny\n")
    (where / "hosts.allow").chmod(0)
    (where / "hosts.deny").write_text("")
    binary = tree.for_everybody(buzon()[-1])

    def as_nobody(*argv):
        return subprocess.run(argv, cwd=where, capture_output=True, text=True, timeout=20, user=65534, group=65534,
                              extra_groups=[])
    assert "access:   granted" in as_nobody(libwrap.TCPDMATCH, "-d", "-i", "inetd.conf", *ME).stdout
    out = as_nobody(binary, "access-check", "-a", "hosts.allow", "-d", "hosts.deny", *ME)
    assert out.returncode == 1 and out.stdout.startswith("deny hosts.allow:0 ")


# Rows of the table whose tests have names of their own.
OWN_TESTS = {"comment in a file of patterns", "EXCEPT in a file of patterns", "glob on a name", "glob on unknown",
             "names of smtpd", "file that everybody may write", "no regular file", "file that cannot be read"}


def test_the_table_has_every_difference_and_no_other():
    text = (REPO / "docs/LIBWRAP.md").read_text().partition("## What tcpdchk")[0]
    table = re.findall(r"^\| ([^|`]+?) \|", text, re.M)
    named = [name for name in table if name not in ("difference", "---")]
    assert len(named) == len(set(named))
    assert set(named) == {n for n, _, _ in RULES} | OWN_TESTS
    assert {r.name for r in libwrap.ROWS} <= set(named)


def test_every_test_that_the_table_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", (REPO / "docs/LIBWRAP.md").read_text()))
    there = set(re.findall(r"^def (test_\w+)", (REPO / "tests/applet/test_tcpd_options.py").read_text(), re.M))
    assert len(named) >= 9 and named <= there, named - there
