"""The DNS port: the resolver against a DNS server that the test starts, the twin against a file, the same answers from both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from adapters.dns import Resolver
from adapters.local.zone import ZoneFile
from kernel.context import Current, Kind, Scope, serving
from ports.dns import Dns, DnsDown

ZONE = {
    "_fitpro.one.example.org": ["fitpro-verification=abc"],
    "_fitpro.two.example.org": ["v=spf1 -all", "fitpro-verification=def"],
    "_fitpro.long.example.org": ["x" * 600],
}
HOSTS = {"both.example.org": ["192.0.2.7", "192.0.2.8", "2001:db8::7"], "old.example.org": ["192.0.2.9"], "new.example.org": ["2001:db8::9"]}
HALF = "half.example.org"
"""A host whose IPv6 addresses are not known."""
LIFETIME_S = 3
BROKEN, SILENT = "_fitpro.broken.example.org", "_fitpro.silent.example.org"


class Server:
    """A DNS server on the loopback: UDP, and TCP for what does not fit."""

    def __init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._tcp.getsockname()[1])
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self.asked: list[str] = []
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        self._tcp.close()
        self._udp.close()

    def _answer(self, wire: bytes, most: int) -> bytes | None:
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name == SILENT:
            return None
        reply = dns.message.make_response(query)
        kind = query.question[0].rdtype
        if kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            six = kind == dns.rdatatype.AAAA
            found = [each for each in HOSTS.get(name, ["192.0.2.1"] if name == HALF else []) if (":" in each) == six]
            if name == HALF and six:
                reply.set_rcode(dns.rcode.SERVFAIL)
            elif found:
                reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", dns.rdatatype.to_text(kind), *found))
        elif name == BROKEN:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name not in ZONE:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            texts = [" ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) for text in ZONE[name]]
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", *texts))
        encoded = reply.to_wire()
        if len(encoded) > most:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            encoded = reply.to_wire()
        return encoded

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, caller = self._udp.recvfrom(4096)
            except OSError:
                return
            if (answer := self._answer(wire, 512)) is not None:
                self._udp.sendto(answer, caller)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                size = int.from_bytes(connection.recv(2), "big")
                if size and (answer := self._answer(connection.recv(size), 65_535)) is not None:
                    connection.sendall(len(answer).to_bytes(2, "big") + answer)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(params=["resolver", "zone file"])
def names(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Dns:
    if request.param == "resolver":
        return Resolver([f"127.0.0.1:{server.port}"], lifetime_s=LIFETIME_S)
    lines = [f"{name} {text}" for name, texts in ZONE.items() for text in texts]
    lines += [f"{name} @{address}" for name, addresses in HOSTS.items() for address in addresses]
    file = tmp_path / "zone.txt"
    file.write_text("\n".join([*lines, f"{BROKEN} !", f"{SILENT} !", f"{HALF} @192.0.2.1", f"{HALF} !"]))
    return ZoneFile(file)


@pytest.mark.parametrize("name", ZONE)
def test_every_text_is_read_whole(names: Dns, name: str) -> None:
    assert sorted(names.texts(name)) == sorted(ZONE[name])


def test_a_name_without_records_has_none(names: Dns) -> None:
    assert tuple(names.texts("_fitpro.nobody.example.org")) == ()


@pytest.mark.parametrize("name", [BROKEN, SILENT])
def test_servers_that_fail_or_are_silent_prove_nothing(names: Dns, name: str) -> None:
    began = time.monotonic()
    with pytest.raises(DnsDown):
        names.texts(name)
    assert time.monotonic() - began < 3 * LIFETIME_S


@pytest.mark.parametrize("name", [*HOSTS, "nobody.example.org"])
def test_a_host_has_all_its_addresses(names: Dns, name: str) -> None:
    assert sorted(names.addresses(name)) == sorted(HOSTS.get(name, []))


def test_half_of_the_addresses_is_not_taken_for_all(names: Dns) -> None:
    with pytest.raises(DnsDown):
        names.addresses(HALF)


def test_nobody_is_asked_inside_a_transaction(names: Dns) -> None:
    class Refusing:
        def __getattr__(self, name: str) -> Callable[..., None]:
            raise AssertionError(name)

    held = Current(Scope(Kind.PUBLIC, ""), Refusing(), Refusing(), Refusing())  # type: ignore[arg-type]
    with serving(held), pytest.raises(RuntimeError, match="inside a transaction"):
        names.texts("_fitpro.one.example.org")


def test_the_name_asked_is_the_name_given(server: Server) -> None:
    """A machine's search list must not turn it into another."""
    Resolver([f"127.0.0.1:{server.port}"]).texts("_fitpro.one.example.org")
    assert server.asked[-1] == "_fitpro.one.example.org"
