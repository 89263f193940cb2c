"""Series and closures: an occurrence while the studio, the room is closed or the organizer away is a conflict of its own, told with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from plugins.bookings.repository.series import Series
from tests.agenda import Agenda
from tests.repeating import body, made, next_month, rows_of, shown, starts
from tests.servers import Api, Reply

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = [("studio", "studio_closed"), ("organizer", "organizer_away"), ("room", "room_closed")]


def close(agenda: Agenda, start: datetime, *, hours: int = 2, **whom: str) -> dict[str, Any]:
    """The studio, unless a room or somebody is named."""
    span = {"starts_at": start.isoformat(), "ends_at": (start + hours * HOUR).isoformat()}
    return agenda.made("/api/v1/bookings/time-off", {**whom, **span})


def whom(agenda: Agenda, what: str, room: str) -> dict[str, str]:
    return {"studio": {}, "organizer": {"user_id": agenda.organizer}, "room": {"room_id": room}}[what]


def reasons(conflicts: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["start_time"], each["code"], each["taken"]["resource"]) for each in conflicts]


class TestMaking:
    @pytest.mark.parametrize(("what", "code"), WHY)
    def test_an_occurrence_then_is_refused_or_left_out_and_told(self, agenda: Agenda, settings: Settings, what: str, code: str) -> None:
        start, room = next_month(), agenda.room()
        close(agenda, start + DAY - HOUR, **whom(agenda, what, room))
        before, given = rows_of(agenda, settings), body(agenda, start, "FREQ=DAILY;COUNT=3", room_id=room)
        refused = agenda.post("/api/v1/bookings/series", given)
        assert (refused.status, refused.json["code"]) == (409, "series_conflicts"), refused.body
        (conflict,) = refused.json["conflicts"]
        closed = {"start_time": (start + DAY - HOUR).isoformat(), "end_time": (start + DAY + HOUR).isoformat(), "resource": what}
        assert (conflict["start_time"], conflict["code"], conflict["taken"]) == ((start + DAY).isoformat(), code, closed)
        assert rows_of(agenda, settings) == before
        series = agenda.made("/api/v1/bookings/series", {**given, "on_conflict": "skip"})
        assert [each["start_time"] for each in series["bookings"]] == [shown(start), shown(start + 2 * DAY)]
        assert reasons(series["conflicts"]) == [(shown(start + DAY), code, what)]
        assert series["exdates"] == [(start + DAY).replace(tzinfo=None).isoformat()]
        assert agenda.book(start + DAY, room_id=room).status == 201  # one by one the staff books when it says

    def test_what_is_closed_before_after_or_for_others_is_in_nobodys_way(self, agenda: Agenda) -> None:
        start = next_month()
        agenda.hours(opens="10:00", closes="11:00")  # the staff books outside of the hours, too
        close(agenda, start - 2 * HOUR)
        close(agenda, start + HOUR)
        close(agenda, start, user_id=agenda.people["Eva"].id)
        close(agenda, start, room_id=agenda.room())
        assert made(agenda, start, "FREQ=DAILY;COUNT=2", room_id=agenda.room())["conflicts"] == []

    def test_the_buffers_are_not_closed_either(self, agenda: Agenda) -> None:
        start = next_month()
        close(agenda, start - 2 * HOUR)
        given = {"service_id": agenda.service(buffer_before_minutes=15)["id"], "title": None, "end_time": None, "on_conflict": "skip"}
        series = made(agenda, start, "FREQ=DAILY;COUNT=2", **given)
        assert reasons(series["conflicts"]) == [(shown(start), "studio_closed", "studio")]

    def test_each_has_the_first_reason_and_what_is_booked_comes_before_what_is_closed(self, agenda: Agenda) -> None:
        start = next_month()
        agenda.booked(start + DAY)
        for n in (1, 2):
            close(agenda, start + n * DAY)
        close(agenda, start + 2 * DAY - HOUR, user_id=agenda.organizer)
        refused = agenda.post("/api/v1/bookings/series", body(agenda, start, "FREQ=DAILY;COUNT=3"))
        assert reasons(refused.json["conflicts"]) == [
            ((start + DAY).isoformat(), "slot_taken", "organizer"), ((start + 2 * DAY).isoformat(), "organizer_away", "organizer"),
        ]  # fmt: skip

    def test_of_another_workspace_nothing_is_closed(self, agenda: Agenda, local: Api, settings: Settings) -> None:
        start = next_month()
        close(Agenda.new(local, settings, clients=1), start)
        assert made(agenda, start, "FREQ=DAILY;COUNT=2")["conflicts"] == []

    def test_while_all_are_closed_there_is_nothing_to_book(self, agenda: Agenda, settings: Settings) -> None:
        start = next_month()
        close(agenda, start, hours=72)
        before = rows_of(agenda, settings)
        refused = agenda.post("/api/v1/bookings/series", body(agenda, start, "FREQ=DAILY;COUNT=3", on_conflict="skip"))
        assert (refused.status, len(refused.json["conflicts"])) == (409, 3)
        assert rows_of(agenda, settings) == before

    def test_520_occurrences_are_two_questions(self, agenda: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
        start, room, asked = next_month(), agenda.room(), Counter[str]()
        for n, (what, _) in enumerate(WHY):
            close(agenda, start + n * 7 * DAY, **whom(agenda, what, room))
        for name in ("conflicts", "closures"):
            monkeypatch.setattr(Series, name, _counting(asked, name))
        series = made(agenda, start, "FREQ=DAILY;COUNT=520", room_id=room, on_conflict="skip")
        assert (len(series["bookings"]), [each["code"] for each in series["conflicts"]]) == (517, [code for _, code in WHY])
        assert asked == {"conflicts": 1, "closures": 1}


def _counting(asked: Counter[str], name: str) -> Any:
    real = getattr(Series, name)

    def counting(*given: Any) -> Any:
        asked[name] += 1
        return real(*given)

    return counting


class TestMoving:
    @staticmethod
    def change(agenda: Agenda, series: dict[str, Any], n: int, query: str, how: str, **given: Any) -> Reply:
        """PATCH, or reschedule."""
        id = series["bookings"][n]["id"]
        return agenda.ask("PATCH", f"/api/v1/bookings/{id}?{query}", given) if how == "PATCH" else agenda.act(id, f"reschedule?{query}", given)

    @pytest.mark.parametrize("how", ["reschedule", "PATCH"])
    @pytest.mark.parametrize("scope", ["following", "all"])
    @pytest.mark.parametrize(("what", "code"), WHY)
    def test_into_it_is_refused_or_they_stay(self, agenda: Agenda, settings: Settings, what: str, code: str, scope: str, how: str) -> None:
        start, room = next_month(), agenda.room()
        series = made(agenda, start, "FREQ=DAILY;COUNT=4", room_id=room)
        close(agenda, start + 2 * DAY + 4 * HOUR, **whom(agenda, what, room))
        before, was = rows_of(agenda, settings), starts(agenda, series)
        at = {"start_time": (start + DAY + 5 * HOUR).isoformat(), "end_time": (start + DAY + 6 * HOUR).isoformat()}
        refused = self.change(agenda, series, 1, f"scope={scope}", how, **at)
        assert (refused.status, refused.json["code"]) == (409, "series_conflicts"), refused.body
        assert reasons(refused.json["conflicts"]) == [((start + 2 * DAY + 5 * HOUR).isoformat(), code, what)]
        assert (rows_of(agenda, settings), starts(agenda, series)) == (before, was)
        moved = self.change(agenda, series, 1, f"scope={scope}&on_conflict=skip", how, **at)
        assert moved.status == 200, moved.body
        assert reasons(moved.json["conflicts"]) == [(shown(start + 2 * DAY + 5 * HOUR), code, what)]
        assert [each["booking_id"] for each in moved.json["conflicts"]] == [series["bookings"][2]["id"]]
        assert moved.headers["ETag"] == agenda.get(f"/api/v1/bookings/{series['bookings'][1]['id']}").headers["ETag"]
        late = [5 if scope == "all" else 0, 5, 0, 5]
        assert starts(agenda, series) == [shown(start + n * DAY + hours * HOUR) for n, hours in enumerate(late)]

    def test_the_one_named_never_stays(self, agenda: Agenda, settings: Settings) -> None:
        start = next_month()
        series = made(agenda, start, "FREQ=DAILY;COUNT=3")
        close(agenda, start + DAY + 4 * HOUR)
        before, was = rows_of(agenda, settings), starts(agenda, series)
        at = {"start_time": (start + DAY + 5 * HOUR).isoformat()}
        refused = self.change(agenda, series, 1, "scope=all&on_conflict=skip", "reschedule", **at)
        assert (refused.status, refused.json["code"]) == (409, "series_conflicts")
        assert (rows_of(agenda, settings), starts(agenda, series)) == (before, was)
        assert self.change(agenda, series, 1, "scope=this", "reschedule", **at).status == 200  # one by one the staff moves where it says

    def test_to_somebody_who_is_away_is_refused_or_they_stay_whose_they_are(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        series = made(agenda, start, "FREQ=DAILY;COUNT=3")
        close(agenda, start + DAY, user_id=eva)
        refused = self.change(agenda, series, 0, "scope=all", "PATCH", organizer_id=eva)
        assert reasons(refused.json["conflicts"]) == [((start + DAY).isoformat(), "organizer_away", "organizer")]
        assert self.change(agenda, series, 0, "scope=all&on_conflict=skip", "PATCH", organizer_id=eva, title="Yoga").status == 200
        all_of = [agenda.get(f"/api/v1/bookings/{each['id']}").json for each in series["bookings"]]
        assert [(each["organizer_id"], each["title"]) for each in all_of] == [(eva, "Yoga"), (agenda.organizer, "Session"), (eva, "Yoga")]
        assert agenda.book(start + DAY).json["code"] == "slot_taken"
        assert agenda.book(start + 2 * DAY).status == 201  # the time of who had it before is free

    def test_to_a_room_that_is_closed_is_refused_or_they_stay_where_they_are(self, agenda: Agenda) -> None:
        start, room = next_month(), agenda.room()
        series = made(agenda, start, "FREQ=DAILY;COUNT=3")
        close(agenda, start + 2 * DAY, room_id=room)
        refused = self.change(agenda, series, 1, "scope=following", "PATCH", room_id=room)
        assert reasons(refused.json["conflicts"]) == [((start + 2 * DAY).isoformat(), "room_closed", "room")]
        assert self.change(agenda, series, 1, "scope=following&on_conflict=skip", "PATCH", room_id=room).status == 200
        assert [agenda.get(f"/api/v1/bookings/{each['id']}").json["room_id"] for each in series["bookings"]] == [None, room, None]

    def test_what_was_booked_before_it_closed_stays_booked_and_changes_otherwise(self, agenda: Agenda) -> None:
        start, eva = next_month(), agenda.people["Eva"].id
        series = made(agenda, start, "FREQ=DAILY;COUNT=3", capacity=2)
        close(agenda, start + DAY)
        close(agenda, start + DAY, user_id=agenda.organizer)
        for given in ({"title": "Yoga"}, {"client_ids": agenda.clients[:1]}, {"room_id": agenda.room()}, {"organizer_id": eva}):
            assert self.change(agenda, series, 0, "scope=all", "PATCH", **given).status == 200, given
        assert starts(agenda, series) == [shown(start + n * DAY) for n in range(3)]


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """A studio of its own for each test: they all book the same days."""
    return Agenda.new(local, settings)
