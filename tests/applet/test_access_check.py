# access-check: the verdict line, the exit code, and where the facts come from.

import os
import shutil
import subprocess

import pytest

from support.tree import buzon

HUB = "sendmail: vega.cc.upv.es\n"
TCPDMATCH = shutil.which("tcpdmatch", path="/usr/sbin:/sbin:" + os.environ["PATH"])


class Answer:
    """What access-check said: the verdict line, and what went with it."""

    def __init__(self, run):
        self.code, self.line, self.said = run.returncode, run.stdout.decode().rstrip("\n"), run.stderr.decode()

    def __repr__(self):
        return f"{self.code} {self.line!r} {self.said!r}"


@pytest.fixture
def ask(tree):
    """Puts rules into the tree and asks: ask(allow, deny, *args)."""
    def run(allow, deny, *args, **more):
        for name, text in (("hosts.allow", allow), ("hosts.deny", deny)):
            if text is None:
                (tree.root / "etc" / name).unlink(missing_ok=True)
            else:
                tree.write(f"etc/{name}", text)
        return Answer(tree.run("access-check", *args, **more))
    return run


@pytest.fixture
def check(tmp_path):
    """access-check on two files of its own: check(allow, deny, *args)."""
    tmp_path.chmod(0o755)

    def run(allow, deny, *args):
        for name, text in (("allow", allow), ("deny", deny)):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Answer(subprocess.run([*buzon(), "access-check", "-a", "allow", "-d", "deny", *args], cwd=tmp_path,
                                     capture_output=True, timeout=20))
    return run


def test_the_hub_may(ask):
    a = ask("# only the hub\n" + HUB, "ALL: ALL\n", "sendmail", "127.0.0.3")
    assert (a.code, a.line) == (0, "allow etc/hosts.allow:2 sendmail: vega.cc.upv.es")
    assert "127.0.0.3: vega.cc.upv.es" in a.said


def test_another_host_may_not(ask):
    a = ask(HUB, "ALL: ALL\n", "sendmail", "127.0.0.2")
    assert (a.code, a.line) == (1, "deny etc/hosts.deny:1 ALL: ALL")


def test_this_host_may_not_either(ask):
    assert ask(HUB, "ALL: ALL\n", "sendmail", "127.0.0.1").code == 1
    assert ask(HUB, "ALL: ALL\n", "sendmail", "::1").code == 1


def test_nothing_matches(ask):
    a = ask("", "", "sendmail", "192.0.2.1")
    assert (a.code, a.line, a.said) == (0, "allow - no rule matches", "")


@pytest.mark.parametrize("name", ["smtpd", "sendmail", "smtp", "in.smtpd", "25", "SMTPD"])
@pytest.mark.parametrize("rule", ["smtpd", "sendmail", "smtp", "in.smtpd", "25"])
def test_smtpd_goes_by_all_its_names(check, name, rule):
    assert check(f"{rule}: 192.0.2.1\n", "ALL: ALL\n", name, "192.0.2.1").code == 0


def test_another_daemon_is_itself_alone(check):
    assert check("sshd: ALL\n", "ALL: ALL\n", "sshd", "192.0.2.1").code == 0
    assert check("sendmail: ALL\n", "ALL: ALL\n", "sshd", "192.0.2.1").code == 1


def test_a_client_by_name_is_looked_up(ask):
    a = ask(HUB, "ALL: ALL\n", "smtpd", "vega.cc.upv.es")
    assert a.code == 0 and "vega.cc.upv.es: 127.0.0.3" in a.said


def test_a_client_by_a_name_that_does_not_exist(ask):
    a = ask(HUB, "ALL: ALL\n", "smtpd", "nowhere.example")
    assert (a.code, a.line) == (2, "") and "nowhere.example" in a.said


def test_a_name_through_dns(ask, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "Mail.Example.Com")
    dns.add("mail.example.com", "A", "192.0.2.8", "192.0.2.9")
    a = ask("sendmail: .example.com\n", "ALL: ALL\n", "smtpd", "192.0.2.9")
    assert a.code == 0 and "192.0.2.9: mail.example.com" in a.said


def test_a_name_through_dns_ipv6(ask, dns):
    dns.add("9." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "six.example.com")
    dns.add("six.example.com", "AAAA", "2001:db8::9")
    assert ask("sendmail: six.example.com\n", "ALL: ALL\n", "smtpd", "2001:db8::9").code == 0


@pytest.mark.parametrize("ptr, forward, word", [
    ("mail.example.com", "192.0.2.8", "does not lead back"),         # G8: it is somebody else's
    ("mail.example.com", None, "does not lead back"),
    ("192.0.2.9", "192.0.2.9", "does not lead back"),                # a name that passes for an address
    ("mail_;.example.com", "192.0.2.9", "does not lead back"),
    ("mail\n.example.com", "192.0.2.9", ""),
])
def test_a_name_that_does_not_lead_back(ask, dns, ptr, forward, word):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", ptr)
    if forward:
        dns.add(ptr, "A", forward)
    a = ask("sendmail: .example.com KNOWN\n", "ALL: ALL\n", "smtpd", "192.0.2.9")
    assert a.code == 1 and word in a.said
    assert len(a.said.splitlines()) <= 1


def test_a_name_that_does_not_lead_back_is_paranoid(ask, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "mail.example.com")
    dns.add("mail.example.com", "A", "192.0.2.8")
    a = ask("", "ALL: PARANOID\n", "smtpd", "192.0.2.9")
    assert (a.code, a.line) == (1, "deny etc/hosts.deny:1 ALL: PARANOID")


@pytest.mark.parametrize("trouble", ["SERVFAIL", "SILENT"])
def test_an_address_rule_works_when_dns_is_dead(ask, dns, trouble):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", trouble)
    dns.table[("9.2.0.192.in-addr.arpa.", "PTR")] = [trouble]
    a = ask("sendmail: .example.com\nsendmail: 192.0.2.9\n", "ALL: ALL\n", "smtpd", "192.0.2.9")
    assert (a.code, a.line) == (0, "allow etc/hosts.allow:2 sendmail: 192.0.2.9")


def test_dns_is_not_asked_where_the_address_decides(ask, dns):
    for rules in ("sendmail: .example.com 192.0.2.9\n", "sshd: .example.com\nsendmail: 192.0.2.9\nsmtpd: .x\n"):
        assert ask(rules, "ALL: ALL\n", "smtpd", "192.0.2.9").code == 0
    assert dns.asked == []


def test_the_name_given_is_believed_and_dns_not_asked(ask, dns):
    rules = ("sendmail: .example.com\nsendmail: UNKNOWN: deny\n", "ALL: PARANOID\n")
    assert ask(*rules, "-n", "a.example.com", "smtpd", "192.0.2.9").line.startswith("allow etc/hosts.allow:1 ")
    assert ask(*rules, "-n", "unknown", "smtpd", "192.0.2.9").line.startswith("deny etc/hosts.allow:2 ")
    assert ask(*rules, "-n", "paranoid", "smtpd", "192.0.2.9").line.startswith("deny etc/hosts.deny:1 ")
    assert dns.asked == []


def test_server_by_address(check):
    rules = ("sendmail@192.0.2.25: ALL\n", "ALL: ALL\n")
    assert check(*rules, "smtpd@192.0.2.25", "192.0.2.1").code == 0
    assert check(*rules, "smtpd@192.0.2.26", "192.0.2.1").code == 1
    assert check(*rules, "-s", "192.0.2.25", "smtpd", "192.0.2.1").code == 0
    assert check(*rules, "smtpd", "192.0.2.1").code == 1
    assert check("sendmail@[fd00::25]: ALL\n", "ALL: ALL\n", "smtpd@[fd00::25]", "192.0.2.1").code == 0


def test_server_by_name(check):
    rules = ("sendmail@vega.cc.upv.es: ALL\n", "ALL: ALL\n")
    assert check(*rules, "smtpd@127.0.0.3", "192.0.2.1").code == 0
    assert check(*rules, "smtpd@127.0.0.2", "192.0.2.1").code == 1


def test_addresses_in_brackets_and_mapped(check):
    rules = ("sendmail: 192.0.2.1 [2001:db8::1]\n", "ALL: ALL\n")
    for client in ("192.0.2.1", "[192.0.2.1]", "::ffff:192.0.2.1", "2001:db8::1", "[2001:DB8::1]"):
        assert check(*rules, "smtpd", client).code == 0, client


def test_a_client_without_an_address(check):
    assert check("sendmail: UNKNOWN\n", "ALL: ALL\n", "smtpd", "unknown").code == 0
    assert check("sendmail: KNOWN 0.0.0.0/0.0.0.0\n", "ALL: ALL\n", "smtpd", "unknown").code == 1


def test_a_user(check):
    rules = ("sendmail: joe@192.0.2.1\n", "ALL: ALL\n")
    a = check(*rules, "smtpd", "joe@192.0.2.1")
    assert a.code == 0
    assert check(*rules, "smtpd", "jim@192.0.2.1").code == 1
    assert check(*rules, "smtpd", "192.0.2.1").code == 1
    assert check("sendmail: UNKNOWN@192.0.2.1\n", "ALL: ALL\n", "smtpd", "192.0.2.1").code == 0


# What cannot be understood, with a word of what is said about it.
FAULTS = [
    (b"sendmail ALL\n", 1, "no colon"), (b"\xef\xbb\xbfsendmail: ALL\n", 1, "byte order mark"),
    (b"#\n\nsendmail: ALL\r\n", 3, "Unix line ends"),
    (b"sendmail: 10.0.0.0/33\n", 1, "`10.0.0.0/33`: no prefix length"),
    (b"sendmail: 012.\n", 1, "leading zeros"), (b"sendmail: fe80::1\n", 1, "brackets"),
    (b"sendmail: AL\0L\n", 1, "NUL"), (b"sendmail: @hosts\n", 1, "do not exist here"),
    (b"sendmail: /etc/more\n", 1, "no such file of patterns"),
    (b"sendmail: ALL: spawn %x\n", 1, "`spawn %x`: no such %-expansion"),
    (b"sendmail: 0.0.0.0/0\n", 1, "write 0.0.0.0/0.0.0.0, or ALL"), (b"sendmail: ALL EXCEPT\n", 1, "EXCEPT"),
]


@pytest.mark.parametrize("text, line, words", FAULTS, ids=[f[2].split()[0].strip("`:,") for f in FAULTS])
@pytest.mark.parametrize("where", ["allow", "deny"])
def test_what_cannot_be_understood_refuses(check, where, text, line, words):
    a = check(*(text, b"") if where == "allow" else (b"", text), "smtpd", "192.0.2.1")
    assert a.code == 1 and a.line.startswith(f"deny {where}:{line} ")
    assert f"{where}:{line}: " in a.said and words in a.said


def test_the_rule_is_shown_joined_clean_and_on_one_line(check):
    a = check(b"sendmail:\t192.0.2.1 \\\n 192.0.2.2\n", b"", "smtpd", "192.0.2.2")
    assert a.line == "allow allow:1 sendmail: 192.0.2.1  192.0.2.2"
    a = check(b"sendmail: \x1b[31m\xc3\xa9\n", b"", "smtpd", "192.0.2.2")
    assert a.line == "deny allow:1 sendmail: ?[31m??" and "\x1b" not in a.said
    assert len(check(b"sendmail: " + b"192.0.2.2 " * 1000, b"", "smtpd", "192.0.2.2").line) < 250


def test_the_trees_files_go_before_the_systems(ask):
    assert ask(None, "ALL: ALL\n", "smtpd", "192.0.2.1").line == "deny etc/hosts.deny:1 ALL: ALL"
    assert ask("ALL: ALL\n", None, "smtpd", "192.0.2.1").line == "allow etc/hosts.allow:1 ALL: ALL"


def test_a_file_that_everybody_may_write_refuses(ask, tree):
    tree.write("etc/hosts.allow", "ALL: ALL\n").chmod(0o666)
    a = Answer(tree.run("access-check", "smtpd", "192.0.2.1"))
    assert (a.code, a.line) == (1, "deny etc/hosts.allow:0 -") and "chmod o-w" in a.said


def test_a_file_that_is_a_link_to_nothing_refuses(tree):
    tree.path("etc/hosts.deny").unlink()
    tree.path("etc/hosts.deny").symlink_to("elsewhere")
    a = Answer(tree.run("access-check", "smtpd", "192.0.2.1"))
    assert a.code == 1 and "link to nothing" in a.said


def test_a_directory_or_a_fifo_for_a_file_refuses(tree):
    tree.path("etc/hosts.deny").unlink()
    os.mkfifo(tree.path("etc/hosts.deny"), 0o644)
    a = Answer(tree.run("access-check", "smtpd", "192.0.2.1"))
    assert a.code == 1 and "no regular file" in a.said


def test_a_link_to_dev_null_is_an_empty_file(tree):
    tree.path("etc/hosts.deny").unlink()
    tree.path("etc/hosts.deny").symlink_to("/dev/null")
    assert Answer(tree.run("access-check", "smtpd", "192.0.2.1")).line == "allow - no rule matches"


def run(*args, cwd="/"):
    return Answer(subprocess.run([*buzon(), "access-check", *args], cwd=cwd, capture_output=True, timeout=20))


def test_a_tree_that_is_not_there_is_no_verdict(tmp_path):
    a = run("--root", str(tmp_path / "none"), "smtpd", "192.0.2.1")
    assert (a.code, a.line) == (2, "") and "none" in a.said


def test_a_file_named_that_is_not_there_is_no_verdict(tmp_path):
    (tmp_path / "deny").write_text("")
    a = run("-a", "allowed", "-d", "deny", "smtpd", "192.0.2.1", cwd=tmp_path)
    assert (a.code, a.line) == (2, "") and "allowed: no such file" in a.said
    assert run("-a", "/dev/null", "-d", "deny", "smtpd", "192.0.2.1", cwd=tmp_path).code == 0


@pytest.mark.parametrize("args", [
    [], ["smtpd"], ["smtpd", "192.0.2.1", "more"], ["-a", "x", "smtpd", "192.0.2.1"], ["-d", "x", "smtpd", "192.0.2.1"],
    ["-x", "smtpd", "192.0.2.1"], ["-n", "", "smtpd", "192.0.2.1"], ["smtpd", "192.0.2.1", "-n"], ["", "192.0.2.1"],
    ["smtpd", ""], ["smtpd", "joe@"], ["smtpd@", "192.0.2.1"], ["@mx", "192.0.2.1"], ["smtpd", "@192.0.2.1"],
    ["a b", "192.0.2.1"], ["-s", "192.0.2.2", "smtpd@192.0.2.3", "192.0.2.1"], ["--root"], ["-n"],
    ["--root", "/", "-a", "x", "-d", "y", "smtpd", "192.0.2.1"], ["-t", "smtpd", "192.0.2.1"], ["-t", "-n", "x"],
    ["-r", "smtpd", "192.0.2.1"], ["-i", "x", "smtpd", "192.0.2.1"],
], ids=lambda args: " ".join(args) or "nothing")
def test_usage(args):
    a = run(*args)
    assert (a.code, a.line) == (64, "") and "usage: access-check" in a.said


@pytest.mark.parametrize("client", ["010.0.0.1", "10.0.0", "10.0.0.256", "1.2.3.4.5", "fe80::1%lo", "fe80:::1", "1234"])
def test_a_client_that_is_no_address(check, client):
    a = check("", "", "smtpd", client)
    assert (a.code, a.line) == (2, "") and "no address" in a.said


# -v

def test_explain(ask, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "mail.example.com")
    dns.add("mail.example.com", "A", "192.0.2.9")
    rules = "# x\nsshd: ALL\nsendmail: 10.\nsendmail: 11. \\\n .example.com\nALL: ALL\n"
    a = ask(rules, "", "-v", "smtpd", "192.0.2.9")
    assert a.code == 0
    assert a.line.split("\n") == [
        "daemon: smtpd sendmail smtp in.smtpd 25",
        "client address: 192.0.2.9 (IPv4)",
        "client name: mail.example.com: PTR and A agree (etc/hosts.allow:4 wants it)",
        "client user: not looked up, taken for unknown",
        "etc/hosts.allow:2 not this daemon: sshd: ALL",
        "etc/hosts.allow:3 not this client: sendmail: 10.",
        "etc/hosts.allow:4 matched: sendmail: 11.  .example.com",
        "allow etc/hosts.allow:4 sendmail: 11.  .example.com",
    ]


def test_explain_says_what_was_not_needed(check):
    a = check("sendmail: 10.\n", "ALL: ALL\n", "-v", "smtpd", "::ffff:10.1.2.3")
    assert "client address: 10.1.2.3 (IPv4), mapped into IPv6, and taken for IPv4" in a.line
    assert "client name: not looked up: no rule that was tried needs it" in a.line


def test_explain_a_name_that_does_not_lead_back_and_a_fault(ask, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "mail.example.com")
    dns.add("mail.example.com", "A", "192.0.2.8")
    a = ask("sendmail: .lan\nsendmail: 10.0.0.0/33\n", "", "-v", "-s", "10.0.0.1", "smtpd", "192.0.2.9")
    assert a.code == 1
    assert ("client name: paranoid: PTR mail.example.com, which has no such address (etc/hosts.allow:1 wants it)"
            in a.line)
    assert "server address: 10.0.0.1 (IPv4)" in a.line
    assert "etc/hosts.allow:2 cannot be understood: sendmail: 10.0.0.0/33" in a.line


def test_explain_options(check):
    rule = "sendmail: 10.: severity notice: spawn logger %a %h x\\:y\n"
    a = check(rule, "", "-v", "-n", "a;b.lan", "smtpd", "10.0.0.1")
    assert "option: severity notice\noption: spawn logger 10.0.0.1 a_b.lan x:y\nallow " in a.line, a.line


def test_explain_a_given_name(check):
    a = check("sendmail: .lan\n", "", "-v", "-n", "unknown", "smtpd", "joe@10.0.0.1")
    assert "client name: unknown (as given)" in a.line and "client user: joe" in a.line


# Questions from standard input.

def test_many_questions(tree):
    tree.write("etc/hosts.allow", "sendmail: 10. .lan\nsshd@10.0.0.1: ALL\n")
    tree.write("etc/hosts.deny", "ALL: ALL\n")
    out = tree.run("access-check", "-", input="smtpd 10.1.1.1\n\n# no question\nsmtpd 192.0.2.1 a.lan\n"
                                              "sshd@10.0.0.1 192.0.2.1\nfoo\nsmtpd 300.1.1.1\nsmtpd 192.0.2.1 unknown")
    assert out.stdout.decode().splitlines() == [
        "allow etc/hosts.allow:1 sendmail: 10. .lan", "allow etc/hosts.allow:1 sendmail: 10. .lan",
        "allow etc/hosts.allow:2 sshd@10.0.0.1: ALL", "none - no verdict", "none - no verdict",
        "deny etc/hosts.deny:1 ALL: ALL"]
    assert out.returncode == 2 and b"foo: no question" in out.stderr and b"300.1.1.1: no address" in out.stderr
    assert tree.run("access-check", "-", input="smtpd 10.1.1.1\nsmtpd unknown\n").returncode == 1
    assert tree.run("access-check", "-", input="smtpd 10.1.1.1\n").returncode == 0
    assert tree.run("access-check", "-").returncode == 0
    out = tree.run("access-check", "-", input="smtpd 10.1.1.1\n" + "x" * 2000 + " y\nsmtpd 10.1.1.1\n")
    assert out.returncode == 2 and b"longer than a line may be" in out.stderr


# -t

def lint(tree, *args):
    out = tree.run("access-check", "-t", *args)
    return out.returncode, out.stdout.decode().splitlines(), out.stderr.decode()


def test_lint_clean(tree):
    tree.write("etc/hosts.allow", "# who may\nsendmail: 10. [fd00::]/8\n")
    tree.write("etc/hosts.deny", "ALL: ALL\n")
    assert lint(tree) == (0, [], "")


def test_lint_warns(tree):
    tree.write("etc/hosts.allow", "sendmial: 10.\n")
    tree.write("etc/hosts.deny", "sendmail: 10.\nALL: ALL\nsendmail: 11.\n")
    code, lines, said = lint(tree)
    assert (code, said) == (0, "")
    assert lines == [
        "etc/hosts.allow:1: warning: `sendmial`: no daemon of this name is known here: did you mean `sendmail`?",
        "etc/hosts.deny:3: warning: the rule never decides, since etc/hosts.deny:2 decides for all of it: take it "
        "out, or put it before that"]


def test_lint_finds_what_refuses(tree):
    tree.write("etc/buzon.conf", "hostname mx.example.org\nrelay-clients 10.0.0.0/33\n")
    tree.write("etc/hosts.allow", "sendmail: 10.\nsendmail 11.\n")
    tree.write("etc/hosts.deny", "sshd: ALL # all\nALL: ALL")
    code, lines, said = lint(tree)
    assert code == 78 and said == ""
    assert [l.split(": ")[:2] for l in lines] == [
        ["etc/buzon.conf:2", "error"], ["etc/hosts.allow:2", "error"], ["etc/hosts.deny:1", "error"],
        ["etc/hosts.deny:2", "error"]], lines
    # What it finds is what refuses.
    assert Answer(tree.run("access-check", "smtpd", "11.1.1.1")).code == 1


@pytest.mark.parametrize("text, line, words", FAULTS, ids=[f[2].split()[0].strip("`:,") for f in FAULTS])
def test_lint_finds_each_fault(tree, text, line, words):
    tree.write("etc/hosts.allow", text)
    tree.write("etc/hosts.deny", "ALL: ALL\n")
    code, lines, _ = lint(tree)
    assert code == 78 and any(l.startswith(f"etc/hosts.allow:{line}: error: ") and words in l for l in lines), lines


def test_lint_files(tree):
    tree.write("etc/hosts.allow", "sendmail: 10.\n").chmod(0o664)
    tree.write("etc/hosts.deny", "ALL: ALL\n").chmod(0o666)
    code, lines, _ = lint(tree)
    assert code == 78
    assert lines == ["etc/hosts.allow: warning: a group may write to the file: chmod g-w it",
                     "etc/hosts.deny: error: everybody may write to the file: chmod o-w it"]


def test_lint_named_files_and_inetd_conf(check, tmp_path):
    (tmp_path / "inetd.conf").write_text("ftp stream tcp nowait root /bin/tcpd in.ftpd\n"
                                         "telnet stream tcp nowait root /bin/sh in.telnetd\n"
                                         "pop3 stream tcp nowait root\n"
                                         "daytime stream tcp nowait root internal\n")
    a = check("in.ftpd: 10.\nin.telnetd: 10.\nsshd: 10.\ndaytime: 10.\n", "ALL: ALL\n", "-t", "-i", "inetd.conf")
    assert a.code == 0 and a.line.splitlines() == [
        "inetd.conf:1: warning: `/bin/tcpd`: no such program: mend the path, or take the line out",
        "inetd.conf:1: warning: `/bin/in.ftpd`: no such program: mend the path, or take the line out",
        "inetd.conf:3: warning: `pop3`: the line is cut off: service, type, protocol, wait, user, program and its "
        "words belong there",
        "allow:2: warning: `in.telnetd`: inetd starts this daemon without tcpd, so that nobody asks the rule: put tcpd "
        "before it",
        "allow:3: warning: `sshd`: no daemon of this name is known here: nobody asks the rule",
        "allow:4: warning: `daytime`: inetd answers this service by itself, so that nobody asks the rule: take it out "
        "of inetd.conf, or start a daemon with tcpd for it"]
    assert check("", "", "-t", "-i", "none").code == 2
    (tmp_path / "inetd.conf").chmod(0o664)
    assert check("", "", "-t", "-i", "inetd.conf").line.startswith("inetd.conf: warning: a group may write to the file")
    (tmp_path / "inetd.conf").chmod(0o666)
    assert "everybody may write to the file: chmod o-w it" in check("", "", "-t", "-i", "inetd.conf").said


def test_lint_files_of_patterns(check, tmp_path):
    """What is wrong in one is told with its own name and line, beside the rule that names it."""
    (tmp_path / "hosts").write_text("10.\n\n11. 12.0.0.0/33\n")
    (tmp_path / "outer").write_text(f"# no comment\n13. {tmp_path}/hosts\n")
    (tmp_path / "none").write_text("10.\n")
    (tmp_path / "well").write_text("FAIL\n14.\n  localhost")
    (tmp_path / "deeper").write_text(f"15. {tmp_path}/well\n")
    (tmp_path / "none").chmod(0o666)
    a = check(f"sendmail: 1. {tmp_path}/hosts\n\nsendmail: ALL EXCEPT {tmp_path}/outer\nsendmail@{tmp_path}/hosts: 9.\n"
              f"sendmail: joe@{tmp_path}/none\nsendmail: {tmp_path}/gone\nsendmail: {tmp_path}/deeper\n",
              "ALL: ALL\n", "-t")
    prefix = "line 3: `12.0.0.0/33`: no prefix length: a number from 1 to 32 without leading zeros"
    assert a.code == 78 and a.line.splitlines() == [
        f"allow:1: error: {tmp_path}/hosts, {prefix}",
        f"allow:3: error: {tmp_path}/outer, line 1: `#`: a file of patterns has no comments, its words would count: "
        "take this out",
        f"allow:4: error: {tmp_path}/hosts, {prefix}",
        f"allow:5: error: `joe@{tmp_path}/none`: everybody may write to the file: chmod o-w it",
        f"allow:6: error: `{tmp_path}/gone`: no such file of patterns: make it, or take it out",
        f"allow:7: warning: {tmp_path}/well, line 1: `FAIL`: this word is no longer known: use EXCEPT, or the option "
        "deny",
        f"allow:7: warning: {tmp_path}/well, line 3: `localhost`: this is a name, which is looked up: write 127.0.0.1 "
        "[::1]"]


def test_lint_looks_names_up(tree, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "mail.example.com")
    dns.add("mail.example.com", "A", "192.0.2.9")
    dns.add("www.example.com", "A", "192.0.2.9")
    dns.add("bare.example.com", "A", "192.0.2.10")
    dns.add("11.2.0.192.in-addr.arpa", "PTR", "half.example.com")
    dns.add("half.example.com", "A", "192.0.2.11", "192.0.2.12")
    tree.write("etc/hosts.allow", "sendmail: mail.example.com\nsendmail: www.example.com\nsendmail: bare.example.com\n"
                                  "sendmail: gone.example.com\nsendmail: half.example.com\n")
    tree.write("etc/hosts.deny", "ALL: ALL\n")
    assert lint(tree)[1] == [] and dns.asked == []
    code, lines, _ = lint(tree, "-r")
    assert code == 0 and lines == [
        "etc/hosts.allow:2: warning: `www.example.com`: the host is called mail.example.com, and never matches by "
        "another name: write that",
        "etc/hosts.allow:3: warning: `bare.example.com`: its address 192.0.2.10 does not lead back to the name, so "
        "that it never matches: write the address",
        "etc/hosts.allow:4: warning: `gone.example.com`: no such host: mend the name, or take it out",
        "etc/hosts.allow:5: warning: `half.example.com`: its address 192.0.2.12 does not lead back to the name, so "
        "that it never matches: write the address"]


def test_lint_strict(tree):
    tree.write("etc/hosts.allow", "sendmail: 10.\nsendmail: 11.: allow\n")
    tree.write("etc/hosts.deny", "ALL: ALL\n")
    warning = "etc/hosts.allow:1: warning: the rule lets in without saying so: end it with `: allow`"
    assert lint(tree, "-v") == (0, [warning], "")


# Debian's own tcpdmatch on the same rules and clients. What is meant to differ is in docs/man/buzon-hosts_access.5, and
# not among these.
SAME = [
    "sendmail: vega.cc.upv.es", "sendmail: .upv.es", "sendmail: upv.es", "SENDMAIL: .UPV.es", "ALL: *.upv.es", "ALL: *",
    "sendmail: LOCAL", "sendmail: KNOWN", "sendmail: UNKNOWN", "ALL: 127.0.0.0/255.0.0.0", "ALL: 127.",
    "ALL: 127.0.0.2",
    "ALL: 192.0.2.0/24", "ALL: 192.0.2.9/32", "ALL: 192.0.2.8/31", "ALL: 0.0.0.0/0.0.0.0", "ALL: 0.0.0.0/1",
    "ALL: 192.0.2.8/255.255.255.254", "ALL: 192.0.2.0/255.0.255.0", "ALL: 192.0.2.*", "ALL: 192.0.2.?",
    "ALL: [2001:db8::]/32", "ALL: [2001:db8::9]", "ALL: [2001:DB8:0::9]/128", "ALL: [::]/0", "ALL: [2001:db8::5]/32",
    "ALL EXCEPT sshd: ALL", "ALL EXCEPT sendmail: ALL", "sshd, sendmail: ALL", "s*l: ALL", "sendmail?: ALL",
    "ALL: ALL EXCEPT .upv.es", "ALL: ALL EXCEPT 127. EXCEPT 127.0.0.3", "ALL: ALL EXCEPT 192.0.2. EXCEPT LOCAL",
    "ALL: 192.0.2.9, 127.0.0.3", "ALL: \\\n192.0.2.\\\n9", "# ALL: ALL \\\nALL: ALL", "#ALL: ALL", "ALL: ALL: deny",
    "ALL: ALL: allow", "ALL: ALL: DENY", "ALL: 192.0.2.9: deny\nALL: ALL: allow", "ALL: ALL@192.0.2.9",
    "ALL: ALL@.upv.es",
    "sendmail: 192.0.2.9\nALL: ALL: deny", "ALL: ALL: frob", "ALL: ALL:", "ALL: ALL: allow: deny", "",
]
CLIENTS = ["192.0.2.9", "127.0.0.3", "127.0.0.9", "2001:db8::9", "vega.cc.upv.es", "client.example.net"]


@pytest.mark.parametrize("rules", SAME)
def test_the_same_as_tcpdmatch(check, tmp_path, rules):
    if not TCPDMATCH:
        pytest.skip("no tcpdmatch here: apt-get install tcpd")
    (tmp_path / "inetd.conf").write_text("smtp stream tcp nowait root /usr/sbin/tcpd sendmail -bs\n")
    for client in CLIENTS:
        for allow, deny in ((rules + "\n", "ALL: ALL\n"), ("", rules + "\n"),
                            (rules + "\n", rules + "\nALL: LOCAL\n")):
            # tcpdmatch looks up no name for an address.
            name = [] if client[0].isalpha() else ["-n", "unknown"]
            mine = check(allow, deny, *name, "sendmail", client)
            for f in ("allow", "deny"):
                (tmp_path / f"hosts.{f}").write_bytes((tmp_path / f).read_bytes())
            out = subprocess.run([TCPDMATCH, "-d", "-i", "inetd.conf", "sendmail", client], cwd=tmp_path,
                                 capture_output=True, text=True, timeout=20).stdout
            theirs = [l.split()[1] for l in out.splitlines() if l.startswith("access:")]
            want = {0: ["granted"], 1: ["denied"]}[mine.code]
            assert theirs == want, f"{client}: {allow!r}, {deny!r}: {mine}, tcpdmatch: {out}"


# The rest of what decides

def test_the_access_table_is_asked_for_smtpd(tree):
    tree.write("etc/hosts.allow", "ALL: ALL\n")
    tree.write("etc/access", "Connect:192.0.2.1 REJECT\nConnect:192.0.2.2 DISCARD\n")
    for compiled in (False, True):
        if compiled:
            assert tree.run("access-check", "-c").returncode == 0
        out = tree.run("access-check", "smtpd", "192.0.2.1")
        assert (out.returncode, out.stdout) == (1, b"deny etc/access:1 Connect:192.0.2.1 REJECT\n")
        out = tree.run("access-check", "smtpd", "192.0.2.2")
        assert out.returncode == 0 and b"etc/access:2: what it sends is thrown away" in out.stderr
        assert tree.run("access-check", "smtpd", "192.0.2.3").returncode == 0
        assert tree.run("access-check", "sshd", "192.0.2.1").returncode == 0


def test_a_broken_access_table_refuses(tree):
    tree.write("etc/hosts.allow", "ALL: ALL\n")
    tree.write("etc/access", "Connect:192.0.2.1 WHAT\n")
    out = tree.run("access-check", "smtpd", "192.0.2.9")
    assert out.returncode == 1 and b"etc/access:1: " in out.stderr


def test_as_tcpd_sees_a_daemon(check):
    assert check("sendmail: ALL\n", "ALL: ALL\n", "-p", "3300", "smtpd", "192.0.2.1").code == 1
    assert check("3300: ALL\n", "ALL: ALL\n", "-p", "3300", "probe", "192.0.2.1").code == 0
    assert check("33*: ALL\n", "ALL: ALL\n", "-p", "3300", "probe", "192.0.2.1").code == 1
    assert check("", "", "-p", "x", "probe", "192.0.2.1").code == 64


def test_a_user_that_a_server_would_ask_for(check):
    a = check("probe: KNOWN@ALL\n", "ALL: ALL\n", "probe", "192.0.2.1")
    assert a.code == 1 and "note: by allow:1 a server asks the client's host for its user" in a.said
    assert not check("probe: ALL\n", "", "probe", "192.0.2.1").said
