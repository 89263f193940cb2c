"""An installation with the packages of the tests: web server and worker, its workspaces, its command."""

from __future__ import annotations

import itertools
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from config.settings import Settings
from tests import packages, servers
from tests.servers import Api, Person

_HOURS = itertools.count()


@dataclass(frozen=True)
class Studio:
    """A workspace with its Owner."""

    site: Site
    owner: Person
    workspace: str

    def post(self, path: str, body: dict[str, Any], who: Person | None = None) -> servers.Reply:
        return self.site.api.post(path, json=body, who=who or self.owner, workspace=self.workspace)

    def client(self, name: str) -> str:
        reply = self.post("/api/v1/clients", {"full_name": name})
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    def booking(self) -> str:
        start = datetime(2030, 5, 4, 10, tzinfo=UTC) + next(_HOURS) * timedelta(hours=1)
        times = {"start_time": start.isoformat(), "end_time": (start + timedelta(hours=1)).isoformat()}
        body = {"title": "Session", "client_ids": [self.client("Booked")], **times}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        reply = self.site.api.post("/api/v1/bookings", json=body, who=self.owner, workspace=self.workspace, headers=key)
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    def queue(self, booking: str, client: str, who: Person | None = None) -> servers.Reply:
        return self.post("/api/v1/waitlist/entries", {"booking_id": booking, "client_id": client}, who)

    def entries(self, booking: str | None = None) -> list[dict[str, Any]]:
        with servers.owner_of(self.site.settings) as connection:
            rows = connection.execute(
                "select client_id::text from waitlist_entry where workspace_id = %s and coalesce(booking_id = %s, true) order by created_at",
                (self.workspace, booking),
            )
            return [{"client_id": row[0]} for row in rows]

    def deliveries(self) -> dict[str, str]:
        """Handler of the plugin → what became of it; the clock's own work of every minute is not the plugin's."""
        with servers.owner_of(self.site.settings) as connection:
            rows = connection.execute(
                "select handler, case when done_at is not null then 'done' when skipped_at is not null then 'skipped'"
                " when dead_at is not null then 'dead' else 'waiting' end"
                " from outbox_deliveries where workspace_id = %s and handler like 'waitlist:%%'",
                (self.workspace,),
            )
            return {row[0]: row[1] for row in rows}

    def audits(self) -> list[tuple[str, str]]:
        with servers.owner_of(self.site.settings) as connection:
            rows = connection.execute("select action, table_name from audit_logs where workspace_id = %s order by id", (self.workspace,))
            return [(row[0], row[1]) for row in rows]

    def as_client(self, client: str, query: str) -> list[Any]:
        """What a statement gives the app role in the context of a Cliente; undone afterwards."""
        with psycopg.connect(self.site.settings.database_url or "") as connection:
            connection.execute(
                "select set_config('app.workspace_id', %s, true), set_config('app.actor', 'Cliente', true), set_config('app.client_id', %s, true)",
                (self.workspace, client),
            )
            rows = [row[0] for row in connection.execute(query)]
            connection.rollback()
            return rows


@dataclass(frozen=True)
class Site:
    """A running installation with the plugin."""

    api: Api
    settings: Settings
    packages: Path
    log: Path
    worker_paused: Callable[[], Any]

    def studio(self, *, waitlist: bool = True, settings: dict[str, Any] | None = None) -> Studio:
        owner = self.api.signup()
        studio = Studio(self, owner, self.api.workspace(owner))
        if waitlist:
            done = self.switch(owner, studio.workspace, "waitlist", enabled=True, settings=settings)
            assert done.status == 200, done.body
        return studio

    def switch(self, who: Person, workspace: str, name: str, **body: Any) -> servers.Reply:
        given = {key: value for key, value in body.items() if value is not None}
        return self.api.put(f"/api/v1/workspaces/{workspace}/modules/{name}", json=given, who=who)

    def fitpro(self, *arguments: str) -> Any:
        return packages.fitpro(self.settings, {"PYTHONPATH": packages.path(self.packages)}, *arguments)


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Worker:
    """The worker process, which a test may stop for a moment."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._process: Any = None

    def start(self) -> None:
        arguments = [sys.executable, "-m", "config.cli", "worker"]
        self._process = servers.process(arguments, servers.environ(self._settings), self._log)
        self._process.__enter__()

    def stop(self) -> None:
        self._process.__exit__(None, None, None)

    def paused(self) -> Any:
        worker = self

        class Pause:
            def __enter__(self) -> None:
                worker.stop()

            def __exit__(self, *error: object) -> None:
                worker.start()

        return Pause()
