# tcpd: the options of rules, seen from outside, beside Debian's tcpd where both should do the same.

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from support import isolate
from support.smtp import tcp_pair
from support.tree import buzon
from support.wrap import REAL, Identd, sbin, wrapper  # noqa: F401 (fixtures)

pytestmark = [pytest.mark.root, pytest.mark.skipif(len(buzon()) > 1, reason="tcpd execs: not under an emulator")]

DENY = "ALL: ALL\n"
ERR, WARNING, NOTICE, INFO = 27, 28, 29, 30          # of LOG_DAEMON
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def run(wrapper):
    """The daemon in.probe behind a rule: what the client gets, the exit code, the log."""
    def one(allow, deny=DENY, client="127.0.0.3", **more):
        wrapper.rules(allow, deny)
        got, code = wrapper.connect([str(wrapper.sbin / "in.probe")], client, env=PATH, **more)
        return got, code, wrapper.lines()
    return one


def told(got, word):
    return re.findall(rf"^{word} (.*)", got, re.M)


def texts(log):
    return [text for _, _, text in log]


@pytest.fixture
def out(tmp_path):
    """A folder that commands and daemons may write to, whoever they are."""
    d = tmp_path / "out"
    d.mkdir()
    d.chmod(0o777)
    for up in tmp_path.parents[:2]:
        up.chmod(0o755)
    tmp_path.chmod(0o755)
    return d


# ---- beside the original: the same bytes, exit code and log lines

@pytest.mark.parametrize("options", [
    "severity notice", "severity local3.crit", "severity auth.debug: deny", "severity kern.crit",
    "SEVERITY = mail.err : ALLOW",
    "umask 77", "umask 027: umask 22", "nice", "nice 3", "keepalive", "linger 5", "linger 0",
    "setenv FOO  a  b ", "setenv FOO = x", "setenv FOO", "setenv FOO %a\\:%A=%d@%%",
    "setenv A 1: setenv B %n: setenv A 2",
    "spawn true", "spawn exit 3", "spawn kill -9 $$", "aclexec true", "aclexec test %a = 127.0.0.3",
    "twist echo one; echo two >&2", "twist printf '%%s ' %n %N %u %a %A %c %d %h %H %s", "twist echo a\\:b\\\\:c",
    "twist umask", "umask 55: twist umask", "setenv A x: twist echo $A", "twist exit 3",
    "banners {dir}", "banners {dir}: deny", "banners {dir}/none", "banners /nowhere", "banners /etc",
    "allow", "deny", "spawn true: deny", "aclexec false: deny", "severity notice: twist echo x",
], ids=lambda o: o.replace(" ", "_"))
@pytest.mark.parametrize("where", ["allow", "deny"])
def test_the_same_as_the_original(wrapper, tmp_path, where, options):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    banner = tmp_path / "in.probe"
    banner.write_text("%d at %A: hello %h\n\n  tab\there, 100%% sure\nno newline %c")
    rule = f"in.probe: 127.0.0.3: {options.format(dir=tmp_path)}\n"
    wrapper.rules(rule if where == "allow" else "", rule if where == "deny" else DENY)
    mine, theirs = wrapper.both([str(wrapper.sbin / "in.probe"), "-x"], env=PATH)
    for log in (mine[2], theirs[2]):             # a process's number is not the same
        log[:] = [(tag, level, re.sub(r"process \d+", "process N", text)) for tag, level, text in log]
    if options == "aclexec false: deny":         # there nothing is said of it, for deny decides
        assert mine[2].pop(0)[2] == "aclexec returned 1"
    assert mine == theirs


def test_aclexec_in_hosts_allow_as_in_the_original(wrapper):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    for command in ("exit 1", "kill -9 $$", "test %a != 127.0.0.3"):
        wrapper.rules(f"in.probe: ALL: aclexec {command}\n", DENY)
        mine, theirs = wrapper.both([str(wrapper.sbin / "in.probe")])
        for log in (mine[2], theirs[2]):
            log[:] = [(tag, level, re.sub(r"process \d+", "process N", text)) for tag, level, text in log]
        assert mine == theirs


@pytest.mark.parametrize("reply", ["A , B : USERID : UNIX : joe\r\n", "A,B:USERID:OTHER,X: joe;$(x) y\r\n",
                                   "A , B : ERROR : NO-USER\r\n", "B , A : USERID : UNIX : joe\r\n"])
@pytest.mark.parametrize("rule", ["in.probe: ALL: rfc931\n", "in.probe: ALL@ALL\n", "in.probe: joe@ALL\n",
                                  "in.probe: KNOWN@ALL\n", "in.probe: UNKNOWN@ALL\n",
                                  "in.probe: ALL: rfc931: twist echo %u %c\n",
                                  "in.probe: j*@127.: severity notice\n"])
def test_users_as_the_original_asks_for_them(wrapper, reply, rule):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    wrapper.rules(rule, DENY)
    with Identd(reply) as identd:
        mine, theirs = wrapper.both([str(wrapper.sbin / "in.probe"), "-x"])
        assert [peer for _, peer in identd.asked] == ["127.0.0.1", "127.0.0.1"]      # from where the client called
    for log in (mine[2], theirs[2]):             # there what twist logs of a user is cleaned, or not, by the order
        log[:] = [(tag, level, re.sub(r"joe[;_]\S*?@", "joe@", text)) for tag, level, text in log]
    assert mine == theirs


def test_a_mapped_client_as_the_original_sees_it(wrapper):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    for rule in ("in.probe: 127.0.0.3\n", "in.probe: 127.0.0.0/8\n", "in.probe@127.0.0.1: 127.\n",
                 "in.probe: vega.cc.upv.es\n"):
        wrapper.rules(rule, DENY)
        seen = []
        for tcpd in (None, REAL):
            with socket.socket(socket.AF_INET6) as listener, socket.socket() as mine:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                listener.bind(("::", 0))
                listener.listen(1)
                mine.bind(("127.0.0.3", 0))
                mine.connect(("127.0.0.1", listener.getsockname()[1]))
                theirs, _ = listener.accept()
                with theirs:
                    p = wrapper.start([str(wrapper.sbin / "in.probe")], stdin=theirs, tcpd=tcpd)
                    seen.append((p.wait(20), texts(wrapper.lines())))
        assert seen[0][0] == 7, rule
        # It logs the address as the socket has it; here it is the one that the rules mean.
        assert seen[0] == (seen[1][0], [text.replace("::ffff:", "") for text in seen[1][1]]), rule


# ---- what the original does not do, or does otherwise

def test_user_and_group(run, wrapper, out):
    (wrapper.etc / "passwd").write_text("root:x:0:0::/:/bin/sh\nmailer:x:4711:4712::/:/bin/sh\n")
    (wrapper.etc / "group").write_text("root:x:0:\nmailer:x:4712:\nextra:x:4713:mailer\nkmem:x:4714:\n")
    got, code, log = run("ALL: ALL: user mailer\n")
    assert code == 7
    assert (told(got, "uid"), told(got, "gid"), sorted(told(got, "group"))) == (["4711"], ["4712"], ["4712", "4713"])
    assert texts(log) == ["connect from 127.0.0.3 (127.0.0.3)"]
    got, _, _ = run("ALL: ALL: user mailer.kmem\n")
    assert (told(got, "uid"), told(got, "gid"), told(got, "group")) == (["4711"], ["4714"], ["4714"])
    got, _, _ = run("ALL: ALL: group kmem: user mailer\n")
    assert (told(got, "uid"), told(got, "gid"), told(got, "group")) == (["4711"], ["4714"], ["4714"])
    got, _, _ = run("ALL: ALL: group kmem\n")
    assert (told(got, "uid"), told(got, "gid"), told(got, "group")) == (["0"], ["4714"], ["4714"])
    _, _, log = run(f"ALL: ALL: user mailer: spawn id -u > {out}/id\n")
    assert (out / "id").read_text() == "4711\n"
    for rule, words in (("user nosuch", 'unknown user: "nosuch"'), ("group nosuch", 'unknown group: "nosuch"'),
                        ("user mailer.nosuch", 'unknown group: "nosuch"'),
                        ("user mailer: group root", "setgid(root): ")):
        got, code, log = run(f"ALL: ALL: {rule}\n")
        assert (got, code) == ("", 0) and log[0][1] == ERR, rule
        assert log[0][2].startswith(f"error: /etc/hosts.allow, line 1: {words}")
        assert log[1][2] == "refused connect from 127.0.0.3 (127.0.0.3)"


def test_options_are_done_in_their_order(run, out):
    f = out / "order"
    got, code, _ = run(f"ALL: ALL: spawn echo 1 $X >> {f}: setenv X a: spawn echo 2 $X >> {f}: umask 77: "
                       f"aclexec echo 3 >> {f}: aclexec false: spawn echo 4 >> {f}\n")
    assert (got, code) == ("", 0)
    assert f.read_text() == "1\n2 a\n3\n"


def test_nothing_is_done_for_others(run, out):
    """Options of rules that do not decide have no effect."""
    f = out / "f"
    rules = (f"in.probe: 127.0.0.9: spawn echo no > {f}\nsshd: ALL: spawn echo no > {f}\n"
             f"in.probe: 127.0.0.3 EXCEPT ALL: twist echo no > {f}\nin.probe: 127.0.0.3\n"
             f"ALL: ALL: spawn echo no > {f}\n")
    got, code, _ = run(rules)
    assert code == 7 and not f.exists()


def test_an_option_that_is_wrong_keeps_all_from_being_done(run, out):
    f = out / "f"
    got, code, log = run(f"ALL: ALL: spawn echo x > {f}: umask 99\n")
    assert (got, code) == ("", 0) and not f.exists()
    assert log[0][2] == "error: /etc/hosts.allow, line 1: `umask 99`: no umask: an octal number up to 0777"


def test_a_command_in_the_background_is_not_waited_for(run, out):
    fifo = out / "fifo"
    os.mkfifo(fifo)
    got, code, _ = run(f"ALL: ALL: spawn (cat {fifo} > {out}/copy) &\n")
    assert code == 7
    fifo.write_text("late\n")
    end = time.monotonic() + 20
    while not (out / "copy").exists() or not (out / "copy").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert (out / "copy").read_text() == "late\n"


def test_a_command_has_nothing_of_the_client(run, out):
    got, _, _ = run(f"ALL: ALL: spawn (cat; echo said; echo said >&2; readlink /proc/self/fd/* > {out}/fds)\n",
                    deny=None)
    assert "said" not in got
    assert set((out / "fds").read_text().split()[:3]) <= {"/dev/null", str(out / "fds")}
    got, code, _ = run("ALL: ALL: aclexec (echo said; cat)\n", deny=None)
    assert "said" not in got and code == 7


def test_twist_speaks_with_the_client(wrapper):
    wrapper.rules("ALL: ALL: twist read line; echo \"you said $line\"; echo to stderr >&2\n", DENY)
    mine, theirs = tcp_pair("127.0.0.3")
    p = wrapper.start(["in.probe"], stdin=theirs, env=PATH)
    theirs.close()
    with mine:
        mine.sendall(b"hello\n")
        got = b""
        while piece := mine.recv(1000):
            got += piece
    assert got == b"you said hello\nto stderr\n" and p.wait(20) == 0


@pytest.mark.parametrize("allow, deny", [
    ("in.probe: ALL: aclexec false: allow\n", ""), ("in.probe: ALL: aclexec false\nALL: ALL\n", ""),
    ("in.probe: ALL: aclexec false: aclexec true\n", ""), ("", "in.probe: ALL: aclexec false\n"),
])
def test_aclexec_that_fails_refuses_everywhere(run, allow, deny):
    """The original lets these in."""
    assert run(allow, deny)[:2] == ("", 0)


@pytest.mark.parametrize("option", ["spawn true", "aclexec true", "twist echo no"])
@pytest.mark.parametrize("missing", [True, False], ids=["missing", "not_executable"])
def test_no_shell_refuses_and_says_so(run, wrapper, tmp_path, option, missing):
    (tmp_path / "empty").mkdir()

    def before():
        if missing:
            isolate.mount(str(tmp_path / "empty"), os.path.realpath("/bin"), isolate.MS_BIND)
        else:
            isolate.mount(str(wrapper.sbin / "noexec"), os.path.realpath("/bin/sh"), isolate.MS_BIND)
    got, code, log = run(f"ALL: ALL: {option}\n", before=before)
    assert (got, code) == ("", 0)
    fault, refused = log[-2:]
    assert fault[1] == ERR and fault[2].startswith(f"error: /etc/hosts.allow, line 1: `{option}`: /bin/sh: ")
    assert ("there is no shell here: take" if missing else "the shell cannot be run: mend it") in fault[2]
    assert refused[2] == "refused connect from 127.0.0.3 (127.0.0.3)"


HOSTILE = "x`touch${IFS}%s`;$(touch %s)|'\"&<>\\"


def test_no_metacharacter_comes_from_the_clients_user(run, out):
    mark = out / "owned"
    with Identd("A , B : USERID : UNIX : " + (HOSTILE % (mark, mark)).replace(" ", "\t", 0) + "\r\n"):
        got, code, log = run(f"ALL: ALL: spawn echo %u %c > {out}/said: setenv WHO %u: aclexec echo %u\n")
    assert code == 7 and not mark.exists()
    said = (out / "said").read_text()
    assert said.startswith("x_touch__IFS_") and not set(said) & set("`$();|'\"&<>\\{}")
    assert not set(told(got, "env WHO=.*")) and "`" not in got


def test_no_metacharacter_comes_from_the_clients_name(run, dns, out):
    mark = out / "owned"
    for name in (f"`touch {mark}`.example.net", f"$(touch {mark}).example.net", "a;b.example.net", "-rf.example.net"):
        dns.add("7.0.0.127.in-addr.arpa", "PTR", name)
        dns.add(name, "A", "127.0.0.7")
        got, code, _ = run(f"ALL: ALL: spawn echo %n %h %c > {out}/said: setenv WHO %n\n", client="127.0.0.7")
        assert code == 7 and not mark.exists()
        said = (out / "said").read_text()
        assert not set(said) & set("`$();|'\"&<>\\") and len(said.split()) == 3


def test_an_expansion_that_is_too_long_refuses(run, dns):
    label = "a" * 60
    dns.add("7.0.0.127.in-addr.arpa", "PTR", ".".join([label] * 4))
    dns.add(".".join([label] * 4), "A", "127.0.0.7")
    got, code, log = run("ALL: ALL: spawn true " + "%n" * 60 + "\n", client="127.0.0.7")
    assert (got, code) == ("", 0)
    assert "expansion too long: true aaaa" in log[0][2] and log[0][1] == ERR


@pytest.mark.parametrize("option, words", [
    ("spawn date +%Y", "no such %-expansion"), ("twist echo 100%", "a % at the end"), ("frob", "no such option"),
    ("banners etc", "no directory"), ("nice ten", "no step of niceness"), ("linger soon", "no time"),
    ("severity loud", "no such level"), ("severity all.info", "no such facility"), ("setenv A-B x", "no name"),
    ("rfc931 0", "no time to wait"), ("user a.b.c", "no user"), ("keepalive yes", "stands alone"),
    ("spawn", "wants a value"), ("allow: umask 22", "the last of its rule"), ("twist x: deny", "the last of its rule"),
    ("", "an option is missing"), ("umask 22:", "an option is missing"),
])
@pytest.mark.parametrize("where", ["allow", "deny"])
def test_what_is_wrong_refuses_and_is_named(run, where, option, words):
    rule = f"#\nin.probe: 127.0.0.3: {option}\n"
    got, code, log = run(*((rule, "") if where == "allow" else ("", rule)))
    assert (got, code) == ("", 0) and log[0][1] == ERR
    assert log[0][2].startswith(f"error: /etc/hosts.{where}, line 2: ") and words in log[0][2]


# ---- users

def test_no_user_is_asked_for_without_need(run):
    with Identd("A , B : USERID : UNIX : joe\r\n") as identd:
        for rule in ("in.probe: 127.0.0.3\n", "in.probe: joe@127.0.0.9 127.0.0.3\n", "in.probe: joe@ALL 127.0.0.3\n",
                     "sshd: joe@ALL\nin.probe: 127.0.0.3\n", "in.probe: 127.0.0.3: spawn echo %h %c\n"):
            assert run(rule)[1] == 7, rule
        assert not identd.asked


def test_the_question(wrapper):
    """It comes from the address that the client called."""
    mine, theirs = tcp_pair("127.0.0.3", "127.0.0.5")
    wrapper.rules("ALL: joe@ALL\n", DENY)
    with Identd("A , B : USERID : UNIX : joe\r\n") as identd, mine:
        p = wrapper.start(["in.probe"], stdin=theirs)
        assert p.wait(20) == 7
        client, server = mine.getsockname()[1], theirs.getsockname()[1]
        assert identd.asked == [(f"{client},{server}\r\n".encode(), "127.0.0.5")]
    theirs.close()


@pytest.mark.parametrize("rule, asked", [("in.probe: UNKNOWN@ALL: rfc931 1\n", 1), ("in.probe: 127.: rfc931 1\n", 1)])
def test_who_does_not_answer_is_unknown_when_the_time_is_up(run, rule, asked):
    with Identd(None) as identd:
        if "UNKNOWN" in rule:
            rule = "in.probe: 127.: rfc931 1: aclexec test %u = unknown\n"
        got, code, log = run(rule)
        assert code == 7 and len(identd.asked) == asked
    assert texts(log) == ["connect from 127.0.0.3 (127.0.0.3)"]


@pytest.mark.parametrize("reply", ["A , B : USERID : UNIX : " + "x" * 200 + "\r\n", "y" * 5000, "\r\n",
                                   "A , B : USERID\n",
                                   "A , B : USERID : UNIX : unknown\r\n", "\0\0\0\0\n", ""])
def test_what_is_no_answer_is_no_user(run, reply):
    with Identd(reply):
        got, code, log = run("in.probe: KNOWN@ALL\n", "in.probe: UNKNOWN@127.0.0.3: severity notice: allow\nALL: ALL\n")
    assert code == 7 and log == [("in.probe", NOTICE, "connect from 127.0.0.3 (127.0.0.3)")]


def test_nobody_listens_there(run):
    got, code, _ = run("in.probe: UNKNOWN@ALL\n")
    assert code == 7


def test_a_unix_socket_has_no_user(wrapper):
    wrapper.rules("ALL: UNKNOWN@UNKNOWN\n", DENY)
    mine, theirs = socket.socketpair()
    with mine, theirs:
        assert wrapper.start(["in.probe"], stdin=theirs).wait(20) == 7


# ---- banners

def test_a_banner_asks_for_what_it_names(run, tmp_path):
    (tmp_path / "in.probe").write_text("user %u, host %n, %x\n")
    with Identd("A , B : USERID : UNIX : joe\r\n"):
        got, code, log = run(f"ALL: ALL: banners {tmp_path}\n")
    assert got.startswith("user joe, host vega.cc.upv.es, \r\n") and "nonblock 0" in got
    assert log == [("in.probe", ERR, "warning: /etc/hosts.allow, line 1: unrecognized %x"),
                   ("in.probe", INFO, "connect from joe@vega.cc.upv.es (127.0.0.3)")]


def test_a_banner_that_everybody_may_write_is_not_sent(run, tmp_path):
    banner = tmp_path / "in.probe"
    banner.write_text("hello\n")
    banner.chmod(0o666)
    got, code, log = run(f"ALL: ALL: banners {tmp_path}\n")
    assert code == 7 and "hello" not in got
    assert "everybody may write to the file" in log[0][2] and log[0][1] == ERR


def test_a_banner_of_long_lines_ends(run, tmp_path):
    (tmp_path / "in.probe").write_text("hello\n" + "x" * 5000 + "\n")
    got, code, log = run(f"ALL: ALL: banners {tmp_path}: deny\n")
    assert got == "hello\r\n" and "a line of more than 4096 bytes" in log[0][2]


# ---- files of patterns

def test_files_of_patterns(run, out):
    nets, more = out / "nets", out / "more"
    nets.write_text("10.0.0.0/8\t127.0.0.9\n\n127.0.0.3\n")
    more.write_text(f".example.net\n{nets}\n")
    for path in (nets, more):
        path.chmod(0o644)
    assert run(f"in.probe: {nets}\n")[1] == 7
    assert run(f"in.probe: {nets}\n", client="127.0.0.2")[1] == 0
    assert run(f"in.probe: {more}\n", client="127.0.0.2")[1] == 7
    assert run(f"in.probe: ALL EXCEPT {more}\n")[1] == 0
    assert run(f"in.probe@{nets}: ALL\n", DENY)[1] == 0
    assert run("", f"in.probe: \\\n{more}\n")[1] == 0
    with Identd("A , B : USERID : UNIX : joe\r\n"):
        assert run(f"in.probe: joe@{more}\n")[1] == 7
        assert run(f"in.probe: jim@{more}\n")[1] == 0


@pytest.mark.parametrize("make, words", [
    (lambda p: None, ": no such file of patterns"),
    (lambda p: p.mkdir(), ": no regular file"),
    (lambda p: (p.write_text("ALL\n"), p.chmod(0o666)), ": everybody may write"),
    (lambda p: p.write_text(f"127.0.0.3\n{p}\n"), ", line 2: `{p}`: a file of patterns names itself"),
    (lambda p: p.write_text("127.0.0.3\n\n10.0.0.0/33"), ", line 3: `10.0.0.0/33`: no prefix length"),
    (lambda p: p.write_text("# ALL\n"), ", line 1: `#`: a file of patterns has no comments"),
    (lambda p: p.write_text("127.0.0.3\r\n"), ", line 1: `127.0.0.3?`: the line ends in CR"),
    (lambda p: p.write_text("127.0.0.3, 10.\n"), ", line 1: `127.0.0.3,`: "),
    (lambda p: p.write_text("@group 127.0.0.3\n"), ", line 1: `@group`: netgroups do not exist here"),
    (lambda p: p.write_text("/nowhere/at/all\n"), ", line 1: `/nowhere/at/all`: no such file of patterns"),
    (lambda p: p.write_text("ALL EXCEPT 10.\n"), ", line 1: `EXCEPT`: EXCEPT is for rules"),
])
@pytest.mark.parametrize("where", ["allow", "deny"])
def test_a_file_of_patterns_that_is_no_good_refuses(run, out, where, make, words):
    p = out / "p"
    make(p)
    if p.is_file() and "everybody" not in words:
        p.chmod(0o644)
    rule = f"in.probe: {p}\n"
    got, code, log = run(*((rule, "") if where == "allow" else ("", rule)))
    assert (got, code) == ("", 0)
    text = log[0][2]
    assert text.startswith(f"error: /etc/hosts.{where}, line 1: ") and words.format(p=p) in text, text


def test_files_that_name_each_other_in_a_ring(run, out):
    for n in range(3):
        (out / str(n)).write_text(f"{out}/{(n + 1) % 3}\n")
        (out / str(n)).chmod(0o644)
    got, code, log = run(f"ALL: 127.0.0.3 {out}/0\n")
    assert code == 0 and f"{out}/2, line 1: `{out}/0`: a file of patterns names itself" in log[0][2]


# ---- datagrams, IPv6

def waiting(sock):
    """The datagram that waits there, or None."""
    try:
        return sock.recv(100, socket.MSG_DONTWAIT | socket.MSG_PEEK)
    except BlockingIOError:
        return None


@pytest.mark.parametrize("rule", ["in.probe: 127.0.0.3\n", "in.probe: vega.cc.upv.es\n", "in.probe: ALL@ALL\n",
                                  "in.probe: KNOWN@ALL\n", "in.probe: 127.0.0.9\n",
                                  "in.probe: ALL: spawn echo %a %u\n"])
def test_a_datagram_as_the_original(wrapper, rule):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    wrapper.rules(rule, DENY)
    seen = []
    for tcpd in (None, REAL):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
            server.bind(("127.0.0.1", 0))
            mine.bind(("127.0.0.3", 0))
            mine.sendto(b"hello", server.getsockname())
            p = wrapper.start([str(wrapper.sbin / "in.probe")], stdin=server, tcpd=tcpd)
            log, end = [], time.monotonic() + 20
            while not log and time.monotonic() < end:
                log = texts(wrapper.lines())
            left = waiting(server)               # of a client that was let in: the daemon's to read
            if tcpd and log[-1].startswith("refused"):       # it takes the datagram away, and sleeps
                while left and time.monotonic() < end:
                    left = waiting(server)
                p.kill()
            seen.append((max(p.wait(20), 0), left if tcpd else waiting(server), log))
    assert seen[0] == seen[1]
    assert seen[0][1] == (b"hello" if seen[0][0] == 7 else None)


def test_a_user_by_ipv6(run):
    with Identd("A , B : USERID : UNIX : joe\r\n", "::1") as identd:
        got, code, log = run("in.probe: joe@[::1]\n", client="::1", server="::1")
        assert code == 7 and identd.asked[0][1] == "::1"
    assert texts(log)[0].startswith("connect from joe@")


# ---- IP options

def with_options(wrapper, options, tcpd=None):
    """A connection whose client set IP options; the exit code (of a refusal by the original: 0) and the log."""
    wrapper.rules(None, None)
    with socket.socket() as listener, socket.socket() as mine:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        mine.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        mine.bind(("127.0.0.3", 0))
        mine.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            there = theirs.getsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, 64)
            p = wrapper.start(["in.probe"], stdin=theirs, tcpd=tcpd)
            code = p.wait(20)
            return there, code, wrapper.lines(), theirs.getsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, 64)


def test_ip_options_are_switched_off(wrapper):
    record_route = bytes([7, 11, 4, *[0] * 8, 1])
    there, code, log, left = with_options(wrapper, record_route)
    assert there and code == 7 and left == b""
    assert log[0][:2] == ("in.probe", NOTICE)
    assert re.fullmatch(r"connect from 127\.0\.0\.3 with IP options \(ignored\):( [0-9a-f]{2})+", log[0][2])


def test_a_source_route_refuses(wrapper):
    """Kernels drop such packets unless told otherwise: so strace puts the answer of one that does not there."""
    wrapper.rules(None, None)
    mine, theirs = tcp_pair("127.0.0.3")
    with mine, theirs:
        p = wrapper.start(["strace", "-qq", "-o", str(wrapper.directory / "trace"), "-e", "inject=getsockopt:retval=0:"
                           "when=1:poke_exit=@arg4=83070400000000,@arg5=07000000", str(wrapper.sbin / "tcpd"),
                           "in.probe"],
                          stdin=theirs, tcpd=shutil.which("strace"))
        assert p.wait(20) == 0
    assert texts(wrapper.lines()) == ["refused connect from 127.0.0.3 with IP source routing options"]
