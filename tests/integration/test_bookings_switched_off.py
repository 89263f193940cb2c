"""What waits while the module is off: offers that end are passed on, letters written once, and archived and merged clients cared for."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda
from tests.office import Office
from tests.queues import class_of, offers_over, queueing
from tests.servers import Api, owner_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
_SPOTS = itertools.count()


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=6)


@pytest.fixture
def office(agenda: Agenda) -> Iterator[Office]:
    """Nothing is left to do in it."""
    with Office.open(agenda.settings) as office:
        office.work()
        yield office


class TestOffers:
    def test_one_that_ended_meanwhile_is_passed_on_when_the_module_is_on_again(self, agenda: Agenda, office: Office) -> None:
        made, second = _offered(agenda), _address(agenda, 4)
        office.work()
        before = agenda.get(f"/api/v1/bookings/{made['id']}").json
        switch(agenda, enabled=False)
        offers_over(agenda, made)
        with owner_of(agenda.settings) as connection:
            due = "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:pass_on' and done_at is null"
            assert connection.execute(due, (agenda.workspace,)).rowcount
        office.work()
        switch(agenda, enabled=True)
        office.work()
        assert stored(agenda, made) == [(4, "offered")]
        assert made["title"] in office.text(second)
        after = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (after["seats_taken"], after["version"]) == (2, before["version"])

    def test_with_nobody_behind_it_the_seat_is_free(self, agenda: Agenda, office: Office) -> None:
        made = _offered(agenda, queue=(3,))
        office.work()
        before = agenda.get(f"/api/v1/bookings/{made['id']}").json
        switch(agenda, enabled=False)
        offers_over(agenda, made)
        switch(agenda, enabled=True)
        office.work()
        after = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (after["seats_taken"], before["seats_taken"]) == (1, 2)
        assert after["version"] > before["version"]

    def test_the_letter_that_waited_is_written_while_the_offer_stands(self, agenda: Agenda, office: Office) -> None:
        first, second = _address(agenda, 3), _address(agenda, 4)
        stands, over = _offered(agenda), _offered(agenda, queue=(4, 3))
        switch(agenda, enabled=False)
        office.work()
        offers_over(agenda, over)
        for _ in range(2):
            assert not office.mails(second)
            switch(agenda, enabled=True)
            office.work()
            assert [mail["To"] for mail in office.mails(first)] == [first] * 2, "of the one that stands, and of the other that was passed on to them"
            switch(agenda, enabled=False)
            office.work()
        switch(agenda, enabled=True)
        assert (stored(agenda, stands), stored(agenda, over)) == ([(3, "offered"), (4, "waiting")], [(3, "offered")])


class TestReminders:
    def test_a_letter_that_waited_is_written_once(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda, 0)
        made = _due(agenda, office)
        switch(agenda, enabled=False)
        office.work()
        assert not office.mails(address)
        for enabled in (True, False, True):
            switch(agenda, enabled=enabled)
            office.work()
            assert len(office.mails(address)) == 1
        assert made["title"] in office.text(address)

    def test_not_of_what_was_called_off_before(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda, 0)
        made = _due(agenda, office)
        switch(agenda, enabled=False)
        office.work()
        with owner_of(agenda.settings) as connection:
            connection.execute("update bookings set status = 'cancelled' where id = %s", (made["id"],))
        switch(agenda, enabled=True)
        office.work()
        assert not office.mails(address)

    def test_a_later_one_that_became_due_meanwhile_says_as_much(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda, 0)
        made = _due(agenda, office, [2880, 1440])
        switch(agenda, enabled=False)
        office.work()
        with owner_of(agenda.settings) as connection:
            by = "set start_time = start_time - interval '26 hours'"
            connection.execute(f"update bookings {by}, end_time = end_time - interval '26 hours' where id = %s", (made["id"],))
            connection.execute(f"update bookings_reminded {by} where booking_id = %s", (made["id"],))
            connection.execute(
                "update outbox_deliveries set arguments = arguments || jsonb_build_object('start', (select start_time from bookings where id = %s))"
                " where workspace_id = %s and handler = 'bookings:reminder' and arguments ->> 'booking_id' = %s",
                (made["id"], agenda.workspace, made["id"]),
            )  # fmt: skip
        switch(agenda, enabled=True)
        office.work()
        assert len(office.mails(address)) == 1


class TestClients:
    def test_nobody_with_bookings_to_come_is_archived(self, agenda: Agenda) -> None:
        made = class_of(agenda, 2, agenda.clients[1:3])
        switch(agenda, enabled=False)
        for reply in (
            agenda.ask("DELETE", f"/api/v1/clients/{agenda.clients[1]}"),
            agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[1]}", {"status": "archived"}, **{"If-Match": "*"}),
        ):
            assert (reply.status, reply.json["code"]) == (409, "has_bookings")
        switch(agenda, enabled=True)
        assert agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"] == 2

    def test_two_who_become_one_have_one_seat_and_the_other_is_offered_when_the_module_is_on(self, agenda: Agenda, office: Office) -> None:
        one, two = (agenda.made("/api/v1/clients", {"full_name": f"Merged {uuid.uuid4().hex[:6]}"})["id"] for _ in range(2))
        made, address = class_of(agenda, 2, [one, two]), _address(agenda, 3)
        assert queueing(agenda, made, 3).status == 201
        switch(agenda, enabled=False)
        merged = agenda.post(f"/api/v1/clients/{one}/merge", {"from": two})
        assert merged.status == 200, merged.body
        assert stored(agenda, made) == [(3, "waiting")], "nobody can accept what is offered now"
        switch(agenda, enabled=True)
        read = agenda.get(f"/api/v1/bookings/{made['id']}").json
        assert (read["client_ids"], read["seats_taken"]) == ([one], 1)
        office.work()
        assert stored(agenda, made) == [(3, "offered")]
        assert made["title"] in office.text(address)

    def test_nobody_writes_to_who_was_archived_before_this_was_so(self, agenda: Agenda, office: Office) -> None:
        reminded, offered = _address(agenda, 0), _address(agenda, 3)
        _due(agenda, office)
        _offered(agenda)
        with owner_of(agenda.settings) as connection:
            archive = "update clients set status = 'archived', archived_at = now() where id = any(%s::uuid[])"
            connection.execute(archive, ([agenda.clients[0], agenda.clients[3]],))
        office.work()
        assert (office.mails(reminded), office.mails(offered)) == ([], [])
        with owner_of(agenda.settings) as connection:
            connection.execute("update clients set status = 'active', archived_at = null where id = any(%s::uuid[])", (agenda.clients,))


def switch(agenda: Agenda, *, enabled: bool, **settings: Any) -> None:
    body = {"enabled": enabled, **({"settings": settings} if settings else {})}
    reply = agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/bookings", body)
    assert reply.status == 200, reply.body


def stored(agenda: Agenda, made: dict[str, Any]) -> list[tuple[int, str]]:
    """The queue of a class as it is, settled by nobody who looks at it."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select e.client_id::text, p.status from bookings_queue_place p join bookings_queue_entry e on e.place_id = p.id"
            " where p.booking_id = %s order by p.number",
            (made["id"],),
        ).fetchall()  # fmt: skip
    return [(agenda.clients.index(client), status) for client, status in found]


def _offered(agenda: Agenda, *, queue: tuple[int, ...] = (3, 4)) -> dict[str, Any]:
    """A class of two with one seat taken, and the other offered to the first of its queue."""
    made = class_of(agenda, 2, agenda.clients[1:3])
    for n in queue:
        assert queueing(agenda, made, n).status == 201
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1]}).status == 204
    return made


def _address(agenda: Agenda, n: int) -> str:
    address = f"waiting-{uuid.uuid4().hex[:8]}@example.com"
    patched = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[n]}", {"email": address}, **{"If-Match": "*"})
    assert patched.status == 200, patched.body
    return address


def _due(agenda: Agenda, office: Office, offsets: list[int] | None = None) -> dict[str, Any]:
    """A booking in some two days whose first reminder became due, with letters that are queued and not written."""
    switch(agenda, enabled=True, reminders=offsets or [2880])
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 50 * HOUR + next(_SPOTS) * 6 * MINUTE
    made = agenda.booked(start, minutes=5, client_ids=agenda.clients[:1], title=f"Session {uuid.uuid4().hex[:6]}")
    office.work()
    with owner_of(agenda.settings) as connection:
        connection.execute("update bookings set updated_at = updated_at - interval '9 days' where id = %s", (made["id"],))
        rung = "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:remind' and done_at is null"
        connection.execute(rung, (agenda.workspace,))
    office.leases.ready((), 1)
    office.worker.drain("default")
    return made
