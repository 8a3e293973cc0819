# Blocklists and domains of senders (RFC 5782, RFC 7505), against name servers and lists that are honest, dead, silent,
# full of lies, or of strange bytes. Asked by a program of the tests, which prints what the library found out.
#
# No test waits for a clock: where an answer must not wait for somebody silent, it may take ten minutes, and the program
# is given up long before.

import ipaddress
import socket
import struct
import subprocess

import pytest

from support.dns import OWN_NAME, Dns, record
from support.tree import REPO

CLIENT, SIX = "192.0.2.99", "2001:db8::99"
PATIENT = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"
LONG, SHORT = 600000, 1500                   # milliseconds
TEST = "127.0.0.1"                           # whom no honest list has: RFC 5782 5

pytestmark = pytest.mark.usefixtures("dns")


def ask(*questions, ms=LONG):
    """The printed facts, [(word, rest)]."""
    helper = REPO / "build/san/support/policy_ask"
    out = subprocess.run([helper, str(ms), *questions], capture_output=True, text=True, timeout=30)
    assert out.returncode == 0 and not out.stderr, out.stdout + out.stderr
    return [tuple(line.split(" ", 1)) for line in out.stdout.split("\n")[:-1]]


def blocked(zones, client=CLIENT, ms=LONG):
    """None when no list has the client, else (list, reason); and what is doubted."""
    facts = dict(ask("blocked", client, zones, ms=ms))
    assert facts["listed"] == "1" or (not facts["zone"] and not facts["reason"])
    return (facts["zone"], facts["reason"]) if facts["listed"] == "1" else None, facts["doubt"]


def mail(*domains, ms=LONG):
    return [word for _, word in ask(*(part for d in domains for part in ("mail", d)), ms=ms)]


def name_at(zone, client=CLIENT):
    pointer = ipaddress.ip_address(client).reverse_pointer
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa") + "." + zone


def put(dns, zone, *addresses, text=None, client=CLIENT):
    dns.add(name_at(zone, client), "A", *addresses)
    if text is not None:
        dns.add(name_at(zone, client), "TXT", text)


def kinds(dns, zone):
    return [kind for name, kind in dns.asked if name.endswith(f".{zone}.")]


# ---- lists that do as they should

def test_a_client_that_is_listed(dns):
    put(dns, "bl.example", "127.0.0.2", text="Open relay, see http://bl.example/?192.0.2.99")
    assert blocked("bl.example") == (("bl.example", "Open relay, see http://bl.example/?192.0.2.99"), "")
    assert sorted(dns.asked) == sorted([(name_at("bl.example") + ".", "A"), (name_at("bl.example") + ".", "TXT"),
                                        (name_at("bl.example", TEST) + ".", "A")])


def test_a_client_that_is_not_is_asked_about_once(dns):
    put(dns, "bl.example", "127.0.0.2", client="192.0.2.98")
    assert blocked("bl.example  other.example") == (None, "")
    assert sorted(dns.asked) == [(name_at("bl.example") + ".", "A"), (name_at("other.example") + ".", "A")]


def test_a_client_with_ipv6(dns):
    put(dns, "bl.example", "127.0.0.2", text="six", client=SIX)
    assert blocked("bl.example", SIX) == (("bl.example", "six"), "")
    assert blocked("bl.example", "2001:db8::9a") == (None, "")


def test_a_name_that_is_there_without_an_address_lists_nobody(dns):
    dns.add(name_at("bl.example"), "TXT", "listed?")
    assert blocked("bl.example") == (None, "")


def test_a_list_behind_an_alias(dns):
    dns.add(name_at("bl.example"), "CNAME", "x.lists.example")
    dns.add("x.lists.example", "A", "127.0.0.3")
    dns.add("x.lists.example", "TXT", "by an alias")
    assert blocked("bl.example") == (("bl.example", "by an alias"), "")


def test_eight_lists_are_asked(dns):
    zones = [f"bl{i}.example" for i in range(8)]
    put(dns, zones[7], "127.0.0.2", text="the last one")
    assert blocked(" ".join(zones)) == ((zones[7], "the last one"), "")
    for zone in zones[:7]:
        assert kinds(dns, zone) == ["A"]


@pytest.mark.parametrize("client", ["127.0.0.2", "10.1.2.3", "192.168.1.1", "fe80::1", "fd00::1", "::1"])
def test_who_is_not_of_the_internet_is_not_asked_about(dns, client):
    put(dns, "bl.example", "127.0.0.2", client=client)
    assert blocked("bl.example", client) == (None, "")
    assert dns.asked == []


def test_several_addresses_that_list(dns):
    put(dns, "bl.example", "127.0.0.4", "127.0.0.11", text="twice")
    assert blocked("bl.example") == (("bl.example", "twice"), "")


# ---- the reason

@pytest.mark.parametrize("trouble", [None, "SERVFAIL", "SILENT"])
def test_without_a_reason_it_is_the_address(dns, resolv, trouble):
    resolv(PATIENT)
    put(dns, "bl.example", "127.0.0.4")
    if trouble:
        dns.add(name_at("bl.example"), "TXT", trouble)
    assert blocked("bl.example") == (("bl.example", "127.0.0.4"), "")


def strings(*parts):
    return lambda ask, honest: [ask.answer([record(OWN_NAME, "TXT", b"".join(bytes([len(p)]) + p for p in parts))])]


@pytest.mark.parametrize("said, heard", [
    ((b"100% spam: %s%n%x",), "100% spam: %s%n%x"),
    ((b"bad\r\n250 ok\r\n.\r\n",), "bad??250 ok??.??"),
    ((b"\xc3\xa9t\xe9\0\x1b[31m\x7f\t",), "??t???[31m??"),
    ((b"in ", b"", b"parts"), "in parts"),
    ((b"",), "127.0.0.2"),
], ids=["percent", "lines", "bytes", "parts", "empty"])
def test_a_reason_is_printable(dns, said, heard):
    put(dns, "bl.example", "127.0.0.2")
    dns.lie(name_at("bl.example"), "TXT", strings(*said))
    assert blocked("bl.example") == (("bl.example", heard), "")


def test_a_long_reason_comes_over_tcp_and_is_cut(dns):
    put(dns, "bl.example", "127.0.0.2", text="spam " * 820)
    assert blocked("bl.example") == (("bl.example", ("spam " * 820)[:199]), "")
    assert dns.asked_tcp == [(name_at("bl.example") + ".", "TXT")]


def test_a_reason_that_cannot_be_read_is_none(dns):
    put(dns, "bl.example", "127.0.0.2")
    dns.lie(name_at("bl.example"), "TXT", lambda ask, honest: [ask.answer([record(OWN_NAME, "TXT", b"\xffshort")])])
    assert blocked("bl.example", ms=5000) == (("bl.example", "127.0.0.2"), "")


# ---- lists that are silent, or in trouble

def test_the_first_list_that_has_the_client_decides(dns, resolv):
    """Whoever else is silent or slow."""
    resolv(PATIENT)
    for zone in ("dead.example", "gone.example"):
        put(dns, zone, "SILENT")
    put(dns, "slow.example", "127.0.0.3", text="slow")
    dns.delay(name_at("slow.example"), "A", 60)
    put(dns, "bl.example", "127.0.0.2", text="quick")
    assert blocked("dead.example slow.example bl.example gone.example") == (("bl.example", "quick"), "")


def test_a_slow_list_is_waited_for(dns, resolv):
    resolv(PATIENT)
    put(dns, "bl.example", "127.0.0.2", text="slow")
    dns.delay(name_at("bl.example"), "A", 1.5)
    assert blocked("quick.example bl.example") == (("bl.example", "slow"), "")


def test_a_silent_list_lists_nobody(dns):
    put(dns, "dead.example", "SILENT")
    assert blocked("dead.example bl.example", ms=SHORT) == (None, "dead.example: no answer in time")


def test_all_lists_silent(dns, resolv):
    resolv(PATIENT)
    dns.silent = True
    zones = [f"bl{i}.example" for i in range(8)]
    found, doubt = blocked(" ".join(zones), ms=SHORT)
    assert found is None
    assert doubt == "; ".join(f"{z}: no answer in time" for z in zones)


def test_an_answer_that_comes_too_late_is_none(dns, resolv):
    resolv(PATIENT)
    put(dns, "bl.example", "127.0.0.2")
    dns.delay(name_at("bl.example"), "A", 3)
    assert blocked("bl.example", ms=SHORT) == (None, "bl.example: no answer in time")


@pytest.mark.parametrize("trouble", ["SERVFAIL", "REFUSED"])
def test_a_list_that_cannot_tell(dns, trouble):
    put(dns, "sick.example", trouble)
    assert blocked("sick.example", ms=5000) == (None, "sick.example: the name servers cannot tell")
    put(dns, "bl.example", "127.0.0.2", text="well")
    assert blocked("sick.example bl.example", ms=5000) == (("bl.example", "well"), "")


def test_the_next_name_server_is_asked(dns, resolv):
    resolv("nameserver 127.0.0.62\nnameserver 127.0.0.63\nnameserver 127.0.0.1\n")       # nobody, a sick one, ours
    sick = Dns("127.0.0.63")
    try:
        put(sick, "bl.example", "SERVFAIL")
        put(dns, "bl.example", "127.0.0.2", text="the third")
        assert blocked("bl.example") == (("bl.example", "the third"), "")
    finally:
        sick.close()


def test_no_name_server_at_all(resolv):
    resolv("nameserver 127.0.0.62\n")
    assert blocked("bl.example", ms=5000) == (None, "bl.example: no answer in time")


def test_a_name_that_does_not_fit(dns):
    zone = ".".join(["a" * 60] * 4)
    assert blocked(zone, SIX) == (None, f"{zone}: the name is too long")
    put(dns, "bl.example", "127.0.0.2", text="short", client=SIX)
    assert blocked(f"{zone} bl.example", SIX)[0] == ("bl.example", "short")


# ---- answers that list nobody

@pytest.mark.parametrize("address", ["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.1.255"])
def test_a_list_that_refuses_to_answer(dns, address):
    put(dns, "bl.example", address, text="Error: open resolver")
    found, doubt = blocked("bl.example")
    assert found is None
    assert doubt.startswith(f"bl.example answers {address}, a refusal: ") and "name server of your own" in doubt


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "0.0.0.0", "203.0.113.80", "128.0.0.2"])
def test_what_is_no_listing(dns, address):
    """A domain that was sold, a name server that answers for every name."""
    dns.add("*.bl.example", "A", address)
    found, doubt = blocked("bl.example")
    assert found is None
    assert doubt.startswith(f"bl.example answers {address}, which is no listing: take the list out")


def test_one_address_that_is_none_spoils_the_others(dns):
    put(dns, "bl.example", "127.0.0.2", "203.0.113.80")
    assert blocked("bl.example")[0] is None


@pytest.mark.parametrize("client", [CLIENT, SIX])
def test_a_list_that_lists_everybody_lists_nobody(dns, client):
    dns.add("*.bl.example", "A", "127.0.0.2")
    found, doubt = blocked("bl.example", client)
    assert found is None
    assert doubt == "bl.example lists 127.0.0.1, and so everybody: take the list out"


def test_the_others_still_count_beside_it(dns):
    for zone in ("all.example", "every.example"):
        dns.add(f"*.{zone}", "A", "127.0.0.2")
    put(dns, "bl.example", "127.0.0.2", text="really")
    dns.delay(name_at("bl.example"), "A", 0.5)
    found, doubt = blocked("all.example bl.example every.example")
    assert found == ("bl.example", "really")
    assert all(f"{zone} lists 127.0.0.1, and so everybody" in doubt for zone in ("all.example", "every.example"))


def test_a_list_that_cannot_tell_about_127_0_0_1_still_counts(dns, resolv):
    resolv(PATIENT)
    put(dns, "bl.example", "127.0.0.2", text="listed")
    put(dns, "bl.example", "SILENT", client=TEST)
    assert blocked("bl.example") == (("bl.example", "listed"), "")


def test_forged_answers_are_not_heard(dns):
    """CASES G6: another id, another question, from another port."""
    listed = [record(OWN_NAME, "A", socket.inet_aton("127.0.0.2"))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        dns.lie(name_at("bl.example"), "A", lambda ask, honest: [
            ask.answer(listed, id=bytes([ask.id[0], ask.id[1] ^ 1])),
            ask.answer(listed, question=ask.question[:-3] + b"\x10" + ask.question[-2:]),
            (stranger, ask.answer(listed)), honest])
        assert blocked("bl.example") == (None, "")


def test_an_answer_that_is_cut_off_comes_over_tcp(dns):
    put(dns, "bl.example", *(f"127.0.1.{i}" for i in range(100)), text="a long one")
    assert blocked("bl.example") == (("bl.example", "a long one"), "")
    assert dns.asked_tcp == [(name_at("bl.example") + ".", "A")]


def test_doubts_are_bounded_and_printable(dns):
    zones = [f"{i}" + "z" * 60 + ".example" for i in range(8)]
    for zone in zones:
        put(dns, zone, "127.255.255.254")
    found, doubt = blocked(" ".join(zones))
    assert found is None and len(doubt) == 399 and doubt.isprintable()


# ---- domains of senders

def test_domains_that_take_mail(dns):
    dns.add("mx.example", "MX", (10, "mail.mx.example"))
    dns.add("four.example", "A", "192.0.2.1")
    dns.add("six.example", "AAAA", "2001:db8::1")
    dns.add("www.example", "CNAME", "mx.example")
    assert mail("mx.example", "MX.Example.", "four.example", "six.example", "www.example") == ["yes"] * 5
    assert [kind for name, kind in dns.asked if name == "mx.example."] == ["MX", "MX"]


def test_domains_that_do_not(dns):
    dns.add("text.example", "TXT", "v=spf1 -all")
    dns.add("null.example", "MX", (0, ""))
    dns.add("alias.example", "CNAME", "null.example")
    assert mail("none.example", "text.example", "null.example", "alias.example") == [
        "no-domain", "no-domain", "null-mx", "null-mx"]


def test_a_null_mx_beside_others_is_none(dns):
    dns.add("both.example", "MX", (0, ""), (10, "mail.both.example"))
    dns.add("null.example", "A", "192.0.2.1")
    dns.add("null.example", "MX", (0, ""))
    assert mail("both.example", "null.example") == ["yes", "null-mx"]


def test_what_needs_no_question(dns):
    assert mail("[192.0.2.1]", "[IPv6:2001:db8::1]", "b\u00fccher.example") == ["yes"] * 3
    assert mail("vega.cc.upv.es") == ["yes"]             # it is in hosts
    assert [kind for _, kind in dns.asked] == ["MX"]
    assert mail("", ".", "a..b", "a" * 64 + ".example") == ["no-domain"] * 4


@pytest.mark.parametrize("trouble", ["SERVFAIL", "REFUSED", "SILENT"])
@pytest.mark.parametrize("kind", ["MX", "A", "AAAA"])
def test_an_outage_is_for_now(dns, kind, trouble):
    """CASES G7."""
    dns.add("sick.example", kind, trouble)
    assert mail("sick.example", ms=SHORT) == ["later"]


def test_one_address_is_enough(dns, resolv):
    resolv(PATIENT)
    dns.add("half.example", "A", "192.0.2.1")
    dns.add("half.example", "AAAA", "SILENT")
    dns.add("other.example", "A", "SILENT")
    dns.add("other.example", "AAAA", "2001:db8::1")
    assert mail("half.example", "other.example") == ["yes", "yes"]


def test_an_mx_that_cannot_be_read_is_an_outage(dns):
    dns.lie("bad.example", "MX", lambda ask, honest: [ask.answer([record(OWN_NAME, "MX", b"\0\x0a\x04mail")])])
    assert mail("bad.example", ms=SHORT) == ["later"]


def test_five_hundred_mx(dns):
    """CASES G4."""
    dns.add("many.example", "MX", *((i, f"mx{i}.many.example") for i in range(500)))
    assert mail("many.example") == ["yes"]
    assert dns.asked_tcp == [("many.example.", "MX")]


def test_the_last_domain_is_remembered(dns):
    dns.add("mx.example", "MX", (10, "mail.mx.example"))
    assert mail(*["mx.example"] * 20, "no.example", "NO.example", "mx.example") == ["yes"] * 20 + ["no-domain"] * 2 + [
        "yes"]
    assert [name for name, kind in dns.asked if kind == "MX"] == ["mx.example.", "no.example.", "mx.example."]


def test_ids_and_ports_cannot_be_foretold(dns):
    zones = " ".join(f"bl{i}.example" for i in range(8))
    for _ in range(7):
        assert blocked(zones) == (None, "")
    ids = [struct.unpack("!H", i)[0] for i, _ in dns.packets]
    ports = [port for _, port in dns.packets]
    assert len(ids) == 56 and len(set(ids)) >= 50 and len(set(ports)) >= 45
