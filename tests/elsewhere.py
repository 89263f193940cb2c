"""Somebody else's web server, a DNS that says where it is, and a listener in the internal network that nobody may reach."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.outbound.public import PublicHttp
from tests.loopback import free_port

NAME = "calendar.example.org"
ADDRESS = "127.0.0.2"
"""Stands for an address on the public internet."""
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Names:
    """A DNS that answers from a table, and remembers what it was asked (implements ports.dns.Dns). A name with several lists changes its mind."""

    known: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def texts(self, name: str) -> Sequence[str]:
        return ()

    def addresses(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        answers = self.known.get(name, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class Elsewhere:
    """A TLS server at ADDRESS with a certificate for NAME. pages: path → what it answers; seen: paths that were asked for, with their headers."""

    port: int
    tls: ssl.SSLContext
    names: Names
    pages: dict[str, bytes | Answer] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, name: str = NAME) -> str:
        return f"https://{name}:{self.port}{path}"

    def client(self, kind: type[PublicHttp] = PublicHttp, **changes: Any) -> PublicHttp:
        """The product's own client, for which this server is on the public internet."""
        given = {"ports": {443, 8443, self.port}, "allowed": {ADDRESS}, "tls": self.tls, "concurrent": 8, **changes}
        return kind(self.names, **given)


class Listener:
    """A service in the internal network: counts who connects to it."""

    def __init__(self, port: int = 0) -> None:
        self.connections = 0
        self._sockets = [socket.create_server(("127.0.0.1", port))]
        self.port = int(self._sockets[0].getsockname()[1])
        with suppress(OSError):  # a machine without IPv6
            self._sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for each in self._sockets:
            threading.Thread(target=self._count, args=(each,), daemon=True).start()

    def settled(self, least: int = 0) -> int:
        """How many there were, once those on their way have arrived; at least so many are waited for."""
        deadline = time.monotonic() + 10
        while self.connections < least and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        return self.connections

    def close(self) -> None:
        for each in self._sockets:
            each.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept would keep it open
            each.close()

    def _count(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@contextmanager
def elsewhere(folder: Path) -> Iterator[Elsewhere]:
    authority, certificate = _certificates(folder)
    made = Elsewhere(0, ssl.create_default_context(cafile=str(authority)), Names({NAME: [[ADDRESS]]}))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.seen.append((self.path, dict(self.headers)))
            page = made.pages.get(self.path)
            if callable(page):
                page(self)
                return
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hangs up is what many tests are about

    # A listener in the internal network wants the same port.
    server = Server((ADDRESS, free_port()), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority of the tests' own, and a certificate of it for NAME."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    issuer, subject = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("The tests' authority", NAME))
    now = datetime.now(UTC)

    def signed(of: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(of).issuer_name(issuer).public_key(key.public_key())
        builder = (
            builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        )
        return builder.add_extension(extension, critical=True).sign(keys[0], hashes.SHA256())

    authority, certificate = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(signed(issuer, keys[0], x509.BasicConstraints(ca=True, path_length=None)).public_bytes(serialization.Encoding.PEM))
    secret = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    server = signed(subject, keys[1], x509.SubjectAlternativeName([x509.DNSName(NAME)]))
    certificate.write_bytes(secret + server.public_bytes(serialization.Encoding.PEM))
    return authority, certificate
