# smtpd: what the options of its rules do, commands before the jail and all.

import os
import re

import pytest

from support.smtp import Closed
from support.wrap import Identd

TEXT = "Subject: x\r\n\r\nhello\r\n"


@pytest.fixture
def box(tree):
    tree.user("user")
    return tree


@pytest.fixture
def out(tmp_path):
    d = tmp_path / "out"
    d.mkdir()
    return d


def rules(box, allow="", deny=""):
    box.write("etc/hosts.allow", allow)
    box.write("etc/hosts.deny", deny)


def test_commands_run_before_the_jail_and_mail_comes_in(box, out):
    rules(box, f"smtpd: 127.0.0.2: spawn (id -u; echo %a %d %r) > {out}/said; ls /proc/self > {out}/proc\n",
          "ALL: ALL\n")
    with box.smtp(client="127.0.0.2") as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
    said = (out / "said").read_text().split()
    assert said[:3] == [str(os.getuid()), "127.0.0.2", "smtpd"] and said[3].isdigit()
    assert "fd" in (out / "proc").read_text().split()
    (message,) = box.queue()
    assert message.stat().st_mode & 0o777 == 0o600
    if box.jailed:
        assert message.stat().st_uid == 8


def test_a_umask_is_for_the_commands_of_its_rule(box, out):
    rules(box, f"smtpd: ALL: umask 000: spawn umask > {out}/umask\n")
    with box.smtp() as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
        with open(f"/proc/{s.process.pid}/status") as f:
            assert "Umask:\t0077\n" in f.read()
    assert (out / "umask").read_text() in ("0000\n", "000\n")
    assert box.queue()[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command, let_in", [("true", True), ("false", False), ("test %a = 127.0.0.2", True)])
def test_aclexec(box, command, let_in):
    rules(box, f"smtpd: ALL: aclexec {command}\n", "ALL: ALL\n")
    with box.smtp(client="127.0.0.2") as s:
        assert s.reply()[:4] == ("220 " if let_in else "554 ")
    if not let_in:
        assert box.logged(r"aclexec returned 1$") and box.logged(r"reject: CONNECT from .*hosts\.allow:1: smtpd: ALL")


def test_twist(box):
    rules(box, "", "smtpd: ALL: twist printf '421 %%s\\r\\n' %a; cat\n")
    with box.smtp(client="127.0.0.2") as s:
        assert s.reply() == "421 127.0.0.2"
        s.send("QUIT\n")
        s.shut()
        assert s.rest() == b"QUIT\n"
    assert box.logged(r"twist 127\.0\.0\.2 to printf '421 %s")


def test_twist_has_a_socket_that_waits(box):
    """This server itself does not wait on it."""
    rules(box, "", "smtpd: ALL: twist cat /proc/self/fdinfo/0\n")
    with box.smtp() as s:
        flags = int(re.search(rb"flags:\s*(\d+)", s.rest()).group(1), 8)
    assert not flags & os.O_NONBLOCK


def test_commands_have_signals_as_they_should_be(box, out):
    """This server itself ignores SIGPIPE."""
    rules(box, "", f"smtpd: ALL: spawn kill -PIPE $$; touch {out}/alive: twist kill -PIPE $$; echo alive\n")
    with box.smtp() as s:
        assert s.rest() == b""
    assert not (out / "alive").exists()


def test_a_banner_comes_before_the_greeting(box, out):
    (out / "smtpd").write_text("220-hello %a\n220-%%\n")
    rules(box, f"smtpd: ALL: banners {out}\n")
    with box.smtp(client="127.0.0.2") as s:
        assert s.reply().startswith("220-hello 127.0.0.2\n220-%\n220 mx.example.org ")
        assert s.command("NOOP").startswith("250 ")
    rules(box, "", f"smtpd: ALL: banners {out}\n")
    with box.smtp() as s:
        assert s.line() == b"220-hello 127.0.0.1\r\n"


def test_severity_is_for_the_refusal(box):
    """run/log has no levels, so it is only seen that the line comes."""
    rules(box, "", "smtpd: ALL: severity local3.crit\n")
    with box.smtp() as s:
        assert s.reply().startswith("554 5.7.1 ")
    assert box.logged(r"reject: CONNECT from ")


def test_options_that_need_no_command(box):
    rules(box, "smtpd: ALL: keepalive: linger 3: setenv A b: nice 1: severity info: allow\n", "ALL: ALL\n")
    with box.smtp() as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250 ")
    assert not box.logged("warning:|error:"), box.log()


@pytest.mark.parametrize("option", ["user nobody", "group nogroup"])
def test_a_user_is_not_chosen_here(box, option):
    rules(box, f"smtpd: ALL: {option}\n")
    with box.smtp() as s:
        assert s.reply().startswith("554 ")
    assert box.logged(rf"error: etc/hosts\.allow, line 1: `{option}`: this server becomes the owner of queue/ by it")


def test_users_are_asked_for(box):
    rules(box, "smtpd: joe@ALL\n", "ALL: ALL\n")
    with Identd("A , B : USERID : UNIX : joe\r\n") as identd:
        with box.smtp(client="127.0.0.3") as s:
            s.hello()
        assert len(identd.asked) == 1
    with Identd("A , B : USERID : UNIX : jim\r\n"), box.smtp(client="127.0.0.3") as s:
        assert s.reply().startswith("554 ")
    with box.smtp(client="127.0.0.3") as s:                  # nobody listens there
        assert s.reply().startswith("554 ")


def test_a_user_is_asked_for_when_a_command_names_it(box, out):
    rules(box, f"smtpd: ALL: rfc931 5: spawn echo %u %c > {out}/said\n")
    with Identd("A , B : USERID : UNIX : j`x`\r\n"), box.smtp(client="127.0.0.3") as s:
        s.hello()
    assert (out / "said").read_text().startswith("j_x_ j_x_@")


def test_files_of_patterns_are_read_before_the_jail(box, out):
    nets = out / "nets"
    nets.write_text("127.0.0.2\n")
    nets.chmod(0o600)
    rules(box, f"smtpd: {nets}\n", "ALL: ALL\n")
    with box.smtp(client="127.0.0.2") as s:
        s.hello()
    with box.smtp(client="127.0.0.3") as s:
        assert s.reply().startswith("554 ")
    nets.unlink()
    with box.smtp(client="127.0.0.2") as s:
        assert s.reply() == "421 4.3.0 this server is not set up, closing"
    assert box.logged(rf"etc/hosts\.allow:1: smtpd: .*: `{nets}`: no such file of patterns"), box.log()


def test_a_command_for_another_daemon_does_not_run(box, out):
    rules(box, f"sshd: ALL: spawn touch {out}/x\nsmtpd: ALL\n", f"ALL: ALL: spawn touch {out}/x\n")
    with box.smtp() as s:
        s.hello()
    assert not (out / "x").exists()
    assert not re.search("error|warning", box.log())


def test_a_refused_client_hears_the_refusal_though_it_was_decided_early(box, out):
    rules(box, "", f"smtpd: ALL: spawn touch {out}/x\n")
    with box.smtp() as s:
        assert s.reply().startswith("554 5.7.1 ")
        try:
            s.rest()
        except Closed:
            pass
    assert (out / "x").exists() and box.queue() == []
