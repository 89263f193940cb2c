"""Rooms of single bookings: archived ones are in none, a closed one makes way for another of the service."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


class TestArchivedRooms:
    @pytest.fixture
    def archived(self, agenda: Agenda) -> str:
        room = agenda.room()
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        return room

    @staticmethod
    def refused(reply: Reply, pointer: str = "/room_id") -> None:
        assert (reply.status, reply.json["code"]) == (422, "invalid_reference"), reply.body
        assert [each["pointer"] for each in reply.json["errors"]] == [pointer]

    def test_nothing_is_booked_in_one(self, agenda: Agenda, archived: str) -> None:
        self.refused(agenda.book(a_day(), room_id=archived))

    def test_nothing_is_moved_into_one(self, agenda: Agenda, archived: str) -> None:
        made = agenda.booked(a_day())
        path = f"/api/v1/bookings/{made['id']}"
        self.refused(agenda.ask("PATCH", path, {"room_id": archived}))
        names = ("title", "organizer_id", "client_ids", "start_time", "end_time", "capacity")
        self.refused(agenda.ask("PUT", path, {**{name: made[name] for name in names}, "room_id": archived}, **{"If-Match": "*"}))
        assert agenda.get(path).json == made

    def test_no_service_is_in_one(self, agenda: Agenda, archived: str) -> None:
        terms = {"name": f"In {archived}", "duration_minutes": 60, "room_ids": [archived]}
        self.refused(agenda.post("/api/v1/bookings/services", terms), "/room_ids")
        service = agenda.service(room_ids=[agenda.room()])
        path = f"/api/v1/bookings/services/{service['id']}"
        self.refused(agenda.ask("PUT", path, terms, **{"If-Match": "*"}), "/room_ids")
        self.refused(agenda.ask("PATCH", path, {"room_ids": [*service["room_ids"], archived]}), "/room_ids")
        assert agenda.get(path).json == service


class TestMovingToAnotherRoom:
    @staticmethod
    def in_the_way(agenda: Agenda, **service: Any) -> tuple[dict[str, Any], datetime, list[str]]:
        """A client's booking in the first of two rooms, which somebody else has an hour later."""
        agenda.hours()
        rooms, start = sorted(agenda.room() for _ in range(2)), a_day()
        made = agenda.booked(start, who="Cliente", service_id=agenda.service(room_ids=rooms, **service)["id"])
        assert made["room_id"] == rooms[0]
        agenda.booked(start + HOUR, room_id=rooms[0], organizer_id=agenda.people["Eva"].id)
        return made, start + HOUR, rooms

    @pytest.mark.parametrize("who", ["Cliente", "Owner"])
    def test_what_is_offered_can_be_moved_to(self, agenda: Agenda, who: str) -> None:
        made, later, rooms = self.in_the_way(agenda)
        assert later.isoformat() in agenda.slots(made["service_id"], later)
        moved = agenda.act(made, "reschedule", {"start_time": later.isoformat()}, who=who)
        assert (moved.status, moved.json.get("room_id")) == (200, rooms[1]), moved.body
        assert agenda.book(later, room_id=rooms[1], organizer_id=agenda.people["Eva"].id).json["code"] == "slot_taken"
        back = agenda.act(made, "reschedule", {"start_time": (later + HOUR).isoformat()}, who=who)
        assert (back.status, back.json["room_id"]) == (200, rooms[1])  # free there too: it stays

    def test_a_closed_room_is_left_too(self, agenda: Agenda) -> None:
        made, later, rooms = self.in_the_way(agenda)
        span = {"starts_at": (later + HOUR).isoformat(), "ends_at": (later + 2 * HOUR).isoformat()}
        agenda.made("/api/v1/bookings/time-off", {"room_id": rooms[0], **span})
        moved = agenda.act(made, "reschedule", {"start_time": (later + HOUR).isoformat()}, who="Cliente")
        assert (moved.status, moved.json.get("room_id")) == (200, rooms[1]), moved.body

    def test_a_room_that_is_given_is_kept(self, agenda: Agenda) -> None:
        made, later, rooms = self.in_the_way(agenda)
        times = {"start_time": later.isoformat(), "end_time": (later + HOUR).isoformat()}
        path = f"/api/v1/bookings/{made['id']}"
        refused = agenda.ask("PATCH", path, {**times, "room_id": rooms[0]})
        assert (refused.status, refused.json["code"], refused.json["taken"]["resource"]) == (409, "slot_taken", "room")
        changed = agenda.ask("PATCH", path, times)
        assert (changed.status, changed.json.get("room_id")) == (200, rooms[1]), changed.body

    def test_without_a_free_one_the_time_is_taken(self, agenda: Agenda) -> None:
        made, later, rooms = self.in_the_way(agenda)
        agenda.booked(later, room_id=rooms[1], organizer_id=agenda.people["Owner"].id)
        assert agenda.act(made, "reschedule", {"start_time": later.isoformat()}, who="Cliente").json["code"] == "slot_unavailable"
        refused = agenda.act(made, "reschedule", {"start_time": later.isoformat()})
        assert (refused.status, refused.json["code"], refused.json["taken"]["resource"]) == (409, "slot_taken", "room")


class TestClosedRooms:
    def test_what_was_put_into_one_stays_there_by_name(self, agenda: Agenda) -> None:
        room, start = agenda.room(), a_day()
        end = start + HOUR
        agenda.made("/api/v1/bookings/time-off", {"room_id": room, "starts_at": start.isoformat(), "ends_at": (start + 6 * HOUR).isoformat()})
        made = agenda.booked(start, room_id=room)
        path, longer = f"/api/v1/bookings/{made['id']}", {"end_time": (end + HOUR).isoformat()}
        for refused in (agenda.ask("PATCH", path, longer), agenda.act(made, "reschedule", {"start_time": end.isoformat()})):
            assert (refused.status, refused.json["code"], refused.json["taken"]["resource"]) == (409, "slot_taken", "room"), refused.body
            assert "Its room is closed then" in refused.json["detail"]
            assert "room_id" in refused.json["detail"]
        changed = agenda.ask("PATCH", path, {**longer, "room_id": room})
        assert (changed.status, changed.json["room_id"]) == (200, room), changed.body

    def test_what_is_in_one_that_is_archived_goes_elsewhere(self, agenda: Agenda) -> None:
        room, start = agenda.room(), a_day() - timedelta(days=700)  # of bookings to come none is left in it
        made = agenda.booked(start, room_id=room)
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        path, longer = f"/api/v1/bookings/{made['id']}", {"end_time": (start + 2 * HOUR).isoformat()}
        refused = agenda.ask("PATCH", path, longer)
        assert (refused.status, refused.json["code"]) == (409, "slot_taken"), refused.body
        assert "not in use any more" in refused.json["detail"]
        assert agenda.ask("PATCH", path, {**longer, "room_id": None}).status == 200
