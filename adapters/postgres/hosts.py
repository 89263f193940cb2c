"""Verified domains, read as the auth identity: the one that may look before anybody is known, and sees no more than this."""

from __future__ import annotations

from uuid import UUID

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.statements import sql
from kernel.context import Kind, Scope
from ports.persistence import Row

_WORKSPACE = sql("select workspace_id from claims where kind = 'domain' and value = $1", "host")
_FACE = sql(
    "select w.name, w.locale, w.branding from claims c join workspaces w on w.id = c.workspace_id where c.kind = 'domain' and c.value = $1",
    "host",
)
_SCOPE = Scope(Kind.PUBLIC, "")


class PostgresHosts:
    """Implements ports.hosts.Hosts. own: names nobody needs to look up, since no workspace may claim them."""

    def __init__(self, database: PostgresDatabase, *, own: frozenset[str]) -> None:
        self._database = database
        self._own = own

    def workspace(self, host: str) -> UUID | None:
        if host in self._own:
            return None
        with self._database.open(_SCOPE, reading=True) as work:
            row = work.one(_WORKSPACE, host=host)
        return None if row is None else row["workspace_id"]

    def face(self, host: str) -> Row | None:
        with self._database.open(_SCOPE, reading=True) as work:
            return work.one(_FACE, host=host)
