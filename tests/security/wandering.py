"""A random walk over every operation of the OpenAPI document, with ids, cursors, tags and keys of one's own, of others, and of nobody."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import string
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

from adapters.http.gateway import Gateway
from tests.security.calendars import STAGES, Calendar, stage_of
from tests.security.documents import Operation
from tests.security.letters import KIND, Letters
from tests.servers import Person

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PASSWORD = "a long enough secret"
KINDS = {
    "client_id": "clients.id",
    "user_id": "user_roles.user_id",
    "assigned_to": "user_roles.user_id",
    "actor_id": "user_roles.user_id",
    "workspace_id": "workspaces.id",
    "entry_id": "audit_logs.id",
    "before": "audit_logs.id",
    "invitation_id": "workspaces_invitation.id",
    "reassign_to": "user_roles.user_id",
    "consent_id": "clients_consent.id",
    "recorded_by": "user_roles.user_id",
    "note_id": "clients_notes.id",
    "exclusion_id": "clients_exclusion.id",
    "author_id": "user_roles.user_id",
    "import_id": "clients_import.id",
    "filter_id": "clients_filter.id",
    "filter": "clients_filter.id",
    "from": "clients.id",
    "key_id": "api_keys.id",
    "session_id": "sessions.id",
    "file_id": "files.id",
    "booking_id": "bookings.id",
    "series_id": "bookings_series.id",
    "feed_id": "bookings_feed.id",
    "calendar_id": "bookings_calendar.id",
    "service_id": "bookings_service.id",
    "service": "bookings_service.id",
    "room_id": "bookings_room.id",
    "room": "bookings_room.id",
    "hold_id": "bookings_time.id",
    "time_off_id": "bookings_time_off.id",
    "organizer_id": "user_roles.user_id",
    "organizer": "user_roles.user_id",
    "client": "clients.id",
    "booked_by": "user_roles.user_id",
}
"""Parameter → the column whose values it names; others take any id there is."""

NAMES = {"domain": "workspaces_domain.domain"}
"""The same for names that people choose: a claim on another's is allowed, and comes to nothing."""

CRAFTED = ("00000000-0000-0000-0000-000000000000", "null", "undefined", "*", "' or 1=1--", "../clients", "a" * 300, "1", "%", "\u0661")
SERVER_OWNED = ("workspace_id", "id", "version", "role", "client_id", "user_id", "created_at", "owner_id")


@dataclass(frozen=True)
class Call:
    """A request as it goes out."""

    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    question: str = ""
    media: str = "application/json"

    def texts(self) -> str:
        return " ".join((self.path, self.query, *self.headers.values(), (self.body or b"").decode("utf-8", "replace"))).lower()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Sequence[tuple[str, str]]
    body: str

    def texts(self) -> Iterator[str]:
        yield self.body
        for name, value in self.headers:
            yield f"{name}: {value}"


def serve(gateway: Gateway, call: Call) -> Answer:
    """The answer of the application in this process, without a client library in between."""
    path = unquote_to_bytes(call.path).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": call.query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.errors": io.StringIO(), "wsgi.input": io.BytesIO(call.body or b""),
    }  # fmt: skip
    if call.body is not None:
        environ |= {"CONTENT_LENGTH": str(len(call.body)), "CONTENT_TYPE": call.media}
    for name, value in call.headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value.encode().decode("latin-1")
    got: list[Any] = []
    body = b"".join(gateway(environ, lambda status, headers, _=None: got.extend((int(status[:3]), headers))))
    return Answer(got[0], got[1], body.decode("utf-8", "replace"))


@dataclass
class Shared:
    """What everybody finds lying around: tags, cursors and keys that others used before."""

    tags: list[str] = field(default_factory=lambda: ['"1-clients.client"', "*"])
    cursors: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # operation → (query without the cursor, cursor)
    keys: list[str] = field(default_factory=lambda: [f"key-{n}" for n in range(30)])

    def collect(self, call: Call, answer: Answer) -> None:
        headers = dict(answer.headers)
        if "ETag" in headers and len(self.tags) < 500:
            self.tags.append(headers["ETag"])
        if found := re.search(r'"next_cursor":"([^"]+)"', answer.body):
            self.cursors.setdefault(call.operation, []).append((call.question, found[1]))
            del self.cursors[call.operation][:-40]


@dataclass
class Walker:
    """Somebody with a token. own and foreign: `table.column` → ids; text: what they write."""

    who: Person
    workspace: str
    own: Mapping[str, Sequence[str]]
    foreign: Mapping[str, Sequence[str]]
    modules: Sequence[str]
    text: str
    shared: Shared
    letters: Letters
    dice: random.Random
    calendar: Calendar
    role: str

    def call(self, operation: Operation) -> Call:
        """A random request for the operation, more often sensible than not."""
        dice = self.dice
        path, named = operation.path, []
        together = self._together(operation) if dice.random() < 0.4 else {}
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                stage = self._stage(operation, parameter["name"])
                value = together.get(parameter["name"]) or self._id(parameter["name"], parameter["schema"], stage)
                path = path.replace("{" + parameter["name"] + "}", quote(value, safe=""))
        headers = {"Authorization": f"Bearer {self.who.token}"}
        if (workspace := self._workspace()) is not None:
            headers["X-Workspace-Id"] = workspace
        for parameter in operation.parameters:
            chance = 0.95 if parameter.get("required") else 0.3
            if parameter["in"] == "query" and parameter["name"] != "cursor" and dice.random() < chance:
                named.append((parameter["name"], self._value(parameter["name"], parameter["schema"])))
        if (asked := self.calendar.asked(operation.method, operation.path, self.role)) and dice.random() < 0.6:
            named = [*asked.items()]
        if dice.random() < 0.03:
            named.append(("workspace_id", self._pick(self.foreign, "workspaces.id")))
        question = urlencode(named)
        query = question
        if (seen := self.shared.cursors.get(operation.id)) and dice.random() < 0.3:
            question, cursor = dice.choice(seen)
            query = f"{question}&cursor={cursor}" if question else f"cursor={cursor}"
        if operation.method in ("PUT", "PATCH", "DELETE") and dice.random() < (0.95 if operation.method == "PUT" else 0.2):
            headers["If-Match"] = "*" if dice.random() < 0.5 else dice.choice(self.shared.tags)
        if operation.method == "GET" and dice.random() < 0.15:
            headers["If-None-Match"] = dice.choice(self.shared.tags[:1] + self.shared.tags[2:])
        if operation.method == "POST" and dice.random() < 0.25:
            headers["Idempotency-Key"] = dice.choice(self.shared.keys)
        elif dice.random() < 0.95 and any(p["in"] == "header" and p["name"] == "Idempotency-Key" and p.get("required") for p in operation.parameters):
            headers["Idempotency-Key"] = uuid.UUID(int=dice.getrandbits(128)).hex
        if operation.path.startswith("/files/"):
            query = self.letters.query(operation.method, self.own["files.id"][0]) if dice.random() < 0.8 else query
            content = self.letters.content if operation.method == "PUT" else None
            return Call(operation.id, operation.method, path, query, headers, content, media=KIND)
        body = None if operation.body is None else json.dumps(self._body(operation)).encode()
        if operation.upload is not None:
            content = operation.upload[1].replace(b"Ana", f"Ana {self.text} {dice.randrange(10**6)}".encode())
            return Call(operation.id, operation.method, path, query, headers, content, question, operation.upload[0])
        return Call(operation.id, operation.method, path, query, headers, body, question)

    def _stage(self, operation: Operation, name: str) -> str:
        """Of bookings, those that the operation asks for; of holds, one's own."""
        if name != "booking_id":
            return {"hold_id": "bookings_time.held", "feed_id": "bookings_feed.own", "calendar_id": "bookings_calendar.own"}.get(name, "")
        return stage_of(operation.method, operation.path) or ("bookings.coming" if self.role == "Cliente" else "")

    def _together(self, operation: Operation) -> dict[str, str]:
        """A client of one's own and something of that very client, which two throws of the dice would rarely name."""
        for name in (p["name"] for p in operation.parameters if p["in"] == "path" and p["name"] != "client_id"):
            if "{client_id}" in operation.path and (pairs := self.own.get(KINDS.get(name, "").replace(".id", ".pair"))):
                client, _, inner = self.dice.choice(pairs).partition(" ")
                return {"client_id": client, name: inner}
        return {}

    def _workspace(self) -> str | None:
        chance = self.dice.random()
        if chance < 0.75:
            return self.workspace
        if chance < 0.87:
            return self._pick(self.foreign, "workspaces.id")
        if chance < 0.95:
            return None
        return str(uuid.uuid4()) if chance < 0.98 else self.dice.choice(CRAFTED[:-1])

    def _id(self, name: str, schema: Mapping[str, Any], stage: str = "") -> str:
        dice, chance = self.dice, self.dice.random()
        if name == "name":
            return dice.choice([*self.modules, "nothing"])
        kind = KINDS.get(name) or NAMES.get(name, "")
        if chance < 0.2 and name == "user_id":  # what everybody may do with themselves
            return self.who.id
        if chance < 0.2 and stage in STAGES.values():  # those there are may have been called off on the way
            return self.calendar.fresh(stage)
        if chance < 0.5:
            return self._pick(self.own, stage if self.own.get(stage) else kind)
        if chance < 0.85:
            return self._pick(self.foreign, kind)
        if chance < 0.92:
            return str(dice.randrange(10**6)) if schema.get("type") == "integer" else str(uuid.uuid4())
        if chance < 0.97:
            foreign = self._pick(self.foreign, kind)
            return dice.choice(
                (foreign.upper(), f"{{{foreign}}}", foreign.replace("-", ""), f"{self._pick(self.own, kind)},{foreign}", f" {foreign}")
            )
        return dice.choice(CRAFTED)

    def _pick(self, pool: Mapping[str, Sequence[str]], kind: str) -> str:
        values = pool.get(kind) or [each for some in pool.values() for each in some]
        return self.dice.choice(values)

    def _value(self, name: str, schema: Mapping[str, Any]) -> str:
        kinds = schema.get("type", "string")
        if "enum" in schema:
            return str(self.dice.choice(schema["enum"]))
        if schema.get("format") == "uuid" or name in ("record_id", "domain"):
            return self._id(name, schema)
        if "integer" in kinds:
            return str(self.dice.choice((1, 2, 3, 50)) if name == "limit" else self.dice.randrange(1000))
        if "boolean" in kinds:
            return self.dice.choice(("true", "false"))
        if schema.get("format") == "date":
            return self.dice.choice(("2026-12-01", "2026-12-07"))
        if schema.get("format") == "date-time":
            return self.dice.choice(("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"))
        words: tuple[str, ...] = ("zq", "bia", "ana", "clients", *string.ascii_lowercase, self.text)
        return self.dice.choice(words)

    def _body(self, operation: Operation) -> dict[str, Any]:
        dice, schema = self.dice, operation.body or {}
        required = set(schema.get("required", ()))
        if "/bookings" in operation.path and dice.random() < 0.8:
            wanted = self.calendar.wanted(operation.path, self.role, operation.example)
            if wanted is not None:
                return wanted
        body: dict[str, Any] = {}
        for name, value in copy.deepcopy(dict(operation.example)).items():
            if name not in required and dice.random() < 0.4:
                continue
            body[name] = self._written(name, schema.get("properties", {}).get(name, {}), value, operation)
        if dice.random() < 0.04:
            body[dice.choice(SERVER_OWNED)] = self._pick(self.foreign, dice.choice(("workspaces.id", "clients.id")))
        if dice.random() < 0.02 and body:
            body[dice.choice(list(body))] = dice.choice((None, [], {}, 7, "x" * 5000, [self._pick(self.foreign, "clients.id")]))
        return body

    def _written(self, name: str, schema: Mapping[str, Any], example: Any, operation: Operation) -> Any:
        dice = self.dice
        if name == "token":
            return self._token(operation.path)
        if operation.path.startswith("/auth") or operation.path.endswith(("/reauthenticate", "/me/password")):
            return self._secret(name, example, operation)
        if name == "domain":  # a name of others may be claimed too, and would be read back with their canary
            return f"{uuid.uuid4().hex[:12]}.{self.text}.example.org"
        if schema.get("format") == "uuid" or name in KINDS:
            return None if dice.random() < 0.4 else self._id(name, schema)
        if "enum" in schema:
            return dice.choice(schema["enum"])
        if schema.get("type") == "boolean":
            return dice.random() < 0.7
        if name == "email":
            return f"{self.text}@example.com" if dice.random() < 0.5 else f"{uuid.uuid4().hex}.{self.text}@example.com"
        if name == "phone":
            return f"+34 6{dice.randrange(10**8):08}"
        text = f"Nome {self.text}"
        fits = isinstance(example, str) and name != "timezone" and "format" not in schema and re.search(schema.get("pattern", ""), text) is not None
        return text if fits and len(example) > 3 else example

    def _token(self, path: str) -> str:
        """What a letter of one's own says, or that with another workspace in it, or anything."""
        chance = self.dice.random()
        if chance < 0.6:
            return self.letters.token(path)
        elsewhere = uuid.UUID(self._pick(self.foreign, "workspaces.id")).hex
        return f"{elsewhere}.{self.letters.token('')[33:]}" if chance < 0.8 else self.dice.choice(CRAFTED)

    def _secret(self, name: str, example: Any, operation: Operation) -> Any:
        new = operation.path.endswith("/signup")
        if name == "email":
            return f"{uuid.uuid4().hex}@example.com" if new else self.who.email
        if name == "password":
            return PASSWORD if self.dice.random() < 0.7 or not operation.path.endswith(("/login", "/reauthenticate")) else "a wrong secret"
        if name == "refresh_token":
            return self.who.refresh
        return {"terms": True, "privacy": True} if name == "consents" else example if name != "full_name" else f"Eva {self.text}"


def walk(
    gateway: Gateway, choose: Callable[[], tuple[Walker, Operation]], steps: int, after: Callable[[Walker, Operation, Call, Answer], None]
) -> None:
    """Take this many steps, telling `after` about each."""
    for _ in range(steps):
        walker, way = choose()
        call = walker.call(way)
        answer = serve(gateway, call)
        walker.shared.collect(call, answer)
        after(walker, way, call, answer)
