"""Queues of full classes: in order, offered for a while, passed on without a worker."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.office import Office
from tests.queues import accepting, class_of, offers_over, queueing
from tests.servers import Api, owner_of


class TestQueue:
    def test_only_a_full_class_has_a_queue(self, agenda: Agenda) -> None:
        made = class_of(agenda, 2, agenda.clients[1:2])
        refused = queueing(agenda, made, 3)
        assert (refused.status, refused.json["code"]) == (409, "not_full")
        assert agenda.act(made, "join", {"client_id": agenda.clients[2]}).status == 200
        place = queueing(agenda, made, 3)
        assert place.status == 201, place.body
        assert (place.json["client_id"], place.json["position"], place.json["status"]) == (agenda.clients[3], 1, "waiting")
        single = agenda.booked(a_day(), client_ids=agenda.clients[:1])
        assert queueing(agenda, single, 3).json["code"] == "not_a_class"
        assert agenda.post(f"/api/v1/bookings/{uuid.uuid4()}/queue", {"client_id": agenda.clients[3]}).status == 404

    def test_nobody_stands_twice_or_takes_part_already(self, agenda: Agenda, full: dict[str, Any]) -> None:
        assert queueing(agenda, full, 3).status == 201
        assert queueing(agenda, full, 3).json["code"] == "already_queued"
        assert queueing(agenda, full, 1).json["code"] == "already_joined"
        missing = agenda.act(full, "queue", {})
        assert (missing.status, missing.json["errors"][0]["pointer"]) == (422, "/client_id")
        unknown = agenda.act(full, "queue", {"client_id": str(uuid.uuid4())})
        assert (unknown.status, unknown.json["code"]) == (422, "invalid_reference")

    def test_the_staff_sees_all_in_order_and_a_cliente_their_place(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            assert queueing(agenda, full, n).status == 201
        own = agenda.act(full, "queue", {}, who="Cliente")
        assert (own.status, own.json["position"]) == (201, 3)
        assert _places(agenda, full) == [(3, "waiting"), (4, "waiting"), (0, "waiting")]
        seen = agenda.get(f"/api/v1/bookings/{full['id']}/queue", who="Cliente").json["items"]
        assert [(each["client_id"], each["position"]) for each in seen] == [(agenda.clients[0], 3)]
        first = agenda.get(f"/api/v1/bookings/{full['id']}/queue?limit=2").json
        rest = agenda.get(f"/api/v1/bookings/{full['id']}/queue?limit=2&cursor={first['next_cursor']}").json
        assert [each["position"] for each in first["items"] + rest["items"]] == [1, 2, 3]
        assert agenda.act(full, "queue", {"client_id": agenda.clients[5]}, who="Cliente").status == 403

    def test_a_freed_seat_is_offered_to_the_first_and_to_nobody_else(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            queueing(agenda, full, n)
        assert agenda.act(full, "leave", {"client_id": agenda.clients[1]}).status == 204
        assert _places(agenda, full) == [(3, "offered"), (4, "waiting")]
        assert _taken(agenda, full) == 2
        assert agenda.act(full, "join", {"client_id": agenda.clients[5]}).json["code"] == "class_full"
        assert accepting(agenda, full, 4).json["code"] == "not_offered"
        taken = accepting(agenda, full, 3)
        assert taken.status == 200, taken.body
        assert sorted(taken.json["client_ids"]) == sorted([agenda.clients[2], agenda.clients[3]])
        assert (_places(agenda, full), _taken(agenda, full)) == ([(4, "waiting")], 2)
        assert accepting(agenda, full, 3).status == 404

    def test_a_cliente_who_leaves_offers_the_seat_to_somebody_they_cannot_see(self, agenda: Agenda) -> None:
        made = class_of(agenda, 2, [agenda.clients[0], agenda.clients[1]])
        queueing(agenda, made, 2)
        assert agenda.act(made, "leave", {}, who="Cliente").status == 204
        assert _places(agenda, made) == [(2, "offered")]
        assert agenda.get(f"/api/v1/bookings/{made['id']}/queue", who="Cliente").json["items"] == []

    def test_a_cliente_accepts_their_offer(self, agenda: Agenda, full: dict[str, Any]) -> None:
        agenda.act(full, "queue", {}, who="Cliente")
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        taken = agenda.act(full, "queue/accept", {}, who="Cliente")
        assert (taken.status, taken.json["client_ids"], taken.json["seats_taken"]) == (200, agenda.clients[:1], 2)

    def test_more_capacity_offers_more_seats(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4, 5):
            queueing(agenda, full, n)
        assert agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"capacity": 4}).status == 200
        assert _places(agenda, full) == [(3, "offered"), (4, "offered"), (5, "waiting")]
        assert _taken(agenda, full) == 4
        small = agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"capacity": 3})
        assert (small.status, small.json["code"]) == (409, "class_full")

    def test_whoever_the_staff_seats_leaves_the_queue(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            queueing(agenda, full, n)
        changed = agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"client_ids": [agenda.clients[2], agenda.clients[4]]})
        assert changed.status == 200, changed.body
        assert (_places(agenda, full), _taken(agenda, full)) == ([(3, "waiting")], 2)

    def test_leaving_the_queue_passes_an_offer_on(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            queueing(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        path = f"/api/v1/bookings/{full['id']}/queue"
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[3]}").status == 204
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[3]}").status == 404
        assert _places(agenda, full) == [(4, "offered")]
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[4]}").status == 204
        assert (_places(agenda, full), _taken(agenda, full)) == ([], 1)

    def test_an_offer_that_is_over_passes_on_when_anybody_looks(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            queueing(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        offers_over(agenda, full)
        assert _places(agenda, full) == [(4, "offered")]
        assert accepting(agenda, full, 3).status == 404
        offers_over(agenda, full)
        assert agenda.act(full, "join", {"client_id": agenda.clients[5]}).status == 200
        assert (_places(agenda, full), _taken(agenda, full)) == ([], 2)

    def test_an_offer_holds_for_the_minutes_of_the_setting_and_never_beyond_the_start(self, agenda: Agenda) -> None:
        soon = datetime.now(UTC) + timedelta(minutes=20)
        for start, until in ((soon, soon), (a_day(), datetime.now(UTC) + timedelta(minutes=60))):
            made = class_of(agenda, 2, agenda.clients[1:3], start)
            queueing(agenda, made, 3)
            agenda.act(made, "leave", {"client_id": agenda.clients[1]})
            (place,) = agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]
            assert abs(datetime.fromisoformat(place["offered_until"]) - until) < timedelta(seconds=30)

    def test_nobody_waits_for_what_has_begun(self, agenda: Agenda) -> None:
        made = class_of(agenda, 2, agenda.clients[1:3], datetime.now(UTC) - timedelta(minutes=55))
        refused = queueing(agenda, made, 3)
        assert (refused.status, refused.json["code"]) == (409, "already_started"), refused.body

    def test_the_tag_of_the_class_is_good_for_leaving_its_queue(self, agenda: Agenda, full: dict[str, Any]) -> None:
        path = f"/api/v1/bookings/{full['id']}"
        queueing(agenda, full, 3)
        tag = agenda.get(path).headers["ETag"]
        assert agenda.ask("PATCH", path, {"title": "Another"}).status == 200
        leaving = f"{path}/queue?client_id={agenda.clients[3]}"
        assert agenda.ask("DELETE", leaving, **{"If-Match": tag}).status == 412
        assert agenda.ask("DELETE", leaving, **{"If-Match": agenda.get(path).headers["ETag"]}).status == 204

    def test_others_are_told(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            queueing(agenda, full, n)
        agenda.ask("DELETE", f"/api/v1/bookings/{full['id']}/queue?client_id={agenda.clients[3]}")
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        accepting(agenda, full, 4)
        with owner_of(agenda.settings) as connection:
            told = connection.execute("select name from outbox where payload ->> 'booking_id' = %s order by id", (full["id"],)).fetchall()
        assert [each[0] for each in told] == [
            "bookings_created", "bookings_queued", "bookings_queued", "bookings_dequeued", "bookings_left", "bookings_promoted", "bookings_joined",
        ]  # fmt: skip

    def test_a_cancelled_class_says_so(self, agenda: Agenda, full: dict[str, Any]) -> None:
        assert agenda.act(full, "cancel").status == 200
        for verb in ("join", "queue", "queue/accept"):
            refused = agenda.act(full, verb, {"client_id": agenda.clients[4]})
            assert (refused.status, refused.json["code"]) == (409, "already_cancelled"), (verb, refused.body)
            assert agenda.act(str(uuid.uuid4()), verb, {"client_id": agenda.clients[4]}).status == 404
        assert agenda.act(full, "join", who="Cliente").status == 404  # who never was in it does not see it

    def test_cancelling_the_class_ends_its_queue(self, agenda: Agenda, full: dict[str, Any]) -> None:
        queueing(agenda, full, 3)
        assert agenda.act(full, "cancel", {}).status == 200
        assert _places(agenda, full) == []
        assert queueing(agenda, full, 4).json["code"] == "already_cancelled"


class TestLater:
    def test_the_timer_passes_on_and_the_first_gets_a_letter(self, agenda: Agenda, full: dict[str, Any]) -> None:
        with Office.open(agenda.settings) as office:
            office.work()  # what is left of what happened to these people before
        addresses = {n: f"queue-{uuid.uuid4().hex[:8]}@example.com" for n in (3, 4)}
        for n, address in addresses.items():
            patched = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[n]}", {"email": address}, **{"If-Match": "*"})
            assert patched.status == 200, patched.body
            queueing(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        with Office.open(agenda.settings) as office:
            office.work()
            assert full["title"] in office.text(addresses[3])
            assert not office.mails(addresses[4])
            offers_over(agenda, full)
            with owner_of(agenda.settings) as connection:
                due = "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:pass_on' and done_at is null"
                assert connection.execute(due, (agenda.workspace,)).rowcount
            office.work()
            assert _stored(agenda, full) == [(4, "offered")]
            assert len(office.mails(addresses[3])) == len(office.mails(addresses[4])) == 1

    def test_a_timer_passes_on_whatever_the_clock_of_the_worker_says(self, agenda: Agenda, full: dict[str, Any]) -> None:
        """PostgreSQL says that its time has come; the worker's own clock may be behind."""
        for n in (3, 4):
            queueing(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        with owner_of(agenda.settings) as connection:
            due = (
                "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:pass_on' and done_at is null"
                " and arguments ->> 'booking_id' = %s"
            )
            assert connection.execute(due, (agenda.workspace, full["id"])).rowcount == 1
        with Office.open(agenda.settings) as office:
            office.work()
        assert _stored(agenda, full) == [(4, "offered")]


class TestWaitingFor:
    """What somebody waits for, in all queues."""

    @pytest.fixture
    def agenda(self, local: Api, settings: Settings) -> Agenda:
        return Agenda.new(local, settings, clients=8)

    @pytest.fixture
    def classes(self, agenda: Agenda) -> list[dict[str, Any]]:
        """Three classes of one, full, the last one first; and two people in their queues."""
        classes = [class_of(agenda, 2, agenda.clients[1:3], start=a_day()) for _ in range(3)][::-1]
        for each in classes:
            for n in (3, 0):
                assert queueing(agenda, each, n).status == 201
        return classes

    @staticmethod
    def seen(agenda: Agenda, who: str = "Owner", query: str = "") -> list[tuple[str, str, int, str]]:
        items = agenda.get(f"/api/v1/bookings/queues{query}", who=who).json["items"]
        return [(each["booking_id"], each["client_id"], each["position"], each["status"]) for each in items]

    def test_the_next_class_comes_first(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        third, second, first = (each["id"] for each in classes)
        own, other = agenda.clients[0], agenda.clients[3]
        assert self.seen(agenda, query=f"?client_id={own}") == [(each, own, 2, "waiting") for each in (first, second, third)]
        assert self.seen(agenda) == [(each, who, n, "waiting") for each in (first, second, third) for n, who in ((1, other), (2, own))]
        shown = agenda.get(f"/api/v1/bookings/queues?client_id={own}&limit=1").json["items"][0]
        assert {name: shown[name] for name in ("service_id", "organizer_id", "start_time", "end_time")} == {
            name: classes[2][name] for name in ("service_id", "organizer_id", "start_time", "end_time")
        }

    def test_a_cliente_finds_what_they_wait_for_themself(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        own = agenda.clients[0]
        for query in ("", f"?client_id={own}"):
            assert self.seen(agenda, "Cliente", query) == [(each["id"], own, 2, "waiting") for each in reversed(classes)]
        assert self.seen(agenda, "Cliente", f"?client_id={agenda.clients[3]}") == []

    def test_pages_follow_each_other(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        whole, pages, path = self.seen(agenda), [], "?limit=4"
        while path:
            page = agenda.get(f"/api/v1/bookings/queues{path}").json
            pages += [(each["booking_id"], each["client_id"], each["position"], each["status"]) for each in page["items"]]
            path = f"?limit=4&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        assert (pages, len(pages)) == (whole, 6)

    def test_an_offer_that_is_over_is_in_none_before_it_is_passed_on(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        other, own = agenda.clients[3], agenda.clients[0]
        assert agenda.act(classes[0], "leave", {"client_id": agenda.clients[1]}).status == 204
        assert self.seen(agenda)[-2:] == [(classes[0]["id"], other, 1, "offered"), (classes[0]["id"], own, 2, "waiting")]
        offers_over(agenda, classes[0])
        assert self.seen(agenda)[-2:] == [(classes[1]["id"], own, 2, "waiting"), (classes[0]["id"], own, 1, "waiting")]
        assert _stored(agenda, classes[0]) == [(3, "offered"), (0, "waiting")], "who reads it changes nothing"
        assert _places(agenda, classes[0]) == [(0, "offered")]
        assert self.seen(agenda, "Cliente")[-1] == (classes[0]["id"], own, 1, "offered")

    def test_what_begins_or_is_called_off_is_waited_for_no_more(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        assert agenda.act(classes[0], "cancel").status == 200
        with owner_of(agenda.settings) as connection:
            began = "update bookings_time set starts_at = now() - interval '1 minute' where id = %s"
            connection.execute(began, (classes[1]["id"],))
        assert self.seen(agenda, "Cliente") == [(classes[2]["id"], agenda.clients[0], 2, "waiting")]

    def test_who_is_limited_to_their_clients_sees_theirs(self, agenda: Agenda, classes: list[dict[str, Any]]) -> None:
        role = {"role": "Colaborador", "client_scope": "own"}
        assert agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role", role).status == 200
        assert self.seen(agenda, "Colaborador") == []


def _places(agenda: Agenda, made: dict[str, Any]) -> list[tuple[int, str]]:
    items = agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]
    return [(agenda.clients.index(each["client_id"]), each["status"]) for each in items]


def _stored(agenda: Agenda, made: dict[str, Any]) -> list[tuple[int, str]]:
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select e.client_id::text, p.status from bookings_queue_place p join bookings_queue_entry e on e.place_id = p.id"
            " where p.booking_id = %s order by p.number",
            (made["id"],),
        ).fetchall()  # fmt: skip
    return [(agenda.clients.index(client), status) for client, status in found]


def _taken(agenda: Agenda, made: dict[str, Any]) -> int:
    return int(agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"])


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=8)


@pytest.fixture
def full(agenda: Agenda) -> dict[str, Any]:
    """A class of two, taken by the second and third client."""
    return class_of(agenda, 2, agenda.clients[1:3])
