"""A workspace with an audit trail, for whoever attacks it and whoever measures it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from config.bootstrap import Installation
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from plugins.privacy.service import Service
from tests.servers import Api, Cluster, Person


@dataclass
class Trail:
    """A workspace with a trail, as its sealing worker, its verifier and a superuser see it."""

    installation: Installation
    superuser: Callable[[], psycopg.Connection[Any]]
    id: UUID
    owner: Person
    api: Api

    @property
    def service(self) -> Service:
        found: Any = self.installation.hub.services["privacy"]
        return found

    def inside(self, what: Callable[[], Any]) -> Any:
        database = self.installation.container.app_database()
        scope = Scope(Kind.JOB, "the test", self.id)
        with database.open(scope) as work, serving(Current(scope, self.installation.hub, database.modules(work, self.id), work)):
            answer = what()
            work.commit()
            return answer

    def act(self, times: int = 1) -> None:
        with self.superuser() as connection:
            for n in range(times):
                connection.execute("update workspaces set name = %s, version = version + 1 where id = %s", (f"name {n} {time.time_ns()}", self.id))

    def seal(self) -> int:
        sealed = 0
        while (receipt := self.inside(self.service.sealing.seal)) is not None:
            self.service.sealing.anchor(receipt)
            sealed += 1
        return sealed

    def verify(self, head: str | None = None) -> Any:
        return self.inside(lambda: self.service.verification.verify(0, 10**9, head))

    def breaks(self, head: str | None = None) -> list[tuple[str, str | None]]:
        return [(str(one.kind), one.entry_id) for one in self.verify(head).breaks]

    def entries(self) -> list[str]:
        with self.superuser() as connection:
            rows = connection.execute("select id::text from audit_logs where workspace_id = %s order by seq", (self.id,)).fetchall()
        return [row[0] for row in rows]

    def tamper(self, text: str, *values: object) -> None:
        """As a superuser whom no trigger stops."""
        with self.superuser() as connection, connection.transaction():
            connection.execute("set local session_replication_role = replica")
            connection.execute(text.encode(), values or None)


def trail_of(server: Api, installation: Installation, cluster: Cluster, settings: Settings) -> Trail:
    """Of a new workspace."""
    owner = server.signup("Ana Souza")
    workspace = server.workspace(owner)
    database = str(settings.database_url).split("@/")[1].split("?")[0]
    return Trail(installation, lambda: psycopg.connect(cluster.server.dsn("postgres", database), autocommit=True), UUID(workspace), owner, server)
