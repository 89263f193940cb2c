"""Free times: T73, what daylight saving makes of them; notice and window, and what is asked wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.clocks import PLAIN, changes
from tests.servers import Api, owner_of

# Zone, the hour that is missing when its clocks go forward, and the one that is repeated when they go back.
CHANGES = [
    ("Europe/Lisbon", "01", "01"),
    ("America/New_York", "02", "01"),
    ("Australia/Sydney", "02", "02"),
    ("America/Santiago", "00", "23"),
    ("Europe/Berlin", "02", "02"),
]


def shown(agenda: Agenda, service: str, day: date, zone: str, **more: str) -> list[datetime]:
    return [datetime.fromisoformat(each) for each in agenda.slots(service, datetime.combine(day, time()), tz=zone, **more)]


@pytest.mark.parametrize(("zone", "missing", "repeated"), CHANGES)
def test_t73_the_missing_hour_is_never_offered_and_the_repeated_one_twice(
    local: Api, settings: Settings, zone: str, missing: str, repeated: str
) -> None:
    agenda = Agenda.new(local, settings, clients=1, timezone=zone)
    service = agenda.service(duration_minutes=30, step_minutes=30, window_days=730)["id"]
    agenda.hours(opens="00:00", closes="00:00")
    short, long, plain = (shown(agenda, service, day, zone) for day in (*changes(zone), PLAIN))
    assert (len(short), len(long), len(plain)) == (46, 50, 48)
    assert f"{missing}:00" not in {f"{at:%H:%M}" for at in short}
    assert sorted(f"{at:%H:%M}" for at in long) == sorted([*(f"{at:%H:%M}" for at in plain), f"{repeated}:00", f"{repeated}:30"])
    for several in (short, long, plain):
        assert len({at.astimezone(UTC) for at in several}) == len(several)
        assert several == sorted(several)
        assert all(at.utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset() for at in several)


@pytest.mark.parametrize("zone", [zone for zone, *_ in CHANGES])
def test_t73_nine_stays_nine(local: Api, settings: Settings, zone: str) -> None:
    agenda = Agenda.new(local, settings, clients=1, timezone=zone)
    service = agenda.service(window_days=730)["id"]
    agenda.hours(opens="09:00", closes="17:00")
    for around in changes(zone):
        for day in (around + timedelta(days=n) for n in (-1, 0, 1)):
            starts = shown(agenda, service, day, zone)
            assert (f"{starts[0]:%H:%M}", f"{starts[-1]:%H:%M}", len(starts)) == ("09:00", "16:00", 15)


def test_more_than_anybody_reads_is_not_worked_out(agenda: Agenda) -> None:
    people = [agenda.people[each].id for each in ("Owner", "Colaborador", "Eva")]
    for each in people:
        agenda.hours(each, opens="00:00", closes="00:00")
    service, day = agenda.service(organizer_ids=people, duration_minutes=5, step_minutes=5)["id"], a_day()
    path = f"/api/v1/bookings/availability?service={service}&from={day:%Y-%m-%d}&to={day + timedelta(days=61):%Y-%m-%d}"
    refused = agenda.get(path)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "?to"), refused.body[:500]
    assert "50000 free times" in refused.json["errors"][0]["message"]
    one = agenda.get(f"{path}&organizer={people[0]}")
    assert sum(len(each["slots"]) for each in one.json["items"]) == 62 * 24 * 12


def test_a_slot_is_where_the_collaborator_is_and_shown_in_the_zone_asked_for(agenda: Agenda) -> None:
    service = agenda.service(organizer_ids=[agenda.people["Eva"].id], window_days=730)["id"]
    agenda.hours(agenda.people["Eva"].id, opens="09:00", closes="10:00", timezone="America/New_York")
    (start,) = agenda.slots(service, datetime.combine(PLAIN, time()), tz="Europe/Lisbon")
    assert start == f"{PLAIN}T14:00:00+01:00"


def test_notice_and_window_are_kept_by_the_clock_whatever_is_kept(agenda: Agenda) -> None:
    agenda.hours(opens="00:00", closes="00:00")
    service = agenda.service(notice_minutes=24 * 60, window_days=2)["id"]
    today = datetime.now(UTC)
    for _ in range(2):  # computed, and kept
        starts = [datetime.fromisoformat(each) for each in agenda.slots(service, today, days=5)]
        after = datetime.now(UTC)
        assert today + timedelta(hours=24) <= starts[0] <= after + timedelta(hours=24, minutes=31)
        assert today + timedelta(hours=47) <= starts[-1] <= after + timedelta(hours=48)


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
        with owner_of(agenda.settings) as connection:  # over HTTP the last one of a service stays
            connection.execute("update bookings_room set archived_at = now() where workspace_id = %s and id = %s", (agenda.workspace, room))
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


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)
