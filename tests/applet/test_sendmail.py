# sendmail as scripts, cron, php and mail programs call it.

import re
import shutil
import subprocess

import pytest

from support.queuefile import QueueFile
from support.sink import free_port

TEXT = b"From: a@example.org\nTo: x@example.net\nSubject: test\n\nhello\n"


@pytest.fixture
def box(tree):
    tree.conf(smarthost=f"127.0.0.1:{free_port()}", smarthost_tls="off")
    tree.user("user")
    return tree


def sends(tree, *args, input=TEXT, code=0):
    out = tree.run("sendmail", *args, input=input)
    assert out.returncode == code, f"{out.returncode} {out.stdout} {out.stderr}\n{tree.log()}"
    return out


def one(tree):
    files = tree.queue()
    assert len(files) == 1, f"{len(files)} messages are queued\n{tree.log()}"
    return QueueFile(files[0])


def header(message, name):
    """The values of a field, unfolded."""
    head = message.text.split(b"\r\n\r\n", 1)[0].decode()
    return [re.sub(r"\r\n(?=[ \t])", "", v) for v in
            re.findall(rf"^{name}:[ \t]*((?:[^\r]|\r\n[ \t])*)", head, re.M | re.I)]


def test_recipients_as_arguments(box):
    out = sends(box, "x@example.net", "y@example.net")
    assert out.stdout == b"" and out.stderr == b""
    m = one(box)
    assert m.recipients == ["x@example.net", "y@example.net"]
    assert m.text.endswith(b"From: a@example.org\r\nTo: x@example.net\r\nSubject: test\r\n\r\nhello\r\n")
    assert m.complete()


def test_recipient_list_in_one_argument(box):
    sends(box, "x@example.net, y@example.net")
    assert one(box).recipients == ["x@example.net", "y@example.net"]


def test_unqualified_recipient_is_local(box):
    sends(box, "user")
    assert one(box).recipients in (["user"], ["user@mx.example.org"], ["user@example.org"])
    assert box.run("queue-runner", "-q").returncode == 0
    assert len(box.messages("user")) == 1


def test_sender(box):
    sends(box, "-f", "s@example.org", "x@example.net")
    assert one(box).sender == "s@example.org"


@pytest.mark.parametrize("args", [["-fs@example.org"], ["-r", "s@example.org"], ["-rs@example.org"],
                                  ["-f", "<s@example.org>"]])
def test_sender_in_other_forms(box, args):
    sends(box, *args, "x@example.net")
    assert one(box).sender == "s@example.org"


@pytest.mark.parametrize("args", [["-f", "<>"], ["-f", ""], ["-f<>"]])
def test_null_sender(box, args):
    sends(box, *args, "x@example.net")
    assert one(box).sender == ""


def test_default_sender_is_the_caller(box):
    sends(box, "x@example.net")
    assert re.fullmatch(r"[\w.+-]+@(mx\.)?example\.org", one(box).sender), one(box).sender


def test_full_name(box):
    sends(box, "-F", "Some One", "-f", "s@example.org", "x@example.net", input=b"Subject: s\n\nb\n")
    assert re.search(r'^"?Some One"? <s@example\.org>$', header(one(box), "From")[0])


@pytest.mark.parametrize("name", ["N" * 800, "Some One " * 89, "\u00fc" * 400, '"\\' * 400, "N" * 9000],
                         ids=["letters", "words", "utf-8", "quotes", "9000"])
def test_long_full_name_is_cut_within_its_quotes(box, name):
    sends(box, "-F", name, "-f", "s@example.org", "x@example.net", input=b"Subject: s\n\nb\n")
    m = one(box)
    assert all(len(l) <= 998 for l in m.text.split(b"\r\n"))
    line = header(m, "From")[0]
    found = re.fullmatch(r'(?:"([^"\\]+)" )?<s@example\.org>', line)
    clean = re.sub(rb"[\x80-\xff]", b"?", re.sub(rb'["\\]', b"", name.encode())).decode()
    assert found and clean.startswith(found.group(1) or "") and bool(found.group(1)) == bool(clean), line


# --- -t ---

def test_t_reads_to_cc_and_bcc(box):
    text = (b"From: a@example.org\nTo: x@example.net, \"Y, Why\" <y@example.net>\n"
            b"Cc: (a comment) z@example.net\nBcc: secret@example.net,\n another@example.net\nSubject: s\n\nbody\n")
    sends(box, "-t", input=text)
    m = one(box)
    assert sorted(m.recipients) == sorted(["x@example.net", "y@example.net", "z@example.net", "secret@example.net",
                                           "another@example.net"])
    assert header(m, "Bcc") == [] and b"secret" not in m.text and b"another@" not in m.text
    assert header(m, "To") and header(m, "Cc") and m.text.endswith(b"\r\n\r\nbody\r\n")


def test_t_and_groups(box):
    sends(box, "-t", input=b"To: people: x@example.net, Y <y@example.net>;, z@example.net\n\nbody\n")
    assert sorted(one(box).recipients) == ["x@example.net", "y@example.net", "z@example.net"]


def test_t_ti_in_one_word(box):
    sends(box, "-ti", input=b"To: x@example.net\n\na\n.\nb\n")
    assert one(box).text.endswith(b"\r\n\r\na\r\n.\r\nb\r\n")


def test_t_without_recipients(box):
    out = sends(box, "-t", input=b"Subject: s\n\nTo: x@example.net\n", code=65)
    assert out.stderr and box.queue() == []


def delivered(box, *users):
    """Runs the queue; the one message that each of the users then has."""
    assert box.run("queue-runner", "-q").returncode == 0 and box.queue() == [], box.log()
    for user in users:
        assert len(box.messages(user)) == 1, (user, box.log())
    return [box.messages(user)[0] for user in users]


@pytest.mark.parametrize("field", [b"Subject : x", b"X-A\t: 1", b"Subject  \t : x"])
def test_t_and_blanks_before_a_colon(box, field):
    """RFC 5322 4.5: an old way to write a field. It must not end the header, or Bcc would be shown to everybody."""
    box.user("ana", "bob")
    sends(box, "-t", input=b"To: ana\n" + field + b"\nBcc: bob\n\nbody")
    assert len(one(box).recipients) == 2 and b"bcc" not in one(box).text.lower(), one(box).text
    for text in delivered(box, "ana", "bob"):
        head, _, body = text.partition(b"\n\n")
        assert field in head and body == b"body\n" and b"Bcc" not in text, text


@pytest.mark.parametrize("to,bcc", [(b"To : ana", b"Bcc : bob"), (b"TO\t:ana", b"bCC\t :\n bob")])
def test_t_and_blanks_before_the_colons_of_recipients(box, to, bcc):
    box.user("ana", "bob")
    sends(box, "-t", input=to + b"\n" + bcc + b"\nSubject: x\n\nbody\n")
    assert len(one(box).recipients) == 2 and b"bcc" not in one(box).text.lower() and b"bob" not in one(box).text
    delivered(box, "ana", "bob")


@pytest.mark.parametrize("line", ["X n: y", "plain text", "X-Colon-less", ": no name", "To\u00a0x"])
def test_t_and_a_line_that_is_no_field(box, line):
    """Behind it a Bcc would be text, for all to read, and its people would not get the message."""
    box.user("ana", "bob")
    out = sends(box, "-t", input=f"To: ana\n{line}\nBcc: bob\n\nbody\n", code=65)
    shown = re.sub(rb"[^ -~]", b"?", line.encode())      # it goes to a terminal
    assert shown in out.stderr and box.queue() == [], out
    out = sends(box, "-t", input=f"{line}\nTo: ana\nBcc: bob\n\nbody\n", code=65)
    assert shown in out.stderr and box.queue() == [], out


def test_t_and_a_long_line_that_is_no_field(box):
    box.user("ana")
    out = sends(box, "-t", input=b"To: ana\n" + b"word " * 3000 + b"\n\nbody\n", code=65)
    assert b"word word" in out.stderr and len(out.stderr) < 500 and box.queue() == [], out


@pytest.mark.parametrize("text", [b"To: ana\n", b"To: ana", b"To: ana\n\n", b"To: ana\n b\n \nSubject: x\n\nbody\n"],
                         ids=["no-body", "no-newline", "empty-body", "folded"])
def test_t_and_headers_that_end_otherwise(box, text):
    """None of these holds a line that is no field."""
    box.user("ana")
    sends(box, "-t", input=text.replace(b"\n b\n", b",\n postmaster\n"))
    delivered(box, "ana")


def test_without_t_the_text_may_begin_anywhere(box):
    """Who names the recipients outside may leave the empty line out, as cron's programs do."""
    box.user("ana")
    sends(box, "ana", input=b"Subject: x\nplain text\nX n: y\n")
    assert delivered(box, "ana")[0].endswith(b"\n\nplain text\nX n: y\n")


@pytest.mark.parametrize("fields,users", [
    (b"Resent-To: bob\nResent-Bcc: ana\n", ["bob", "ana"]), (b"Resent-Cc: bob\n", ["bob"]),
    (b"Resent-Bcc: bob, ana\n", ["bob", "ana"]), (b"Resent-To : bob\n", ["bob"])])
def test_t_of_a_resent_message(box, fields, users):
    """RFC 5322 3.6.6: a resent message goes to those of the Resent- fields; To and Cc are of the first sending."""
    box.user("ana", "bob")
    text = b"From: a@example.net\nTo: x@example.net\nCc: user\nSubject: s\n\nbody\n"
    sends(box, "-t", input=fields + b"Resent-From: user@example.org\n" + text)
    m = one(box)
    assert sorted(r.split("@")[0] for r in m.recipients) == sorted(users), m.recipients
    assert b"resent-bcc" not in m.text.lower() and header(m, "To") == ["x@example.net"] and header(m, "Cc") == ["user"]
    delivered(box, *users)
    assert box.messages("user") == []


def test_t_adds_arguments(box):
    sends(box, "-t", "w@example.net", input=b"To: x@example.net\n\nbody\n")
    assert set(one(box).recipients) >= {"x@example.net"}


def test_no_recipients(box):
    out = sends(box, code=64)
    assert b"recipient" in out.stderr.lower() and box.queue() == []


def test_duplicate_recipients_once(box):
    sends(box, "x@example.net", "x@example.net")
    assert one(box).recipients == ["x@example.net"]


# --- where the text ends ---

def test_dot_ends(box):
    sends(box, "x@example.net", input=b"Subject: s\n\na\n.\nnot this\n")
    assert one(box).text.endswith(b"\r\n\r\na\r\n")


@pytest.mark.parametrize("flag", ["-i", "-oi"])
def test_i_lets_dots_be(box, flag):
    sends(box, flag, "x@example.net", input=b"Subject: s\n\na\n.\n..\nb\n")
    assert one(box).text.endswith(b"\r\n\r\na\r\n.\r\n..\r\nb\r\n")


def test_crlf_input(box):
    sends(box, "-i", "x@example.net", input=b"Subject: s\r\n\r\na\r\n.\r\nb\r\n")
    assert one(box).text.endswith(b"Subject: s\r\n\r\na\r\n.\r\nb\r\n")


def test_no_final_newline(box):
    sends(box, "-i", "x@example.net", input=b"Subject: s\n\nend")
    assert one(box).text.endswith(b"\r\n\r\nend\r\n")


def test_empty_input(box):
    out = box.run("sendmail", "x@example.net", input=b"")
    assert out.returncode in (0, 65)


def test_nul_is_refused(box):
    out = box.run("sendmail", "-i", "x@example.net", input=b"Subject: s\n\na\0b\n")
    assert out.returncode == 65 and box.queue() == [], out


def test_text_without_header(box):
    sends(box, "-i", "x@example.net", input=b"just words\nmore words\n")
    assert one(box).text.endswith(b"\r\njust words\r\nmore words\r\n")
    assert b"\r\n\r\njust words" in one(box).text


def test_missing_fields_are_added(box):
    """RFC 5322 3.6: Date and From are a must; RFC 6409 8: a submission server adds them, and Message-ID."""
    sends(box, "-f", "s@example.org", "x@example.net", input=b"Subject: s\n\nbody\n")
    m = one(box)
    assert len(header(m, "Date")) == len(header(m, "From")) == len(header(m, "Message-I[Dd]")) == 1, m.text
    assert re.fullmatch(r"(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", header(m, "Date")[0])
    assert re.fullmatch(r"<[^<>@\s]+@mx\.example\.org>", header(m, "Message-I[Dd]")[0])


def test_present_fields_stay(box):
    text = b"Date: Thu, 1 Jan 2026 00:00:00 +0000\nFrom: b@example.org\nMessage-ID: <1@x>\nSubject: s\n\nbody\n"
    sends(box, "x@example.net", input=text)
    assert one(box).text.endswith(text.replace(b"\n", b"\r\n"))


# --- flags that others ignore ---

@pytest.mark.parametrize("args", [
    ["-oem"], ["-odb"], ["-odi"], ["-om"], ["-o7"], ["-o8"], ["-oQ/tmp"], ["-O", "DeliveryMode=b"], ["-OTimeout=1"],
    ["-Am"], ["-Ac"], ["-G"], ["-h", "3"], ["-L", "tag"], ["-m"], ["-n"], ["-U"], ["-X", "/dev/null"], ["-p", "smtp:h"],
    ["-B", "8BITMIME"], ["-N", "never"], ["-R", "hdrs"], ["-V", "id"], ["-bm"], ["-v"], ["-d0.1"]],
    ids=lambda a: " ".join(a))
def test_flags_that_are_accepted(box, args):
    sends(box, *args, "x@example.net")
    assert len(box.queue()) == 1


def test_double_dash(box):
    sends(box, "-i", "--", "-odd@example.net")
    assert one(box).recipients == ["-odd@example.net"]


def test_unknown_flag(box):
    out = sends(box, "-%", "x@example.net", code=64)
    assert b"-%" in out.stderr and box.queue() == []


# --- bad addresses ---

@pytest.mark.parametrize("address", ["a b@example.net", "x@", "@example.net", "x@exa mple.net", "x@example..net",
                                     "<x@example.net", "a" * 65 + "@example.net"])
def test_bad_recipient(box, address):
    out = box.run("sendmail", "-i", "--", address, input=TEXT)
    assert out.returncode in (64, 65, 67) and out.stderr and box.queue() == [], out


def test_line_ends_in_a_recipient_add_nothing(box):
    """CASES B5: refused, or read as the folded address list that it may be."""
    out = box.run("sendmail", "-i", "--", "x@example.com\r\nRCPT TO:<y@example.net>", input=TEXT)
    if out.returncode == 0:
        assert not any(c < " " for r in one(box).recipients for c in r)
        assert box.queue()[0].read_bytes().split(b"\n\n")[0].count(b"\nr") == len(one(box).recipients)
    else:
        assert out.returncode in (64, 65) and box.queue() == []


@pytest.mark.parametrize("address", ["a b@example.net", "x\r\nRCPT TO:<y@example.net>@example.net",
                                     "x\x01@example.net"])
def test_bad_sender(box, address):
    """CASES B5."""
    out = box.run("sendmail", "-i", "-f", address, "x@example.net", input=TEXT)
    assert out.returncode in (64, 65) and out.stderr and box.queue() == [], out


def test_too_large(box):
    box.conf(message_size_limit="64k")
    out = box.run("sendmail", "-i", "x@example.net", input=b"Subject: s\n\n" + b"aaaaaaa\n" * 9000)
    assert out.returncode == 65 or out.returncode == 69, out
    assert out.stderr and box.queue() == []


def test_broken_configuration(box):
    box.conf("frobnicate yes\n")
    out = sends(box, "x@example.net", code=78)
    assert b"etc/buzon.conf:1: " in out.stderr, out


def test_missing_queue(tree):
    shutil.rmtree(tree.path("queue"))
    out = sends(tree, "x@example.net", code=78)
    assert b"queue" in out.stderr


def test_buzon_root_in_the_environment(box):
    out = subprocess.run([*box.command, "sendmail", "-i", "x@example.net"], input=TEXT, capture_output=True,
                         env=box.environment({"BUZON_ROOT": str(box.root)}), cwd="/", timeout=20)
    assert out.returncode == 0, out
    assert len(box.queue()) == 1


@pytest.mark.parametrize("name", ["A\nBcc: y@example.net", "A\r\nX-Injected: 1", 'A "B" C', "n\u00e4"])
def test_full_name_cannot_add_a_field(box, name):
    out = box.run("sendmail", "-i", "-F", name, "-f", "s@example.org", "x@example.net", input=b"Subject: s\n\nb\n")
    if out.returncode == 0:
        m = one(box)
        assert m.recipients == ["x@example.net"]
        assert header(m, "X-Injected") == [] and header(m, "Bcc") == [] and len(header(m, "From")) == 1
    else:
        assert out.returncode in (64, 65) and box.queue() == []


def test_bare_cr_in_the_text(box):
    """CASES B1: mended or refused, but never queued as it is."""
    out = box.run("sendmail", "-i", "x@example.net", input=b"Subject: s\n\na\rb\r.\rc\n")
    if out.returncode == 0:
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", one(box).text), one(box).text
    else:
        assert out.returncode == 65 and out.stderr and box.queue() == []


@pytest.mark.root
@pytest.mark.parametrize("applet,args", [("sendmail", ["-i", "x@example.net"]), ("queue-runner", ["-q"]),
                                         ("mailq", [])],
                         ids=["sendmail", "queue-runner", "mailq"])
def test_somebody_who_may_not(box, applet, args):
    """The queue is its owner's alone: another user is told so, in words, and nothing is lost in silence."""
    out = box.run(applet, *args, input=TEXT, as_user=65534)
    assert out.returncode in (77, 78) and b"queue" in out.stderr and out.stdout == b"", out
    assert box.queue() == []


@pytest.mark.root
def test_the_owner_may(box):
    """Without root, as the queue's owner, it works in place."""
    out = box.run("sendmail", "-i", "user@example.org", input=TEXT, as_user=8)
    assert out.returncode == 0, out
    assert box.run("queue-runner", "-q", as_user=8).returncode == 0
    assert len(box.messages("user")) == 1


# --- being the others ---

def test_bp_is_mailq(box):
    assert box.run("sendmail", "-bp").stdout == b"Mail queue is empty\n"
    sends(box, "x@example.net")
    assert box.run("sendmail", "-bp").stdout == box.run("mailq").stdout != b"Mail queue is empty\n"


def test_q_runs_the_queue(box):
    sends(box, "user@example.org")
    out = box.run("sendmail", "-q")
    assert out.returncode == 0 and len(box.messages("user")) == 1


def test_bs_on_a_socket_is_smtpd(box):
    with box.smtp(applet="sendmail", args=["-bs"]) as s:
        s.hello()
        assert s.command("MAIL FROM:<a@example.net>").startswith("250")
        assert s.command("RCPT TO:<x@example.net>").startswith("55"), "a socket is a remote client: no relaying"
        assert s.command("RSET").startswith("250")
        assert s.deliver("a@example.net", "user@example.org", "Subject: s\r\n\r\nb\r\n").startswith("250")


def test_bs_on_a_socket_keeps_its_access_rules(box):
    """Two big MTAs drop theirs under -bs."""
    box.write("etc/hosts.deny", "ALL: ALL\n")
    with box.smtp(applet="sendmail", args=["-bs"]) as s:
        assert s.reply().startswith("554 5.7.1")


def test_bs_on_a_pipe(box):
    """The caller is a user of this machine: he may send anywhere."""
    talk = (b"EHLO localhost\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<x@example.net>\r\nDATA\r\n"
            b"Subject: s\r\n\r\nby pipe\r\n.\r\nQUIT\r\n")
    out = box.run("sendmail", "-bs", input=talk)
    assert out.returncode == 0, out
    replies = [l[:3] for l in out.stdout.decode().splitlines() if l[3:4] == " "]
    assert replies == ["220", "250", "250", "250", "354", "250", "221"], out.stdout
    head, _, body = one(box).text.partition(b"\r\n\r\n")
    assert body == b"by pipe\r\n" and b"\r\nSubject: s\r\nFrom: <a@example.org>\r\n" in head


def test_exit_codes_are_told_in_words(box):
    out = sends(box, "nobody-here@example.org", code=67)
    assert b"nobody-here@example.org" in out.stderr and box.queue() == []
