"""T43: framing that two readers may understand differently ends in a 4xx, and desynchronises nothing."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from urllib.parse import urlsplit

import pytest

from config.settings import Settings
from tests.servers import Api

HOST, END = b"Host: localhost\r\n", b"\r\n"
JSON_TYPE = b"Content-Type: application/json\r\n"
LOGIN = b'{"email":"a@example.com","password":"x"}'
SMUGGLED = b"GET /api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED, LENGTH = b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(LOGIN)
CHUNKS = b"%x\r\n" % len(LOGIN) + LOGIN + b"\r\n0\r\n\r\n"


def post(*headers: bytes, body: bytes = LOGIN, line: bytes = b"POST /auth/login HTTP/1.1\r\n") -> bytes:
    return line + HOST + JSON_TYPE + b"".join(header + b"\r\n" for header in headers) + END + body


PROBES: dict[str, bytes] = {
    "CL and TE, TE wins": post(b"Content-Length: 5", CHUNKED, body=CHUNKS + SMUGGLED),
    "CL and TE, CL wins": post(b"Content-Length: %d" % (len(LOGIN) + len(SMUGGLED)), CHUNKED, body=CHUNKS + SMUGGLED),
    "TE and CL 0": post(CHUNKED, b"Content-Length: 0", body=CHUNKS + SMUGGLED),
    "TE twice": post(CHUNKED, CHUNKED, body=CHUNKS + SMUGGLED),
    "TE identity then chunked": post(b"Transfer-Encoding: identity", CHUNKED, body=CHUNKS + SMUGGLED),
    "TE chunked, identity": post(b"Transfer-Encoding: chunked, identity", LENGTH, body=LOGIN + SMUGGLED),
    "TE xchunked": post(b"Transfer-Encoding: xchunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE with a tab before": post(b"Transfer-Encoding:\tchunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE with a blank before the colon": post(b"Transfer-Encoding : chunked", LENGTH, body=LOGIN + SMUGGLED),
    "TE by an underscore": post(b"Transfer_Encoding: chunked", LENGTH, body=LOGIN),
    "TE folded": post(b"Transfer-Encoding:\r\n chunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE after a bare line feed": post(b"X: a\nTransfer-Encoding: chunked", LENGTH, body=CHUNKS + SMUGGLED),
    "TE gzip, chunked": post(b"Transfer-Encoding: gzip, chunked", body=CHUNKS + SMUGGLED),
    "TE in HTTP/1.0": post(CHUNKED, LENGTH, body=CHUNKS + SMUGGLED, line=b"POST /auth/login HTTP/1.0\r\n"),
    "CL twice, different": post(LENGTH, b"Content-Length: 5", body=LOGIN + SMUGGLED),
    "CL twice, the same": post(LENGTH, LENGTH, body=LOGIN),
    "CL a list": post(b"Content-Length: %d, %d" % (len(LOGIN), len(LOGIN)), body=LOGIN + SMUGGLED),
    "CL signed": post(b"Content-Length: +%d" % len(LOGIN), body=LOGIN + SMUGGLED),
    "CL negative": post(b"Content-Length: -1", body=LOGIN),
    "CL hexadecimal": post(b"Content-Length: 0x1", body=LOGIN),
    "CL huge": post(b"Content-Length: 99999999999999999999", body=LOGIN),
    "CL above the limit": post(b"Content-Length: 9999999", body=LOGIN),
    "CL by an underscore": post(b"Content_Length: 3", LENGTH, body=LOGIN),
    "no length": post(body=b""),
    "obs-fold": post(b"X-Folded: a\r\n b", LENGTH),
    "a header without a colon": post(b"Nonsense", LENGTH),
    "a header without a name": post(b": value", LENGTH),
    "a blank in a name": post(b"X Y: 1", LENGTH),
    "NUL in a value": post(b"X-Nul: a\0b", LENGTH),
    "bare CR in a value": post(b"X-Cr: a\rb", LENGTH),
    "two hosts": post(b"Host: other.example", LENGTH),
    "two tokens": post(b"Authorization: Bearer a", b"Authorization: Bearer b", LENGTH),
    "two content types": post(b"Content-Type: text/plain", LENGTH),
    "two keys": post(b"Idempotency-Key: a", b"Idempotency-Key: b", LENGTH),
    "chunk size with a sign": post(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with 0x": post(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size too large": post(CHUNKED, body=b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    "chunk without its line end": post(CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"),
    "chunk extension": post(CHUNKED, body=b"%x;a=b\r\n" % len(LOGIN) + LOGIN + b"\r\n0\r\n\r\n"),
    "chunk trailer that is a header": post(CHUNKED, body=CHUNKS[:-2] + b"Authorization: Bearer x\r\n\r\n"),
    "chunks of a body above the limit": post(CHUNKED, body=(b"20000\r\n" + b" " * 0x20000 + b"\r\n") * 10 + b"0\r\n\r\n"),
    "absolute form": post(LENGTH, line=b"POST http://other.example/auth/login HTTP/1.1\r\n"),
    "authority form": post(LENGTH, line=b"CONNECT localhost:80 HTTP/1.1\r\n"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": post(LENGTH, line=b"POST /auth/login HTTP/9.9\r\n"),
    "a method of blanks": post(LENGTH, line=b"GET\x20\x20/health HTTP/1.1\r\n"),
    "control characters in the path": post(LENGTH, line=b"POST /auth\x01/login HTTP/1.1\r\n"),
    "a body with GET": b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "upgrade to h2c": post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", LENGTH),
}  # fmt: skip


# RFC 9112 §6.3: the last coding frames the body, so what follows the chunks is the next request; the first is refused all the same.
CHUNKED_AT_LAST = ("TE twice", "TE identity then chunked", "TE gzip, chunked")


def exchanged(url: str, raw: bytes, seconds: float = 1.0) -> bytes:
    """Everything the server says to these bytes and, on the same connection, to a request that follows them."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=seconds) as peer:
        said = b""
        try:
            peer.sendall(raw)
            peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            while part := peer.recv(65536):
                said += part
        except (TimeoutError, ConnectionError):
            pass
    return said


def desynchronised(said: bytes) -> str | None:
    """What is wrong with what the server said: an answer to the smuggled request, more answers than requests, or a 5xx."""
    statuses = [part.split(b" ", 1)[0] for part in said.split(b"HTTP/1.1 ")[1:]]
    if any(status.startswith(b"5") for status in statuses):
        return f"5xx: {statuses}"
    if b"smuggled" in said or len(statuses) > 2:
        return f"answered twice: {statuses}"
    return None


@pytest.mark.parametrize("name", PROBES)
def test_t43_a_raw_probe_neither_desynchronises_nor_breaks_the_server(server: Api, name: str) -> None:
    said = exchanged(server.url, PROBES[name], seconds=10 if name in CHUNKED_AT_LAST else 1)  # those it closes by itself
    if name in CHUNKED_AT_LAST:
        statuses = [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"400", b"404", b"200"], said
        return
    assert (found := desynchronised(said)) is None, (found, said[:2000])
    assert server.get("/health").status == 200


def test_t43_there_are_enough_probes() -> None:
    assert len(PROBES) >= 30


@pytest.mark.parametrize("cut", [1, 20, len(LOGIN) - 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_t43_a_body_that_ends_early_changes_nothing(server: Api, settings: Settings, cut: int, chunked: bool) -> None:
    """The client goes away in the middle of a write."""
    owner = server.signup()
    workspace = server.workspace(owner)
    body = b'{"full_name":"Cut Off Somewhere In The Middle"}'
    head = (
        b"POST /api/v1/clients HTTP/1.1\r\n"
        + HOST
        + JSON_TYPE
        + b"Authorization: Bearer %s\r\nX-Workspace-Id: %s\r\n" % (owner.token.encode(), workspace.encode())
    )
    framed = head + CHUNKED + b"\r\n\r\n%x\r\n" % len(body) + body if chunked else head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=2) as peer:
        peer.sendall(framed[: -min(cut, len(body) - 1)])
        peer.shutdown(socket.SHUT_WR)
        try:
            said = peer.recv(65536)
        except (TimeoutError, ConnectionError):
            said = b""
    assert not said or said.split(b" ")[1].startswith(b"4"), said
    time.sleep(0.05)
    assert server.get("/api/v1/clients", who=owner, workspace=workspace).json["items"] == []


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 x\r\n\r\nHTTP/1.1 200 OK\r\n",
        b'HTTP/1.1 404 x\r\n\r\n{"p":"/api/v1/smuggled"}',
        b"HTTP/1.1 502 x\r\n\r\n",
    ],
)
def test_t43_a_desynchronised_answer_is_noticed(said: bytes) -> None:
    assert desynchronised(said) is not None


class Naive(socketserver.StreamRequestHandler):
    """The seeded fault: a server that frames every body by its first Content-Length, whatever else is said."""

    timeout = 1.0

    def handle(self) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError, ValueError):
            while line := self.rfile.readline():
                length, path = 0, line.split(b" ")[1:2]
                while (header := self.rfile.readline()) not in (b"\r\n", b"\n", b""):
                    name, _, value = header.partition(b":")
                    length = length or (int(value) if name.strip().lower() == b"content-length" else 0)
                self.rfile.read(max(length, 0))
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n%b" % b"".join(path))


def test_t43_a_server_that_frames_by_length_alone_is_noticed() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Naive) as naive:
        naive.daemon_threads = True
        running = threading.Thread(target=naive.serve_forever, args=(0.05,))
        running.start()
        url = f"http://127.0.0.1:{naive.server_address[1]}"
        found = {name for name in ("CL and TE, TE wins", "TE and CL 0", "TE twice") if desynchronised(exchanged(url, PROBES[name], seconds=3))}
        naive.shutdown()
        running.join()
    assert found == {"CL and TE, TE wins", "TE and CL 0", "TE twice"}
