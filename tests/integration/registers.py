"""A workspace's register of clients over HTTP, as one of its members uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import psycopg

from config.databases import connections
from config.settings import Settings
from tests.servers import Api, Person, Reply, add_member


@dataclass
class Studio:
    """A workspace seen by one of its members."""

    api: Api
    settings: Settings
    owner: Person
    id: str

    @classmethod
    def new(cls, api: Api, settings: Settings) -> Studio:
        owner = api.signup()
        return cls(api, settings, owner, api.workspace(owner))

    @property
    def staff(self) -> dict[str, Any]:
        return {"who": self.owner, "workspace": self.id}

    def call(self, method: str, path: str = "", json: Any = None, who: Person | None = None, **options: Any) -> Reply:
        """A request about clients, as the owner unless told otherwise."""
        return self.api.request(method, f"/api/v1/clients{path}", json=json, who=who or self.owner, workspace=self.id, **options)

    def add(self, **body: Any) -> str:
        """A client, also when they are here already; their id."""
        reply = self.call("POST", "?allow_duplicate=true", body)
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    def get(self, client: str) -> Reply:
        return self.api.get(f"/api/v1/clients/{client}", **self.staff)

    def post(self, body: dict[str, Any]) -> Reply:
        return self.api.post("/api/v1/clients", json=body, **self.staff)

    def patch(self, client: str, body: dict[str, Any], tag: str | None = None) -> Reply:
        return self.api.patch(f"/api/v1/clients/{client}", json=body, headers={"If-Match": tag} if tag else {}, **self.staff)

    def put(self, client: str, body: dict[str, Any], tag: str | None) -> Reply:
        return self.api.put(f"/api/v1/clients/{client}", json=body, headers={"If-Match": tag} if tag else {}, **self.staff)

    def delete(self, client: str, tag: str | None = None) -> Reply:
        return self.api.delete(f"/api/v1/clients/{client}", headers={"If-Match": tag} if tag else {}, **self.staff)

    def find(self, **query: Any) -> list[dict[str, Any]]:
        reply = self.api.get(f"/api/v1/clients?{urlencode(query)}", **self.staff)
        assert reply.status == 200, reply.body
        assert reply.json["next_cursor"] is None
        return list(reply.json["items"])

    def walk(self, **query: Any) -> list[dict[str, Any]]:
        """Every page, one after another, by the Link header."""
        path, found = f"/api/v1/clients?{urlencode(query)}", []
        while path:
            reply = self.api.get(path, **self.staff)
            assert reply.status == 200, reply.body
            found += reply.json["items"]
            path = reply.headers["Link"].partition(">")[0][1:] if reply.json["next_cursor"] else ""
        return found

    def member(self, role: str, client: str | None = None) -> Person:
        person = self.api.signup()
        add_member(self.settings, self.id, person, role, client)
        return person

    def as_cliente(self, client: str | None) -> Studio:
        return Studio(self.api, self.settings, self.member("Cliente", client), self.id)

    def sql(self, text: str, *values: Any) -> list[Any]:
        """As the owner role, which may look at every workspace while maintaining."""
        with psycopg.connect(connections(self.settings).owner) as connection:
            connection.execute("set local app.maintenance = 'on'")
            answer = connection.execute(text, values)
            return answer.fetchall() if answer.description else []
