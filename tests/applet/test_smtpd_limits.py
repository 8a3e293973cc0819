# Limits that hold across sessions, as clients meet them: each session is a process of its own, as under inetd.

import pytest


@pytest.fixture
def box(tree):
    tree.user("user")
    return tree


def first_line(box, client="127.0.0.2"):
    with box.smtp(client) as s:
        return s.line().decode()


def test_client_limit_per_host(box):
    box.conf(client_limit_per_host=2)
    held = [box.smtp("127.0.0.2") for _ in range(2)]
    for s in held:
        assert s.line().startswith(b"220 ")
    assert first_line(box) == "421 4.7.0 too many sessions of your address now, try again later\r\n"
    assert first_line(box, "127.0.0.3").startswith("220 ")
    held.pop().close()                       # its place is free again
    assert first_line(box).startswith("220 ")
    held.pop().close()
    assert box.logged(r"reject: CONNECT from unknown\[127\.0\.0\.2\]: 421 4\.7\.0 too many sessions of your address")


def test_client_limit(box):
    box.conf(client_limit=2)
    held = [box.smtp(f"127.0.0.{i}") for i in (2, 3)]
    for s in held:
        assert s.line().startswith(b"220 ")
    assert first_line(box, "127.0.0.4") == "421 4.7.0 too many sessions now, try again later\r\n"
    held[0].process.kill()                   # who was killed keeps no place
    held[0].process.wait()
    assert first_line(box, "127.0.0.4").startswith("220 ")
    for s in held:
        s.close()


def test_connect_rate(box):
    box.conf(connect_rate="2/h")
    assert [first_line(box)[:3] for _ in range(2)] == ["220", "220"]
    assert first_line(box) == "421 4.7.0 too many connections of your address, try again later\r\n"
    assert first_line(box, "127.0.0.3").startswith("220 ")
    assert box.logged(r"reject: CONNECT from unknown\[127\.0\.0\.2\]: 421 4\.7\.0 too many connections of your address")


@pytest.mark.parametrize("who", ["relay_clients", "lan_clients"])
def test_limits_hold_for_clients_of_ours_too(box, who):
    box.conf(connect_rate="1/h", smarthost="127.0.0.1:9", **{who: "127.0.0.2"})
    assert first_line(box).startswith("220 ")
    assert first_line(box).startswith("421 4.7.0 ")


def test_message_rate_goes_on_in_the_next_session(box):
    box.conf(message_rate="1/h")

    def data(client, sender):
        with box.smtp(client) as s:
            s.hello()
            assert s.command(f"MAIL FROM:<{sender}>").startswith("250 ")
            assert s.command("RCPT TO:<user@example.org>").startswith("250 ")
            said = s.command("DATA")
            if said.startswith("354"):
                s.send("x\r\n.\r\n")
                said = s.reply()
            return said
    assert data("127.0.0.2", "a@example.net").startswith("250 ")
    assert data("127.0.0.2", "c@example.net").startswith("450 4.7.1 too many messages of your address")
    # Anybody can write another's address: of strangers it does not count.
    assert data("127.0.0.3", "a@example.net").startswith("250 ")
    # Of those who may relay it does, by whatever hosts they send.
    box.conf(message_rate="1/h", relay_clients="127.0.0.4 127.0.0.5", smarthost="[192.0.2.1]")
    assert data("127.0.0.4", "a@example.net").startswith("250 ")
    assert data("127.0.0.5", "a@example.net").startswith("450 4.7.1 too many messages of your sender's address")
    assert data("127.0.0.5", "b@example.net").startswith("250 ")


def test_nobody_is_served_without_limits(box):
    """A table that cannot be used is no reason to do without."""
    (box.path("run/limits")).mkdir()
    assert first_line(box) == "421 4.3.0 this server is not set up, closing\r\n"
    assert box.logged(r"run/limits")


@pytest.mark.parametrize("how", ["SERVFAIL", "SILENT"])
def test_who_may_be_an_exception_does_not_relay(box, dns, how):
    """`EXCEPT` a name that cannot be told: it may be that one."""
    dns.add("9.0.0.127.in-addr.arpa", "PTR", how)
    box.conf(relay_clients="127.0.0. EXCEPT .bad.example", smarthost="[192.0.2.1]", name_timeout="1s")
    with box.smtp("127.0.0.9") as s:
        s.hello()
        s.command("MAIL FROM:<a@example.net>")
        assert s.command("RCPT TO:<x@elsewhere.example>").startswith("450 4.7.25 ")
