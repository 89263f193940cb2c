"""Rooms of series: archived and closed ones are taken neither when it is made nor when it moves."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda
from tests.repeating import body, made, next_month, rows_of, shown, starts
from tests.servers import Api
from tests.yardstick import budget_s

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """A studio of its own for each test: they all book the same days."""
    return Agenda.new(local, settings)


class TestArchivedRooms:
    def test_no_series_is_made_in_one_or_moved_into_one(self, agenda: Agenda, settings: Settings) -> None:
        start, room = next_month(), agenda.room()
        series = made(agenda, start, "FREQ=WEEKLY;COUNT=3")
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        before = rows_of(agenda, settings)
        replies = [agenda.post("/api/v1/bookings/series", body(agenda, start + HOUR, "FREQ=WEEKLY;COUNT=3", room_id=room))]
        for scope in ("following", "all"):
            path = f"/api/v1/bookings/{series['bookings'][1]['id']}?scope={scope}"
            replies.append(agenda.ask("PATCH", path, {"room_id": room}))
        for reply in replies:
            assert (reply.status, reply.json["code"]) == (422, "invalid_reference"), reply.body
            assert [each["pointer"] for each in reply.json["errors"]] == ["/room_id"]
        assert rows_of(agenda, settings) == before

    @pytest.mark.parametrize("scope", ["following", "all"])
    def test_no_series_moves_in_the_one_that_it_had(self, agenda: Agenda, scope: str) -> None:
        start, room = next_month(), agenda.room()
        series = made(agenda, start, "FREQ=DAILY;COUNT=2", room_id=room)
        path = f"/api/v1/bookings/{series['bookings'][0]['id']}"
        past = {"start_time": shown(start - 60 * DAY), "end_time": shown(start - 60 * DAY + HOUR)}
        assert agenda.ask("PATCH", f"{path}?scope=all", past).status == 200
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        again = {"start_time": shown(start), "end_time": shown(start + HOUR), "room_id": room}
        refused = agenda.ask("PATCH", f"{path}?scope={scope}", again)
        assert (refused.status, refused.json["code"], refused.json["errors"][0]["pointer"]) == (422, "invalid_reference", "/room_id"), refused.body
        assert agenda.ask("PATCH", f"{path}?scope={scope}", {"title": "What it was", "room_id": room}).json["room_id"] == room


class TestRoomsOfTheService:
    @staticmethod
    def asked(agenda: Agenda, start: datetime, rooms: list[str], **given: Any) -> dict[str, Any]:
        return body(agenda, start, "FREQ=DAILY;COUNT=3", service_id=agenda.service(room_ids=rooms)["id"], title=None, end_time=None, **given)

    @staticmethod
    def close(agenda: Agenda, room: str, start: datetime) -> dict[str, Any]:
        return agenda.made("/api/v1/bookings/time-off", {"room_id": room, "starts_at": start.isoformat(), "ends_at": (start + 2 * HOUR).isoformat()})

    @staticmethod
    def rooms(agenda: Agenda, series: dict[str, Any]) -> list[str]:
        return [agenda.get(f"/api/v1/bookings/{each['id']}").json["room_id"] for each in series["bookings"]]

    def test_an_archived_one_is_none(self, agenda: Agenda) -> None:
        rooms = sorted(agenda.room() for _ in range(2))
        given = self.asked(agenda, next_month(), rooms)
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{rooms[0]}").status == 204
        assert self.rooms(agenda, agenda.made("/api/v1/bookings/series", given)) == [rooms[1]] * 3

    def test_a_closed_one_is_a_conflict(self, agenda: Agenda) -> None:
        room, start = agenda.room(), next_month()
        self.close(agenda, room, start + DAY - HOUR)
        given = self.asked(agenda, start, [room])
        reply = agenda.post("/api/v1/bookings/series", given)
        assert (reply.status, reply.json["code"]) == (409, "series_conflicts"), reply.body
        (conflict,) = reply.json["conflicts"]
        closed = {"start_time": (start + DAY - HOUR).isoformat(), "end_time": (start + DAY + HOUR).isoformat(), "resource": "room"}
        assert (conflict["start_time"], conflict["taken"]) == ((start + DAY).isoformat(), closed)
        single = agenda.book(start + DAY, service_id=given["service_id"])
        assert (single.status, single.json["code"]) == (409, "slot_taken")
        series = agenda.made("/api/v1/bookings/series", {**given, "on_conflict": "skip"})
        assert [each["start_time"] for each in series["bookings"]] == [shown(start), shown(start + 2 * DAY)]
        assert len(series["conflicts"]) == 1

    def test_another_is_taken_while_one_is_closed(self, agenda: Agenda) -> None:
        rooms, start = sorted(agenda.room() for _ in range(2)), next_month()
        self.close(agenda, rooms[0], start + DAY)
        agenda.booked(start, room_id=rooms[1], organizer_id=agenda.people["Eva"].id)
        series = agenda.made("/api/v1/bookings/series", self.asked(agenda, start, rooms))
        assert self.rooms(agenda, series) == [rooms[0], rooms[1], rooms[0]]
        assert agenda.book(start + DAY, room_id=rooms[1], organizer_id=agenda.people["Eva"].id).json["code"] == "slot_taken"

    def test_520_occurrences_find_their_rooms_in_one_request(self, agenda: Agenda) -> None:
        rooms, start = [agenda.room() for _ in range(3)], next_month()
        for n, room in enumerate(rooms):
            for later in range(3):
                self.close(agenda, room, start + n * DAY + later * 2 * HOUR)
        given = {**self.asked(agenda, start, rooms), "rrule": "FREQ=DAILY;COUNT=520"}
        took = []
        for n in range(3):
            given["start_time"] = (start + n * 2 * HOUR).isoformat()
            begun = time.perf_counter()
            reply = agenda.post("/api/v1/bookings/series", given)
            took.append(time.perf_counter() - begun)
            assert (reply.status, len(reply.json["bookings"])) == (201, 520), reply.body
        assert min(took) < 2 * budget_s(1), took  # the other half of the machine is another test's


class TestMovingIntoAClosedRoom:
    """As making it there would be refused."""

    @pytest.mark.parametrize("how", ["reschedule", "PATCH"])
    @pytest.mark.parametrize("scope", ["following", "all"])
    def test_a_series_does_not(self, agenda: Agenda, settings: Settings, scope: str, how: str) -> None:
        room, start = agenda.room(), next_month()
        asked = TestRoomsOfTheService.asked(agenda, start, [room], organizer_id=agenda.people["Eva"].id)
        series = agenda.made("/api/v1/bookings/series", asked)
        TestRoomsOfTheService.close(agenda, room, start + 2 * DAY + 4 * HOUR)
        before, was = rows_of(agenda, settings), starts(agenda, series)
        at = {"start_time": (start + DAY + 5 * HOUR).isoformat(), "end_time": (start + DAY + 6 * HOUR).isoformat()}
        id = series["bookings"][1]["id"]
        path = f"/api/v1/bookings/{id}?scope={scope}"
        reply = agenda.ask("PATCH", path, at) if how == "PATCH" else agenda.act(id, f"reschedule?scope={scope}", at)
        assert (reply.status, reply.json["code"]) == (409, "series_conflicts"), reply.body
        (conflict,) = reply.json["conflicts"]
        closed = {"start_time": (start + 2 * DAY + 4 * HOUR).isoformat(), "end_time": (start + 2 * DAY + 6 * HOUR).isoformat(), "resource": "room"}
        assert (conflict["start_time"], conflict["taken"]) == ((start + 2 * DAY + 5 * HOUR).isoformat(), closed)
        assert (rows_of(agenda, settings), starts(agenda, series)) == (before, was)
        assert agenda.ask("PATCH", path, {"title": "Yoga"}).status == 200
        for each in series["bookings"]:
            agenda.act(each, "cancel")

    def test_or_the_others_do_and_it_is_told(self, agenda: Agenda) -> None:
        room, start = agenda.room(), next_month() + 90 * DAY
        asked = TestRoomsOfTheService.asked(agenda, start, [room], organizer_id=agenda.people["Eva"].id)
        series = agenda.made("/api/v1/bookings/series", asked)
        TestRoomsOfTheService.close(agenda, room, start + DAY + 4 * HOUR)
        path = "reschedule?scope=all&on_conflict=skip"
        refused = agenda.act(series["bookings"][1], path, {"start_time": (start + DAY + 5 * HOUR).isoformat()})
        assert (refused.status, refused.json["code"]) == (409, "series_conflicts")  # the one named stays for nobody
        moved = agenda.act(series["bookings"][0], path, {"start_time": (start + 5 * HOUR).isoformat()})
        assert moved.status == 200, moved.body
        assert [(each["start_time"], each["taken"]["resource"]) for each in moved.json["conflicts"]] == [(shown(start + DAY + 5 * HOUR), "room")]
        assert starts(agenda, series) == [shown(start + 5 * HOUR), shown(start + DAY), shown(start + 2 * DAY + 5 * HOUR)]
        back = agenda.act(series["bookings"][0], "reschedule?scope=all", {"start_time": start.isoformat()})
        assert (back.status, back.json["conflicts"]) == (200, [])
        assert starts(agenda, series) == [shown(start + n * DAY) for n in range(3)]

    @pytest.mark.parametrize("how", ["reschedule", "PATCH"])
    @pytest.mark.parametrize("of", ["a service", "no service"])
    def test_nor_does_one_booking(self, agenda: Agenda, of: str, how: str) -> None:
        room, start = agenda.room(), next_month() + 60 * DAY
        given = {"service_id": agenda.service(room_ids=[room])["id"]} if of == "a service" else {"room_id": room}
        made = agenda.booked(start, organizer_id=agenda.people["Eva"].id, **given)
        TestRoomsOfTheService.close(agenda, room, start + 4 * HOUR)
        at = {"start_time": (start + 5 * HOUR).isoformat(), "end_time": (start + 6 * HOUR).isoformat()}
        reply = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", at) if how == "PATCH" else agenda.act(made, "reschedule", at)
        assert (reply.status, reply.json["code"], reply.json["taken"]["resource"]) == (409, "slot_taken", "room"), reply.body
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json["start_time"] == shown(start)
        agenda.act(made, "cancel")


class TestMovingWhereItsRoomIsTaken:
    """As one booking does, each goes to another room of the service; the others stay in theirs."""

    @pytest.fixture
    def rooms(self, agenda: Agenda) -> list[str]:
        return sorted(agenda.room() for _ in range(3))

    @pytest.fixture
    def series(self, agenda: Agenda, rooms: list[str]) -> dict[str, Any]:
        """Three mornings in the first room, which somebody else has at noon of the second day, and the second on the third."""
        series = agenda.made("/api/v1/bookings/series", TestRoomsOfTheService.asked(agenda, next_month(), rooms[:2]))
        assert TestRoomsOfTheService.rooms(agenda, series) == [rooms[0]] * 3
        for day, room in ((1, rooms[0]), (2, rooms[1])):
            agenda.booked(next_month() + day * DAY + 3 * HOUR, room_id=room, organizer_id=agenda.people["Eva"].id)
        return series

    @staticmethod
    def move(agenda: Agenda, series: dict[str, Any], n: int, scope: str, how: str = "reschedule", **given: Any) -> Any:
        at = {"start_time": shown(next_month() + n * DAY + 3 * HOUR), "end_time": shown(next_month() + n * DAY + 4 * HOUR), **given}
        id = series["bookings"][n]["id"]
        if how == "reschedule":
            return agenda.act(id, f"reschedule?scope={scope}", at)
        return agenda.ask("PATCH", f"/api/v1/bookings/{id}?scope={scope}", at)

    @pytest.mark.parametrize("how", ["reschedule", "PATCH"])
    @pytest.mark.parametrize("scope", ["following", "all"])
    def test_only_that_one_changes_rooms(
        self, agenda: Agenda, settings: Settings, series: dict[str, Any], rooms: list[str], scope: str, how: str
    ) -> None:
        moved = self.move(agenda, series, 1, scope, how)
        assert (moved.status, moved.json["conflicts"]) == (200, []), moved.body
        assert moved.json["room_id"] == rooms[1]
        assert TestRoomsOfTheService.rooms(agenda, series) == [rooms[0], rooms[1], rooms[0]]
        late = [shown(next_month() + n * DAY + 3 * HOUR) for n in range(3)]
        assert starts(agenda, series) == [late[0] if scope == "all" else shown(next_month()), *late[1:]]
        taken = agenda.book(next_month() + DAY + 3 * HOUR, room_id=rooms[1], organizer_id=agenda.people["Eva"].id)
        assert (taken.status, taken.json["code"]) == (409, "slot_taken")

    def test_and_stays_there_when_it_moves_back(self, agenda: Agenda, series: dict[str, Any], rooms: list[str]) -> None:
        assert self.move(agenda, series, 0, "all").status == 200
        back = agenda.act(series["bookings"][0], "reschedule?scope=all", {"start_time": shown(next_month())})
        assert (back.status, back.json["conflicts"]) == (200, [])
        assert starts(agenda, series) == [shown(next_month() + n * DAY) for n in range(3)]
        assert TestRoomsOfTheService.rooms(agenda, series) == [rooms[0], rooms[1], rooms[0]], "which is free, so it stays"

    def test_where_none_is_free_nothing_moves(self, agenda: Agenda, settings: Settings, series: dict[str, Any], rooms: list[str]) -> None:
        TestRoomsOfTheService.close(agenda, rooms[1], next_month() + DAY + 3 * HOUR)
        before = rows_of(agenda, settings)
        refused = self.move(agenda, series, 0, "all")
        assert (refused.status, refused.json["code"]) == (409, "series_conflicts")
        (conflict,) = refused.json["conflicts"]
        assert (conflict["booking_id"], conflict["code"], conflict["taken"]["resource"]) == (series["bookings"][1]["id"], "slot_taken", "room")
        assert rows_of(agenda, settings) == before
        moved = self.move(agenda, series, 0, "all&on_conflict=skip")
        assert [each["booking_id"] for each in moved.json["conflicts"]] == [series["bookings"][1]["id"]]
        assert starts(agenda, series)[1] == shown(next_month() + DAY)

    @pytest.mark.parametrize("named", [0, 2])
    def test_a_room_that_is_named_is_meant(self, agenda: Agenda, settings: Settings, series: dict[str, Any], rooms: list[str], named: int) -> None:
        moved = self.move(agenda, series, 0, "all", "PATCH", room_id=rooms[named])
        if named == 0:
            assert (moved.status, moved.json["code"]) == (409, "series_conflicts"), moved.body
            assert len(moved.json["conflicts"]) == 1
        else:
            assert moved.status == 200, moved.body
            assert TestRoomsOfTheService.rooms(agenda, series) == [rooms[2]] * 3

    def test_nobody_is_in_two_places_for_a_free_room(self, agenda: Agenda, settings: Settings, series: dict[str, Any]) -> None:
        agenda.booked(next_month() + 3 * HOUR)
        before = rows_of(agenda, settings)
        refused = self.move(agenda, series, 0, "all")
        assert [each["taken"]["resource"] for each in refused.json["conflicts"]] == ["organizer"]
        assert rows_of(agenda, settings) == before

    @pytest.mark.parametrize("given", [{}, {"client_ids": []}], ids=["alone", "with who comes"])
    def test_what_stays_keeps_its_room(self, agenda: Agenda, rooms: list[str], given: dict[str, Any]) -> None:
        """Moved alone, and somebody else's: it stays where it is, and nobody comes to it there."""
        noon, eva = next_month() + 5 * HOUR, agenda.people["Eva"].id
        series = agenda.made("/api/v1/bookings/series", TestRoomsOfTheService.asked(agenda, next_month(), rooms))
        one, two, _ = (each["id"] for each in series["bookings"])
        at = {"start_time": shown(noon), "end_time": shown(noon + HOUR)}
        assert agenda.ask("PATCH", f"/api/v1/bookings/{two}", {**at, "organizer_id": eva, "room_id": rooms[1]}).status == 200
        agenda.booked(noon, organizer_id=agenda.people["Owner"].id, room_id=rooms[0])
        moved = agenda.ask("PATCH", f"/api/v1/bookings/{one}?scope=all", {**at, **given})
        assert (moved.status, moved.json["room_id"]) == (200, rooms[2]), moved.body
        assert TestRoomsOfTheService.rooms(agenda, series) == [rooms[2], rooms[1], rooms[0]]

    def test_what_needs_no_room_gets_none(self, agenda: Agenda, series: dict[str, Any]) -> None:
        assert agenda.ask("PATCH", f"/api/v1/bookings/{series['bookings'][0]['id']}?scope=all", {"room_id": None}).status == 200
        assert self.move(agenda, series, 0, "all").status == 200
        assert TestRoomsOfTheService.rooms(agenda, series) == [None] * 3
