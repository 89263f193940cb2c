"""A proxy in front of PostgreSQL that breaks a connection around the commit of somebody's choice."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

_IDLE: Final = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery outside a transaction, the end of an answer: what came before it is committed."""


class CommitCutter:
    """Forwards bytes, until a marker passes that was armed; then the connection breaks at the end of that transaction.

    reply: the commit happens and its answer is dropped. Otherwise the request for it never arrives, so nothing of it happens.
    """

    def __init__(self, conninfo: str) -> None:
        known = conninfo_to_dict(conninfo)
        self._server = (str(known["host"]), int(str(known["port"])))
        self._armed: dict[bytes, list[bool]] = {}
        self._lock = threading.Lock()
        self.cuts = {True: 0, False: 0}
        self._listener = socket.create_server(("127.0.0.1", 0))
        who = f"{quote(str(known['user']), safe='')}:{quote(str(known.get('password', '')), safe='')}"
        where = f"127.0.0.1:{self._listener.getsockname()[1]}/{known['dbname']}"
        self.url = f"postgresql://{who}@{where}?sslmode=disable&gssencmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, marker: str, *replies: bool) -> None:
        """Break the next transactions that mention this: one for each of `replies`."""
        with self._lock:
            self._armed[marker.encode()] = list(replies)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                _Link(self, self._listener.accept()[0], self._connected()).start()

    def _connected(self) -> socket.socket:
        host, port = self._server
        if not host.startswith("/"):
            return socket.create_connection(self._server)
        local = socket.socket(socket.AF_UNIX)
        local.connect(f"{host}/.s.PGSQL.{port}")
        return local

    def due(self, data: bytes) -> bool | None:
        """Whether what is being sent is to be cut, and how."""
        with self._lock:
            for marker, replies in self._armed.items():
                if replies and marker in data:
                    reply = replies.pop(0)
                    self.cuts[reply] += 1
                    return reply
        return None

    def close(self) -> None:
        self._listener.close()


class _Link:
    """One connection and its other half."""

    def __init__(self, proxy: CommitCutter, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._cutting = False

    def start(self) -> None:
        for pump in (self._forth, self._back):
            threading.Thread(target=pump, daemon=True).start()

    def _forth(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65_536):
                reply = None if self._cutting else self._proxy.due(data)
                if reply is False:
                    break
                self._cutting = self._cutting or reply is True
                self._server.sendall(data)
        self._end()

    def _back(self) -> None:
        held = b""
        with contextlib.suppress(OSError):
            while data := self._server.recv(65_536):
                if self._cutting:
                    held += data
                    if held.endswith(_IDLE):
                        break
                    if not held.endswith(_IDLE[:-1] + b"T"):
                        continue  # in the middle of an answer: whether it is the last one shows at its end
                    data, held = held, b""
                self._client.sendall(data)
        self._end()

    def _end(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def cutting(conninfo: str) -> Iterator[Any]:
    """A proxy in front of that database."""
    proxy = CommitCutter(conninfo)
    try:
        yield proxy
    finally:
        proxy.close()
