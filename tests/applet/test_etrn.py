# ETRN (RFC 1985): who asks for the mail of a domain gets it tried now, not when it would be due.

import email
import stat
import time

import pytest

from support.sink import free_port


@pytest.fixture
def hub(tree, sink):
    """Two messages wait for a host that was down at first: one for a relay-domain, one for another."""
    tree.conf(relay_domains="leaf.example.org other.example.org", relay_clients="127.0.0.9",
              smarthost=f"127.0.0.1:{free_port()}", retry_min="1h")
    with tree.smtp() as s:
        s.hello()
        s.deliver("a@example.net", "u@leaf.example.org", "Subject: leaf\r\n\r\n")
        s.deliver("a@example.net", "u@other.example.org", "Subject: other\r\n\r\n")
    assert tree.run("queue-runner").returncode == 0
    assert len(tree.queue()) == 2, tree.log()
    tree.conf(relay_domains="leaf.example.org other.example.org", relay_clients="127.0.0.9",
              smarthost=f"127.0.0.1:{sink.port}", retry_min="1h")
    assert tree.run("queue-runner").returncode == 0
    assert len(tree.queue()) == 2, "they are not due"
    return tree


def etrn(tree, domain, client="127.0.0.1"):
    with tree.smtp(client=client) as s:
        s.hello()
        return s.command(f"ETRN {domain}")


def subjects(sink):
    return sorted(email.message_from_bytes(m.content)["Subject"] for m in sink.messages)


def test_the_next_pass_tries_that_domain(hub, sink):
    assert etrn(hub, "LEAF.example.org") == "250 2.0.0 mail for that domain will be tried now"
    assert hub.logged(r"etrn: ETRN from unknown\[127\.0\.0\.1\]; domain=LEAF\.example\.org"), hub.log()
    assert hub.run("queue-runner").returncode == 0
    assert subjects(sink) == ["leaf"] and len(hub.queue()) == 1
    assert hub.run("queue-runner").returncode == 0
    assert len(hub.queue()) == 1, "it was asked for once"


def test_domains_below(hub, sink):
    assert etrn(hub, "@example.org", client="127.0.0.9").startswith("250 ")
    hub.run("queue-runner")
    assert subjects(sink) == ["leaf", "other"] and hub.queue() == []


def test_a_runner_that_stays_is_woken(hub, sink):
    runner = hub.start("queue-runner", "-q1h")
    try:
        for _ in range(100):
            if hub.path("run/wake").exists():
                break
            time.sleep(0.05)
        assert stat.S_ISFIFO(hub.path("run/wake").stat().st_mode)
        assert etrn(hub, "leaf.example.org").startswith("250 ")
        sink.wait(1, timeout=30)
    finally:
        runner.terminate()
        runner.wait(10)
    assert subjects(sink) == ["leaf"]


@pytest.mark.parametrize("domain", ["example.com", "mx.example.org", "@example.org"])
def test_a_stranger_asks_for_relay_domains_alone(hub, domain):
    assert etrn(hub, domain) == "459 4.7.1 mail for that domain does not wait here"
    assert hub.logged(r"reject: ETRN from .*459"), hub.log()
    assert not hub.path("run/etrn").exists()


def test_what_is_asked_for_has_a_limit(hub):
    domain = ".".join(["a" * 60] * 4)
    replies = [etrn(hub, domain[:-2] + f"{i:02}", client="127.0.0.9") for i in range(20)]
    assert replies[0].startswith("250 ") and replies[-1] == "458 4.3.0 the queue cannot be woken now, try again later"
    assert hub.path("run/etrn").stat().st_size <= 4096


def test_who_asks_again_takes_no_more_room(hub):
    assert all(etrn(hub, d).startswith("250 ") for d in ["leaf.example.org", "other.example.org"] * 5)
    assert hub.path("run/etrn").read_text() == "leaf.example.org\nother.example.org\n"


def test_the_schedule_stays(hub):
    """Whoever asks must not push a message's next try out."""
    hub.conf(relay_domains="leaf.example.org other.example.org", smarthost=f"127.0.0.1:{free_port()}", retry_min="1h")
    before = [row["attempts"] for row in hub.rows()]
    for _ in range(3):
        assert etrn(hub, "leaf.example.org").startswith("250 ")
        assert hub.run("queue-runner").returncode == 0
    assert [row["attempts"] for row in hub.rows()] == before == [1, 1]


def test_files_of_other_kinds_are_not_written_to(hub):
    victim = hub.path("run/victim")
    victim.write_text("mine")
    hub.path("run/etrn").symlink_to("victim")
    assert etrn(hub, "leaf.example.org").startswith("458 ")
    assert victim.read_text() == "mine"
