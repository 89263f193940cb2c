"""A workspace that claims domains, with the zone they are published in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import Api, Person, Reply


@dataclass
class Studio:
    """A workspace and its Owner. zone: where its DNS is."""

    api: Api
    zone: Path
    owner: Person
    id: str

    @property
    def path(self) -> str:
        return f"/api/v1/workspaces/{self.id}/domains"

    def claim(self, domain: str) -> dict[str, Any]:
        reply = self.api.post(self.path, json={"domain": domain}, who=self.owner)
        assert reply.status == 201, reply.body
        return reply.json  # type: ignore[no-any-return]

    def publish(self, claimed: dict[str, Any]) -> None:
        with self.zone.open("a") as file:
            file.write(f"{claimed['record']['name']} {claimed['record']['value']}\n")

    def verify(self, domain: str) -> Reply:
        return self.api.post(f"{self.path}/{domain}/verify", who=self.owner)

    def verified(self, domain: str) -> dict[str, Any]:
        self.publish(self.claim(domain))
        reply = self.verify(domain)
        assert (reply.status, reply.json["state"]) == (200, "verified"), reply.body
        return reply.json  # type: ignore[no-any-return]


def name(prefix: str = "studio") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}.example.com"


def face(api: Api, domain: str | None = None, **headers: str) -> Reply:
    return api.get("/api/v1/branding" + (f"?domain={domain}" if domain else ""), headers=headers)
