"""An offered seat: its client may join as if it were free, it ends with the class, and who waited for nothing is told to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.office import Office
from tests.servers import Api, owner_of


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=5)


class TestJoining:
    def test_who_is_offered_a_seat_joins_and_has_it(self, agenda: Agenda) -> None:
        made = _offered(agenda)
        refused = agenda.act(made, "join", {"client_id": agenda.clients[4]})
        assert (refused.status, refused.json["code"]) == (409, "class_full")
        joined = agenda.act(made, "join", {}, who="Cliente")
        assert joined.status == 200, joined.body
        assert joined.json["seats_taken"] == 2
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json["client_ids"] == sorted([agenda.clients[0], agenda.clients[2]])
        assert _places(agenda, made) == [(agenda.clients[3], "waiting")]

    def test_also_after_the_notice_as_accepting_does(self, agenda: Agenda) -> None:
        made = _offered(agenda)
        changed = agenda.ask("PATCH", f"/api/v1/bookings/services/{made['service_id']}", {"notice_minutes": 40_000}, **{"If-Match": "*"})
        assert changed.status == 200
        assert agenda.act(made, "join", {}, who="Cliente").status == 200

    def test_who_only_waits_does_not_pass_those_before_them(self, agenda: Agenda) -> None:
        made = _offered(agenda)
        refused = agenda.act(made, "join", {"client_id": agenda.clients[3]})
        assert (refused.status, refused.json["code"]) == (409, "class_full")
        assert _places(agenda, made) == [(agenda.clients[0], "offered"), (agenda.clients[3], "waiting")]

    def test_an_offer_that_is_over_is_the_next_ones(self, agenda: Agenda) -> None:
        made = _offered(agenda)
        with owner_of(agenda.settings) as connection:
            over = "update bookings_queue_place set offered_until = now() - interval '1 second' where booking_id = %s and status = 'offered'"
            assert connection.execute(over, (made["id"],)).rowcount == 1
        refused = agenda.act(made, "join", {}, who="Cliente")
        assert (refused.status, refused.json["code"]) == (409, "class_full")
        assert _places(agenda, made) == [(agenda.clients[3], "offered")]


class TestClassesThatMove:
    @pytest.mark.parametrize("how", ["reschedule", "change", "series"])
    def test_moved_into_the_past_a_class_has_no_offers_and_writes_no_letters(self, agenda: Agenda, settings: Settings, how: str) -> None:
        with Office.open(settings) as office:
            office.work()
        address = f"offered-{datetime.now(UTC).timestamp()}@example.com"
        assert agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[0]}", {"email": address}, **{"If-Match": "*"}).status == 200
        made = _offered(agenda, repeats=how == "series")
        past = (datetime.now(UTC) - timedelta(days=2)).replace(second=0, microsecond=0)
        body = {"start_time": past.isoformat(), "end_time": (past + timedelta(hours=1)).isoformat()}
        if how == "change":
            moved = agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", body, **{"If-Match": "*"})
        else:
            query = "?scope=following" if how == "series" else ""
            moved = agenda.post(f"/api/v1/bookings/{made['id']}/reschedule{query}", body)
        assert (moved.status, moved.json["seats_taken"]) == (200, 1), moved.body
        assert _places(agenda, made) == [(agenda.clients[3], "waiting")]
        with Office.open(settings) as office:
            office.work()
            assert office.mails(address) == []

    def test_a_letter_that_is_late_is_not_written_of_what_has_begun(self, agenda: Agenda, settings: Settings) -> None:
        with Office.open(settings) as office:
            office.work()
        address = f"late-{datetime.now(UTC).timestamp()}@example.com"
        assert agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[0]}", {"email": address}, **{"If-Match": "*"}).status == 200
        made = _offered(agenda)
        with owner_of(settings) as connection:
            connection.execute("update bookings set start_time = now() - interval '1 minute' where id = %s", (made["id"],))
        with Office.open(settings) as office:
            office.work()
            assert office.mails(address) == []


class TestEnding:
    @pytest.mark.parametrize("how", ["cancel", "DELETE", "series", "no class any more"])
    def test_whoever_waits_when_it_ends_is_told_to_others_as_leaving_the_queue(self, agenda: Agenda, how: str) -> None:
        made = _offered(agenda, repeats=how == "series")
        path = f"/api/v1/bookings/{made['id']}"
        replies = {
            "cancel": lambda: agenda.act(made, "cancel"),
            "DELETE": lambda: agenda.ask("DELETE", path),
            "series": lambda: agenda.post(f"{path}/cancel?scope=all", {}),
            "no class any more": lambda: agenda.ask("PATCH", path, {"capacity": 1}),
        }
        assert replies[how]().status in (200, 204)
        with owner_of(agenda.settings) as connection:
            told = "select payload ->> 'client_id' from outbox where payload ->> 'booking_id' = %s and name = 'bookings_dequeued' order by id"
            assert [each[0] for each in connection.execute(told, (made["id"],)).fetchall()] == [agenda.clients[0], agenda.clients[3]]


def _offered(agenda: Agenda, *, repeats: bool = False) -> dict[str, Any]:
    """A class of two with one seat taken; the other is offered to the first client, and the fourth waits."""
    b, c, d = agenda.clients[1:4]
    start, service = a_day(), agenda.service(capacity=2)["id"]
    if repeats:
        rule = {"rrule": "FREQ=DAILY;INTERVAL=301;COUNT=2", "service_id": service, "organizer_id": agenda.organizer, "client_ids": [b, c]}
        made = agenda.made("/api/v1/bookings/series", {**rule, "start_time": start.isoformat()})
        made = dict(agenda.get(f"/api/v1/bookings/{made['bookings'][0]['id']}").json)
    else:
        made = agenda.booked(start, service_id=service, client_ids=[b, c])
    assert agenda.act(made, "queue", {}, who="Cliente").status == 201
    assert agenda.act(made, "queue", {"client_id": d}).status == 201
    assert agenda.act(made, "leave", {"client_id": b}).status == 204
    return made


def _places(agenda: Agenda, made: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["client_id"], each["status"]) for each in agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]]
