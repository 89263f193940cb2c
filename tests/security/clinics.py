"""A studio that keeps health data, for the tests of consent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from config.settings import Settings
from tests.servers import Api, Person, Reply, add_member

HEALTH = {
    "conditions": ["asthma"],
    "injuries": [{"description": "Left knee", "since": "2026-02-01", "until": None}],
    "medication": ["salbutamol"],
    "allergies": ["penicillin"],
    "emergency_contact": {"name": "Marta", "phone": "+34600000000", "relationship": "sister"},
    "baseline": {
        "measured_on": "2026-03-01", "height_cm": 172.5, "weight_kg": 70.45, "body_fat_percent": None, "waist_cm": None,
        "resting_heart_rate": 62, "systolic": 120, "diastolic": 80,
    },
    "notes": "No jumping until May. ñ 💊",
}  # fmt: skip
PAPER = {"how": "Signed on paper."}


@dataclass
class Clinic:
    """A studio with a client who has a record, and another who has none of theirs."""

    api: Api
    people: dict[str, Person]
    workspace: str
    client: str
    other: str
    consents: list[str] = field(default_factory=list)

    @classmethod
    def new(cls, api: Api, settings: Settings) -> Clinic:
        people = {"Owner": api.signup("Olga"), "Colaborador": api.signup("Sam"), "Cliente": api.signup("Clara")}
        workspace = api.workspace(people["Owner"], "Clinic")
        made = [
            api.post("/api/v1/clients", json={"full_name": name}, who=people["Owner"], workspace=workspace).json["id"] for name in ("Clara", "Dora")
        ]
        add_member(settings, workspace, people["Colaborador"], "Colaborador")
        add_member(settings, workspace, people["Cliente"], "Cliente", made[0])
        return cls(api, people, workspace, *made)

    def ask(self, who: str, method: str, path: str = "health", *, client: str | None = None, **options: Any) -> Reply:
        url = f"/api/v1/clients/{client or self.client}/{path}"
        return self.api.request(method, url, who=self.people[who], workspace=self.workspace, **options)

    def give(self, who: str, body: dict[str, Any] | None = None) -> Reply:
        reply = self.ask(who, "POST", "consents", json=body if body is not None else {} if who == "Cliente" else PAPER)
        if reply.status == 201:
            self.consents.append(reply.json["id"])
        return reply

    def withdraw(self, who: str, consent: str | None = None) -> Reply:
        return self.ask(who, "DELETE", f"consents/{consent or self.consents[-1]}")

    def write(self, who: str = "Owner", body: Any = HEALTH, tag: str = "*") -> Reply:
        return self.ask(who, "PUT", json=body, headers={"If-Match": tag})

    def statuses(self) -> dict[str, int]:
        return {who: self.ask(who, "GET").status for who in ("Owner", "Colaborador", "Cliente")}

    def reads(self) -> list[dict[str, Any]]:
        """Who read their sensitive data, as the client sees it."""
        found = self.api.get("/api/v1/audit/reads", who=self.people["Cliente"], workspace=self.workspace)
        return list(found.json["items"])
