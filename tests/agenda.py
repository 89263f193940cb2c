"""A studio with a calendar, as tests of bookings use it."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from config.settings import Settings
from tests.servers import Api, Person, Reply, add_member

_DAYS = itertools.count(30)


@dataclass
class Agenda:
    """A workspace with an Owner, two collaborators, and clients of whom the first signs in. Its zone is UTC unless told otherwise."""

    api: Api
    settings: Settings
    workspace: str
    people: dict[str, Person]
    clients: list[str] = field(default_factory=list)

    @classmethod
    def new(cls, api: Api, settings: Settings, *, clients: int = 3, **workspace: Any) -> Self:
        owner, rui, eva, marta = (api.signup(name) for name in ("Ana Souza", "Rui Almeida", "Eva Lind", "Marta Ferreira"))
        id = api.workspace(owner, **{"timezone": "UTC", **workspace})
        made = cls(api, settings, id, {"Owner": owner, "Colaborador": rui, "Eva": eva, "Cliente": marta})
        for n in range(clients):
            reply = made.post("/api/v1/clients", {"full_name": f"Client {n} {uuid.uuid4().hex[:6]}"})
            assert reply.status == 201, reply.body
            made.clients.append(reply.json["id"])
        add_member(settings, id, rui, "Colaborador")
        add_member(settings, id, eva, "Colaborador")
        add_member(settings, id, marta, "Cliente", made.clients[0])
        return made

    @property
    def organizer(self) -> str:
        return self.people["Colaborador"].id

    def ask(self, method: str, path: str, body: Any = None, *, who: str = "Owner", key: str | None = None, **headers: str) -> Reply:
        """A request of one of the people; POSTs get a key of their own unless told which."""
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        return self.api.request(method, path, json=body, who=self.people[who], workspace=self.workspace, headers=headers)

    def get(self, path: str, *, who: str = "Owner", **headers: str) -> Reply:
        return self.ask("GET", path, who=who, **headers)

    def post(self, path: str, body: Any = None, *, who: str = "Owner", **more: str) -> Reply:
        return self.ask("POST", path, body, who=who, **more)

    def made(self, path: str, body: Any, *, who: str = "Owner") -> dict[str, Any]:
        reply = self.post(path, body, who=who)
        assert reply.status == 201, reply.body
        return dict(reply.json)

    def service(self, **given: Any) -> dict[str, Any]:
        terms = {
            "name": f"Training {uuid.uuid4().hex[:8]}", "duration_minutes": 60, "organizer_ids": [self.organizer],
            "window_days": 400,  # every day that `a_day` gives
            **given,
        }  # fmt: skip
        return self.made("/api/v1/bookings/services", terms)

    def room(self) -> str:
        return str(self.made("/api/v1/bookings/rooms", {"name": f"Room {uuid.uuid4().hex[:8]}"})["id"])

    def hours(self, user: str | None = None, *, opens: str = "08:00", closes: str = "20:00", **given: Any) -> None:
        """Somebody works every day."""
        weekly = [{"weekday": n, "opens": opens, "closes": closes} for n in range(1, 8)]
        reply = self.ask("PUT", f"/api/v1/bookings/schedules/{user or self.organizer}", {"weekly": weekly, **given}, **{"If-Match": "*"})
        assert reply.status == 200, reply.body

    def book(self, start: datetime, *, who: str = "Owner", minutes: int = 60, **given: Any) -> Reply:
        """An hour of the collaborator's time unless told otherwise."""
        body = {"start_time": start.isoformat(), "organizer_id": self.organizer, **given}
        if body.get("service_id") is None:
            body = {"title": "Session", "end_time": (start + timedelta(minutes=minutes)).isoformat(), **body}
        return self.post("/api/v1/bookings", body, who=who)

    def booked(self, start: datetime, **given: Any) -> dict[str, Any]:
        reply = self.book(start, **given)
        assert reply.status == 201, reply.body
        return dict(reply.json)

    def act(self, booking: dict[str, Any] | str, verb: str, body: Any = None, *, who: str = "Owner") -> Reply:
        id = booking if isinstance(booking, str) else booking["id"]
        return self.post(f"/api/v1/bookings/{id}/{verb}", {} if body is None and verb not in ("approve", "complete") else body, who=who)

    def slots(self, service: str, day: datetime, *, days: int = 1, who: str = "Cliente", fresh: bool = False, **query: str) -> list[str]:
        """The starts offered from a day on."""
        last = day + timedelta(days=days - 1)
        asked = urlencode({"service": service, "from": f"{day:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}", **query})
        reply = self.get(f"/api/v1/bookings/availability?{asked}", who=who, **({"Cache-Control": "no-cache"} if fresh else {}))
        assert reply.status == 200, reply.body
        return [slot["start_time"] for each in reply.json["items"] for slot in each["slots"]]


def a_day() -> datetime:
    """09:00 UTC of a day to come, in four at the earliest; none of the last three hundred that tests of this process asked for."""
    return (datetime.now(UTC) + timedelta(days=next(_DAYS) % 300 + 4)).replace(hour=9, minute=0, second=0, microsecond=0)
