# tcpd: who gets through, what the daemon is given, what the log says; and the same of Debian's own.

import os
import re
import socket
import subprocess

import pytest

from support.smtp import tcp_pair
from support.tree import buzon
from support.wrap import REAL, sbin, wrapper  # noqa: F401 (fixtures)

pytestmark = [pytest.mark.root, pytest.mark.skipif(len(buzon()) > 1, reason="tcpd execs: not under an emulator")]

HUB, DENY = "sendmail: vega.cc.upv.es\n", "ALL: ALL\n"
DAEMON_ERR, DAEMON_WARNING, DAEMON_INFO = 27, 28, 30


def test_the_hub_gets_the_daemon_beside_tcpd(wrapper):
    wrapper.rules(HUB, DENY)
    got, code = wrapper.connect(["sendmail", "-bs"])
    assert re.findall(r"^argv (.*)", got, re.M) == ["sendmail", "-bs"] and code == 7
    assert wrapper.lines() == [("sendmail", DAEMON_INFO, "connect from vega.cc.upv.es (127.0.0.3)")]


@pytest.mark.parametrize("client, server", [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")])
def test_others_get_not_a_byte(wrapper, client, server):
    wrapper.rules(HUB, DENY)
    assert wrapper.connect(["sendmail", "-bs"], client, server) == ("", 0)
    name = {"127.0.0.2": "client.example.net"}.get(client, "localhost")
    assert wrapper.lines() == [("sendmail", DAEMON_WARNING, f"refused connect from {name} ({client})")]


def test_an_absolute_daemon_runs_under_its_base_name(wrapper):
    wrapper.rules("in.probe: 127.0.0.3\n", DENY)
    got, code = wrapper.connect([str(wrapper.sbin / "in.probe"), "a b", ""])
    assert re.findall(r"^argv (.*)", got, re.M) == ["in.probe", "a b", ""] and code == 7
    assert wrapper.lines()[0][0] == "in.probe"


@pytest.mark.parametrize("path", ["sendmail", "{sbin}/sendmail"])
def test_started_by_its_own_name_it_takes_the_daemon_from_its_arguments(wrapper, path):
    wrapper.rules(HUB, DENY)
    got, code = wrapper.connect(["tcpd", path.format(sbin=wrapper.sbin), "-bs"])
    assert re.findall(r"^argv (.*)", got, re.M) == ["sendmail", "-bs"] and code == 7


def test_the_daemon_is_known_by_its_port_too(wrapper):
    mine, theirs = tcp_pair("127.0.0.3")
    wrapper.rules(f"{theirs.getsockname()[1]}: 127.0.0.3\n", DENY)
    p = wrapper.start(["sendmail"], stdin=theirs)
    assert p.wait(20) == 7
    mine.close(), theirs.close()


def test_the_daemon_gets_what_inetd_gave(wrapper):
    wrapper.rules(None, None)

    def before():
        os.umask(0o27)
    got, _ = wrapper.connect(["sendmail"], before=before, env={"A": "1", "PATH": "/bin"}, restore_signals=True)
    plain = wrapper.connect(["sendmail"], before=before, env={"A": "1", "PATH": "/bin"}, restore_signals=True,
                            tcpd=wrapper.sbin / "sendmail")[0]
    assert got == plain
    assert "umask 27" in got and "sigpipe default" in got
    assert re.findall(r"^fd .*", got, re.M)[:3] == ["fd 0 socket", "fd 1 socket", "fd 2 socket"]


def test_closed_descriptors_do_not_become_the_log(wrapper):
    wrapper.rules(None, None)
    out = wrapper.directory / "out"

    def before():
        fd = os.open(out, os.O_WRONLY | os.O_CREAT)
        os.dup2(fd, 1)
        for closed in (0, 2, fd):
            os.close(closed)
    wrapper.start(["sendmail"], before=before).wait(20)
    assert re.findall(r"^fd .*", out.read_text(), re.M) == ["fd 0 device", "fd 1 other", "fd 2 device"]


def test_no_socket_is_an_unknown_client(wrapper):
    wrapper.rules("sendmail: 0.0.0.0/0.0.0.0 [::]/0 KNOWN LOCAL\n", "sendmail: UNKNOWN\n")
    assert wrapper.start(["sendmail"], stdin=subprocess.DEVNULL).wait(20) == 0
    assert wrapper.lines() == [("sendmail", DAEMON_WARNING, "refused connect from unknown (unknown)")]
    wrapper.rules("sendmail: UNKNOWN\n", DENY)
    assert wrapper.start(["sendmail"], stdin=subprocess.DEVNULL).wait(20) == 7
    assert wrapper.lines() == [("sendmail", DAEMON_INFO, "connect from unknown (unknown)")]


def test_a_unix_socket_is_an_unknown_client(wrapper):
    wrapper.rules("sendmail: ALL EXCEPT UNKNOWN\n", DENY)
    mine, theirs = socket.socketpair()
    with mine, theirs:
        assert wrapper.start(["sendmail"], stdin=theirs).wait(20) == 0


def test_a_client_that_is_gone_already(wrapper):
    wrapper.rules(HUB, DENY)
    mine, theirs = tcp_pair("127.0.0.3")
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    mine.close()
    with theirs:
        assert wrapper.start(["sendmail"], stdin=theirs).wait(20) == 0
    warning, refused = wrapper.lines()
    assert "can't get client address" in warning[2] and refused[2] == "refused connect from unknown (unknown)"


@pytest.mark.parametrize("daemon", ["nothing", "noexec", "/nowhere/daemon"])
def test_a_daemon_that_cannot_run_is_logged(wrapper, daemon):
    wrapper.rules(None, None)
    got, code = wrapper.connect([daemon])
    path = daemon if daemon.startswith("/") else f"{wrapper.sbin}/{daemon}"
    assert (got, code) == ("", 72)
    tag, level, text = wrapper.lines()[-1]
    assert level == DAEMON_ERR and text.startswith(f"error: cannot execute {path}: ")


@pytest.mark.parametrize("argv", [["tcpd"], ["tcpd", ""], [""], ["/usr/sbin/"], ["a b"], ["x" * 300]])
def test_no_usable_daemon(wrapper, argv):
    wrapper.rules(None, None)
    assert wrapper.connect(argv) == ("", 64)
    assert wrapper.lines()[0][1] == DAEMON_ERR


def test_a_rule_that_cannot_be_understood_refuses_and_is_logged(wrapper):
    wrapper.rules("#\nsendmail: 127.0.0.3/33\n", "")
    assert wrapper.connect(["sendmail"]) == ("", 0)
    fault, refused = wrapper.lines()
    assert fault[1] == DAEMON_ERR and refused[1] == DAEMON_WARNING
    assert fault[2].startswith("error: /etc/hosts.allow, line 2: `127.0.0.3/33`: no prefix length")


def test_a_file_that_cannot_be_read_refuses(wrapper):
    wrapper.rules("", None)
    (wrapper.etc / "hosts.deny").mkdir()
    assert wrapper.connect(["sendmail"]) == ("", 0)
    assert wrapper.lines()[0][2].startswith("error: /etc/hosts.deny, line 0: no regular file")


def test_missing_files_let_everybody_in(wrapper):
    wrapper.rules(None, None)
    assert wrapper.connect(["sendmail"])[1] == 7


def test_a_refused_client_costs_no_look_up(wrapper, dns):
    dns.add("9.2.0.192.in-addr.arpa", "PTR", "SILENT")
    wrapper.rules("sendmail: 192.0.2.1\n", DENY)
    assert wrapper.connect(["sendmail"], "127.0.0.77") == ("", 0)
    assert dns.asked == []
    assert wrapper.lines()[0][2] == "refused connect from 127.0.0.77 (127.0.0.77)"


# The same connection to Debian's tcpd: the same outcome and the same log line.
@pytest.mark.parametrize("allow, deny", [
    (HUB.replace("sendmail", "in.probe"), DENY), ("", DENY), (None, None),
    ("in.probe: .upv.es EXCEPT vega.cc.upv.es\n", DENY),
    ("ALL: LOCAL\n", DENY), ("ALL EXCEPT in.probe: ALL\n", DENY), ("in.probe@127.0.0.1: KNOWN\n", DENY),
    ("in.probe: ALL: deny\n", ""), ("", "in.probe: 127.0.0.3: allow\nALL: ALL\n"), ("ALL: UNKNOWN\n", DENY),
    ("ALL: ALL: frob\n", ""),
])
@pytest.mark.parametrize("client", ["127.0.0.3", "127.0.0.2", "127.0.0.1", "127.0.0.9"])
def test_the_same_as_the_original(wrapper, allow, deny, client):
    if not REAL:
        pytest.skip("no tcpd here: apt-get install tcpd")
    wrapper.rules(allow, deny)
    mine, theirs = wrapper.both([str(wrapper.sbin / "in.probe"), "-x"], client)
    if allow and "frob" in allow:            # how the fault is worded is our own
        mine[2].pop(0), theirs[2].pop(0)
    assert mine == theirs
