"""Rooms of single bookings: archived ones are in none, a closed one makes way for another of the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.integration.stopping import Patient
from tests.servers import Api, Cluster, Reply, owner_of
from tests.upgrading import migrated

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


@pytest.fixture(scope="module")
def patient(cluster: Cluster) -> Iterator[Patient]:
    with Patient.open(cluster, "fitpro_rooms") as patient:
        yield patient


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

    def test_nothing_that_was_in_one_moves_in_it(self, agenda: Agenda) -> None:
        room, start = agenda.room(), a_day()
        made = agenda.booked(start - timedelta(days=700), room_id=room)
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        path, times = f"/api/v1/bookings/{made['id']}", {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        self.refused(agenda.ask("PATCH", path, {**times, "room_id": room}))
        assert agenda.ask("PATCH", path, {"title": "What it was", "room_id": room}).json["room_id"] == room
        assert agenda.ask("PATCH", path, {**times, "room_id": None}).status == 200

    def test_no_service_is_in_one(self, agenda: Agenda, archived: str) -> None:
        terms = {"name": f"In {archived}", "duration_minutes": 60, "room_ids": [archived]}
        self.refused(agenda.post("/api/v1/bookings/services", terms), "/room_ids")
        service = agenda.service(room_ids=[agenda.room()])
        path = f"/api/v1/bookings/services/{service['id']}"
        self.refused(agenda.ask("PUT", path, terms, **{"If-Match": "*"}), "/room_ids")
        self.refused(agenda.ask("PATCH", path, {"room_ids": [*service["room_ids"], archived]}), "/room_ids")
        assert agenda.get(path).json == service

    def test_services_lose_it(self, agenda: Agenda) -> None:
        rooms = sorted(agenda.room() for _ in range(2))
        service = agenda.service(room_ids=rooms)
        path = f"/api/v1/bookings/services/{service['id']}"
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{rooms[0]}").status == 204
        left = agenda.get(path)
        assert (left.json["room_ids"], left.json["version"]) == ([rooms[1]], service["version"] + 1)
        names = ("name", "duration_minutes", "organizer_ids", "room_ids")
        replaced = agenda.ask("PUT", path, {name: left.json[name] for name in names}, **{"If-Match": left.headers["etag"]})
        assert (replaced.status, replaced.json["room_ids"]) == (200, [rooms[1]]), "what is read can be written"

    def test_the_last_room_of_a_service_stays(self, agenda: Agenda) -> None:
        agenda.hours()
        room, other = agenda.room(), agenda.room()
        alone, several = agenda.service(room_ids=[room]), agenda.service(room_ids=[room, other])
        before = [agenda.get(f"/api/v1/bookings/services/{each['id']}").json for each in (alone, several)]
        refused = agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}")
        assert (refused.status, refused.json["code"], refused.json["service_ids"]) == (409, "only_room", [alone["id"]]), refused.body
        assert agenda.get(f"/api/v1/bookings/rooms/{room}").json["archived_at"] is None
        assert [agenda.get(f"/api/v1/bookings/services/{each['id']}").json for each in (alone, several)] == before
        assert agenda.ask("PATCH", f"/api/v1/bookings/services/{alone['id']}", {"room_ids": []}).status == 200
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
        assert agenda.book(a_day(), service_id=alone["id"]).status == 201

    def test_what_is_offered_no_more_keeps_no_room_in_use(self, agenda: Agenda) -> None:
        room = agenda.room()
        service = agenda.service(room_ids=[room])
        assert agenda.ask("DELETE", f"/api/v1/bookings/services/{service['id']}").status == 204
        assert agenda.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204

    @pytest.mark.parametrize("kind", ["rooms", "services"])
    def test_its_name_is_free_again(self, agenda: Agenda, kind: str) -> None:
        given = {"name": f"Once {kind}", **({"duration_minutes": 60} if kind == "services" else {})}
        first = agenda.made(f"/api/v1/bookings/{kind}", given)
        taken = agenda.post(f"/api/v1/bookings/{kind}", given)
        assert (taken.status, taken.json["code"]) == (409, "name_taken")
        assert agenda.ask("DELETE", f"/api/v1/bookings/{kind}/{first['id']}").status == 204
        assert agenda.post(f"/api/v1/bookings/{kind}", given).status == 201


class TestTwoAtOnce:
    """No service is left without a room by what each of two sees alone."""

    @pytest.fixture
    def studio(self, patient: Patient) -> Agenda:
        return Agenda.new(patient.api, patient.settings)

    @staticmethod
    def code(reply: Reply) -> str | None:
        return reply.json["code"] if reply.body and reply.status >= 400 else None

    def test_both_its_rooms_are_archived(self, patient: Patient, studio: Agenda) -> None:
        rooms = [studio.room() for _ in range(2)]
        service = studio.service(room_ids=rooms)

        def archive(api: Api, room: str) -> str | None:
            return self.code(replace(studio, api=api).ask("DELETE", f"/api/v1/bookings/rooms/{room}"))

        both = patient.meanwhile(lambda api: archive(api, rooms[0]), lambda api: archive(api, rooms[1]), table="bookings_service")
        assert both == (None, "only_room")
        assert studio.get(f"/api/v1/bookings/services/{service['id']}").json["room_ids"] == rooms[1:]

    def test_whoever_changes_a_service_waits_for_no_room_that_is_archived(self, patient: Patient, studio: Agenda) -> None:
        room, other = studio.room(), studio.room()
        low, high = sorted(studio.service(room_ids=[room, other])["id"] for _ in range(2))
        with owner_of(patient.settings) as lock, ThreadPoolExecutor(1) as pool:
            lock.execute("select from bookings_service where id = %s for update", (low,))
            archived = pool.submit(replace(studio, api=patient.api).ask, "DELETE", f"/api/v1/bookings/rooms/{room}")
            patient.until(lambda waiting: waiting == 1)
            assert studio.ask("PATCH", f"/api/v1/bookings/services/{high}", {"description": "Changed"}).status == 200
            lock.rollback()
            assert archived.result().status == 204
        assert [studio.get(f"/api/v1/bookings/services/{each}").json["room_ids"] for each in (low, high)] == [[other], [other]]

    @pytest.mark.parametrize("how", ["reschedule", "PATCH"])
    def test_what_was_in_a_room_moves_while_it_is_archived(self, patient: Patient, studio: Agenda, how: str) -> None:
        room, start = studio.room(), a_day()
        made = studio.booked(start - timedelta(days=700), room_id=room)
        path, times = f"/api/v1/bookings/{made['id']}", {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        method, path = ("PATCH", path) if how == "PATCH" else ("POST", f"{path}/reschedule")
        with owner_of(patient.settings) as lock, ThreadPoolExecutor(1) as pool:
            lock.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{studio.workspace}:bookings:{made['organizer_id']}",))
            moved = pool.submit(replace(studio, api=patient.api).ask, method, path, times)
            patient.until(lambda waiting: waiting == 1)
            assert studio.ask("DELETE", f"/api/v1/bookings/rooms/{room}").status == 204
            lock.rollback()
            assert self.code(moved.result()) == "invalid_reference"

    def test_who_offers_a_service_leaves_while_its_room_is_archived(self, patient: Patient, studio: Agenda) -> None:
        room, other, eva = studio.room(), studio.room(), studio.people["Eva"].id
        service = studio.service(room_ids=[room, other], organizer_ids=[studio.organizer, eva])["id"]
        away = {"user_id": eva, "starts_at": a_day().isoformat(), "ends_at": (a_day() + timedelta(days=400)).isoformat()}
        studio.made("/api/v1/bookings/time-off", away)
        with owner_of(patient.settings) as lock, ThreadPoolExecutor(2) as pool:
            lock.execute("select from bookings_room where id = %s for update", (room,))
            archived = pool.submit(replace(studio, api=patient.api).ask, "DELETE", f"/api/v1/bookings/rooms/{room}")
            patient.until(lambda waiting: waiting == 1)
            left = pool.submit(replace(studio, api=patient.api).ask, "DELETE", f"/api/v1/users/{eva}")
            patient.until(lambda waiting: waiting == 2)
            lock.rollback()
            assert (archived.result().status, left.result().status) == (204, 204), left.result().body
        found = studio.get(f"/api/v1/bookings/services/{service}").json
        assert (found["room_ids"], found["organizer_ids"]) == ([other], [studio.organizer])

    def test_its_room_is_archived_while_it_gives_it_up(self, patient: Patient, studio: Agenda) -> None:
        room = studio.room()
        path = f"/api/v1/bookings/services/{studio.service(room_ids=[room])['id']}"
        both = patient.meanwhile(
            lambda api: self.code(replace(studio, api=api).ask("PATCH", path, {"room_ids": []})),
            lambda api: self.code(replace(studio, api=api).ask("DELETE", f"/api/v1/bookings/rooms/{room}")),
            table="bookings_service_room",
        )
        assert both == (None, None)

    @pytest.mark.parametrize("first", ["the room is archived", "the service is given it"])
    def test_its_room_is_archived_while_it_is_given_it(self, patient: Patient, studio: Agenda, first: str) -> None:
        room, path = studio.room(), f"/api/v1/bookings/services/{studio.service()['id']}"

        def archive(api: Api) -> str | None:
            return self.code(replace(studio, api=api).ask("DELETE", f"/api/v1/bookings/rooms/{room}"))

        def give(api: Api) -> str | None:
            return self.code(replace(studio, api=api).ask("PATCH", path, {"room_ids": [room]}))

        if first == "the room is archived":
            assert patient.meanwhile(archive, give, table="bookings_room") == (None, "invalid_reference")
        else:
            assert patient.meanwhile(give, archive, table="bookings_service_room") == (None, "only_room")


def test_an_upgrade_takes_archived_rooms_from_services_that_have_another(cluster: Cluster) -> None:
    settings = cluster.settings(cluster.clone("fitpro_rooms_in_use"))
    installation = install(settings)
    agenda = Agenda.new(Api(web(installation)), settings)
    rooms = [agenda.room() for _ in range(2)]
    both, alone = agenda.service(room_ids=rooms), agenda.service(room_ids=rooms[:1])
    for kind in ("rooms", "services"):
        for n in range(3):
            made = agenda.made(f"/api/v1/bookings/{kind}", {"name": "Same", **({} if kind == "rooms" else {"duration_minutes": 60})})
            assert n == 2 or agenda.ask("DELETE", f"/api/v1/bookings/{kind}/{made['id']}").status == 204
    with migrated(settings, "bookings", "bookings_0015"), owner_of(settings) as owner:
        names = owner.execute(
            "select name from bookings_room where name like 'Same%' union all select name from bookings_service where name like 'Same%'"
        )
        assert Counter(name == "Same" for (name,) in names.fetchall()) == {True: 2, False: 4}
        owner.execute("update bookings_room set archived_at = now() where id = %s", (rooms[0],))  # which left the links then
        entries = owner.execute("select count(*) from audit_logs").fetchone()
    with owner_of(settings) as owner:
        assert owner.execute("select count(*) from audit_logs").fetchone() == entries
    left = [agenda.get(f"/api/v1/bookings/services/{each['id']}").json for each in (both, alone)]
    assert [each["room_ids"] for each in left] == [rooms[1:], rooms[:1]]
    assert [each["version"] for each in left] == [both["version"] + 1, alone["version"]]
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


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
