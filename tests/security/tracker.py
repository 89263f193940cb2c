"""An error tracker of our own: whatever is sent to it, as text."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Tracker:
    """What came, in envelopes of Sentry's protocol. url: the DSN."""

    url: str
    envelopes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.envelopes)

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """Kind and content of everything in the envelopes."""
        found = []
        for envelope in self.envelopes:
            lines = [json.loads(line) for line in envelope.splitlines()[1:] if line]
            found += [(head["type"], content) for head, content in zip(lines[::2], lines[1::2], strict=True)]
        return found


@contextmanager
def tracker() -> Iterator[Tracker]:
    """One that listens on a port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.envelopes.append((gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).decode())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Tracker(f"http://key@127.0.0.1:{server.server_port}/1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
