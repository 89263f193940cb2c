"""Series of bookings: made at once, changed and called off by scope; none appears, none is lost, no two are one."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from plugins.bookings.domain.repeating import Plan
from plugins.bookings.domain.series import parse
from tests.agenda import Agenda
from tests.repeating import body, made, next_month, rows_of, shown, starts
from tests.servers import Api, owner_of
from tests.yardstick import budget_s

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
LISBON = ZoneInfo("Europe/Lisbon")
RULES = ("FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;COUNT=6;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=2;COUNT=4", "FREQ=DAILY;INTERVAL=3;COUNT=5")


class TestMaking:
    def test_each_occurrence_is_a_booking_of_the_series(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=4", client_ids=agenda.clients[:2], capacity=3, notes="Knee.")
        assert [each["start_time"] for each in series["bookings"]] == [shown(start + n * WEEK) for n in range(4)]
        assert series["conflicts"] == []
        third = agenda.get(f"/api/v1/bookings/{series['bookings'][2]['id']}").json
        assert (third["series_id"], third["status"], third["seats_taken"], third["notes"]) == (series["id"], "booked", 2, "Knee.")
        assert third["client_ids"] == sorted(agenda.clients[:2])
        read = agenda.get(f"/api/v1/bookings/series/{series['id']}")
        assert read.json == {name: value for name, value in series.items() if name not in ("bookings", "conflicts")}
        listed = agenda.get("/api/v1/bookings/series?limit=100").json["items"]
        assert read.json in listed

    def test_it_keeps_its_wall_time_over_daylight_saving_and_leaves_exdates_out(self, agenda: Agenda) -> None:
        start = datetime(2031, 3, 17, 9, tzinfo=LISBON)  # the clocks go forward on the 30th
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=5", timezone="Europe/Lisbon", exdates=[(start + WEEK).isoformat()])
        expected = [datetime(2031, month, day, 9, tzinfo=LISBON) for month, day in [(3, 17), (3, 31), (4, 7), (4, 14)]]
        assert [each["occurrence"] for each in series["bookings"]] == [f"{each:%Y-%m-%dT%H:%M:%S}" for each in expected]
        assert [each["start_time"] for each in series["bookings"]] == [shown(each) for each in expected]
        assert series["exdates"] == ["2031-03-24T09:00:00"]

    def test_refused_names_every_conflict_and_writes_nothing(self, agenda: Agenda, settings: Settings) -> None:
        start = next_month()
        for n in (1, 3):
            agenda.booked(start + n * WEEK + timedelta(minutes=30), client_ids=agenda.clients[:1])
        before = rows_of(agenda, settings)
        reply = agenda.post("/api/v1/bookings/series", body(agenda, start, "FREQ=WEEKLY;COUNT=5", client_ids=agenda.clients[1:2]))
        assert (reply.status, reply.json["code"]) == (409, "series_conflicts")
        named = [(each["occurrence"], each["taken"]["start_time"], each["taken"]["resource"]) for each in reply.json["conflicts"]]
        assert named == [
            ((start + n * WEEK).replace(tzinfo=None).isoformat(), (start + n * WEEK + timedelta(minutes=30)).isoformat(), "organizer") for n in (1, 3)
        ]
        assert agenda.clients[0] not in reply.body.decode()
        assert rows_of(agenda, settings) == before

    def test_skipping_books_the_others_and_tells(self, agenda: Agenda) -> None:
        start = next_month()
        agenda.booked(start + DAY)
        series = made(agenda, start, "FREQ=DAILY;COUNT=3", on_conflict="skip")
        assert [each["start_time"] for each in series["bookings"]] == [shown(start), shown(start + 2 * DAY)]
        skipped = (start + DAY).replace(tzinfo=None).isoformat()
        assert [each["occurrence"] for each in series["conflicts"]] == [skipped]
        assert series["exdates"] == [skipped]
        again = agenda.post("/api/v1/bookings/series", body(agenda, start, "FREQ=DAILY;COUNT=2", on_conflict="skip"))
        assert (again.status, again.json["code"]) == (409, "series_conflicts")  # nothing is left to book

    def test_occurrences_in_one_anothers_way_are_conflicts_too(self, agenda: Agenda) -> None:
        service = agenda.service(duration_minutes=1440, buffer_after_minutes=60)
        start = next_month()
        given = {"service_id": service["id"], "title": None, "end_time": None, "on_conflict": "skip"}
        series = made(agenda, start, "FREQ=DAILY;COUNT=3", **given)
        assert [each["start_time"] for each in series["bookings"]] == [shown(start), shown(start + 2 * DAY)]

    def test_a_room_of_the_service_that_is_always_free_is_taken(self, agenda: Agenda) -> None:
        first, second = agenda.room(), agenda.room()
        service = agenda.service(room_ids=[first, second])
        start = next_month()
        agenda.booked(start + WEEK, room_id=first, organizer_id=agenda.people["Eva"].id)
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3", service_id=service["id"], title=None, end_time=None)
        assert {agenda.get(f"/api/v1/bookings/{each['id']}").json["room_id"] for each in series["bookings"]} == {second}

    @pytest.mark.parametrize(
        ("given", "pointer"),
        [
            ({"rrule": "FREQ=DAILY;COUNT=1000000"}, "/rrule"),
            ({"rrule": "FREQ=DAILY"}, "/rrule"),
            ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "/rrule"),
            ({"rrule": "FREQ=SECONDLY"}, "/rrule"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "start_time": "2031-03-17T09:00:00"}, "/start_time"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "timezone": "Europe/Atlantis"}, "/timezone"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "client_ids": [str(uuid.uuid4())]}, "/client_ids"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "organizer_id": str(uuid.uuid4())}, "/organizer_id"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "service_id": str(uuid.uuid4())}, "/service_id"),
            ({"rrule": "FREQ=WEEKLY;COUNT=2", "room_id": str(uuid.uuid4())}, "/room_id"),
        ],
    )
    def test_bad_input_is_told_precisely_and_writes_nothing(self, agenda: Agenda, settings: Settings, given: dict[str, Any], pointer: str) -> None:
        before = rows_of(agenda, settings)
        reply = agenda.post("/api/v1/bookings/series", {**body(agenda, next_month(), "FREQ=WEEKLY"), **given})
        assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer]), reply.body
        assert rows_of(agenda, settings) == before

    def test_520_occurrences_are_made_in_one_request(self, agenda: Agenda) -> None:
        took = []
        for n in range(3):
            given = body(agenda, next_month(9 + n), "FREQ=DAILY;COUNT=520", client_ids=agenda.clients[:1])
            begun = time.perf_counter()
            reply = agenda.post("/api/v1/bookings/series", given)
            took.append(time.perf_counter() - begun)
            assert (reply.status, len(reply.json["bookings"])) == (201, 520)
        print(f"520 occurrences over HTTP: {', '.join(f'{each * 1000:.0f}' for each in took)} ms")
        assert min(took) < 2 * budget_s(1)  # the other half of the machine is another test's

    def test_it_is_the_staffs(self, agenda: Agenda) -> None:
        series = made(agenda, next_month(), "FREQ=WEEKLY;COUNT=2", client_ids=agenda.clients[:1])
        id = series["bookings"][0]["id"]
        assert agenda.post("/api/v1/bookings/series", body(agenda, next_month(), "FREQ=WEEKLY;COUNT=2"), who="Cliente").status == 403
        assert agenda.get(f"/api/v1/bookings/series/{series['id']}", who="Cliente").status == 403
        for scope in ("following", "all"):
            assert agenda.post(f"/api/v1/bookings/{id}/cancel?scope={scope}", {}, who="Cliente").json["code"] == "staff_only"


class TestScopes:
    def test_one_moves_and_none_is_made(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        reply = move(agenda, series, 1, start + WEEK + DAY, "this")
        assert reply.json["series_id"] == series["id"]
        assert starts(agenda, series) == [shown(start), shown(start + WEEK + DAY), shown(start + 2 * WEEK)]

    def test_what_follows_moves_in_wall_time_and_is_a_series_of_its_own(self, agenda: Agenda) -> None:
        start = datetime(2032, 3, 8, 9, tzinfo=LISBON)  # the clocks go forward on the 28th
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=5", timezone="Europe/Lisbon")
        moved = move(agenda, series, 2, datetime(2032, 3, 22, 10, tzinfo=LISBON), "following").json
        assert starts(agenda, series) == [
            shown(datetime(2032, month, day, hour, tzinfo=LISBON))
            for month, day, hour in [(3, 8, 9), (3, 15, 9), (3, 22, 10), (3, 29, 10), (4, 5, 10)]
        ]
        assert moved["series_id"] != series["id"]
        assert agenda.get(f"/api/v1/bookings/series/{series['id']}").json["rrule"] == "FREQ=WEEKLY;UNTIL=20320315T090000Z"
        rest = agenda.get(f"/api/v1/bookings/series/{moved['series_id']}").json
        assert (rest["rrule"], rest["first_wall"]) == ("FREQ=WEEKLY;COUNT=3", "2032-03-22T10:00:00")

    def test_all_move_by_a_day_onto_one_anothers_time(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=DAILY;COUNT=4")
        moved = move(agenda, series, 1, start + 2 * DAY, "all").json
        assert starts(agenda, series) == [shown(start + n * DAY) for n in range(1, 5)]
        assert moved["series_id"] == series["id"]

    def test_one_that_was_moved_alone_keeps_its_time_unless_it_is_named(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        move(agenda, series, 1, start + WEEK + DAY, "this")
        move(agenda, series, 0, start + HOUR, "all")
        assert starts(agenda, series) == [shown(start + HOUR), shown(start + WEEK + DAY), shown(start + 2 * WEEK + HOUR)]
        move(agenda, series, 1, start + WEEK + 3 * HOUR, "following")
        assert starts(agenda, series) == [shown(start + HOUR), shown(start + WEEK + 3 * HOUR), shown(start + 2 * WEEK + 3 * HOUR)]

    def test_a_conflict_of_one_stops_all_and_is_named(self, agenda: Agenda, settings: Settings) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=4")
        agenda.booked(start + 3 * WEEK + 2 * HOUR)
        before, was = rows_of(agenda, settings), starts(agenda, series)
        for scope in ("following", "all"):
            id = series["bookings"][1]["id"]
            reply = agenda.act(f"{id}", f"reschedule?scope={scope}", {"start_time": (start + WEEK + 2 * HOUR).isoformat()})
            assert (reply.status, reply.json["code"]) == (409, "series_conflicts")
            assert [each["taken"]["start_time"] for each in reply.json["conflicts"]] == [(start + 3 * WEEK + 2 * HOUR).isoformat()]
        assert (rows_of(agenda, settings), starts(agenda, series)) == (before, was)

    def test_fields_and_participants_of_what_follows_change(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3", client_ids=agenda.clients[:1], capacity=2)
        path = f"/api/v1/bookings/{series['bookings'][1]['id']}"
        given = {"title": "Pilates", "client_ids": agenda.clients[1:3], "organizer_id": agenda.people["Eva"].id}
        reply = agenda.ask("PATCH", f"{path}?scope=following", given, **{"If-Match": agenda.get(path).headers["ETag"]})
        assert reply.status == 200, reply.body
        all_of = [agenda.get(f"/api/v1/bookings/{each['id']}").json for each in series["bookings"]]
        assert [each["title"] for each in all_of] == ["Session", "Pilates", "Pilates"]
        assert [each["client_ids"] for each in all_of] == [agenda.clients[:1], *2 * [sorted(agenda.clients[1:3])]]
        assert [each["seats_taken"] for each in all_of] == [1, 2, 2]
        assert agenda.book(start + 2 * WEEK).status == 201  # the time of who had it before is free
        stale = agenda.ask("PATCH", f"{path}?scope=all", {"title": "Yoga"}, **{"If-Match": '"1"'})
        assert stale.status == 412

    def test_cancelling_what_follows_ends_the_rule_and_frees_the_time(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=4")
        path = f"/api/v1/bookings/{series['bookings'][2]['id']}"
        reply = agenda.ask("DELETE", f"{path}?scope=following", **{"If-Match": "*"})
        assert reply.status == 204, reply.body
        statuses = [agenda.get(f"/api/v1/bookings/{each['id']}").json["status"] for each in series["bookings"]]
        assert statuses == ["booked", "booked", "cancelled", "cancelled"]
        assert agenda.get(f"/api/v1/bookings/series/{series['id']}").json["rrule"] == f"FREQ=WEEKLY;UNTIL={start + WEEK:%Y%m%dT%H%M%SZ}"
        assert agenda.book(start + 3 * WEEK).status == 201
        assert agenda.act(series["bookings"][0], "cancel?scope=all", {"reason": "Moved away."}).status == 200
        assert agenda.get(f"/api/v1/bookings/series/{series['id']}").json["status"] == "cancelled"

    def test_called_off_one_by_one_it_is_cancelled_as_well(self, agenda: Agenda) -> None:
        series = made(agenda, next_month() + 7 * HOUR, "FREQ=WEEKLY;COUNT=2")
        path = f"/api/v1/bookings/series/{series['id']}"
        for each, status in zip(series["bookings"], ("active", "cancelled"), strict=True):
            tag = agenda.get(path).headers["ETag"]
            assert agenda.act(each, "cancel").status == 200
            read = agenda.get(path, **{"If-None-Match": tag})
            assert read.status == (304 if status == "active" else 200)
            assert agenda.get(path).json["status"] == status
        listed = agenda.get("/api/v1/bookings/series?limit=100").json["items"]
        assert [each["status"] for each in listed if each["id"] == series["id"]] == ["cancelled"]

    def test_what_took_place_stays_when_all_move(self, agenda: Agenda) -> None:
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - WEEK - HOUR
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=4", organizer_id=agenda.people["Eva"].id)
        move(agenda, series, 3, start + 3 * WEEK + 2 * HOUR, "all")
        assert starts(agenda, series) == [shown(start), shown(start + WEEK), shown(start + 2 * WEEK + 2 * HOUR), shown(start + 3 * WEEK + 2 * HOUR)]

    def test_days_of_the_month_do_not_move_together(self, agenda: Agenda) -> None:
        start = datetime(2033, 1, 31, 9, tzinfo=UTC)
        series = made(agenda, start, "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3")
        reply = agenda.act(series["bookings"][0], "reschedule?scope=all", {"start_time": (start + DAY).isoformat()})
        assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/start_time")
        assert move(agenda, series, 0, start + HOUR, "all").status == 200

    def test_a_booking_of_no_series_has_no_scope(self, agenda: Agenda) -> None:
        booking = agenda.booked(datetime(2033, 6, 1, 9, tzinfo=UTC))
        assert booking["series_id"] is None
        reply = agenda.act(booking, "cancel?scope=all", {})
        assert (reply.status, reply.json["code"]) == (409, "no_series")


class TestNothingAppearsOrIsLost:
    @pytest.mark.parametrize("seed", range(4))
    def test_whatever_is_moved_and_cancelled(self, agenda: Agenda, settings: Settings, seed: int) -> None:
        chance = random.Random(seed)
        zone = ZoneInfo(chance.choice(["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"]))
        people = [agenda.organizer, agenda.people["Eva"].id]
        ids: list[str] = []
        outcomes: dict[int, int] = {}
        base = datetime(2035 + 2 * seed, 3, 1, tzinfo=zone)
        for _ in range(50):
            live = [row for row in of(agenda, settings, ids) if row["status"] == "booked"]
            if not ids or not live or chance.random() < 0.2:
                start = base + timedelta(days=chance.randrange(8), hours=chance.randrange(4))
                rule = chance.choice(RULES)
                given = body(agenda, start, rule, timezone=zone.key, on_conflict="skip", organizer_id=chance.choice(people))
                reply = agenda.post("/api/v1/bookings/series", given)
                ids += [each["id"] for each in reply.json.get("bookings", [])]
            else:
                row, scope = chance.choice(live), chance.choice(["this", "this", "following", "all"])
                if chance.random() < 0.08:
                    reply = agenda.act(str(row["id"]), f"cancel?scope={scope}", {})
                else:
                    by = timedelta(days=chance.choice([0, 0, 1, -1]), hours=chance.choice([0, 1, -1]))
                    reply = agenda.act(str(row["id"]), f"reschedule?scope={scope}", {"start_time": (row["start_time"] + by).isoformat()})
            assert reply.status in (200, 201, 409, 422), reply.body
            outcomes[reply.status] = outcomes.get(reply.status, 0) + 1
            check(of(agenda, settings, ids), ids)
        print(f"seed {seed}: {len(ids)} bookings, {outcomes}")
        assert outcomes[200] >= 10
        assert outcomes[409] >= 1  # some were in the way


def move(agenda: Agenda, series: dict[str, Any], n: int, start: datetime, scope: str) -> Any:
    reply = agenda.act(series["bookings"][n], f"reschedule?scope={scope}", {"start_time": start.isoformat()})
    assert reply.status == 200, reply.body
    return reply


def check(rows: list[dict[str, Any]], ids: list[str]) -> None:
    """As many as were made, each one occurrence of one series that its rule names, and nobody in two places."""
    assert sorted(str(row["id"]) for row in rows) == sorted(ids)
    assert len({(row["series_id"], row["occurrence"]) for row in rows}) == len(rows)
    by_person: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        assert (row["taken"] is not None) == (row["status"] != "cancelled")
        if row["status"] != "cancelled":
            by_person.setdefault(row["organizer_id"], []).append(row)
            plan = Plan(parse(row["rule"]), row["first_wall"], ZoneInfo(row["timezone"]), frozenset(row["exdates"]))
            assert row["occurrence"] in plan.occurrences()
            assert (row["starts_at"], row["ends_at"]) == (row["start_time"], row["end_time"])
    for several in by_person.values():
        for one, two in pairwise(sorted(several, key=lambda row: row["start_time"])):
            assert one["end_time"] <= two["start_time"]


def of(agenda: Agenda, settings: Settings, ids: list[str]) -> list[dict[str, Any]]:
    """Every booking of the series that these are of now."""
    query = (
        "select b.*, s.rule, s.first_wall, s.timezone, s.exdates, t.taken, t.starts_at, t.ends_at from bookings b"
        " join bookings_series s on (s.workspace_id, s.id) = (b.workspace_id, b.series_id)"
        " left join bookings_time t on (t.workspace_id, t.id) = (b.workspace_id, b.id) where b.workspace_id = %s"
        " and b.series_id in (select series_id from bookings where workspace_id = b.workspace_id and id = any(%s::uuid[]))"
    )
    with owner_of(settings) as owner:
        found = owner.execute(query, (agenda.workspace, ids))
        names = [each.name for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """A studio of its own for each test: they all book the same days."""
    return Agenda.new(local, settings)
