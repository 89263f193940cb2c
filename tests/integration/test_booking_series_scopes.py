"""Series of bookings changed, moved and called off by scope; none appears, none is lost, no two are one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from plugins.bookings.domain.repeating import Plan
from plugins.bookings.domain.series import parse
from tests.agenda import Agenda
from tests.repeating import body, made, next_month, rows_of, shown, starts
from tests.servers import Api, owner_of

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
LISBON = ZoneInfo("Europe/Lisbon")
RULES = ("FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;COUNT=6;BYDAY=MO,TH", "FREQ=WEEKLY;INTERVAL=2;COUNT=4", "FREQ=DAILY;INTERVAL=3;COUNT=5")


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
        move(agenda, series, 1, start + WEEK + DAY + 2 * HOUR, "following")
        assert starts(agenda, series) == [shown(start + HOUR), shown(start + WEEK + DAY + 2 * HOUR), shown(start + 2 * WEEK + 3 * HOUR)]

    def test_all_move_as_far_as_the_one_named_wherever_it_is_and_however_long(self, agenda: Agenda) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        away, id = start + 5 * WEEK, series["bookings"][1]["id"]
        alone = agenda.act(id, "reschedule", {"start_time": away.isoformat(), "end_time": (away + 3 * HOUR).isoformat()})
        assert alone.status == 200, alone.body
        moved = move(agenda, series, 1, away + HOUR, "all").json
        assert (moved["start_time"], moved["end_time"]) == (shown(away + HOUR), shown(away + 4 * HOUR))
        others = [agenda.get(f"/api/v1/bookings/{series['bookings'][n]['id']}").json for n in (0, 2)]
        assert [each["start_time"] for each in others] == [shown(start + HOUR), shown(start + 2 * WEEK + HOUR)]
        assert [each["end_time"] for each in others] == [shown(start + 2 * HOUR), shown(start + 2 * WEEK + 2 * HOUR)]
        assert agenda.get(f"/api/v1/bookings/series/{series['id']}").json["minutes"] == 60

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

    def test_who_would_meet_one_that_stays_stays_as_well(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        series = made(agenda, start, "FREQ=DAILY;COUNT=4", organizer_id=eva)
        agenda.booked(start + 4 * DAY, organizer_id=eva)
        later, path = {"start_time": (start + DAY).isoformat()}, "reschedule?scope=all&on_conflict=skip"
        refused = agenda.act(series["bookings"][0], path, later)
        assert (refused.status, refused.json["code"], len(refused.json["conflicts"])) == (409, "series_conflicts", 4)
        assert agenda.act(series["bookings"][1], "cancel").status == 200
        moved = agenda.act(series["bookings"][0], path, later)
        assert moved.status == 200, moved.body
        stay = [(each["booking_id"], each["taken"]["start_time"]) for each in moved.json["conflicts"]]
        assert stay == [(series["bookings"][n]["id"], shown(start + (n + 1) * DAY)) for n in (2, 3)]
        assert starts(agenda, series) == [shown(start + n * DAY) for n in (1, 1, 2, 3)]
        assert {each["series_id"] for each in of(agenda, agenda.settings, [series["bookings"][0]["id"]])} == {UUID(moved.json["series_id"])}

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

    def test_those_that_only_become_another_series_are_another_version_and_nothing_new_on_calendars(self, agenda: Agenda, settings: Settings) -> None:
        series = made(agenda, next_month(), "FREQ=DAILY;COUNT=4")
        one, two, gone, last = (f"/api/v1/bookings/{each['id']}" for each in series["bookings"])
        assert agenda.ask("DELETE", gone).status == 204
        before, ids = {path: agenda.get(path) for path in (one, gone)}, [each["id"] for each in series["bookings"]]
        sequences = {row["id"]: row["sequence"] for row in of(agenda, settings, ids)}
        split = agenda.ask("PATCH", f"{two}?scope=following", {"notes": "Bring a towel."})
        assert split.status == 200, split.body
        after = {path: agenda.get(path, **{"If-None-Match": reply.headers["ETag"]}) for path, reply in before.items()}
        assert [each.status for each in after.values()] == [304, 200]
        assert after[gone].json["series_id"] == agenda.get(last).json["series_id"] == split.json["series_id"] != series["id"]
        assert after[gone].json["version"] > before[gone].json["version"]
        assert after[gone].json["updated_at"] > before[gone].json["updated_at"]
        assert {row["id"]: row["sequence"] for row in of(agenda, settings, ids)} == sequences

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
    @pytest.mark.parametrize(("seed", "on_conflict"), [*((n, "refuse") for n in range(4)), *((n, "skip") for n in (4, 5, 7, 8))])
    def test_whatever_is_moved_and_cancelled(self, agenda: Agenda, settings: Settings, seed: int, on_conflict: str) -> None:
        chance = random.Random(seed)
        zone = ZoneInfo(chance.choice(["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"]))
        people = [agenda.organizer, agenda.people["Eva"].id]
        ids: list[str] = []
        outcomes: dict[int, int] = {}
        stayed = 0
        base = datetime(2035 + 2 * seed, 3, 1, tzinfo=zone)
        for n in range(0 if on_conflict == "refuse" else 16):
            agenda.booked(base + timedelta(days=n, hours=n % 4), organizer_id=people[n % 2])
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
                    before = {str(each["id"]): each["start_time"] for each in live}
                    path = f"reschedule?scope={scope}&on_conflict={on_conflict}"
                    reply = agenda.act(str(row["id"]), path, {"start_time": (row["start_time"] + by).isoformat()})
                    stay = {each["booking_id"] for each in reply.json.get("conflicts", [])} if reply.status == 200 else set()
                    now = {str(each["id"]): each["start_time"] for each in of(agenda, settings, ids)}
                    assert {id: now[id] for id in stay} == {id: before[id] for id in stay}
                    stayed += len(stay)
            assert reply.status in (200, 201, 409, 422), reply.body
            outcomes[reply.status] = outcomes.get(reply.status, 0) + 1
            check(of(agenda, settings, ids), ids)
        print(f"seed {seed}: {len(ids)} bookings, {outcomes}, {stayed} stayed")
        assert outcomes[200] >= 10
        assert outcomes[409] >= 1  # some were in the way
        assert (stayed > 0) == (on_conflict == "skip")


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
        " order by b.id"  # as they were made: what a seed does is the same every time
    )
    with owner_of(settings) as owner:
        found = owner.execute(query, (agenda.workspace, ids))
        names = [each.name for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """A studio of its own for each test: they all book the same days."""
    return Agenda.new(local, settings)
