"""The servers tests run against: one PostgreSQL per test process, databases cloned from one migrated template, real web servers over HTTP."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import requests
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from requests.structures import CaseInsensitiveDict
from werkzeug.test import Client as WsgiClient

from adapters.postgres.bootstrap import create_database, prepare
from adapters.postgres.embedded import Embedded
from config import upgrades
from config.secrets import role_password
from config.settings import GENEROUS, Settings
from tests.loopback import free_port

ROOT = Path(__file__).parent.parent
SECRET = b"a secret for tests only: 0123456789abcdef"
TEMPLATE = "fitpro_template"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL with a migrated template database."""

    server: Embedded
    home: Path

    def settings(self, database: str, **changes: Any) -> Settings:
        """Settings of an installation on one of its databases."""

        def dsn(role: str, database: str) -> str:
            parts = conninfo_to_dict(self.server.dsn(role, database))
            return f"postgresql://{role}:{parts['password']}@/{database}?" + urlencode({"host": parts["host"], "port": parts["port"]})

        return Settings(
            home=self.home,
            secret_key=SECRET,
            database_url=dsn("fitpro_app", database),
            database_owner_url=dsn("fitpro_owner", database),
            argon2_time_cost=1,
            argon2_memory_kib=8,
            dns_zone=self.home / "zone.txt",
            # Tests call the application from many threads of their own, and mean to be served at the same time.
            **{"strict": True, "demo": False, "signup": "open", "threads": 64, **GENEROUS, **changes},
        )

    def clone(self, name: str) -> str:
        """A fresh database, a copy of the template."""
        with self.superuser() as connection:
            create_database(connection, name, template=TEMPLATE)
        return name

    def drop(self, name: str) -> None:
        with self.superuser() as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')

    @contextlib.contextmanager
    def superuser(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.server.dsn("postgres", database), autocommit=True) as connection:
            yield connection


@contextlib.contextmanager
def cluster(home: Path, **postgres: str) -> Iterator[Cluster]:
    """Start a server, make the roles, migrate the template."""

    def password(role: str) -> str:
        return role_password(SECRET, role)

    # A password proven in 4,096 rounds is most of what a connection costs, and tests make thousands.
    with Embedded(home, password=password, fast=True, settings={"max_connections": "200", "scram_iterations": "1", **postgres}) as server:
        prepare(server.dsn(), database=TEMPLATE, password=password)
        made = Cluster(server, home)
        with made.superuser() as connection:  # whose own is older than the setting
            connection.execute(sql.SQL("alter role postgres password {}").format(sql.Literal(password("postgres"))))
        failed = upgrades.upgrade(made.settings(TEMPLATE))
        assert not failed, failed
        yield made


def patiently(ask: Callable[[], Reply]) -> Reply:
    """As a careful client: again while somebody else is at it for longer than the server waits; after two minutes, the answer."""
    deadline = time.monotonic() + 120
    while (reply := ask()).status == 409 and reply.json["code"] == "busy" and time.monotonic() < deadline:
        time.sleep(0.05)
    return reply


@dataclasses.dataclass(frozen=True)
class Reply:
    """An answer, whichever way it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody signed up."""

    id: str
    email: str
    token: str
    refresh: str


class Api:
    """Speaks to the product as a frontend does. target: a base URL, or a WSGI application."""

    def __init__(self, target: Any) -> None:
        self.url = target if isinstance(target, str) else "http://localhost"
        self._wsgi = None if isinstance(target, str) else WsgiClient(target, use_cookies=False)
        self._session = requests.Session()
        self._session.trust_env = False
        self._count = 0

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        raw: bytes | None = None,
        who: Person | str | None = None,
        workspace: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request. json: the body; raw: the body's bytes instead; who: a person or a bare token."""
        sent = {"Accept": "application/json", **(headers or {})}
        if who is not None:
            sent["Authorization"] = f"Bearer {who if isinstance(who, str) else who.token}"
        if workspace is not None:
            sent["X-Workspace-Id"] = workspace
        if json is not None:
            raw = __import__("json").dumps(json).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        if self._wsgi is not None:
            answer = self._wsgi.open(path, method=method, data=raw, headers=list(sent.items()), buffered=True)
            return Reply(answer.status_code, CaseInsensitiveDict(answer.headers), answer.data)
        got = self._session.request(method, self.url + path, data=raw, headers=sent, timeout=30, allow_redirects=False)
        return Reply(got.status_code, got.headers, got.content)

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

    def signup(self, name: str = "Ana Souza", email: str | None = None) -> Person:
        """A new person, signed in."""
        self._count += 1
        email = email or f"p{self._count}-{time.time_ns()}-{os.getpid()}@example.com"
        body = {"email": email, "password": "a long enough secret", "full_name": name, "consents": {"terms": True, "privacy": True}}
        for _ in range(20):  # a test before this one may have restarted the database: 503 says try again, and so do clients
            try:
                reply = self.post("/auth/signup", json=body)
            except requests.ConnectionError:  # or the server, and with it a connection that was kept
                time.sleep(0.1)
                continue
            if reply.status != 503:
                break
            time.sleep(float(reply.headers["Retry-After"]))
        assert reply.status == 201, reply.body
        got = reply.json
        return Person(got["user"]["id"], got["user"]["email"], got["access_token"], got["refresh_token"])

    def again(self, person: Person) -> Person:
        """The same person, signed in anew: a token lives ten minutes, and some tests longer."""
        reply = self.post("/auth/login", json={"email": person.email, "password": "a long enough secret"})
        assert reply.status == 200, reply.body
        return Person(person.id, person.email, reply.json["access_token"], reply.json["refresh_token"])

    def workspace(self, who: Person, name: str = "North Studio", **fields: Any) -> str:
        """A new workspace; its id."""
        reply = self.post("/api/v1/workspaces", json={"name": name, **fields}, who=who)
        assert reply.status == 201, reply.body
        return str(reply.json["id"])


def owner_of(settings: Settings) -> psycopg.Connection[Any]:
    """The owner's connection, in a transaction that sees every workspace's rows."""
    connection = psycopg.connect(settings.database_owner_url or "")
    connection.execute("set local app.maintenance = 'on'")
    return connection


def add_member(settings: Settings, workspace: str, person: Person, role: str, client_id: str | None = None) -> None:
    """Make an existing person a member, as the owner role (invitations have their own tests)."""
    with psycopg.connect(settings.database_owner_url or "") as connection:
        connection.execute("set local app.maintenance = 'on'")
        connection.execute(
            "insert into user_roles (workspace_id, user_id, role, client_id, full_name, email)"
            " select %s, id, %s, %s, full_name, email from users where id = %s",
            (workspace, role, client_id, person.id),
        )


def environ(settings: Settings, **extra: str) -> dict[str, str]:
    """The environment that makes a process of the product use these settings."""
    told = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value is None or value == field.default:
            continue
        if isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, tuple):
            value = ",".join(value)
        told[field.metadata["variable"]] = str(value)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FITPRO_", "DATABASE_", "PG", "REDIS_", "PROMETHEUS_"))}
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**clean, **told, "PYTHONPATH": paths, **extra}


def mortal(command: list[str], dies: str = "TERM") -> list[str]:
    """The command, sent a signal when the thread that starts it is gone, however that went: call it in the main thread (Linux, with util-linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, f"--pdeathsig={dies}", "--", *command] if setpriv and sys.platform == "linux" else command


@contextlib.contextmanager
def process(arguments: list[str], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is gone after the block, with everything it started; and when whoever runs the tests is killed."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            mortal(arguments), env=dict(env), cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextlib.contextmanager
def web_server(settings: Settings, log: Path, *, workers: int = 1, threads: int = 4, app: str = "wsgi:app") -> Iterator[str]:
    """The product's web server on a free port of the loopback; its base URL. app: another application, as one with a fault."""
    port = free_port()
    arguments = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws",
        "--workers", str(workers), "--blocking-threads", str(threads),
        "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", app,
    ]  # fmt: skip
    with process(arguments, environ(dataclasses.replace(settings, threads=threads)), log) as child:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, child, log)
        yield url


def wait_ready(url: str, child: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise AssertionError(f"the server ended with {child.returncode}:\n{log.read_text()[-4000:]}")
        with contextlib.suppress(requests.RequestException):
            if requests.get(url + "/health/ready", timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server was not ready in time:\n{log.read_text()[-4000:]}")
