"""T55: no name, address, note, password or token reaches a log: not from any writable text, query, path or header, not when requests are bad,
when constraints speak or when the database breaks, not from the worker that does what was left to do."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from adapters.http import inputs
from config import logging as product_logging
from config.settings import Settings
from tests import servers
from tests.documented import BODIES, Documented, World, changed, unused, world
from tests.servers import Api, Cluster

CANARY = "piicanary"
HEADERS = (
    "Authorization", "Cookie", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Idempotency-Key", "If-Match",
    "If-None-Match", "X-Workspace-Id", "Content-Type", "Accept", "Accept-Language", "Content-Encoding", "From", "Via",
)  # fmt: skip
"""X-Request-Id is not among them: it is in the logs on purpose, and the caller's own choice."""
BROKEN = ("clients", "users", "audit_logs")


@dataclass
class Campaign:
    """What was sent, and where it might have left a trace."""

    here: World
    log: Path
    sent: int = 0

    def call(self, operation: Documented, **options: Any) -> None:
        self.sent += 1
        self.here.call(operation, **options)

    def everywhere(self) -> None:
        """A canary in every text of every operation, in what is good and in what is not."""
        for operation in self.here.operations:
            if str(operation) in ("accounts_create_logout", "workspaces_delete_user", "accounts_delete_me"):
                continue
            path = self.here.path(operation)
            for name in operation.query:
                self.call(operation, path=f"{path}?{name}={CANARY}")
            self.call(operation, path=f"{path}?{CANARY}={CANARY}")
            self.call(operation, path=f"{path.rpartition('/')[0]}/{quote(CANARY)}%20x")
            if operation.method in BODIES and operation.body_schema is not None:
                self.bodies(operation, path)

    def bodies(self, operation: Documented, path: str) -> None:
        body = self.here.body(operation)
        assert operation.body_schema is not None
        texts = [at for at, schema in operation.fields(operation.body_schema) if "string" in str(schema.get("type", "")) and "enum" not in schema]
        full = body
        for at in texts:
            value = f"{CANARY}{self.sent}@example.com" if at[-1] == "email" else f"{CANARY} {self.sent} secret text"
            full = changed(full, at, value)
            self.call(operation, path=path, json=changed(unused(body), at, value))
            self.call(operation, path=path, json=changed(unused(body), at, CANARY + "x" * 20_000))
        self.call(operation, path=path, json=full)
        self.call(operation, path=path, json={**body, CANARY: CANARY})
        for raw in (b'{"a": "' + CANARY.encode(), b"[" * 50 + CANARY.encode(), CANARY.encode() + b"\xff\xfe", b'"' + CANARY.encode() + b'"'):
            self.call(operation, path=path, raw=raw)

    def headers(self) -> None:
        for path in ("/api/v1/me", "/api/v1/clients", "/nothing", "/docs", "/auth/login"):
            for header in HEADERS:
                for method in ("GET", "POST", "OPTIONS"):
                    self.sent += 1
                    value = f"Bearer {CANARY}.{CANARY}.{CANARY}" if header == "Authorization" else CANARY
                    self.here.api.request(method, path, headers={header: value}, who=None if header == "Authorization" else self.here.owner)

    def conflicts(self) -> None:
        """What constraints say of rows: the driver's text quotes them."""
        body = {"email": f"{CANARY}@example.com", "password": f"{CANARY} password", "full_name": CANARY, "consents": {"terms": True, "privacy": True}}
        for _ in range(2):
            self.here.api.post("/auth/signup", json=body)
        for password in (f"{CANARY} password", f"{CANARY} wrong password"):
            self.here.api.post("/auth/login", json={"email": f"{CANARY}@example.com", "password": password})
        self.here.api.post("/auth/refresh", json={"refresh_token": CANARY})
        self.sent += 5

    def breakage(self, superuser: str) -> int:
        """Tables that are gone: every answer a 500, every 500 with its traceback in the log. How many there were."""
        broken = 0
        with psycopg.connect(superuser, autocommit=True) as connection:
            for table in BROKEN:
                connection.execute(f"alter table {table} rename to {table}_gone".encode())
                try:
                    body = {"full_name": f"{CANARY} {table}", "email": f"{CANARY}@{table.replace('_', '-')}.example.com", "notes": CANARY}
                    reply = self.here.api.post("/api/v1/clients", json=body, who=self.here.owner, workspace=self.here.workspace)
                    broken += reply.status == 500
                    self.here.api.get(f"/api/v1/clients?q={CANARY}", who=self.here.owner, workspace=self.here.workspace)
                    self.here.api.post("/auth/login", json={"email": f"{CANARY}@example.com", "password": CANARY})
                finally:
                    connection.execute(f"alter table {table}_gone rename to {table}".encode())
                self.sent += 3
        return broken


def hits(text: str, *others: str) -> list[str]:
    """The lines of a log that hold what they should not."""
    return [line[:300] for line in text.splitlines() if CANARY in line.lower() or any(each in line for each in others)]


@pytest.fixture
def apart(cluster: Cluster) -> Iterator[Settings]:
    """An installation that tells all it does, on a database that may break."""
    yield cluster.settings(cluster.clone("fitpro_t55"), log_level="debug")
    cluster.drop("fitpro_t55")


def test_t55_a_canary_put_everywhere_is_in_no_log(apart: Settings, cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "product.log"
    with servers.web_server(apart, log) as url:
        here = world(Api(url), apart)
        campaign = Campaign(here, log)
        campaign.headers()
        campaign.conflicts()
        campaign.everywhere()
        broken = campaign.breakage(cluster.server.dsn("postgres", "fitpro_t55"))
        with servers.process([sys.executable, "-m", "config.cli", "worker"], servers.environ(apart), log) as worker:
            time.sleep(3)
            assert worker.poll() is None
    written = log.read_text()
    print(f"T55: {campaign.sent} requests, {broken} broken inside, {len(written.splitlines())} lines of log, {len(hits(written))} hits")
    assert hits(written, here.owner.token, here.owner.refresh, here.owner.email, "a long enough secret") == []
    assert campaign.sent > 500
    # A log that says nothing would hold no canary either.
    assert broken >= 1
    assert "request failed" in written
    assert "Traceback" in written


@pytest.fixture
def captured(tmp_path: Path) -> Iterator[Path]:
    """This process's records as the product writes them, in a file."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    path = tmp_path / "captured.log"
    product_logging.configure(json=True, level="debug")
    handler = logging.FileHandler(path)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]
    yield path
    handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_t55_a_body_that_is_logged_is_caught(local: Api, captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault, of the kind that helps to find a bug and then stays."""
    right = inputs.parse_json

    def talkative(raw: bytes, *rest: Any, **options: Any) -> Any:
        logging.getLogger("adapters.http.inputs").debug("read %s", raw)
        return right(raw, *rest, **options)

    monkeypatch.setattr(inputs, "parse_json", talkative)
    local.post("/auth/login", json={"email": f"{CANARY}@example.com", "password": "whatever it is"})
    assert hits(captured.read_text()) != []


@pytest.mark.parametrize(
    "told",
    [
        {"password": CANARY}, {"token": CANARY}, {"authorization": f"Bearer {CANARY}{CANARY}"}, {"cookie": CANARY}, {"body": {"full_name": CANARY}},
        {"query_string": f"q={CANARY}"}, {"url": f"/api/v1/clients?q={CANARY}"}, {"dsn": f"postgresql://u:{CANARY}@db/x"},
    ],
)  # fmt: skip
def test_t55_fields_that_hold_secrets_are_hidden_whoever_logs_them(captured: Path, told: dict[str, Any]) -> None:
    logging.getLogger("a.plugin").warning("something happened", extra=told)
    written = captured.read_text()
    assert "something happened" in written
    assert hits(written) == []
