"""A canary put wherever the product takes a text: in every writable field, good and bad, in queries, paths, headers and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import psycopg

from tests.documented import BODIES, Documented, World, changed, unused

CANARY = "piicanary"
HEADERS = (
    "Authorization", "Cookie", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Idempotency-Key", "If-Match",
    "If-None-Match", "X-Workspace-Id", "Content-Type", "Accept", "Accept-Language", "Content-Encoding", "From", "Via", "X-Device-Token",
)  # fmt: skip
"""X-Request-Id is not among them: it is in the logs on purpose, and the caller's own choice."""
BROKEN = ("clients", "users", "audit_logs")
_ENDING = ("accounts_create_logout", "workspaces_delete_user", "workspaces_delete_own_membership", "accounts_delete_me")
"""Operations after which the one who asks is nobody here any more."""


@dataclass
class Campaign:
    """What was sent."""

    here: World
    sent: int = 0
    fields: set[tuple[str, ...]] = field(default_factory=set)

    def call(self, operation: Documented, **options: Any) -> None:
        self.sent += 1
        self.here.call(operation, **options)

    def everywhere(self) -> None:
        """A canary in every text of every operation, in what is good and in what is not."""
        for operation in self.here.operations:
            if str(operation) in _ENDING:
                continue
            path = self.here.path(operation)
            for name in operation.query:
                self.call(operation, path=f"{path}?{name}={CANARY}")
            self.call(operation, path=f"{path}?{CANARY}={CANARY}")
            self.call(operation, path=f"{path.rpartition('/')[0]}/{quote(CANARY)}%20x")
            if operation.method in BODIES and operation.body_schema is not None:
                self.bodies(operation, path)
            elif "requestBody" in operation.described:
                self.files(operation, path)

    def bodies(self, operation: Documented, path: str) -> None:
        body = self.here.body(operation)
        assert operation.body_schema is not None
        full = body
        for at, schema in operation.fields(operation.body_schema):
            self.fields.add((str(operation), *at))
            value = self.filled(operation, schema, at[-1])
            full = changed(full, at, value)
            self.call(operation, path=path, json=changed(unused(body), at, value))
            self.call(operation, path=path, json=changed(unused(body), at, CANARY + "x" * 20_000))
            if not isinstance(value, str):
                self.call(operation, path=path, json=changed(unused(body), at, f"{CANARY} {self.sent}"))
        self.call(operation, path=path, json=full)
        self.call(operation, path=path, json={**body, CANARY: CANARY})
        for raw in (b'{"a": "' + CANARY.encode(), b"[" * 50 + CANARY.encode(), CANARY.encode() + b"\xff\xfe", b'"' + CANARY.encode() + b'"'):
            self.call(operation, path=path, raw=raw)

    def filled(self, operation: Documented, schema: dict[str, Any], name: str) -> Any:
        """A value of a field with the canary in every text there is in it."""
        schema = operation.resolved(schema)
        if schema.get("properties"):
            return {inner: self.filled(operation, each, inner) for inner, each in schema["properties"].items()}
        if "items" in schema:
            return [self.filled(operation, schema["items"], name)]
        if "object" in schema.get("type", ()) or "additionalProperties" in schema:
            return {CANARY: CANARY}
        return f"{CANARY}{self.sent}@example.com" if name == "email" else f"{CANARY} {self.sent} secret text"

    def files(self, operation: Documented, path: str) -> None:
        """The example with a line of canaries, and nothing but them."""
        media, told = next(iter(operation.described["requestBody"]["content"].items()))
        self.fields.add((str(operation), media))
        good = str(told.get("example", "")).encode()
        line = b",".join([CANARY.encode()] * (good.partition(b"\r\n")[0].count(b",") + 1))
        for raw in (good + line + b"\r\n", line, CANARY.encode() + b"\xff\x00"):
            self.call(operation, path=path, raw=raw, headers={"Content-Type": media})

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

    def missed(self) -> set[tuple[str, ...]]:
        """Writable fields that got no canary."""
        found = set()
        for operation in self.here.operations:
            if operation.method in BODIES and operation.body_schema is not None and str(operation) not in _ENDING:
                found |= {(str(operation), *at) for at, _ in operation.fields(operation.body_schema)}
        return found - self.fields


def hits(text: str, *others: str) -> list[str]:
    """The lines that hold what they should not."""
    return [line[:300] for line in text.splitlines() if CANARY in line.lower() or any(each in line for each in others)]
