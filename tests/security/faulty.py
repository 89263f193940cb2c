"""The web application with a fault put in on purpose, for granian as `tests.security.faulty:five_hundreds`: see FAULTS."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from adapters.http.exchange import Answer, Environ
from adapters.http.gateway import Gateway
from adapters.http.runner import Runner
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.wire import Wire
from kernel.errors import Unavailable
from plugins.clients.domain.register import Search
from plugins.clients.repository.register import Register
from plugins.sdk import Document, ctx, sql


def _five_hundreds() -> None:
    """That no connection is to be had is an error nobody knows."""
    taken = Pool._taken

    def raw(self: Pool) -> Connection:
        try:
            return taken(self)
        except Unavailable as error:
            raise LookupError("no connection") from error

    Pool._taken = raw  # type: ignore[method-assign]


def _broken_connections() -> None:
    """The pool keeps what broke, and hands it out again without a look."""
    give = Pool.give

    def keep(self: Pool, connection: Connection) -> None:
        if connection.closed:
            self._at_hand.append(connection)
        else:
            give(self, connection)

    Pool.give = keep  # type: ignore[method-assign]
    Wire.dead = False  # type: ignore[assignment, method-assign]


def _mixed_rows() -> None:
    """When the database is away, and for a second after, what was read last is read again, by whoever asks for the same path."""
    run, kept, until = Runner.run, dict[str, Answer](), 0.0

    def stale(self: Runner, compiled: Any, environ: Environ, path: Mapping[str, Any], request_id: str) -> Answer:
        nonlocal until
        reads, asked = environ["REQUEST_METHOD"] == "GET", environ["PATH_INFO"]
        if reads and asked in kept and time.monotonic() < until:
            return kept[asked]
        answer = run(self, compiled, environ, path, request_id)
        if answer.status == 503:
            until = time.monotonic() + 1
        elif reads and answer.status == 200:
            kept[asked] = answer
        return answer

    Runner.run = stale  # type: ignore[method-assign]


def _injected() -> None:
    """The tag that clients are listed by is put into a statement."""
    page = Register.page

    def pasted(self: Register, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        if search.tag is not None:
            having = f"exists (select from unnest(tags) tag where tag = '{search.tag}')"
            if not ctx.work.rows(sql(f"select id from clients where workspace_id = app.ws() and {having} limit 1")):
                return []
        return page(self, replace(search, tag=None), limit, after)

    Register.page = pasted  # type: ignore[method-assign]


FAULTS: Final[Mapping[str, Callable[[], None]]] = {
    "five_hundreds": _five_hundreds,
    "broken_connections": _broken_connections,
    "mixed_rows": _mixed_rows,
    "injected": _injected,
}


def __getattr__(name: str) -> Gateway:
    if name not in FAULTS:
        raise AttributeError(name)
    from wsgi import app

    FAULTS[name]()
    return app
