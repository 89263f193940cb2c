"""The operations of the OpenAPI document, and a world in which each of them can be called: what is tested over "every route" starts here."""

from __future__ import annotations

import copy
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from config.settings import Settings
from tests.invited import invite
from tests.pictures import PNG
from tests.servers import Api, Person, Reply, add_member

PARAMETER = re.compile(r"\{(\w+)\}")
PASSWORD = "a long enough secret"
"""Everybody's."""
BODIES = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class Documented:
    """One operation as the document describes it."""

    method: str
    path: str
    described: dict[str, Any]
    schemas: dict[str, Any]

    def __str__(self) -> str:
        return str(self.described["operationId"])

    @property
    def public(self) -> bool:
        return not self.described["security"]

    @property
    def tenant(self) -> bool:
        """Whether it happens in a workspace."""
        return any(each["name"] == "X-Workspace-Id" for each in self.described["parameters"])

    @property
    def listing(self) -> bool:
        return any(each["name"] == "cursor" for each in self.described["parameters"])

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each["schema"] for each in self.described["parameters"] if each["in"] == "query"}

    @property
    def body_schema(self) -> dict[str, Any] | None:
        media = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return None if media is None else self.resolved(media["schema"])

    @property
    def example(self) -> dict[str, Any]:
        media = self.described["requestBody"]["content"]["application/json"]
        return copy.deepcopy(media["example"])  # type: ignore[no-any-return]

    @property
    def answer_schema(self) -> dict[str, Any] | None:
        for status, answer in self.described["responses"].items():
            if status.startswith("2") and (media := answer.get("content", {}).get("application/json")):
                return self.resolved(media["schema"])
        return None

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
            if "$ref" in part or part.get("properties"):
                return self.resolved(part)
        return schema

    def fields(self, schema: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """Every property of a body at any depth, with its schema."""
        for name, inner in self.resolved(schema).get("properties", {}).items():
            yield (*at, name), inner
            if self.resolved(inner).get("properties"):
                yield from self.fields(inner, (*at, name))

    def objects(self, schema: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """The body and every object in it whose names are fixed."""
        yield at, self.resolved(schema)
        for name, inner in self.resolved(schema).get("properties", {}).items():
            if self.resolved(inner).get("properties"):
                yield from self.objects(inner, (*at, name))


def operations(api: Api) -> list[Documented]:
    """Every operation of the installation's document; what the platform itself answers is none."""
    document = api.get("/api/v1/openapi.json").json
    return [
        Documented(method.upper(), path, described, document["components"]["schemas"])
        for path, item in document["paths"].items()
        for method, described in item.items()
        if method != "parameters" and "x-plugin" in described
    ]


@dataclass
class World:
    """A workspace with every module on, someone of every role, and a record for each path parameter."""

    api: Api
    settings: Settings
    owner: Person
    workspace: str
    operations: list[Documented]
    staff: Person
    cliente: Person
    client_id: str
    _known: dict[str, str] = field(default_factory=dict)
    _half_hours: int = 0

    def path(self, operation: Documented) -> str:
        """The operation's path with ids of records that exist."""
        if str(operation) == "workspaces_get_published_logo":
            return self.logo()
        segments, taken = operation.path.split("/"), list[str]()
        for count, segment in enumerate(segments):
            found = PARAMETER.fullmatch(segment)
            taken.append(self._id("/".join(segments[:count]), "/".join(taken), found[1]) if found else segment)
        return "/".join(taken)

    def call(self, operation: Documented, *, who: Person | str | None = None, path: str | None = None, **options: Any) -> Reply:
        """Call an operation as someone (the Owner), with the headers it asks for."""
        sent = {**options.pop("headers", {})}
        path = path or self.path(operation)
        required = {each["name"] for each in operation.described["parameters"] if each["in"] == "header" and each["required"]}
        if "If-Match" in required:
            sent.setdefault("If-Match", "*")
        if "Idempotency-Key" in required:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        if not operation.public:
            options.setdefault("workspace", self.workspace if operation.tenant else None)
        if who is None and str(operation) == "accounts_create_logout":
            who = self.api.signup("Leaves Soon")
        who = None if operation.public else who or self.owner
        return self.api.request(operation.method, path, who=who, headers=sent, **options)

    def body(self, operation: Documented) -> dict[str, Any]:
        """The documented example, with addresses nobody has yet."""
        body = unused(operation.example)
        if str(operation) == "clients_create_merge":
            made = self.api.post("/api/v1/clients", json={"full_name": "Ana Twin"}, who=self.owner, workspace=self.workspace)
            body["from"] = made.json.get("id", str(uuid.uuid4()))
        if "/bookings" in operation.path:
            body |= {name: known for name, known in self.bookable().items() if name in body}
        if "password" in body and not operation.public:
            body["password"] = PASSWORD  # to prove who they are, and to keep it when they set one
        return body

    def bookable(self) -> dict[str, Any]:
        """A service, somebody who offers it and a time of theirs that nobody has asked for yet."""
        if "service" not in self._known:
            terms = {"name": "Documented", "duration_minutes": 30, "organizer_ids": [self.staff.id], "public": True}
            made = self.api.post("/api/v1/bookings/services", json=terms, who=self.owner, workspace=self.workspace)
            assert made.status == 201, made.body
            self._known["service"] = made.json["id"]
        self._half_hours += 1
        start = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * self._half_hours)
        return {
            "service_id": self._known["service"], "organizer_id": self.staff.id, "start_time": start.isoformat(),
            "end_time": (start + timedelta(minutes=30)).isoformat(), "client_ids": [], "user_id": None, "room_id": None,
        }  # fmt: skip

    def logo(self) -> str:
        """The path of the workspace's logo, sent when there is none yet."""
        workspace = f"/api/v1/workspaces/{self.workspace}"
        shown = self.api.get(workspace, who=self.owner)
        if "/branding/logos/" not in (shown.json["branding"]["logo"] or ""):
            shown = self.api.put(f"{workspace}/logo", raw=PNG, headers={"Content-Type": "image/png"}, who=self.owner)
        return urlsplit(shown.json["branding"]["logo"]).path

    def read(self, operation: Documented, path: str) -> bytes | None:
        """What GET on the same path says, as the Owner; None without one."""
        for other in self.operations:
            if other.method == "GET" and other.path == operation.path:
                return self.call(other, path=path).body
        return None

    def _id(self, template: str, collection: str, name: str) -> str:
        """Of a record below a collection, whose documented and whose real path these are; made when there is none yet."""
        if name == "workspace_id":
            return self.workspace
        if name == "client_id":
            return self.client_id
        if name == "user_id":
            return self.staff.id
        if collection not in self._known:
            self._known[collection] = self._first(collection, name) or self._made(template, collection, name) or str(uuid.uuid4())
        return self._known[collection]

    def _first(self, collection: str, name: str) -> str | None:
        reply = self.api.get(f"{collection}?limit=2", who=self.owner, workspace=self.workspace)
        items = reply.json.get("items", ()) if reply.status == 200 else ()
        return next((_named(item, name) for item in items if not item.get("current")), None)

    def _made(self, template: str, collection: str, name: str) -> str | None:
        for operation in self.operations:
            if operation.method == "POST" and operation.path == template and operation.body_schema:
                reply = self.call(operation, path=collection, json=self.body(operation))
                return _named(reply.json, name) if reply.status == 201 else None
        return None


def world(api: Api, settings: Settings) -> World:
    """Build one."""
    owner = api.signup("Olga Owner")
    elsewhere = api.post("/auth/login", json={"email": owner.email, "password": PASSWORD})
    assert elsewhere.status == 200, elsewhere.body
    workspace = api.workspace(owner, "Documented Studio")
    for module in api.get(f"/api/v1/workspaces/{workspace}/modules?limit=200", who=owner).json["items"]:
        if not module["enabled"] and module["state"] == "ready":
            body = {"enabled": True, "with_dependencies": True}
            reply = api.put(f"/api/v1/workspaces/{workspace}/modules/{module['name']}", json=body, who=owner)
            assert reply.status == 200, (module["name"], reply.body)
    made = api.post("/api/v1/clients", json={"full_name": "Clara Cliente", "notes": "n"}, who=owner, workspace=workspace)
    assert made.status == 201, made.body
    consent = {"how": "Signed on paper."}
    given = api.post(f"/api/v1/clients/{made.json['id']}/consents", json=consent, who=owner, workspace=workspace)
    assert given.status == 201, given.body
    uploaded = api.post(
        "/api/v1/clients/import", raw=b"full_name\r\nIda Imported\r\n", headers={"Content-Type": "text/csv"}, who=owner, workspace=workspace
    )
    assert uploaded.status == 200, uploaded.body
    invite(api, owner, f"u{time.time_ns()}@example.com", workspace=workspace)
    staff, cliente = api.signup("Sam Staff"), api.signup("Clara Cliente")
    add_member(settings, workspace, staff, "Colaborador")
    add_member(settings, workspace, cliente, "Cliente", made.json["id"])
    return World(api, settings, owner, workspace, operations(api), staff, cliente, made.json["id"])


def _named(record: dict[str, Any], parameter: str) -> str:
    """What a path calls a record."""
    return str(record.get("id", record.get(parameter, "")))


def unused(value: Any) -> Any:
    """The same, with every e-mail address and phone number replaced by one nobody has."""
    if isinstance(value, dict):
        fresh = {"email": f"u{time.time_ns()}@example.com", "phone": f"+34{time.time_ns() // 1000 % 10**9:09}"}
        return {name: fresh[name] if name in fresh and inner else unused(inner) for name, inner in value.items()}
    return [unused(each) for each in value] if isinstance(value, list) else value


def changed(body: dict[str, Any], at: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of the body with one place set; objects on the way are made."""
    copied = copy.deepcopy(body)
    place = copied
    for name in at[:-1]:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[at[-1]] = value
    return copied
