"""Free times that are kept are those that would be computed, whatever changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.bootstrap import install, web
from config.settings import Settings
from plugins import bookings
from plugins.bookings.domain.seats import anyones
from tests.agenda import Agenda, a_day
from tests.integration.domains import Studio, name
from tests.servers import Api, Cluster, Reply, owner_of

HOUR = timedelta(hours=1)
MIGRATIONS = Path(bookings.__file__).parent / "migrations"

ANEW = {"Cache-Control": "no-cache"}


class Walk:
    """Random changes to everything an answer is made from, seeded."""

    def __init__(self, agenda: Agenda, seed: int) -> None:
        self.agenda = agenda
        self.chance = random.Random(seed)
        self.day = a_day()
        self.rooms = [agenda.room() for _ in range(2)]
        self.services = [agenda.service(step_minutes=30, public=True), agenda.service(room_ids=self.rooms, public=True)]
        self.services.append(agenda.service(capacity=2, public=True))
        self.public = {each["id"] for each in self.services}
        self.opened, self.domain = False, name()
        assert agenda.settings.dns_zone is not None
        self.studio = Studio(agenda.api, agenda.settings.dns_zone, agenda.people["Owner"], agenda.workspace)
        self.studio.verified(self.domain)
        self.page()
        for user in (agenda.organizer, agenda.people["Eva"].id):
            agenda.hours(user)
        self.made: list[str] = []
        self.full = self.substituted = 0
        self.steps: list[Callable[[], Any]] = [
            *(self.book, self.book, self.cancel, self.move, self.hold, self.expire, self.join),
            *(self.hours, self.away, self.close, self.terms, self.zone, self.toggle),
            *(self.page, self.publish, self.release, self.fill, self.archive, self.shut),
            *(self.substitute, self.lead, self.capacity, self.seats),
        ]

    def unequal(self, steps: int) -> list[str]:
        """After which steps some kept answer differed from the computed one."""
        found = []
        for n in range(steps):
            step = self.chance.choice(self.steps)
            step()
            for service in self.services:
                asked = f"availability?service={service['id']}&from={self.day:%Y-%m-%d}&to={self.day + timedelta(days=3):%Y-%m-%d}"
                kept, computed = (self.agenda.get(f"/api/v1/bookings/{asked}", **headers) for headers in ({}, ANEW))
                assert kept.status == computed.status == 200, (kept.body, computed.body)
                if kept.body != computed.body:
                    found.append(f"{n}: {step.__name__}")
                public, anew = (self.agenda.api.get(f"/api/v1/bookings/public/{asked}&domain={self.domain}", headers=each) for each in ({}, ANEW))
                seen = self.opened and service["id"] in self.public
                assert public.status == anew.status == (200 if seen else 404), (public.body, anew.body)
                if seen and (public.body != anew.body or public.json["items"] != self.of_anyone(computed)):
                    found.append(f"{n}: {step.__name__}, for strangers")
                offering = self.agenda.get(f"/api/v1/bookings/services/{service['id']}").json["organizer_ids"]
                self.substituted += sum(slot["organizer_id"] not in offering for day in computed.json["items"] for slot in day["slots"])
                self.full += sum(slot["can_queue"] for day in computed.json["items"] for slot in day["slots"])
        return found

    @staticmethod
    def of_anyone(reply: Reply) -> list[dict[str, Any]]:
        """What strangers should see where members see this."""
        return [{**day, "slots": anyones(day["slots"])} for day in reply.json["items"]]

    def time(self) -> datetime:
        return self.day + timedelta(days=self.chance.randrange(3), minutes=30 * self.chance.randrange(-2, 18))

    def someone(self) -> str:
        return self.chance.choice([self.agenda.organizer, self.agenda.people["Eva"].id])

    def book(self) -> None:
        service = self.chance.choice([None, *(each["id"] for each in self.services)])
        reply = self.agenda.book(self.time(), service_id=service, organizer_id=self.someone())
        if reply.status == 201:
            self.made.append(reply.json["id"])

    def cancel(self) -> None:
        if self.made:
            self.agenda.act(self.made.pop(self.chance.randrange(len(self.made))), "cancel")

    def move(self) -> None:
        if self.made:
            self.agenda.act(self.chance.choice(self.made), "reschedule", {"start_time": self.time().isoformat()})

    def join(self) -> None:
        if self.made:
            self.agenda.act(self.chance.choice(self.made), "join", {"client_id": self.chance.choice(self.agenda.clients)})

    def fill(self) -> None:
        reply = self.agenda.book(self.time(), service_id=self.services[2]["id"], client_ids=self.agenda.clients[:2])
        if reply.status == 201:
            self.made.append(reply.json["id"])

    def substitute(self) -> None:
        """Also one who never offers any of the services."""
        if self.made:
            other = self.chance.choice([self.someone(), self.agenda.people["Owner"].id])
            self.agenda.act(self.chance.choice(self.made), "reassign", {"organizer_id": other})

    def lead(self) -> None:
        """A class of somebody who does not offer its service."""
        leader, service = self.agenda.people["Owner"].id, self.services[2]["id"]
        self.agenda.book(self.time(), service_id=service, organizer_id=leader, client_ids=[])

    def capacity(self) -> None:
        service = self.chance.choice(self.services)["id"]
        assert self.agenda.ask("PATCH", f"/api/v1/bookings/services/{service}", {"capacity": self.chance.choice([1, 2])}).status == 200

    def seats(self) -> None:
        if self.made:
            self.agenda.ask("PATCH", f"/api/v1/bookings/{self.chance.choice(self.made)}", {"capacity": self.chance.choice([1, 2, 3])})

    def hold(self) -> None:
        wanted = {"service_id": self.services[0]["id"], "organizer_id": self.agenda.organizer, "start_time": self.time().isoformat()}
        self.agenda.post("/api/v1/bookings/holds", wanted)

    def expire(self) -> None:
        """By the passing of time alone: nobody writes it down."""
        with owner_of(self.agenda.settings) as connection:
            connection.execute("alter table bookings_time disable trigger user")
            gone = "update bookings_time set expires_at = now() - interval '1 second' where workspace_id = %s and expires_at is not null"
            connection.execute(gone, (self.agenda.workspace,))
            connection.execute("alter table bookings_time enable trigger user")

    def hours(self) -> None:
        self.agenda.hours(self.someone(), opens=f"{self.chance.randrange(6, 11):02}:00", closes=f"{self.chance.randrange(14, 22):02}:30")

    def away(self) -> None:
        start = self.time()
        body = {"user_id": self.someone(), "starts_at": start.isoformat(), "ends_at": (start + 3 * HOUR).isoformat()}
        self.agenda.made("/api/v1/bookings/time-off", body)

    def close(self) -> None:
        start = self.time()
        body = {"room_id": self.chance.choice([None, *self.rooms]), "starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
        self.agenda.made("/api/v1/bookings/time-off", body)

    def archive(self) -> None:
        """One of the two rooms, which its service loses; and since there is no way back over HTTP, by hand, and it is given both again."""
        if self.agenda.ask("DELETE", f"/api/v1/bookings/rooms/{self.chance.choice(self.rooms)}").status == 409:
            return  # bookings to come are there, or the other is shut
        self.by_hand("archived_at = null", self.rooms)
        assert self.agenda.ask("PATCH", f"/api/v1/bookings/services/{self.services[1]['id']}", {"room_ids": self.rooms}).status == 200

    def shut(self) -> None:
        """As if its service had it still."""
        self.by_hand("archived_at = case when archived_at is null then now() end", [self.chance.choice(self.rooms)])

    def by_hand(self, change: str, rooms: list[str]) -> None:
        text = f"update bookings_room set {change} where workspace_id = %s and id = any(%s::uuid[])"
        with owner_of(self.agenda.settings) as connection:
            connection.execute(text, (self.agenda.workspace, rooms))

    def terms(self) -> None:
        service = self.chance.choice(self.services)
        both = [self.agenda.organizer, self.agenda.people["Eva"].id]
        offering = self.chance.choice([both, both[:1], both[1:]])
        changes = self.chance.choice([{"buffer_after_minutes": self.chance.choice([0, 15, 30])}, {"organizer_ids": offering}])
        assert self.agenda.ask("PATCH", f"/api/v1/bookings/services/{service['id']}", changes).status == 200

    def zone(self) -> None:
        changed = {"timezone": self.chance.choice(["UTC", "Europe/Lisbon", "Asia/Kolkata"])}
        assert self.agenda.ask("PATCH", f"/api/v1/workspaces/{self.agenda.workspace}", changed).status == 200

    def page(self) -> None:
        self.opened = not self.opened
        module, settings = f"/api/v1/workspaces/{self.agenda.workspace}/modules/bookings", {"public_page": self.opened}
        assert self.agenda.ask("PUT", module, {"enabled": True, "settings": settings}).status == 200

    def publish(self) -> None:
        service = self.chance.choice(self.services)["id"]
        self.public ^= {service}
        assert self.agenda.ask("PATCH", f"/api/v1/bookings/services/{service}", {"public": service in self.public}).status == 200

    def release(self) -> None:
        assert self.agenda.ask("DELETE", f"{self.studio.path}/{self.domain}").status == 204
        asked = f"/api/v1/bookings/public/availability?service={self.services[0]['id']}&from={self.day:%Y-%m-%d}&to={self.day:%Y-%m-%d}"
        assert self.agenda.api.get(f"{asked}&domain={self.domain}").status == 404
        self.studio.verified(self.domain)

    def toggle(self) -> None:
        module = f"/api/v1/workspaces/{self.agenda.workspace}/modules/bookings"
        for enabled in (False, True):
            assert self.agenda.ask("PUT", module, {"enabled": enabled}).status == 200


def test_what_is_kept_equals_what_would_be_computed_after_every_change(local: Api, settings: Settings) -> None:
    walk = Walk(Agenda.new(local, settings), seed=7)
    assert walk.unequal(80) == []
    assert walk.full > 0, "no class was ever full"
    assert walk.substituted > 0, "no class was ever another's"


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_equals_what_would_be_computed_at_length(local: Api, settings: Settings, seed: int) -> None:
    assert Walk(Agenda.new(local, settings), seed=seed).unequal(200) == []


@pytest.mark.parametrize("table", ["bookings_time", "bookings_schedule", "bookings_time_off", "bookings_room"])
def test_a_change_that_tells_nobody_is_noticed(table: str, cluster: Cluster, mute: Callable[[str], Api]) -> None:
    """Seeded faults: the trigger is gone."""
    database = f"fitpro_mute_{table}"
    api = mute(database)
    settings = cluster.settings(database)
    with psycopg.connect(settings.database_owner_url or "") as connection:
        for trigger in ("insert", "delete", *(("update",) if table == "bookings_time" else ("before", "after"))):
            connection.execute(f"drop trigger revise_{trigger} on {table}")
    walk = Walk(Agenda.new(api, settings), seed=3)
    steps = {"bookings_time": [walk.book], "bookings_schedule": [walk.hours], "bookings_time_off": [walk.away], "bookings_room": [walk.shut]}
    walk.steps = steps[table]
    assert walk.unequal(12) != []


def test_classes_of_a_substitute_that_tell_their_service_nothing_are_noticed(cluster: Cluster, mute: Callable[[str], Api]) -> None:
    """Seeded fault: the time of a class is a revision of its people and rooms alone."""
    api = mute("fitpro_mute_classes")
    settings = cluster.settings("fitpro_mute_classes")
    with psycopg.connect(settings.database_owner_url or "") as connection:
        connection.execute((MIGRATIONS / "0011_classes_of_a_service_undo.sql").read_text().encode())
    walk = Walk(Agenda.new(api, settings), seed=5)
    walk.steps = [walk.lead]
    assert walk.unequal(6) != []


@pytest.fixture
def mute(cluster: Cluster) -> Any:
    """An application of its own on a clone."""
    opened = []

    def make(name: str) -> Api:
        installation = install(cluster.settings(cluster.clone(name)))
        opened.append(installation)
        return Api(web(installation))

    yield make
    for each in opened:
        each.container.app_pool().close()
        each.container.auth_pool().close()
