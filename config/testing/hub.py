"""An installation in this process: a database of its own, the web application, the people who use it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import sql
from werkzeug.test import Client

from adapters.postgres.outbox import OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.worker import Worker
from config import plugin_check, plugins, upgrades
from config.bootstrap import Installation, install, jobs, web
from config.databases import connections, running
from config.settings import GENEROUS, Settings
from kernel.registry import Registry
from kernel.roles import Role
from plugins.sdk import Plugin

_LEASE_S = 30.0


class JobFailed(AssertionError):
    """A task or a listener raised; the message is what the dead letter would say."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Member:
    """Somebody in a workspace, or (role "") a stranger to it. client_id: the record a Cliente is."""

    studio: Studio
    user_id: str
    token: str
    role: str
    client_id: str | None = None

    def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """A request of this person about this workspace."""
        sent = {"Authorization": f"Bearer {self.token}", "X-Workspace-Id": self.studio.id, **(headers or {})}
        return self.studio.hub.request(method, path, json=json, headers=sent)

    def get(self, path: str, **options: Any) -> Reply:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Reply:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Reply:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Reply:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self.request("DELETE", path, **options)


@dataclass
class Studio:
    """A workspace; its Owner is the first member."""

    hub: Hub
    id: str = ""
    _members: list[Member] = field(default_factory=list)

    @property
    def owner(self) -> Member:
        return self._members[0]

    def member(self, role: str = Role.COLABORADOR) -> Member:
        """A new member. A Cliente comes with a client's record when the clients plugin is there."""
        user, token = self.hub.person()
        client = None
        if role == Role.CLIENTE and "clients" in self.hub.registry.plugins:
            made = self.owner.post("/api/v1/clients", json={"full_name": "A client"})
            assert made.status == 201, made.body
            client = str(made.json["id"])
        with self.hub.owner() as connection:
            connection.execute(
                "insert into user_roles (workspace_id, user_id, role, client_id, full_name, email)"
                " select %s, id, %s, %s, full_name, email from users where id = %s",
                (self.id, str(role), client, user),
            )
        self._members.append(Member(self, user, token, str(role), client))
        return self._members[-1]

    def switch(self, module: str, *, enabled: bool, settings: Mapping[str, Any] | None = None) -> Reply:
        """Switch a module as the Owner; on, with what it requires."""
        body = {"enabled": enabled, "with_dependencies": enabled, **({} if settings is None else {"settings": dict(settings)})}
        return self.owner.put(f"/api/v1/workspaces/{self.id}/modules/{module}", json=body)

    def switch_off(self, module: str) -> None:
        """And everything that requires it."""
        for id in (*self.hub.registry.dependents(module), module):
            done = self.switch(id, enabled=False)
            assert done.status == 200, done.body

    def emitted(self, name: str) -> list[dict[str, Any]]:
        with self.hub.owner() as connection:
            rows = connection.execute("select payload from outbox where workspace_id = %s and name = %s order by id", (self.id, name))
            return [row[0] for row in rows]

    def run_jobs(self) -> int:
        """See the fixture."""
        done = self.hub.drain()
        with self.hub.owner() as connection:
            failed = connection.execute(
                "select handler, last_error from outbox_deliveries where workspace_id = %s and last_error is not null and done_at is null",
                (self.id,),
            ).fetchall()
        if failed:
            raise JobFailed("; ".join(f"{handler}: {error}" for handler, error in failed))
        return done


class Hub:
    """A running installation."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.registry: Registry = installation.registry
        self.settings: Settings = installation.settings
        self._web = Client(web(installation))
        container = installation.container
        self._leases = OutboxLeases(container.relay_pool())
        self._worker = Worker(self._leases, jobs(installation, lease_s=_LEASE_S), Heartbeat(self._leases, lease_s=_LEASE_S), lease_s=_LEASE_S)

    def plugin(self, id: str) -> Plugin:
        """A loaded plugin."""
        return cast("Plugin", self.registry.plugins[id])

    def request(self, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        got = self._web.open(path, method=method, json=json, headers=dict(headers or {}), buffered=True)
        return Reply(got.status_code, dict(got.headers), got.data)

    def person(self) -> tuple[str, str]:
        """Somebody signed up: their id and an access token."""
        body = {
            "email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(12), "full_name": "Somebody",
            "consents": {"terms": True, "privacy": True},
        }  # fmt: skip
        made = self.request("POST", "/auth/signup", json=body)
        assert made.status == 201, made.body
        return str(made.json["user"]["id"]), str(made.json["access_token"])

    def workspace(self, name: str) -> Studio:
        """A workspace with every plugin on."""
        user, token = self.person()
        made = self.request("POST", "/api/v1/workspaces", json={"name": name}, headers={"Authorization": f"Bearer {token}"})
        assert made.status == 201, made.body
        studio = Studio(self, str(made.json["id"]))
        studio._members.append(Member(studio, user, token, str(Role.OWNER)))
        for manifest in self.registry.plugins.values():
            if not manifest.core:
                done = studio.switch(manifest.id, enabled=True)
                assert done.status == 200, (manifest.id, done.body)
        return studio

    def mails(self, address: str) -> list[EmailMessage]:
        """What was sent to an address so far, oldest first."""
        paths = sorted((self.settings.home / "mail").glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        sent = [path.read_bytes() for path in paths]
        if address.isascii():  # as it stands in the letter: to parse each of a long run takes long
            sent = [letter for letter in sent if address.encode() in letter]
        read = [message_from_bytes(letter, policy=policy.default) for letter in sent]
        return [mail for mail in read if mail["To"] == address]

    def drain(self) -> int:
        """Do everything that is due, in this process; how many deliveries were ready."""
        count = 0
        while ready := self._leases.ready((), 1000):
            count += sum(ready.values())
            for queue in ready:
                self._worker.drain(queue)
        return count

    def owner(self) -> psycopg.Connection[Any]:
        """A connection that sees every workspace's rows; the end of its block commits."""
        connection = psycopg.connect(connections(self.settings).owner)
        connection.execute("set local app.maintenance = 'on'")
        return connection

    def seen(self, table: str, ids: Sequence[UUID], workspace: str, client: str | None = None) -> int:
        """How many of these rows the app role sees in a workspace, as staff or as a Cliente."""
        with psycopg.connect(connections(self.settings).app) as connection:
            connection.execute(
                "select set_config('app.workspace_id', %s, true), set_config('app.actor', 'test', true), set_config('app.client_id', %s, true)",
                (workspace, client or ""),
            )
            count = sql.SQL("select count(*) from {} where id = any(%s)").format(sql.Identifier(table))
            row = connection.execute(count, (list(ids),)).fetchone()
            return int(row[0]) if row else 0


@contextmanager
def started(home: Path, project: Path) -> Iterator[Hub]:
    """The installation under `home`, with the plugin of the project folder when that is one. Raises BrokenPlugin when any cannot load."""
    found = list(plugins.discover())
    if (project / "pyproject.toml").is_file() and plugins.GROUP in (project / "pyproject.toml").read_text():
        ours = plugin_check.from_folder(project).candidate
        found = [candidate for candidate in found if candidate.id != ours.id] + [ours]
    registry = plugins.load_all(found=iter(found), strict=True)
    settings = Settings(
        home=home, secret_key=os.urandom(16).hex().encode(), strict=True, demo=False, signup="open",
        argon2_time_cost=1, argon2_memory_kib=8, **GENEROUS,
    )  # fmt: skip
    with running(settings):
        failed = upgrades.upgrade(settings, registry=registry)
        assert not failed, failed
        installation = install(settings, registry=registry)
        try:
            yield Hub(installation)
        finally:
            for pool in (installation.container.app_pool, installation.container.auth_pool, installation.container.relay_pool):
                pool().close()
