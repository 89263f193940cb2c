"""T48: addresses that somebody named lead to the public internet or nowhere; the internal network hears of none of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from adapters.outbound import public
from adapters.outbound.public import PublicHttp
from adapters.outbound.targets import PORTS, is_public, target_of
from kernel.context import Current, Kind, Scope, serving
from kernel.errors import Unavailable
from ports.outbound import OutboundReply, Reason, Unreached
from tests.elsewhere import ADDRESS, NAME, Elsewhere, Listener, elsewhere

INVALID = (
    "https://127.0.0.1:{port}/", "https://127.1:{port}/", "https://127.0.1:{port}/", "https://0x7f.1:{port}/", "https://0x7f000001:{port}/",
    "https://0177.0.0.1:{port}/", "https://017700000001:{port}/", "https://2130706433:{port}/", "https://0:{port}/", "https://0.0.0.0:{port}/",
    "https://127.0.0.1.:{port}/", "https://[::1]:{port}/", "https://[::]:{port}/", "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/", "https://[0:0:0:0:0:0:0:1]:{port}/", "https://[64:ff9b::7f00:1]:{port}/", "https://[2002:7f00:1::]:{port}/",
    "https://[fe80::1%25lo]:{port}/", "https://[::1%25lo]:{port}/", "https://localhost:{port}/", "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/", "https://127.0.0.1%2f@localhost:{port}/", "https://calendar.example.org@127.0.0.1:{port}/",
    "https://user:secret@calendar.example.org:{port}/", "https://127.0.0.1:{port}\\@calendar.example.org/", "https://127.0.0.1:{port}#@example.org/",
    "https://127.0.0.1:{port}?@example.org/", "https://calendar.example.org:{port}@127.0.0.1:{port}/", "http://inside.example.org:{port}/",
    "http://127.0.0.1:{port}/", "gopher://inside.example.org:{port}/_GET", "gopher://127.0.0.1:{port}/_x", "file:///etc/passwd",
    "file://127.0.0.1:{port}/etc/passwd", "ftp://inside.example.org:{port}/", "dict://127.0.0.1:{port}/stat", "ldap://127.0.0.1:{port}/",
    "jar:https://127.0.0.1:{port}!/", "//127.0.0.1:{port}/", "127.0.0.1:{port}", "https:127.0.0.1:{port}", "https:/127.0.0.1:{port}/", "https://",
    "https:///127.0.0.1:{port}/", "", "javascript:alert(1)", "https://inside.example.org:22/", "https://inside.example.org:80/",
    "https://inside.example.org:99999/", "https://inside.example.org:{port}\r\nHost: x/", "https://inside.example.org:{port}/\r\nX: y",
    "https://inside.example.org:{port}/ x", "https://inside.example.org\t:{port}/", "https://127。0。0。1:{port}/", "https://127．0．0．1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/", "https://inside。example。org:{port}/", "https://ins\u00adide.example.org:{port}/",
    "https://127.0.0.1%00.example.org:{port}/", "https://%31%32%37.0.0.1:{port}/", "https://inside..example.org:{port}/",
    "https://-inside.example.org:{port}/", "https://inside_.example.org:{port}/", "https://" + "a." * 200 + "org:{port}/",
    "https://inside.example.org:{port}/" + "x" * 3000,
)  # fmt: skip
ADDRESSES = (
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1",
    "100.64.0.1", "192.0.0.1", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001::1", "2001:db8::1", "3fff::1", "100::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "5f00::1", "nonsense", "", "127.1", "0x7f.1",
)  # fmt: skip
"""What names lead to that are not on the public internet; also names like 127.0.0.1.nip.io."""


class TestNothingInside:
    @pytest.mark.parametrize("url", INVALID)
    def test_what_is_no_public_address_is_refused_before_anybody_is_asked(self, there: Elsewhere, inside: Listener, url: str) -> None:
        assert refused(there.client(ports={443, 8443, inside.port}), url.format(port=inside.port)) is Reason.INVALID_URL
        assert (there.names.asked, inside.settled()) == ([], 0)

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_a_name_that_leads_inside_is_refused_before_connecting(self, there: Elsewhere, inside: Listener, address: str) -> None:
        assert not is_public(address)
        for answer in ([address], [ADDRESS, address], [address, ADDRESS]):
            there.names.known["inside.example.org"] = [answer]
            client = there.client(ports={inside.port, there.port})
            assert refused(client, f"https://inside.example.org:{inside.port}/") is Reason.PRIVATE_ADDRESS
        assert (inside.settled(), there.seen) == (0, [])

    def test_a_name_that_changes_its_mind_is_asked_once(self, there: Elsewhere, inside_too: Listener) -> None:
        there.names.known[NAME] = [[ADDRESS], ["127.0.0.1"]]
        there.pages["/a.ics"] = b"here"
        assert there.client().request("GET", there.url("/a.ics")).body == b"here"
        assert (there.names.asked, inside_too.settled()) == ([NAME], 0)

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 399])
    @pytest.mark.parametrize("to", ["https://127.0.0.1:{port}/", "https://inside.example.org:{port}/", "http://127.0.0.1:{port}/", "/b.ics"])
    def test_redirects_lead_nowhere(self, there: Elsewhere, inside_too: Listener, status: int, to: str) -> None:
        there.names.known["inside.example.org"] = [["127.0.0.1"]]
        there.pages["/a.ics"] = redirecting(to.format(port=inside_too.port), status)
        assert refused(there.client(), there.url("/a.ics")) is Reason.REDIRECTED
        assert ([path for path, _ in there.seen], inside_too.settled()) == (["/a.ics"], 0)

    def test_proxies_of_the_environment_are_not_used(self, there: Elsewhere, inside: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{inside.port}")
        there.pages["/a.ics"] = b"here"
        assert there.client().request("GET", there.url("/a.ics")).body == b"here"
        assert inside.settled() == 0

    def test_there_are_enough_of_them(self) -> None:
        print(f"T48: {len(INVALID)} addresses, {len(ADDRESSES)} places that names lead to")
        assert len(set(INVALID)) >= 60
        assert len(set(ADDRESSES)) >= 40


class TestSeededFaults:
    """The harness sees what it is there to see."""

    def test_judging_the_first_address_alone_is_noticed(self, there: Elsewhere, inside: Listener) -> None:
        class First(PublicHttp):
            def _judged(self, host: str) -> list[str]:
                found = list(self._dns.addresses(host))
                assert self._may(found[0])
                return found

        there.names.known["inside.example.org"] = [["127.0.0.3", "127.0.0.1"]]
        given: dict[str, Any] = {"ports": {inside.port}, "allowed": {"127.0.0.3"}}
        url = f"https://inside.example.org:{inside.port}/"
        assert refused(there.client(**given), url) is Reason.PRIVATE_ADDRESS
        assert inside.settled() == 0
        refused(there.client(First, **given), url)
        assert inside.settled(1) == 1

    def test_asking_twice_is_noticed(self, there: Elsewhere, inside_too: Listener) -> None:
        class Twice(PublicHttp):
            def _judged(self, host: str) -> list[str]:
                super()._judged(host)
                return list(self._dns.addresses(host))

        there.names.known[NAME] = [[ADDRESS], ["127.0.0.1"]]
        refused(there.client(Twice), there.url("/a.ics"))
        assert inside_too.settled(1) == 1

    def test_following_redirects_is_noticed(self, there: Elsewhere, inside_too: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
        def follow(connection: Any, *_: Any) -> OutboundReply:
            location = connection.recv(65_536).decode().partition("Location: ")[2].split("\r\n")[0]
            target = target_of(location, {inside_too.port})
            socket.create_connection((there.names.addresses(target.host)[0], target.port)).close()
            return OutboundReply(200, {}, b"")

        there.names.known["inside.example.org"] = [["127.0.0.1"]]
        there.pages["/a.ics"] = redirecting(f"https://inside.example.org:{inside_too.port}/", 302)
        monkeypatch.setattr(public, "_answer", follow)
        there.client().request("GET", there.url("/a.ics"))
        assert inside_too.settled(1) == 1

    def test_taking_every_address_for_public_is_noticed(self, there: Elsewhere, inside: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(public, "is_public", lambda _: True)
        there.names.known["inside.example.org"] = [["127.0.0.1"]]
        refused(there.client(ports={inside.port}), f"https://inside.example.org:{inside.port}/")
        assert inside.settled(1) == 1


class TestWhatIsAnswered:
    def test_what_is_there_is_read_with_the_name_it_has(self, there: Elsewhere) -> None:
        there.pages["/a.ics?x=1"] = b"BEGIN:VCALENDAR"
        found = there.client().request("GET", there.url("/a.ics?x=1#part"), headers={"Accept": "text/calendar"})
        assert (found.status, found.body) == (200, b"BEGIN:VCALENDAR")
        ((path, headers),) = there.seen
        assert (path, headers["Host"], headers["Accept"], headers["Accept-Encoding"]) == (
            "/a.ics?x=1", f"{NAME}:{there.port}", "text/calendar", "identity",
        )  # fmt: skip
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)

    def test_a_public_port_and_public_addresses_pass(self) -> None:
        assert {443, 8443} == PORTS
        assert (target_of("https://calendar.example.org:8443/x").port, target_of("HTTPS://Calendar.Example.ORG").host) == (8443, NAME)
        assert target_of("https://xn--bcher-kva.example.org?x").path == "/?x"
        assert all(
            is_public(each) for each in ("1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1")
        )

    def test_another_name_or_another_authority_is_not_believed(self, there: Elsewhere) -> None:
        there.names.known["other.example.org"] = [[ADDRESS]]
        assert refused(there.client(), there.url("/a.ics", "other.example.org")) is Reason.INSECURE
        assert refused(there.client(tls=None), there.url("/a.ics")) is Reason.INSECURE
        assert there.seen == []

    @pytest.mark.parametrize("announced", [True, False])
    def test_fifty_megabytes_are_cut_while_they_are_read(self, there: Elsewhere, announced: bool) -> None:
        sent = 0

        def much(request: BaseHTTPRequestHandler) -> None:
            nonlocal sent
            request.send_response(200)
            if announced:
                request.send_header("Content-Length", str(50 * 2**20))
            request.send_header("Connection", "close")
            request.end_headers()
            request.close_connection = True
            for _ in range(800):
                request.wfile.write(b"x" * 65_536)
                sent += 65_536

        there.pages["/a.ics"] = much
        assert refused(there.client(), there.url("/a.ics"), max_bytes=2**20) is Reason.TOO_LARGE
        print(f"of 50 MiB the stranger got rid of {sent / 2**20:.1f} MiB")
        assert sent < 16 * 2**20

    @pytest.mark.parametrize("slow", ["header", "body", "nothing"])
    def test_a_byte_now_and_then_does_not_move_the_deadline(self, there: Elsewhere, slow: str) -> None:
        def drip(request: BaseHTTPRequestHandler) -> None:
            if slow == "body":
                request.send_response(200)
                request.send_header("Content-Length", "1000")
                request.end_headers()
            elif slow == "header":
                request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(60):
                time.sleep(0.1)
                request.wfile.write(b"" if slow == "nothing" else b"x")

        there.pages["/a.ics"] = drip
        begun = time.monotonic()
        assert refused(there.client(deadline_s=0.6), there.url("/a.ics")) is Reason.TOO_SLOW
        assert time.monotonic() - begun < 5, "each byte gives it more time"

    def test_what_is_no_answer_is_none(self, there: Elsewhere) -> None:
        def broken(text: bytes) -> Any:
            def answer(request: BaseHTTPRequestHandler) -> None:
                request.wfile.write(text)
                request.close_connection = True

            return answer

        for text in (
            b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        ):  # fmt: skip
            there.pages["/a.ics"] = broken(text)
            assert refused(there.client(), there.url("/a.ics")) is Reason.NO_ANSWER, text

    def test_nothing_of_an_answer_is_told(self, there: Elsewhere) -> None:
        there.pages["/a.ics"] = redirecting("https://secret-place.example.org/", 302)
        with pytest.raises(Unreached) as told:
            there.client().request("GET", there.url("/a.ics"))
        assert "secret" not in f"{told.value!r} {told.value.detail} {told.value.__cause__}"

    def test_names_that_are_none_and_servers_that_are_down_say_so(self, there: Elsewhere) -> None:
        assert refused(there.client(), there.url("/", "nowhere.example.org")) is Reason.UNKNOWN_HOST
        there.names.known["dead.example.org"] = [["127.0.0.3"]]
        assert refused(there.client(allowed={"127.0.0.3"}), there.url("/", "dead.example.org")) is Reason.NO_ANSWER

    def test_never_inside_a_transaction(self, there: Elsewhere) -> None:
        class Unused:
            pass

        unused: Any = Unused()
        with serving(Current(Scope(Kind.PUBLIC, "r"), unused, unused, unused)), pytest.raises(RuntimeError, match="inside a transaction"):
            there.client().request("GET", there.url("/a.ics"))

    def test_no_more_at_once_than_it_may(self, there: Elsewhere) -> None:
        client = there.client(concurrent=1, patience_s=0.01)
        client._turns.acquire()
        with pytest.raises(Unavailable):
            client.request("GET", there.url("/a.ics"))
        client._turns.release()

    @pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "é"}])
    def test_no_header_begins_another(self, there: Elsewhere, headers: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="header"):
            there.client().request("GET", there.url("/a.ics"), headers=headers)
        assert there.seen == []


def refused(client: PublicHttp, url: str, **options: Any) -> Reason:
    with pytest.raises(Unreached) as found:
        client.request("GET", url, **options)
    return found.value.reason


def redirecting(to: str, status: int) -> Any:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with elsewhere(tmp_path_factory.mktemp("elsewhere")) as made:
        yield made


@pytest.fixture
def there(server: Elsewhere) -> Elsewhere:
    server.pages.clear()
    server.seen.clear()
    server.names.asked.clear()
    server.names.known = {NAME: [[ADDRESS]]}
    return server


@pytest.fixture
def inside() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def inside_too(there: Elsewhere) -> Iterator[Listener]:
    """At the port of the server elsewhere."""
    made = Listener(there.port)
    yield made
    made.close()
