"""What bookings and clients ask of each other: a client's past, archiving, merging, and nobody booked who is archived."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, owner_of

HOUR = timedelta(hours=1)


class TestTimeline:
    def test_what_was_booked_left_missed_and_attended_newest_first(self, agenda: Agenda) -> None:
        client = _client(agenda)
        past = a_day() - timedelta(days=700)
        missed, came = (agenda.booked(past + n * HOUR, client_ids=[client]) for n in (0, 1))
        agenda.act(missed, "no-show")
        agenda.act(came, "complete")
        left = agenda.booked(a_day(), client_ids=[client], capacity=3)
        agenda.act(left, "leave", {"client_id": client})
        cancelled = agenda.booked(a_day(), client_ids=[client])
        agenda.act(cancelled, "cancel", {})
        items = agenda.get(f"/api/v1/clients/{client}/timeline").json["items"]
        mine = [(each["kind"], each["reference"]) for each in items if each["plugin"] == "bookings"]
        assert mine == [
            ("bookings.cancelled", cancelled["id"]), ("bookings.booked", cancelled["id"]), ("bookings.left", left["id"]),
            ("bookings.booked", left["id"]), ("bookings.booked", came["id"]), ("bookings.booked", missed["id"]),
            ("bookings.attended", came["id"]), ("bookings.no_show", missed["id"]),
        ]  # fmt: skip
        first = agenda.get(f"/api/v1/clients/{client}/timeline?limit=3").json
        rest = agenda.get(f"/api/v1/clients/{client}/timeline?limit=50&cursor={first['next_cursor']}").json
        assert first["items"] + rest["items"] == items


class TestArchiving:
    def test_nobody_with_bookings_to_come_is_archived(self, agenda: Agenda) -> None:
        client = _client(agenda)
        made = agenda.booked(a_day(), client_ids=[client])
        refused = _archive(agenda, client)
        assert (refused.status, refused.json["code"]) == (409, "has_bookings")
        agenda.act(made, "cancel", {})
        assert _archive(agenda, client).status == 200

    def test_nor_who_waits_for_one(self, agenda: Agenda) -> None:
        client = _client(agenda)
        made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2)
        assert agenda.act(made, "queue", {"client_id": client}).status == 201
        assert _archive(agenda, client).json["code"] == "has_bookings"
        assert agenda.ask("DELETE", f"/api/v1/bookings/{made['id']}/queue?client_id={client}").status == 204
        assert _archive(agenda, client).status == 200

    def test_an_archived_client_is_not_booked(self, agenda: Agenda) -> None:
        client, start = _client(agenda), a_day()
        assert _archive(agenda, client).status == 200
        refused = agenda.book(start, client_ids=[client])
        assert (refused.status, refused.json["code"]) == (409, "client_archived")
        made = agenda.booked(start, client_ids=agenda.clients[:1], capacity=2)
        joined = agenda.act(made, "join", {"client_id": client})
        assert (joined.status, joined.json["code"]) == (409, "client_archived")
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"] == 1


class TestMerging:
    def test_two_in_one_class_are_one_seat_and_the_next_in_the_queue_gets_the_other(self, agenda: Agenda) -> None:
        into, source = _client(agenda), _client(agenda)
        made = agenda.booked(a_day(), client_ids=[into, source], capacity=2)
        assert agenda.act(made, "queue", {"client_id": agenda.clients[2]}).status == 201
        _merge(agenda, into, source)
        (place,) = agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]
        assert place["status"] == "offered"
        read = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (read["client_ids"], read["seats_taken"]) == ([into], 2)

    @pytest.mark.parametrize("left", ["into", "source"])
    def test_whoever_of_the_two_still_comes_counts(self, agenda: Agenda, left: str) -> None:
        into, source = _client(agenda), _client(agenda)
        made = agenda.booked(a_day(), client_ids=[into, source], capacity=3)
        agenda.act(made, "leave", {"client_id": into if left == "into" else source})
        _merge(agenda, into, source)
        read = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (read["client_ids"], read["seats_taken"]) == ([into], 1)

    @pytest.mark.parametrize("left", ["into", "source"])
    def test_whoever_comes_after_all_owes_nothing_for_having_left(self, agenda: Agenda, left: str) -> None:
        into, source = _client(agenda), _client(agenda)
        fee = {"amount": 700, "currency": "EUR"}
        service = agenda.service(capacity=3, late_fee=fee, free_until_minutes=525_600)["id"]
        both, one = (agenda.booked(a_day(), service_id=service, client_ids=[into, source]) for _ in range(2))
        for made, clients in ((both, [into if left == "into" else source]), (one, [into, source])):
            for client in clients:
                assert agenda.act(made, "leave", {"client_id": client}).status == 204
        _merge(agenda, into, source)
        owing = [agenda.get(f"/api/v1/bookings/{made['id']}/participants").json["items"] for made in (both, one)]
        assert [[(each["client_id"], each["status"], each["fee"]) for each in several] for several in owing] == [
            [(into, "booked", None)], [(into, "left", fee)],
        ]  # fmt: skip

    def test_they_wait_once_and_not_at_all_where_one_takes_part(self, agenda: Agenda) -> None:
        into, source = _client(agenda), _client(agenda)
        both = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2)
        one = agenda.booked(a_day(), client_ids=[into, agenda.clients[1]], capacity=2)
        for made, client in ((both, source), (both, into), (one, source)):
            assert agenda.act(made, "queue", {"client_id": client}).status == 201
        _merge(agenda, into, source)
        places = [agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"] for made in (both, one)]
        assert [[(each["client_id"], each["position"]) for each in several] for several in places] == [[(into, 1)], []]
        with owner_of(agenda.settings) as connection:
            left = connection.execute("select count(*) from bookings_queue_entry where client_id = %s", (source,)).fetchone()
        assert left == (0,)


def _client(agenda: Agenda) -> str:
    return str(agenda.made("/api/v1/clients", {"full_name": f"Client {uuid.uuid4().hex[:8]}"})["id"])


def _archive(agenda: Agenda, client: str) -> Any:
    return agenda.ask("PATCH", f"/api/v1/clients/{client}", {"status": "archived"}, **{"If-Match": "*"})


def _merge(agenda: Agenda, into: str, source: str) -> None:
    merged = agenda.post(f"/api/v1/clients/{into}/merge", {"from": source})
    assert merged.status == 200, merged.body


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)
