"""Free times: T73, what daylight saving makes of them; and that what is kept always equals what would be computed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from config.bootstrap import install, web
from config.settings import Settings
from plugins.bookings.domain.seats import anyones
from tests.agenda import Agenda, a_day
from tests.integration.domains import Studio, name
from tests.servers import Api, Cluster, Reply, owner_of

HOUR = timedelta(hours=1)
# Zone, the day its clocks go forward and the hour that is missing, the day they go back and the hour that is repeated.
CHANGES = [
    ("Europe/Lisbon", "2027-03-28", "01", "2027-10-31", "01"),
    ("America/New_York", "2027-03-14", "02", "2027-11-07", "01"),
    ("Australia/Sydney", "2027-10-03", "02", "2027-04-04", "02"),
    ("America/Santiago", "2027-09-05", "00", "2027-04-03", "23"),
    ("Europe/Berlin", "2027-03-28", "02", "2027-10-31", "02"),
]


def shown(agenda: Agenda, service: str, day: str, zone: str, **more: str) -> list[datetime]:
    return [datetime.fromisoformat(each) for each in agenda.slots(service, datetime.fromisoformat(day), tz=zone, **more)]


@pytest.mark.parametrize(("zone", "forward", "missing", "back", "repeated"), CHANGES)
def test_t73_the_missing_hour_is_never_offered_and_the_repeated_one_twice(
    local: Api, settings: Settings, zone: str, forward: str, missing: str, back: str, repeated: str
) -> None:
    agenda = Agenda.new(local, settings, clients=1, timezone=zone)
    service = agenda.service(duration_minutes=30, step_minutes=30, window_days=730)["id"]
    agenda.hours(opens="00:00", closes="00:00")
    short, long, plain = (shown(agenda, service, day, zone) for day in (forward, back, "2027-06-15"))
    assert (len(short), len(long), len(plain)) == (46, 50, 48)
    assert f"{missing}:00" not in {f"{at:%H:%M}" for at in short}
    assert sorted(f"{at:%H:%M}" for at in long) == sorted([*(f"{at:%H:%M}" for at in plain), f"{repeated}:00", f"{repeated}:30"])
    for several in (short, long, plain):
        assert len({at.astimezone(UTC) for at in several}) == len(several)
        assert several == sorted(several)
        assert all(at.utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset() for at in several)


@pytest.mark.parametrize(("zone", "forward", "missing", "back", "repeated"), CHANGES)
def test_t73_nine_stays_nine(local: Api, settings: Settings, zone: str, forward: str, missing: str, back: str, repeated: str) -> None:
    agenda = Agenda.new(local, settings, clients=1, timezone=zone)
    service = agenda.service(window_days=730)["id"]
    agenda.hours(opens="09:00", closes="17:00")
    for around in (forward, back):
        for day in (date.fromisoformat(around) + timedelta(days=n) for n in (-1, 0, 1)):
            starts = shown(agenda, service, day.isoformat(), zone)
            assert (f"{starts[0]:%H:%M}", f"{starts[-1]:%H:%M}", len(starts)) == ("09:00", "16:00", 15)


def test_a_slot_is_where_the_collaborator_is_and_shown_in_the_zone_asked_for(agenda: Agenda) -> None:
    service = agenda.service(organizer_ids=[agenda.people["Eva"].id], window_days=730)["id"]
    agenda.hours(agenda.people["Eva"].id, opens="09:00", closes="10:00", timezone="America/New_York")
    (start,) = agenda.slots(service, datetime(2027, 6, 15, tzinfo=UTC), tz="Europe/Lisbon")
    assert start == "2027-06-15T14:00:00+01:00"


def test_notice_and_window_are_kept_by_the_clock_whatever_is_kept(agenda: Agenda) -> None:
    agenda.hours(opens="00:00", closes="00:00")
    service = agenda.service(notice_minutes=24 * 60, window_days=2)["id"]
    today = datetime.now(UTC)
    for _ in range(2):  # computed, and kept
        starts = [datetime.fromisoformat(each) for each in agenda.slots(service, today, days=5)]
        assert today + timedelta(hours=24) <= starts[0] <= today + timedelta(hours=24, minutes=31)
        assert today + timedelta(hours=47) <= starts[-1] <= today + timedelta(hours=48)


def test_holders_of_the_answer_get_304_until_it_changes(agenda: Agenda) -> None:
    agenda.hours()
    service, day = agenda.service()["id"], a_day()
    asked = f"/api/v1/bookings/availability?service={service}&from={day:%Y-%m-%d}&to={day:%Y-%m-%d}"
    tag = agenda.get(asked).headers["ETag"]
    assert agenda.get(asked, **{"If-None-Match": tag}).status == 304
    agenda.booked(day)
    changed = agenda.get(asked, **{"If-None-Match": tag})
    assert (changed.status, changed.headers["ETag"] != tag) == (200, True)


def test_a_service_is_offered_only_while_a_room_of_it_is_in_use(agenda: Agenda) -> None:
    agenda.hours()
    rooms, day = [agenda.room() for _ in range(2)], a_day()
    service = agenda.service(room_ids=rooms)["id"]
    offered = agenda.slots(service, day)
    assert day.isoformat() in offered
    for room, left in zip(rooms, (offered, []), strict=True):
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        assert agenda.slots(service, day) == agenda.slots(service, day, fresh=True) == left
    refused = agenda.book(day, who="Cliente", service_id=service)
    assert (refused.status, refused.json["code"]) == (409, "slot_unavailable")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2027-01-01&to=2027-01-02", "?service"),
        ("service={service}&from=2027-01-02&to=2027-01-01", "?to"),
        ("service={service}&from=2027-01-01&to=2027-03-10", "?to"),
        ("service={service}&from=2027-01-01&to=2027-01-02&tz=Mars/Olympus", "?tz"),
        ("service={service}&from=2027-01-01T00:00:00Z&to=2027-01-02", "?from"),
        ("service={service}&from=2027-01-01&to=2027-01-02&organizer=00000000-0000-4000-8000-000000000001", "?organizer"),
        ("service={service}&from=2027-01-01&to=2027-01-02&page=2", "?page"),
    ],
)
def test_what_is_asked_wrongly_is_said_precisely(agenda: Agenda, query: str, pointer: str) -> None:
    reply = agenda.get("/api/v1/bookings/availability?" + query.format(service=agenda.service()["id"]))
    assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer]), reply.body


ANEW = {"Cache-Control": "no-cache"}

# What is kept equals what would be computed ------------------------------------------------------------------------------------------------


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
        self.full = 0
        self.steps: list[Callable[[], Any]] = [
            *(self.book, self.book, self.cancel, self.move, self.hold, self.expire, self.join),
            *(self.hours, self.away, self.close, self.terms, self.zone, self.toggle),
            *(self.page, self.publish, self.release, self.fill, self.archive),
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
        """One of the two rooms; and since there is no way back over HTTP, by hand."""
        room = self.chance.choice(self.rooms)
        if self.agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 409:
            return  # bookings to come are there
        if self.agenda.get(f"/api/v1/bookings/rooms/{room}").json["archived_at"] and self.chance.random() < 0.5:
            with owner_of(self.agenda.settings) as connection:
                connection.execute("update bookings_room set archived_at = null where workspace_id = %s and id = %s", (self.agenda.workspace, room))

    def terms(self) -> None:
        service = self.chance.choice(self.services)
        changes = self.chance.choice(
            [{"buffer_after_minutes": self.chance.choice([0, 15, 30])}, {"organizer_ids": [self.agenda.organizer, self.agenda.people["Eva"].id]}]
        )
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
        for trigger in ("insert", "delete", "before", "after"):
            connection.execute(f"drop trigger revise_{trigger} on {table}")
    walk = Walk(Agenda.new(api, settings), seed=3)
    steps = {"bookings_time": [walk.book], "bookings_schedule": [walk.hours], "bookings_time_off": [walk.away], "bookings_room": [walk.archive]}
    walk.steps = steps[table]
    assert walk.unequal(12) != []


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


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)
