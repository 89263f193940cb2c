"""Figures of a period: what is booked of what is open, who came, whose figures they are."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from config import plugins
from config.bootstrap import install, web
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from kernel.registry import Candidate
from plugins.sdk import Plugin
from tests.agenda import Agenda
from tests.clocks import YEAR
from tests.servers import Api, Cluster, Reply, owner_of

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)


def kpis(agenda: Agenda, first: str = "2026-06-01", last: str = "2026-06-07", *, who: str = "Owner", **more: str) -> Reply:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return agenda.get(f"/api/v1/bookings/kpis?from={first}&to={last}{query}", who=who)


def of(reply: Reply, person: str) -> dict[str, Any]:
    assert reply.status == 200, reply.body
    return next(each for each in reply.json["collaborators"] if each["organizer_id"] == person)


def test_utilisation_is_what_is_booked_of_what_is_open(agenda: Agenda) -> None:
    agenda.hours(opens="09:00", closes="17:00")
    off = {"user_id": agenda.organizer, "starts_at": (MONDAY + 12 * HOUR).isoformat(), "ends_at": (MONDAY + 20 * HOUR).isoformat()}
    agenda.made("/api/v1/bookings/time-off", off)
    agenda.made("/api/v1/bookings/time-off", {"starts_at": (MONDAY + 33 * HOUR).isoformat(), "ends_at": (MONDAY + 34 * HOUR).isoformat()})
    service = agenda.service(buffer_before_minutes=30, buffer_after_minutes=15)["id"]
    agenda.booked(MONDAY + 9 * HOUR, service_id=service)
    agenda.booked(MONDAY + 11 * HOUR, minutes=90)
    called_off = agenda.booked(MONDAY + 14 * HOUR)
    assert agenda.act(called_off, "cancel").status == 200
    agenda.booked(MONDAY - HOUR / 2, minutes=60)  # half of it on the Sunday before
    found = kpis(agenda)
    theirs = of(found, agenda.organizer)
    assert (theirs["available_minutes"], theirs["booked_minutes"]) == (7 * 480 - 300 - 60, 60 + 90 + 30)
    assert theirs["utilisation"] == round(180 / 3000, 4)
    assert theirs["bookings"] == {"pending": 0, "booked": 2, "cancelled": 1, "completed": 0, "no_show": 0}
    assert of(found, agenda.people["Eva"].id)["utilisation"] is None
    assert found.json["total"]["utilisation"] == theirs["utilisation"]
    assert found.json["timezone"] == "UTC"


def test_no_shows_lateness_and_who_is_new(agenda: Agenda, settings: Settings) -> None:
    one, two, three, four = agenda.clients
    fees = {"free_until_minutes": 60, "late_fee": {"amount": 500, "currency": "EUR"}}
    service = agenda.service(capacity=4, **fees)["id"]
    agenda.booked(MONDAY - 24 * HOUR, client_ids=[one], service_id=service)
    group = agenda.booked(MONDAY + 9 * HOUR, client_ids=[one, two, three], service_id=service)
    alone = agenda.booked(MONDAY + 12 * HOUR, client_ids=[two])
    agenda.booked(MONDAY + 15 * HOUR, client_ids=[three])
    late, early = (agenda.booked(MONDAY + (18 + 2 * n) * HOUR, client_ids=[four], service_id=service) for n in range(2))
    for each in (late, early):
        assert agenda.act(each, "cancel", {"requested_by": "client"}).status == 200
    with owner_of(settings) as owner:
        owner.execute("update bookings set cancelled_at = start_time - interval '60 minutes' where id = %s", (early["id"],))
    assert agenda.act(group, "complete").status == 200
    assert agenda.act(group, "no-show", {"client_ids": [three]}).status == 200
    assert agenda.act(alone, "no-show", {}).status == 200
    theirs = of(kpis(agenda), agenda.organizer)
    assert {name: theirs[name] for name in ("attended", "missed", "unmarked", "late_cancellations", "new_clients", "returning_clients")} == {
        "attended": 2, "missed": 2, "unmarked": 1, "late_cancellations": 1, "new_clients": 2, "returning_clients": 1,
    }  # fmt: skip
    assert theirs["no_show_rate"] == 0.5
    assert theirs["bookings"] == {"pending": 0, "booked": 1, "cancelled": 2, "completed": 1, "no_show": 1}
    assert kpis(agenda).json["total"] == {name: value for name, value in theirs.items() if name not in ("organizer_id", "full_name")}


@pytest.mark.parametrize("query", ["", "?scope=all"])
def test_nobody_missed_what_was_called_off_afterwards(agenda: Agenda, settings: Settings, query: str) -> None:
    fees = {"no_show_fee": {"amount": 500, "currency": "EUR"}}
    service, (one, two) = agenda.service(capacity=3, **fees)["id"], agenda.clients[:2]
    if query:
        rule = {"rrule": "FREQ=DAILY;COUNT=2", "service_id": service, "organizer_id": agenda.organizer, "client_ids": [one, two]}
        made = agenda.made("/api/v1/bookings/series", {**rule, "start_time": (MONDAY + 9 * HOUR).isoformat()})["bookings"][0]
    else:
        made = agenda.booked(MONDAY + 9 * HOUR, client_ids=[one, two], service_id=service)
    assert agenda.act(made, "no-show", {"client_ids": [one]}).status == 200
    people = f"/api/v1/bookings/{made['id']}/participants"
    assert [each["fee"] for each in agenda.get(people).json["items"] if each["fee"]] == [fees["no_show_fee"]]
    called_off = agenda.post(f"/api/v1/bookings/{made['id']}/cancel{query}", {})
    assert called_off.status == 200, called_off.body
    assert [(each["status"], each["fee"]) for each in agenda.get(people).json["items"]] == [("booked", None)] * 2
    with owner_of(settings) as owner:  # as what was called off before it was so
        owner.execute("update bookings_participant set status = 'no_show' where booking_id = %s and client_id = %s", (made["id"], one))
    theirs = of(kpis(agenda), agenda.organizer)
    assert (theirs["missed"], theirs["no_show_rate"]) == (0, None)


def test_a_request_that_is_taken_back_is_never_late(agenda: Agenda) -> None:
    agenda.hours()
    service = agenda.service(needs_approval=True, free_until_minutes=40_000)["id"]
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    requests = [agenda.booked(noon + days * 24 * HOUR, who="Cliente", service_id=service) for days in (2, 3)]
    assert agenda.act(requests[1], "approve").status == 200
    days = [each["start_time"][:10] for each in requests]
    for each in requests:
        assert agenda.act(each, "cancel", {}, who="Cliente").status == 200
    found = [of(kpis(agenda, day, day), agenda.organizer) for day in days]
    assert [(each["bookings"]["cancelled"], each["late_cancellations"]) for each in found] == [(1, 0), (1, 1)]


@pytest.mark.parametrize(("zone", "day"), [("Europe/Lisbon", "2026-03-29"), ("Europe/Lisbon", "2025-10-26"), ("America/New_York", "2026-03-08")])
def test_days_are_of_the_zone_asked_for_also_when_clocks_change(agenda: Agenda, zone: str, day: str) -> None:
    agenda.hours(opens="00:00", closes="00:00", timezone=zone)
    hours = 25 if day == "2025-10-26" else 23
    assert of(kpis(agenda, day, day, tz=zone), agenda.organizer)["available_minutes"] == 60 * hours
    midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone)).astimezone(UTC)
    agenda.booked(midnight - HOUR, minutes=24 * 60)
    assert of(kpis(agenda, day, day, tz=zone), agenda.organizer)["booked_minutes"] == 23 * 60


@pytest.mark.parametrize("seed", range(4))
def test_sums_equal_a_count_minute_by_minute(agenda: Agenda, settings: Settings, seed: int) -> None:
    """Bookings with buffers in every status, across the edges of the period, of two people."""
    chance = random.Random(seed)
    people = [agenda.organizer, agenda.people["Eva"].id]
    agenda.hours(opens="08:00", closes="18:00", timezone="Europe/Lisbon")
    service = agenda.service(buffer_before_minutes=10, buffer_after_minutes=20, organizer_ids=people)["id"]
    expected: dict[str, set[datetime]] = {person: set() for person in people}
    begins = datetime(2026, 6, 2, tzinfo=ZoneInfo("Europe/Lisbon")).astimezone(UTC)
    ends = begins + 24 * HOUR
    at = begins - 5 * HOUR
    while at < ends + HOUR:
        person, length = chance.choice(people), chance.randrange(5, 200)
        made = agenda.booked(at, organizer_id=person, **chance.choice([{"minutes": length}, {"service_id": service}]))
        status = chance.choice(["booked", "completed", "no_show", "pending", "cancelled"])
        with owner_of(settings) as owner:
            owner.execute("update bookings set status = %s where id = %s", (status, made["id"]))
        start, end = (datetime.fromisoformat(made[name]) for name in ("start_time", "end_time"))
        if status not in ("pending", "cancelled"):
            minutes = (start + timedelta(minutes=n) for n in range((end - start) // timedelta(minutes=1)))
            expected[person] |= {each for each in minutes if begins <= each < ends}
        at = end + timedelta(minutes=31 + chance.randrange(60))
    found = kpis(agenda, "2026-06-02", "2026-06-02", tz="Europe/Lisbon")
    assert {person: of(found, person)["booked_minutes"] for person in people} == {person: len(each) for person, each in expected.items()}
    assert found.json["total"]["booked_minutes"] == sum(map(len, expected.values()))
    assert of(found, agenda.organizer)["available_minutes"] == 600


def test_a_limited_collaborator_sees_their_own_and_a_cliente_none(agenda: Agenda) -> None:
    agenda.hours()
    agenda.booked(MONDAY + 9 * HOUR)
    agenda.booked(MONDAY + 9 * HOUR, organizer_id=agenda.people["Eva"].id)
    everybody = {agenda.people[who].id for who in ("Owner", "Colaborador", "Eva")}
    for who in ("Owner", "Colaborador"):
        assert {each["organizer_id"] for each in kpis(agenda, who=who).json["collaborators"]} == everybody
    one = kpis(agenda, organizer=agenda.people["Eva"].id).json
    assert ([each["full_name"] for each in one["collaborators"]], one["total"]["booked_minutes"]) == (["Eva Lind"], 60)
    role = {"role": "Colaborador", "client_scope": "own"}
    assert agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role", role).status == 200
    own = kpis(agenda, who="Colaborador").json
    assert ([each["organizer_id"] for each in own["collaborators"]], own["total"]["booked_minutes"]) == ([agenda.organizer], 60)
    refused = kpis(agenda, who="Colaborador", organizer=agenda.people["Eva"].id)
    assert (refused.status, refused.json["code"]) == (403, "own_clients_only")
    assert kpis(agenda, who="Cliente").status == 403


def test_who_left_keeps_the_figures_of_their_time(agenda: Agenda) -> None:
    agenda.hours(opens="09:00", closes="17:00")
    agenda.booked(MONDAY + 9 * HOUR)
    assert agenda.ask("DELETE", f"/api/v1/users/{agenda.organizer}").status == 204
    theirs = of(kpis(agenda), agenda.organizer)
    assert (theirs["available_minutes"], theirs["booked_minutes"]) == (7 * 480, 60)
    later = kpis(agenda, f"{YEAR}-06-07", f"{YEAR}-06-13")
    assert agenda.organizer not in {each["organizer_id"] for each in later.json["collaborators"]}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("from=2026-06-01", "?to"),
        ("from=2026-06-02&to=2026-06-01", "?to"),
        ("from=2026-01-01&to=2027-01-02", "?to"),
        ("from=1969-07-20&to=1969-07-20", "?from"),
        ("from=2026-06-01&to=2026-06-02&tz=Mars/Olympus", "?tz"),
        ("from=2026-06-01&to=2026-06-02&organizer=00000000-0000-4000-8000-000000000001", "?organizer"),
        ("from=2026-06-01&to=2026-06-02&service=x", "?service"),
    ],
)
def test_what_is_asked_wrongly_is_said_precisely(agenda: Agenda, query: str, pointer: str) -> None:
    reply = agenda.get(f"/api/v1/bookings/kpis?{query}")
    assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer]), reply.body


def test_another_workspace_and_a_module_that_is_off(agenda: Agenda, local: Api, settings: Settings) -> None:
    other = Agenda.new(local, settings, clients=1)
    agenda.booked(MONDAY + 9 * HOUR)
    assert kpis(other).json["total"]["booked_minutes"] == 0
    assert kpis(other, organizer=agenda.organizer).status == 422
    assert other.ask("PUT", f"/api/v1/workspaces/{other.workspace}/modules/bookings", {"enabled": False}).status == 200
    assert kpis(other).json["code"] == "module_disabled"


reports = Plugin("reports", api=1, title="Reports")


@reports.collect
def reports_kpis(first: date, last: date, tz: str | None = None) -> dict[str, Any]:  # type: ignore[empty-body]
    """What a plugin has to report of a period."""


def test_reports_are_answered_when_somebody_asks(cluster: Cluster) -> None:
    bundled = (candidate for candidate in plugins.discover() if candidate.bundled)
    registry = plugins.load_all(found=chain(bundled, [Candidate("reports", "test", lambda: reports)]), strict=True)
    installation = install(cluster.settings(cluster.clone("fitpro_kpis")), registry=registry)
    agenda = Agenda.new(Api(web(installation)), installation.settings, clients=1)
    agenda.booked(MONDAY + 9 * HOUR)
    database = installation.container.app_database()
    scope = Scope(Kind.JOB, "test", workspace_id=UUID(agenda.workspace))
    with database.open(scope) as work:
        current = Current(scope, installation.hub, database.modules(work, scope.workspace_id), work)
        with serving(current):
            answers = reports_kpis(first=MONDAY.date(), last=MONDAY.date())
    ((plugin, answer),) = answers
    assert (plugin, answer["total"]["booked_minutes"]) == ("bookings", 60)


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=4)
