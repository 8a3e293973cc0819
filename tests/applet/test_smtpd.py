# smtpd as its clients see it: real mail programs, large messages, broken trees, and what is refused.

import hashlib
import os
import re
import shutil
import smtplib
import socket
import subprocess
import time

import pytest

from support.queuefile import QueueFile
from support.sink import wait_port
from support.smtp import Closed, Smtp, Talk, tcp_pair
from support.tree import buzon

TEXT = "From: a@example.net\r\nTo: user@example.org\r\nSubject: test\r\n\r\nhello\r\n.dot first\r\n"


@pytest.fixture
def box(tree):
    tree.user("user")
    return tree


def one(tree):
    files = tree.queue()
    assert len(files) == 1, f"{len(files)} messages are queued\n{tree.log()}"
    return QueueFile(files[0])


def client(*argv, input=b""):
    out = subprocess.run([str(a) for a in argv], input=input, capture_output=True, timeout=60)
    assert out.returncode == 0, (out.stdout + out.stderr).decode(errors="replace")
    return out.stdout.decode(errors="replace")


# --- real clients ---

def test_swaks(box):
    port = box.listen().port
    said = client("swaks", "--server", f"127.0.0.1:{port}", "--ehlo", "client.example.net", "--from", "a@example.net",
                  "--to", "user@example.org", "--header", "Subject: by swaks", "--body", "line\n.dot\n")
    assert "250 2.0.0 queued as" in said
    assert b"\r\nSubject: by swaks\r\n" in one(box).text and b"\r\n.dot\r\n" in one(box).text


def test_swaks_pipelines(box):
    port = box.listen().port
    client("swaks", "--server", f"127.0.0.1:{port}", "--pipeline", "--from", "a@example.net",
           "--to", "user@example.org,postmaster@example.org")
    assert one(box).recipients == ["user@example.org", "postmaster@example.org"]


def test_msmtp(box):
    port = box.listen().port
    client("msmtp", "--host=127.0.0.1", f"--port={port}", "--tls=off", "--auth=off", "--from=a@example.net",
           "--domain=client.example.net", "user@example.org", input=TEXT.replace("\r\n", "\n").encode())
    assert one(box).after_trace().endswith(TEXT.encode())        # behind the Date that msmtp adds


def test_python_smtplib(box):
    with smtplib.SMTP("127.0.0.1", box.listen().port, local_hostname="client.example.net", timeout=20) as s:
        assert s.ehlo()[0] == 250
        assert {"pipelining", "size", "8bitmime", "enhancedstatuscodes"} <= set(s.esmtp_features)
        assert s.sendmail("a@example.net", ["user@example.org"], TEXT) == {}
        assert s.verify("user@example.org")[0] == 252
        assert s.noop()[0] == s.rset()[0] == 250
    assert one(box).after_trace() == TEXT.encode()


def test_curl(box, tmp_path):
    (tmp_path / "m").write_bytes(TEXT.encode())
    client("curl", "-sS", "--url", f"smtp://127.0.0.1:{box.listen().port}/client.example.net", "--mail-from",
           "a@example.net", "--mail-rcpt", "user@example.org", "--upload-file", tmp_path / "m")
    assert one(box).after_trace() == TEXT.encode()


def test_s_nail(box):
    client("s-nail", "-:/", "-S", "v15-compat", "-S", f"mta=smtp://127.0.0.1:{box.listen().port}", "-S",
           "smtp-config=-all", "-S", "from=a@example.net", "-S", "hostname=client.example.net", "-S", "sendwait",
           "-S", "smtp-auth=none", "-s", "by s-nail", "user@example.org", input=b"hello\n.\nmore\n")
    assert b"\r\nSubject: by s-nail\r\n" in one(box).text


@pytest.mark.root
def test_under_inetd(box, inetd):
    port = 2525
    inetd(f"127.0.0.1:{port} stream tcp nowait root {box.command[0]} {' '.join(box.argv('smtpd'))}\n"
          if len(box.command) > 1 else
          f"127.0.0.1:{port} stream tcp nowait root {box.command[0]} buzon smtpd --root {box.root}\n")
    wait_port("127.0.0.1", port)
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as s:
        s.sendmail("a@example.net", ["user@example.org"], TEXT)
    assert one(box).after_trace() == TEXT.encode()


# --- what is queued ---

def test_trace_header(box):
    """RFC 5321 4.4: one Received line in front, which says who spoke from where, and safely."""
    with box.smtp(client="127.0.0.2") as s:
        s.hello("client.example.net")
        reply = s.deliver("a@example.net", "user@example.org", TEXT)
        ident = reply.split()[-1]
    trace = re.match(rb"Received: ((?:[^\r\n]|\r\n[ \t])+)\r\n", one(box).text)
    assert trace, one(box).text[:300]
    line = trace.group(1).decode()
    assert line.startswith("from client.example.net (") and "127.0.0.2" in line, line
    assert re.search(r"\sby mx\.example\.org\b", line) and re.search(r"\bwith ESMTP\b", line), line
    assert ident in line
    assert re.search(r";\s+(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$", line), line
    assert one(box).text[len(trace.group(0)):] == TEXT.encode()


@pytest.mark.parametrize("name", ["a(b", "x" * 400, "a b", "a\\b", "a;b", "a\x80b"], ids=lambda n: n[:5].encode().hex())
def test_odd_helo_makes_one_safe_received_line(box, name):
    """CASES F1. Such a name is refused or cleaned, but never breaks the line."""
    with box.smtp() as s:
        s.reply()
        if not s.command(b"HELO " + name.encode("latin-1")).startswith("250"):
            s.command("HELO client.example.net")
        s.deliver("a@example.net", "user@example.org", TEXT)
    head = one(box).text[:-len(TEXT)]
    assert re.fullmatch(rb"Received: [\x20-\x7e\t]+(\r\n[\t ][\x20-\x7e\t]+)*\r\n", head), head
    assert all(len(l) <= 998 for l in head.split(b"\r\n"))
    assert head.count(b"(") == head.count(b")")


def test_queue_file_is_private_and_whole(box):
    with box.smtp() as s:
        s.hello()
        s.deliver("a@example.net", "user@example.org", TEXT)
    st = box.queue()[0].stat()
    assert st.st_mode & 0o7777 == 0o600 and st.st_nlink == 1
    if box.jailed:
        assert (st.st_uid, st.st_gid) == (8, 8)
    assert not list(box.path("queue/tmp").iterdir())
    assert one(box).complete()


def test_twenty_megabytes(box):
    line = b"0123456789abcdef" * 4 + b"\r\n"
    text = b"Subject: large\r\n\r\n" + line * (20 * 1024 * 1024 // len(line))
    with box.smtp(timeout=60) as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", text).startswith("250 2.0.0")
    assert hashlib.sha256(one(box).after_trace()).digest() == hashlib.sha256(text).digest()


def test_memory_does_not_grow_with_the_message(box):
    line = b"0123456789abcdef" * 4 + b"\r\n"
    with box.smtp(timeout=60) as s:
        s.hello()
        for c in ("MAIL FROM:<a@example.net>", "RCPT TO:<user@example.org>", "DATA"):
            s.command(c)
        s.send(line * 1000)
        small = rss(s.process.pid)
        s.send(line * 100000)
        assert rss(s.process.pid) - small < 200
        s.send(b".\r\n")
        assert s.reply().startswith("250")


def rss(pid):
    """Resident anonymous memory in KiB."""
    time.sleep(0.1)
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))


def test_ids_are_unique(box):
    with box.smtp() as s:
        s.hello()
        ids = [s.deliver("a@example.net", "user@example.org", TEXT).split()[-1] for _ in range(20)]
    assert len(set(ids)) == 20 and len(box.queue()) == 20
    assert all(box.logged(re.escape(i)) for i in ids)


def test_log_lines(box):
    """Lines that people and fail2ban read."""
    with box.smtp(client="127.0.0.2") as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        s.command("RCPT TO:<user@example.com>")
        s.command("RSET")
        ident = s.deliver("a@example.net", "user@example.org", TEXT).split()[-1]
    assert box.logged(r"reject: RCPT from \S* ?\[127\.0\.0\.2\]: 55\d 5\.7\.1 .*user@example\.com"), box.log()
    assert box.logged(rf"{ident}: from=<a@example\.net>, size=\d+, nrcpts=1\b.*127\.0\.0\.2"), box.log()


# --- the order of a commit ---

def traced(box, tmp_path):
    """A session under strace; the lines of the system calls that matter, in order."""
    out = tmp_path / "trace"
    argv = ["strace", "-f", "-y", "-s", "40", "-o", str(out), *box.argv("smtpd")]
    with Smtp(argv, env=box.environment({}), cwd="/") as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250")
    return out.read_text().splitlines()


def at(lines, pattern):
    found = [i for i, l in enumerate(lines) if re.search(pattern, l)]
    assert found, f"no call like {pattern}\n" + "\n".join(lines[-60:])
    return found


def test_250_comes_after_the_flushes(box, tmp_path):
    """File and directory are durable before the 250, by two flushes at most, and the file is locked until the
    reply is sent."""
    lines = traced(box, tmp_path)
    reply = at(lines, r"(write|send\w*)\(.*250 2\.0\.0 queued as")[0]
    flush = at(lines, r"\b(fsync|fdatasync)\(")
    assert len(flush) <= 2, "\n".join(lines[i] for i in flush)
    assert max(flush) < reply
    move = at(lines, r"\b(rename|renameat|renameat2|link|linkat)\(")[-1]
    assert min(flush) > at(lines, r"\bwrite\w*\(.*queue/")[-1] or max(flush) > at(lines, r"\bp?write\w*\(.*queue/")[-1]
    assert move < reply and any(i > move for i in flush), "nothing was flushed after the move into new/"
    lock = at(lines, r"\bflock\(.*LOCK_EX")[0]
    assert lock < move
    unlocked = [i for i, l in enumerate(lines) if re.search(r"LOCK_UN|close\(\d+<[^>]*queue/(tmp|new)/[^>]+>", l)]
    assert not [i for i in unlocked if lock < i < reply], "the file's lock was given up before the reply"


@pytest.mark.root
def test_jail_is_entered_before_the_first_byte(box, tmp_path):
    """Chroot, then the owner's ids, then no_new_privs, and only then a byte from the peer."""
    lines = traced(box, tmp_path)
    first = at(lines, r"\b(read|recv\w*)\(0<")[0]
    steps = [at(lines, p)[0] for p in (r"\bchroot\(", r"\bsetgroups\(", r"\bset(res|re)?gid\(", r"\bset(res|re)?uid\(",
                                       r"PR_SET_NO_NEW_PRIVS")]
    assert steps == sorted(steps) and steps[-1] < first
    root = at(lines, r"\bchroot\(")[0]
    assert any(re.search(r'\bchdir\("[/.]"', l) for l in lines[root - 2:root + 3]), "no chdir at the chroot"


@pytest.mark.root
@pytest.mark.skipif(len(buzon()) > 1, reason="the limits are the emulator's here")
def test_a_session_starts_no_process_and_opens_few_files(box):
    with box.smtp() as s:
        s.hello()
        with open(f"/proc/{s.process.pid}/limits") as f:
            limits = dict(re.findall(r"^(Max [a-z ]+?)  +(\d+ +\d+|\S+ +\S+)", f.read(), re.M))
        assert limits["Max processes"].split() == ["0", "0"], limits
        assert limits["Max open files"].split() == ["64", "64"], limits
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250")


def test_fd_2_is_moved_off_first(box, tmp_path):
    lines = traced(box, tmp_path)
    assert at(lines, r"\bdup[23]\(\d+<[^>]*>?, ?2")[0] < at(lines, r"\b(write|send\w*)\(")[0]


# --- broken set-ups: 421, a log line with the mend, the right exit code ---

def turned_away(tree, code):
    """One 421 line and the end of the connection, nothing else (so nothing of fd 2 either)."""
    s = tree.smtp()
    try:
        said = s.rest().decode("latin-1")
    except Closed as e:
        raise AssertionError(f"the connection was reset after {e.rest!r}") from None
    status = s.close()
    assert re.fullmatch(r"421 4\.3\.\d [\x20-\x7e]{3,}\r\n", said), f"said {said!r}, exit {status}\n{tree.log()}"
    assert status == code, f"exit {status}, not {code}\n{tree.log()}"
    assert str(tree.root) not in said, "the client is told a path"
    return said


@pytest.mark.parametrize("line,said", [
    ("frobnicate yes", "frobnicate"), ("message-size-limit lots", "message-size-limit"), ("hostname", "hostname"),
    ("recipient-limit 99999999999999999999", "recipient-limit"), ("auth maybe", "auth")])
def test_broken_configuration(box, line, said):
    box.conf(f"hostname mx.example.org\n# a comment\n{line}\n")
    turned_away(box, 78)
    assert box.logged(rf"etc/buzon\.conf:3: .*{said}"), box.log()


def test_configuration_that_cannot_be_read(box):
    box.path("etc/buzon.conf").unlink()
    box.path("etc/buzon.conf").mkdir()
    turned_away(box, 78)
    assert box.logged(r"buzon\.conf"), box.log()


def test_absent_configuration_is_a_safe_default(box):
    box.path("etc/buzon.conf").unlink()
    with box.smtp() as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<user@example.com>").startswith("55")
        assert s.command("RCPT TO:<postmaster>").startswith("250")


def test_missing_queue(box):
    shutil.rmtree(box.path("queue"))
    turned_away(box, 78)
    assert box.logged(r"queue"), box.log()


def test_missing_part_of_the_queue(box):
    shutil.rmtree(box.path("queue/tmp"))
    turned_away(box, 78)
    assert box.logged(r"queue/tmp"), box.log()


def test_unwritable_queue(box):
    if not box.jailed and os.getuid() == 0:
        pytest.fail("root may write anywhere")
    box.path("queue/tmp").chmod(0o500)
    turned_away(box, 78)
    assert box.logged(r"queue/tmp"), box.log()
    box.path("queue/tmp").chmod(0o700)


def test_world_writable_parent(box):
    """CASES J3: whoever may write the folder above could put another tree in this one's place."""
    box.root.parent.chmod(0o777)
    try:
        turned_away(box, 78)
        by_hand = box.run("smtpd")
    finally:
        box.root.parent.chmod(0o755)
    assert by_hand.returncode == 78 and re.search(rb"writable.*chmod o-w", by_hand.stderr), by_hand
    assert not box.path("run/log").exists(), "a tree that cannot be trusted was written to"


def test_world_writable_root(box):
    box.root.chmod(0o777)
    turned_away(box, 78)
    by_hand = box.run("smtpd")
    assert by_hand.returncode == 78 and re.search(rb"writable.*chmod o-w", by_hand.stderr), by_hand


@pytest.mark.root
def test_syslogd_hears_it(box, syslogd):
    """Where a syslogd listens the lines go there, from within the jail too, and a tree that cannot be used is told."""
    with box.smtp(preexec_fn=syslogd.enter) as s:
        s.hello()
        ident = s.deliver("a@example.net", "user@example.org", TEXT).split()[-1]
    assert re.search(rf"^<\d+>.* smtpd\[\d+\]: {ident}: from=<a@example\.net>", syslogd.text(), re.M), syslogd.text()
    box.root.parent.chmod(0o777)
    with box.smtp(preexec_fn=syslogd.enter) as s:
        assert s.reply().startswith("421 ")
    box.root.parent.chmod(0o755)
    assert re.search(r"smtpd\[\d+\]: .*writable.*chmod o-w", syslogd.text()), syslogd.text()
    assert box.log() == ""


def test_world_writable_configuration(box):
    box.path("etc/buzon.conf").chmod(0o666)
    turned_away(box, 78)
    assert box.logged(r"buzon\.conf.*writable|writable.*buzon\.conf"), box.log()


def test_missing_tree(box):
    shutil.rmtree(box.root)
    s = box.smtp()
    said, status = s.rest().decode("latin-1"), s.close()
    assert re.fullmatch(r"421 4\.3\.\d [\x20-\x7e]{3,}\r\n", said) and status == 78, (said, status)


@pytest.mark.root
def test_queue_of_root_is_refused(box):
    """The owner of queue/ is whom the server becomes: root would be no drop at all."""
    os.chown(box.path("queue"), 0, 0)
    turned_away(box, 78)
    assert box.logged(r"queue"), box.log()


# --- a symbolic link in the queue's place (CASES J1) ---

@pytest.mark.parametrize("name", ["queue", "queue/tmp", "queue/new"])
def test_symlink_in_the_queues_place(box, name, tmp_path):
    away = tmp_path / "away"
    shutil.move(box.path(name), away)
    box.path(name).symlink_to(away)
    turned_away(box, 78)


# --- who may speak ---

def test_refused_client(box):
    box.write("etc/hosts.allow", "smtpd: 127.0.0.3\n")
    box.write("etc/hosts.deny", "ALL: ALL\n")
    with box.smtp(client="127.0.0.2") as s:
        assert re.match(r"554 5\.7\.1 ", s.reply())
        # RFC 5321 3.1: after 554 only QUIT makes sense; closing is fine too.
        try:
            assert s.command("EHLO x").startswith(("503", "554"))
        except Closed:
            pass
    assert box.queue() == [] and box.logged(r"127\.0\.0\.2.*554|554.*127\.0\.0\.2|refused.*127\.0\.0\.2"), box.log()
    with box.smtp(client="127.0.0.3") as s:
        s.hello()


@pytest.mark.parametrize("text", ["smtpd 127.0.0.2\n", "smtpd: 127.0.0.0/33\n", "\ufeffsmtpd: 127.0.0.2\n"])
def test_rule_that_cannot_be_understood_refuses(box, text):
    box.write("etc/hosts.deny", text)
    with box.smtp(client="127.0.0.2") as s:
        assert re.match(r"(554|421) ", s.reply())
    assert box.logged(r"hosts\.deny:1"), box.log()


PTR, HOST = "9.0.0.127.in-addr.arpa", "host.example.com"


def outage(dns, kind, trouble):
    """127.0.0.9 is HOST; of its name or its address no answer can be had."""
    dns.add(PTR, "PTR", trouble if kind == "PTR" else HOST)
    dns.add(HOST, "A", trouble if kind == "A" else "127.0.0.9")
    dns.add(HOST, "AAAA", *([trouble] if kind == "A" else []))


@pytest.mark.parametrize("kind", ["PTR", "A"])
@pytest.mark.parametrize("trouble", ["SILENT", "SERVFAIL"])
def test_client_whose_name_cannot_be_looked_up(box, dns, kind, trouble):
    """CASES G7: an outage of the DNS is no verdict on the client, who is to try again."""
    box.write("etc/hosts.allow", f"smtpd: {HOST}\n")
    box.write("etc/hosts.deny", "ALL: ALL\n")
    outage(dns, kind, trouble)
    with box.smtp(client="127.0.0.9") as s:
        assert s.reply().startswith("421 4.7.25 ")
        assert s.rest() == b""
    assert box.logged(r"reject: CONNECT from \S*127\.0\.0\.9\]?: .*name can ?not be looked up"), box.log()
    assert not box.logged("554"), box.log()
    outage(dns, "", "")
    with box.smtp(client="127.0.0.9") as s:
        s.hello()


@pytest.mark.parametrize("kind", ["PTR", "A"])
def test_required_name_that_cannot_be_looked_up(box, dns, kind):
    box.conf(require_name="registered")
    outage(dns, kind, "SILENT")
    with box.smtp(client="127.0.0.9") as s:
        assert s.reply().startswith("421 4.7.25 ")
        assert s.rest() == b""
    assert box.logged(r"reject: CONNECT from \S*127\.0\.0\.9\]?: .*name can ?not be looked up"), box.log()
    outage(dns, "", "")
    with box.smtp(client="127.0.0.9") as s:
        s.hello()


def test_no_name_and_an_outage_elsewhere_are_refused_for_good(box, dns):
    """The name server says that there is none; or nothing depends on it."""
    box.write("etc/hosts.allow", f"smtpd: {HOST}\n")
    box.write("etc/hosts.deny", "ALL: ALL\n")
    with box.smtp(client="127.0.0.9") as s:
        assert s.reply().startswith("554 5.7.1 ")
    box.write("etc/hosts.allow", "")
    outage(dns, "PTR", "SILENT")
    with box.smtp(client="127.0.0.9") as s:
        assert s.reply().startswith("554 5.7.1 ")
    box.write("etc/hosts.deny", "")
    box.conf(require_name="registered")
    dns.table.clear()
    with box.smtp(client="127.0.0.9") as s:
        assert s.reply().startswith("554 5.7.25 ")


def test_relay_client_whose_name_cannot_be_looked_up(box, dns):
    """He may speak; whether he may relay is not known now."""
    box.conf(relay_clients=HOST, smarthost="127.0.0.1:2600", smarthost_tls="off")
    outage(dns, "PTR", "SILENT")
    with box.smtp(client="127.0.0.9") as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<someone@example.com>").startswith("450 4.7.25 ")
        assert s.command("RCPT TO:<user@example.org>").startswith("250 ")
    outage(dns, "", "")
    with box.smtp(client="127.0.0.9") as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<someone@example.com>").startswith("250 ")


def test_relay_clients(box):
    box.conf(relay_clients="127.0.0.3 127.0.1.", smarthost="127.0.0.1:2600", smarthost_tls="off")
    for address, code in (("127.0.0.2", "55"), ("127.0.0.3", "250"), ("127.0.1.9", "250")):
        with box.smtp(client=address) as s:
            s.hello()
            s.command("MAIL FROM:<a@example.net>")
            assert s.command("RCPT TO:<someone@example.com>").startswith(code), address


def test_relay_domains(box):
    box.conf(relay_domains="example.com", smarthost="127.0.0.1:2600", smarthost_tls="off")
    with box.smtp() as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<someone@example.com>").startswith("250 2.1.5")
        assert s.command("RCPT TO:<someone@sub.example.com>").startswith("55")


def test_ipv6_client(box):
    with box.smtp(client="::1", server="::1") as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250")
    assert b"[IPv6:::1]" in one(box).text.split(b"\r\n\r\n")[0], one(box).text       # RFC 5321 4.1.3


def test_ipv6_client_refused(box):
    box.write("etc/hosts.deny", "ALL: [::1]\n")
    with box.smtp(client="::1", server="::1") as s:
        assert s.reply().startswith("554 5.7.1")


def unix_client(box):
    mine, theirs = socket.socketpair()
    with theirs:
        p = subprocess.Popen(box.argv("smtpd"), stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
                             env=box.environment({}))
    return Talk(mine), p


def test_unix_socket_is_a_remote_client_too(box):
    """A socket on fd 0 always means a remote client; one without an address may relay nowhere."""
    box.conf(relay_clients="ALL", smarthost="127.0.0.1:2600", smarthost_tls="off")
    box.write("etc/hosts.deny", "ALL: ALL\n")
    talk, p = unix_client(box)
    with talk:
        assert re.match(r"(554|421) ", talk.reply())
    p.wait(10)


def test_client_that_is_gone_already(box):
    mine, theirs = tcp_pair("127.0.0.2")
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    mine.close()
    with theirs:
        p = subprocess.Popen(box.argv("smtpd"), stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
                             env=box.environment({}))
    began = time.monotonic()
    assert p.wait(10) >= 0 and time.monotonic() - began < 4
    assert box.queue() == []


def test_many_at_once(box):
    """Each connection is a process of its own; they do not get into each other's way."""
    box.conf(client_limit_per_host=20)
    sessions = [box.smtp() for _ in range(20)]
    for s in sessions:
        s.hello()
    ids = {s.deliver("a@example.net", "user@example.org", TEXT).split()[-1] for s in sessions}
    for s in sessions:
        s.close()
    assert len(ids) == len(box.queue()) == 20


# --- people who do not behave ---

def test_early_talker(box):
    """CASES E2 where the client's bytes are there before the greeting; the session may be refused, never confused."""
    mine, theirs = tcp_pair("127.0.0.2")
    mine.sendall(b"EHLO c.example.net\r\nMAIL FROM:<a@example.net>\r\n")
    with theirs:
        p = subprocess.Popen(box.argv("smtpd"), stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
                             env=box.environment({}))
    mine.settimeout(10)
    first = mine.recv(1000)
    mine.close()
    p.wait(10)
    assert first.startswith((b"220 ", b"554 ", b"521 ")), first


def test_command_timeout(box):
    box.conf(command_timeout="1s")
    with box.smtp() as s:
        s.hello()
        assert s.reply(timeout=8).startswith("421 4.4.2")
        assert s.rest() == b"" and s.wait() == 0


def test_one_byte_a_second_does_not_extend_the_time(box):
    """CASES E3: the deadline is a command's, not a read's."""
    box.conf(command_timeout="2s")
    with box.smtp() as s:
        s.hello()
        began = time.monotonic()
        with pytest.raises(Closed):
            for c in b"NOOP aaaaaaaaaaaaaaaaaaaaaaa":
                s.send(bytes([c]))
                time.sleep(0.4)
                if s.buffer or time.monotonic() - began > 8:
                    break
            assert s.reply(timeout=1).startswith("421")
            s.rest()
            raise Closed(b"")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("cut", [0, 1, 5, 30, 60, 90, 110, 119, 121])
def test_reset_at_any_byte_leaves_no_partial_entry(box, cut):
    """CASES E5."""
    talk = (b"EHLO c.example.net\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<user@example.org>\r\nDATA\r\n"
            b"Subject: x\r\n\r\nhello you, and more of it\r\n.\r")
    assert len(talk) > 121
    s = box.smtp()
    s.reply()
    s.send(talk[:cut])
    s.reset()
    s.wait()
    assert box.queue() == [] and not list(box.path("queue/tmp").iterdir())


def test_closed_fds_and_hostile_environment(box):
    """CASES J7."""
    env = {"IFS": "/", "LD_PRELOAD": "/nowhere.so", "TZ": "../../../etc/passwd", "LOCALDOMAIN": "x" * 5000,
           "RES_OPTIONS": "debug", "PATH": ""}
    with box.smtp(env=env) as s:
        s.hello()
        assert s.deliver("a@example.net", "user@example.org", TEXT).startswith("250")
    assert box.queue()[0].stat().st_mode & 0o777 == 0o600
