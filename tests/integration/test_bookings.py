"""Bookings: made, read, changed, moved, called off; who may what, and that nobody is in two places at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from plugins.bookings.repository.times import Times
from tests.agenda import Agenda, a_day
from tests.servers import Api

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


class TestBooking:
    def test_a_booking_is_read_as_it_was_made(self, agenda: Agenda) -> None:
        start = a_day()
        made = agenda.booked(start, client_ids=agenda.clients[:1], location_kind="online", location="https://meet.example.com/x", notes="Knee.")
        assert (made["status"], made["capacity"], made["seats_taken"], made["client_ids"]) == ("booked", 1, 1, agenda.clients[:1])
        read = agenda.get(f"/api/v1/bookings/{made['id']}")
        assert (read.status, read.json) == (200, made)
        again = agenda.get(f"/api/v1/bookings/{made['id']}", **{"If-None-Match": read.headers["ETag"]})
        assert again.status == 304

    def test_a_key_is_required(self, agenda: Agenda) -> None:
        body = {"title": "Session", "start_time": a_day().isoformat(), "end_time": (a_day() + HOUR).isoformat()}
        reply = agenda.api.post("/api/v1/bookings", json=body, who=agenda.people["Owner"], workspace=agenda.workspace)
        assert (reply.status, reply.json["code"]) == (400, "idempotency_key_required")

    def test_the_terms_of_a_service_are_the_default(self, agenda: Agenda) -> None:
        where = {"location_kind": "in_person", "location": "Rua Augusta 1"}
        service = agenda.service(duration_minutes=45, price={"amount": 4900, "currency": "EUR"}, buffer_after_minutes=15, **where)
        start = a_day()
        made = agenda.booked(start, service_id=service["id"], client_ids=agenda.clients[:1])
        assert (made["title"], made["price"], made["location"]) == (service["name"], {"amount": 4900, "currency": "EUR"}, "Rua Augusta 1")
        assert made["end_time"] == (start + timedelta(minutes=45)).isoformat().replace("+00:00", "Z")
        taken = agenda.book(start + timedelta(minutes=50), client_ids=agenda.clients[1:2])
        assert (taken.status, taken.json["code"]) == (409, "slot_taken")  # the buffer
        assert agenda.book(start + HOUR, client_ids=agenda.clients[1:2]).status == 201

    def test_online_is_a_link(self, agenda: Agenda) -> None:
        made, start = agenda.booked(a_day()), a_day()
        service = agenda.service()
        for location in ("javascript:alert(1)", "data:text/html,x", "Rua Augusta 1", "https://meet.example.com/x y", "ftp://example.com"):
            where = {"location_kind": "online", "location": location}
            for reply in (
                agenda.book(start, **where),
                agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", where, **{"If-Match": "*"}),
                agenda.ask("PATCH", f"/api/v1/bookings/services/{service['id']}", where, **{"If-Match": "*"}),
            ):
                assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, ["/location"]), reply.body
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json == made
        agenda.booked(start, location_kind="in_person", location="javascript:alert(1)")  # a place of that name

    def test_only_the_staff_has_time_off(self, agenda: Agenda) -> None:
        start = a_day()
        span = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(days=1)).isoformat()}
        marta = {**span, "user_id": agenda.people["Cliente"].id}
        made = agenda.made("/api/v1/bookings/time-off", {**span, "user_id": agenda.organizer})
        path = f"/api/v1/bookings/time-off/{made['id']}"
        for reply in (agenda.post("/api/v1/bookings/time-off", marta), agenda.ask("PUT", path, marta, **{"If-Match": "*"})):
            assert (reply.status, reply.json["code"], reply.json["errors"][0]["pointer"]) == (422, "invalid_reference", "/user_id")
        assert agenda.ask("DELETE", path, **{"If-Match": "*"}).status == 204

    def test_a_price_is_in_a_currency_that_there_is(self, agenda: Agenda) -> None:
        for name in ("price", "late_fee"):
            terms = {"name": "Unpayable", "duration_minutes": 60, "organizer_ids": [], name: {"amount": 4900, "currency": "XYZ"}}
            refused = agenda.post("/api/v1/bookings/services", terms)
            assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, [f"/{name}/currency"])
        assert "Unpayable" not in [each["name"] for each in agenda.get("/api/v1/bookings/services?limit=100").json["items"]]

    def test_a_taken_time_is_named_and_the_other_client_is_not(self, agenda: Agenda) -> None:
        start = a_day()
        agenda.booked(start, client_ids=agenda.clients[:1])
        reply = agenda.book(start + timedelta(minutes=30), client_ids=agenda.clients[1:2])
        assert (reply.status, reply.json["code"]) == (409, "slot_taken")
        assert reply.json["taken"] == {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat(), "resource": "organizer"}
        assert agenda.clients[0] not in reply.body.decode()
        assert agenda.book(start + HOUR, client_ids=agenda.clients[1:2]).status == 201  # touching is not overlapping

    def test_what_the_database_alone_refuses_is_said_as_well(self, agenda: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody came between the look and the write."""
        start = a_day()
        agenda.booked(start)
        monkeypatch.setattr(Times, "conflict", lambda *_: None)
        refused = agenda.book(start)
        assert (refused.status, refused.json["code"], refused.json["detail"]) == (409, "slot_taken", "That time is taken.")

    def test_a_room_is_taken_too(self, agenda: Agenda) -> None:
        start, room = a_day(), agenda.room()
        agenda.booked(start, room_id=room)
        reply = agenda.book(start, room_id=room, organizer_id=agenda.people["Eva"].id)
        assert (reply.status, reply.json["taken"]["resource"]) == (409, "room")
        assert agenda.book(start, room_id=agenda.room(), organizer_id=agenda.people["Eva"].id).status == 201

    @pytest.mark.parametrize(
        ("given", "pointer"),
        [
            ({"end_time": "2030-01-01T08:00:00Z"}, "/end_time"),
            ({"end_time": "2030-01-01T09:01:00Z"}, "/end_time"),
            ({"end_time": "2030-01-03T09:00:00Z"}, "/end_time"),
            ({"start_time": "2030-01-01T09:00:00"}, "/start_time"),
            ({"title": " "}, "/title"),
            ({"title": None}, "/title"),
            ({"organizer_id": "00000000-0000-4000-8000-000000000001"}, "/organizer_id"),
            ({"room_id": "00000000-0000-4000-8000-000000000001"}, "/room_id"),
            ({"service_id": "00000000-0000-4000-8000-000000000001"}, "/service_id"),
            ({"client_ids": ["00000000-0000-4000-8000-000000000001"]}, "/client_ids"),
            ({"location": "here"}, "/location_kind"),
            ({"capacity": 0}, "/capacity"),
            ({"status": "completed"}, "/status"),
        ],
    )
    def test_what_is_wrong_is_said_precisely(self, agenda: Agenda, given: dict[str, object], pointer: str) -> None:
        body = {"title": "Session", "organizer_id": agenda.organizer, "start_time": "2030-01-01T09:00:00Z", "end_time": "2030-01-01T10:00:00Z"}
        reply = agenda.post("/api/v1/bookings", {**body, **given})
        assert (reply.status, [each["pointer"] for each in reply.json["errors"]]) == (422, [pointer]), reply.body
        assert agenda.get("/api/v1/bookings?start_from=2030-01-01T00:00:00Z&start_until=2030-01-04T00:00:00Z").json["items"] == []

    def test_clients_of_another_workspace_are_no_clients(self, agenda: Agenda, local: Api, settings: Settings) -> None:
        stranger = Agenda.new(local, settings, clients=1)
        reply = agenda.book(a_day(), client_ids=stranger.clients)
        assert (reply.status, reply.json["code"], reply.json["errors"][0]["pointer"]) == (422, "invalid_reference", "/client_ids")
        assert agenda.book(a_day(), organizer_id=stranger.organizer).status == 422

    def test_who_is_named_twice_comes_once(self, agenda: Agenda) -> None:
        twice, start = agenda.clients[:1] * 2, a_day()
        made = agenda.booked(start, client_ids=twice)
        assert (made["client_ids"], made["capacity"], made["seats_taken"]) == (twice[:1], 1, 1)
        changed = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"client_ids": agenda.clients[1:2] * 2})
        assert (changed.status, changed.json["client_ids"], changed.json["seats_taken"]) == (200, agenda.clients[1:2], 1)
        terms = {"title": "Yoga", "start_time": (start + HOUR).isoformat(), "end_time": (start + 2 * HOUR).isoformat(), "client_ids": twice}
        series = agenda.made("/api/v1/bookings/series", {**terms, "organizer_id": agenda.organizer, "rrule": "FREQ=DAILY;COUNT=2"})
        of_series = agenda.get(f"/api/v1/bookings/{series['bookings'][0]['id']}").json
        assert (of_series["client_ids"], of_series["capacity"], of_series["seats_taken"]) == (twice[:1], 1, 1)

    def test_there_are_no_more_clients_than_places(self, agenda: Agenda) -> None:
        reply = agenda.book(a_day(), client_ids=agenda.clients[:2], capacity=1)
        assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/client_ids")


class TestChanging:
    def test_patch_changes_what_it_names_and_the_tag_must_be_current(self, agenda: Agenda) -> None:
        made = agenda.booked(a_day(), client_ids=agenda.clients[:1])
        tag = agenda.get(f"/api/v1/bookings/{made['id']}").headers["ETag"]
        changed = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"title": "Assessment"}, **{"If-Match": tag})
        assert (changed.status, changed.json["title"], changed.json["version"]) == (200, "Assessment", 2)
        stale = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"title": "Other"}, **{"If-Match": tag})
        assert stale.status == 412

    def test_put_replaces_clients_and_time(self, agenda: Agenda) -> None:
        start = a_day()
        made = agenda.booked(start, client_ids=agenda.clients[:2], capacity=5)
        whole = {
            "title": "Class", "organizer_id": agenda.people["Eva"].id, "client_ids": agenda.clients[1:3], "capacity": 3,
            "start_time": (start + HOUR).isoformat(), "end_time": (start + 2 * HOUR).isoformat(),
        }  # fmt: skip
        assert agenda.ask("PUT", f"/api/v1/bookings/{made['id']}", whole).status == 428
        put = agenda.ask("PUT", f"/api/v1/bookings/{made['id']}", whole, **{"If-Match": "*"})
        assert put.status == 200, put.body
        assert (sorted(put.json["client_ids"]), put.json["seats_taken"], put.json["capacity"]) == (sorted(agenda.clients[1:3]), 2, 3)
        assert put.json["organizer_id"] == agenda.people["Eva"].id
        assert agenda.book(start, client_ids=agenda.clients[:1]).status == 201  # its old time is free
        small = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"capacity": 1})
        assert (small.status, small.json["code"]) == (409, "class_full")

    def test_a_booking_may_move_over_its_own_time(self, agenda: Agenda) -> None:
        start = a_day()
        made = agenda.booked(start)
        moved = agenda.act(made, "reschedule", {"start_time": (start + timedelta(minutes=30)).isoformat()})
        assert (moved.status, moved.json["end_time"]) == (200, (start + timedelta(minutes=90)).isoformat().replace("+00:00", "Z"))
        other = agenda.booked(start - timedelta(minutes=30))
        refused = agenda.act(made, "reschedule", {"start_time": start.isoformat()})
        assert (refused.status, refused.json["code"]) == (409, "slot_taken")
        assert agenda.act(other, "reassign", {"organizer_id": agenda.people["Eva"].id}).status == 200
        assert agenda.act(made, "reschedule", {"start_time": start.isoformat()}).status == 200

    def test_cancelling_frees_the_time_and_keeps_the_booking(self, agenda: Agenda) -> None:
        start = a_day()
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        assert agenda.ask("DELETE", f"/api/v1/bookings/{made['id']}").status == 204
        read = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (read["status"], read["cancelled_by"], read["client_ids"], read["seats_taken"]) == ("cancelled", "studio", agenda.clients[:1], None)
        assert agenda.act(made, "cancel").json["code"] == "already_cancelled"
        assert agenda.act(made, "reschedule", {"start_time": start.isoformat()}).json["code"] == "already_cancelled"
        assert agenda.book(start).status == 201

    def test_a_late_cancellation_at_the_clients_wish_costs_what_the_policy_says(self, agenda: Agenda) -> None:
        service = agenda.service(free_until_minutes=60 * 24 * 365, late_fee={"amount": 1500, "currency": "EUR"})
        for body, fee in (
            ({"requested_by": "client", "reason": "Ill."}, {"amount": 1500, "currency": "EUR"}),
            ({"requested_by": "studio"}, None),
            ({"requested_by": "client", "waive_fee": True}, None),
        ):
            made = agenda.booked(a_day(), service_id=service["id"], client_ids=agenda.clients[:1])
            assert agenda.act(made, "cancel", body).status == 200
            (participant,) = agenda.get(f"/api/v1/bookings/{made['id']}/participants").json["items"]
            assert (participant["fee"], participant["fee_reason"]) == (fee, "late_cancellation" if fee else None)

    def test_what_has_not_been_cannot_be_completed(self, agenda: Agenda) -> None:
        made = agenda.booked(a_day(), client_ids=agenda.clients[:1])
        assert agenda.act(made, "complete").json["code"] == "not_over_yet"
        assert agenda.act(made, "no-show").json["code"] == "not_started_yet"
        past = agenda.booked(a_day() - timedelta(days=700), client_ids=agenda.clients[:2], capacity=2)
        assert agenda.act(past, "no-show", {"client_ids": agenda.clients[:1]}).json["status"] == "booked"
        assert agenda.act(past, "complete").json["status"] == "completed"
        assert agenda.act(past, "no-show", {"client_ids": agenda.clients[2:]}).json["errors"][0]["pointer"] == "/client_ids"


class TestCliente:
    def test_a_cliente_books_a_free_slot_of_a_service_for_themselves(self, agenda: Agenda) -> None:
        agenda.hours()
        service, start = agenda.service(), a_day()
        made = agenda.book(start, who="Cliente", service_id=service["id"])
        assert made.status == 201, made.body
        assert made.json["client_ids"] == agenda.clients[:1]
        assert {"notes", "booked_by"}.isdisjoint(made.json)
        assert agenda.get(f"/api/v1/bookings/{made.json['id']}", who="Cliente").json == made.json
        outside = agenda.book(start.replace(hour=22), who="Cliente", service_id=service["id"])
        assert (outside.status, outside.json["code"]) == (409, "slot_unavailable")
        assert agenda.book(start, who="Cliente", service_id=service["id"]).json["code"] == "slot_unavailable"
        other = agenda.book(start + HOUR, who="Cliente", service_id=service["id"], client_ids=agenda.clients[1:2])
        assert other.status == 403
        assert agenda.book(start + HOUR, who="Cliente").status == 422

    def test_a_cliente_is_told_which_limit_a_time_is_beyond(self, agenda: Agenda) -> None:
        agenda.hours()
        now = datetime.now(UTC)
        service = agenda.service(notice_minutes=3000, window_days=20)["id"]
        for start, said in ((now - HOUR, "passed"), (now + HOUR, "3000 minutes before"), (now + 24 * 21 * HOUR, "20 days before")):
            refused = agenda.book(start, who="Cliente", service_id=service)
            assert (refused.status, refused.json["code"]) == (409, "slot_unavailable")
            assert said in refused.json["detail"]
            held = {"service_id": service, "organizer_id": agenda.organizer, "start_time": start.isoformat()}
            assert said in agenda.post("/api/v1/bookings/holds", held, who="Cliente").json["detail"]

    def test_what_a_cliente_moves_stays_as_long_as_it_is_and_within_what_is_open(self, agenda: Agenda) -> None:
        agenda.hours(opens="08:00", closes="18:00")
        service, start = agenda.service(duration_minutes=30)["id"], a_day()
        made = agenda.booked(start, service_id=service, end_time=(start + 2 * HOUR).isoformat(), client_ids=agenda.clients[:1])
        noon = {"user_id": agenda.organizer, "starts_at": start.replace(hour=13).isoformat(), "ends_at": start.replace(hour=14).isoformat()}
        agenda.made("/api/v1/bookings/time-off", noon)
        for hour, minute in ((16, 30), (17, 30), (11, 30), (12, 30)):
            to = start.replace(hour=hour, minute=minute)
            refused = agenda.act(made, "reschedule", {"start_time": to.isoformat()}, who="Cliente")
            assert (refused.status, refused.json["code"]) == (409, "slot_unavailable"), to
        for hour in (11, 16):
            to = start.replace(hour=hour)
            moved = agenda.act(made, "reschedule", {"start_time": to.isoformat()}, who="Cliente")
            assert moved.status == 200, moved.body
            assert datetime.fromisoformat(moved.json["end_time"]) == to + 2 * HOUR
        agenda.hours()

    def test_a_cliente_sees_only_their_own(self, agenda: Agenda) -> None:
        start = a_day()
        theirs, shared = agenda.booked(start, client_ids=agenda.clients[1:2]), agenda.booked(start + HOUR, client_ids=agenda.clients[:2], capacity=4)
        assert agenda.get(f"/api/v1/bookings/{theirs['id']}", who="Cliente").status == 404
        read = agenda.get(f"/api/v1/bookings/{shared['id']}", who="Cliente").json
        assert (read["client_ids"], read["seats_taken"]) == (agenda.clients[:1], 2)
        found = agenda.get(f"/api/v1/bookings?view=day&date={start:%Y-%m-%d}", who="Cliente").json["items"]
        assert [each["id"] for each in found] == [shared["id"]]
        assert agenda.act(theirs, "cancel", who="Cliente").status == 404
        for verb in ("approve", "complete"):
            assert agenda.act(shared, verb, who="Cliente").status == 403

    def test_a_cliente_moves_and_cancels_within_the_policy(self, agenda: Agenda) -> None:
        agenda.hours()
        start = a_day()
        service = agenda.service(free_until_minutes=24 * 60, late_fee={"amount": 2000, "currency": "EUR"})
        made = agenda.book(start, who="Cliente", service_id=service["id"]).json
        moved = agenda.act(made, "reschedule", {"start_time": (start + 2 * HOUR).isoformat()}, who="Cliente")
        assert moved.status == 200, moved.body
        assert agenda.act(made, "reschedule", {"start_time": start.replace(hour=23).isoformat()}, who="Cliente").json["code"] == "slot_unavailable"
        gone = agenda.act(made, "cancel", {"waive_fee": True, "requested_by": "studio"}, who="Cliente")
        assert (gone.status, gone.json["cancelled_by"]) == (200, "client")
        strict = agenda.service(free_until_minutes=60 * 24 * 365, late_fee={"amount": 2000, "currency": "EUR"})
        late = agenda.book(start, who="Cliente", service_id=strict["id"]).json
        assert agenda.act(late, "reschedule", {"start_time": (start + 2 * HOUR).isoformat()}, who="Cliente").json["code"] == "too_late"
        assert agenda.act(late, "cancel", {"waive_fee": True}, who="Cliente").status == 200
        (own,) = agenda.get(f"/api/v1/bookings/{late['id']}/participants", who="Cliente").json["items"]
        assert own["fee"] == {"amount": 2000, "currency": "EUR"}

    def test_what_needs_approval_waits_for_it_and_keeps_its_time(self, agenda: Agenda) -> None:
        agenda.hours()
        service, start = agenda.service(needs_approval=True), a_day()
        asked = agenda.book(start, who="Cliente", service_id=service["id"]).json
        assert asked["status"] == "pending"
        assert agenda.book(start, client_ids=agenda.clients[1:2]).json["code"] == "slot_taken"
        assert agenda.act(asked, "approve").json["status"] == "booked"
        assert agenda.act(asked, "approve").json["code"] == "not_pending"
        other = agenda.book(start + HOUR, who="Cliente", service_id=service["id"]).json
        declined = agenda.act(other, "decline", {"reason": "Full week."})
        assert (declined.json["status"], declined.json["cancel_reason"]) == ("cancelled", "Full week.")
        assert agenda.book(start + HOUR, client_ids=agenda.clients[1:2]).status == 201


class TestClasses:
    def test_seats_are_taken_and_given_back(self, agenda: Agenda) -> None:
        start = a_day()
        service = agenda.service(capacity=2)
        made = agenda.booked(start, service_id=service["id"])
        joined = agenda.act(made, "join", who="Cliente")
        assert (joined.status, joined.json["client_ids"], joined.json["seats_taken"]) == (200, agenda.clients[:1], 1)
        assert agenda.act(made, "join", who="Cliente").json["code"] == "already_joined"
        assert agenda.act(made, "join", {"client_id": agenda.clients[1]}).status == 200
        full = agenda.act(made, "join", {"client_id": agenda.clients[2]})
        assert (full.status, full.json["code"]) == (409, "class_full")
        assert agenda.act(made, "leave", who="Cliente").status == 204
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"] == 1
        assert agenda.act(made, "leave", who="Cliente").status == 404
        assert agenda.act(made, "join", who="Cliente").status == 200  # and back again
        assert agenda.act(made, "cancel", who="Cliente").json["code"] == "leave_instead"

    def test_a_class_is_found_among_the_free_times(self, agenda: Agenda) -> None:
        start = a_day()
        service = agenda.service(capacity=2)
        made = agenda.booked(start, service_id=service["id"])
        asked = f"service={service['id']}&from={start:%Y-%m-%d}&to={start:%Y-%m-%d}"
        (day,) = agenda.get(f"/api/v1/bookings/availability?{asked}", who="Cliente").json["items"]
        assert [(slot["booking_id"], slot["seats_left"]) for slot in day["slots"]] == [(made["id"], 2)]
        agenda.act(made, "join", {"client_id": agenda.clients[1]})
        agenda.act(made, "join", who="Cliente")
        (day,) = agenda.get(f"/api/v1/bookings/availability?{asked}", who="Cliente").json["items"]
        assert [(slot["booking_id"], slot["seats_left"], slot["can_queue"]) for slot in day["slots"]] == [(made["id"], 0, True)]
