"""Requests to addresses that somebody named: resolved once, judged, and connected to as judged."""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from adapters.outbound.targets import PORTS, Target, is_public, target_of
from kernel.context import outbound
from kernel.errors import Unavailable
from ports.dns import Dns, DnsDown
from ports.outbound import OutboundReply, Reason, Unreached

_CHUNK: Final = 16 * 1024
_TRIED: Final = 3
"""Addresses of one name that are tried, one after the other."""
_METHODS: Final = frozenset({"GET", "POST"})
_VALUE: Final = re.compile(r"[ -~]*")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")


class PublicHttp:
    """`ports.outbound.PublicOutbound` on http.client, whose connections are ours: nothing in between resolves a name again.

    deadline_s: for resolving, connecting, waiting and reading together. concurrent: so many at once; the next waits a quarter of a second
    and then gives up, so that slow strangers never take every thread. ports, allowed, tls: which ports, which addresses besides the public
    ones, and whose certificates are trusted, for tests.
    """

    def __init__(
        self, dns: Dns, *, deadline_s: float = 5.0, concurrent: int = 4, patience_s: float = 0.25, ports: Collection[int] = PORTS,
        allowed: Collection[str] = (), tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._dns = dns
        self._deadline_s = deadline_s
        self._turns = threading.BoundedSemaphore(concurrent)
        self._patience_s = patience_s
        self._ports = frozenset(ports)
        self._allowed = frozenset(allowed)
        self._tls = tls or ssl.create_default_context()

    def check(self, url: str) -> None:
        target_of(url, self._ports)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, max_bytes: int = 65_536,
        deadline_s: float | None = None,
    ) -> OutboundReply:  # fmt: skip
        outbound("a stranger's server")
        target = target_of(url, self._ports)
        sent = _head(method, target, headers or {}, body)
        if not self._turns.acquire(timeout=self._patience_s):
            raise Unavailable("Too many addresses are being read at this moment; try again.", retry_after_s=5)
        patience_s = self._deadline_s if deadline_s is None else deadline_s
        until = time.monotonic() + patience_s
        try:
            with self._connected(target, self._judged(target.host), until) as connection:
                _send(connection, sent, until)
                return _answer(connection, method, until, max_bytes)
        except TimeoutError:
            raise Unreached(Reason.TOO_SLOW, f"There was no whole answer within {patience_s:g} seconds.") from None
        except ssl.SSLError:
            raise Unreached(Reason.INSECURE, "The server did not prove with a valid certificate that it has this name.") from None
        # The cause names addresses and pieces of the answer, so it is not kept.
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreached(Reason.NO_ANSWER, "Nothing that answers as a web server should is there.") from None
        finally:
            self._turns.release()

    def _judged(self, host: str) -> list[str]:
        """The addresses of a name, when all of them may be connected to."""
        try:
            found = self._dns.addresses(host)
        except DnsDown:
            raise Unreached(Reason.UNKNOWN_HOST, "Where this name is could not be found out; the servers of its domain do not answer.") from None
        if not found:
            raise Unreached(Reason.UNKNOWN_HOST, "There is no server of this name.")
        if not all(self._may(each) for each in found):
            raise Unreached(Reason.PRIVATE_ADDRESS, "This name leads to an address that is not on the public internet.")
        return list(found)

    def _may(self, address: str) -> bool:
        return is_public(address) or address in self._allowed

    def _connected(self, target: Target, addresses: list[str], until: float) -> ssl.SSLSocket:
        plain: socket.socket | None = None
        for address in addresses[:_TRIED]:
            try:
                plain = socket.create_connection((address, target.port), timeout=_left(until))
                break
            except TimeoutError:
                raise
            except OSError:
                continue
        if plain is None:
            raise OSError("none of them listens")
        try:
            plain.settimeout(_left(until))
            return self._tls.wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise


class _Timed(io.RawIOBase):
    """What a connection sends, until the deadline of the whole exchange: a byte a second does not move it."""

    def __init__(self, connection: ssl.SSLSocket, until: float) -> None:
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """As http.client asks a socket for it."""
        return io.BufferedReader(self, _CHUNK)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _head(method: str, target: Target, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """The whole request. ValueError for what would begin another header."""
    if method not in _METHODS:
        raise ValueError("only GET and POST go to strangers")
    host = target.host if target.port == 443 else f"{target.host}:{target.port}"
    lines = {"Host": host, "User-Agent": "fitpro-hub", "Accept-Encoding": "identity", "Connection": "close", **headers}
    if body is not None:
        lines["Content-Length"] = str(len(body))
    for name, value in lines.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} is none")
    said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target.path} HTTP/1.1\r\n{said}\r\n".encode() + (body or b"")


def _send(connection: ssl.SSLSocket, sent: bytes, until: float) -> None:
    connection.settimeout(_left(until))
    connection.sendall(sent)


def _answer(connection: ssl.SSLSocket, method: str, until: float, max_bytes: int) -> OutboundReply:
    reading: Any = _Timed(connection, until)
    answer = http.client.HTTPResponse(reading, method=method)
    try:
        answer.begin()
        if 300 <= answer.status < 400:
            raise Unreached(Reason.REDIRECTED, "The address redirects to another one; give the one it leads to.")
        if answer.getheader("Content-Encoding", "identity").lower() != "identity":
            raise Unreached(Reason.NO_ANSWER, "The answer is compressed, which was not asked for.")
        announced = answer.getheader("Content-Length", "")
        size = int(announced) if announced.isascii() and announced.isdigit() else None
        body = bytearray()
        while max(size or 0, len(body)) <= max_bytes and (part := answer.read1(_CHUNK)):
            body += part
        if max(size or 0, len(body)) > max_bytes:
            raise Unreached(Reason.TOO_LARGE, f"The answer is larger than {max_bytes} bytes.")
        if size is not None and len(body) < size:
            raise ValueError("it ended in the middle")
        return OutboundReply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, bytes(body))
    finally:
        answer.close()
