"""Reminders: once for each booking, offset and start; they die with their booking and move when it moves."""

from __future__ import annotations

import itertools
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.office import Office
from tests.servers import Api, owner_of

HOUR = timedelta(hours=1)
_HOURS = itertools.count()


class TestReminders:
    def test_each_client_with_an_address_is_reminded_once_on_the_workspaces_clock(self, agenda: Agenda, office: Office) -> None:
        address, start = _address(agenda), a_day()
        office.work()
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(start, client_ids=agenda.clients[:2], capacity=2, location_kind="in_person", location="Rua Augusta 1")
        office.work()
        assert _timers(agenda, made) == [start - timedelta(minutes=1440)]
        assert not office.mails(address)
        _ring(agenda, office, made)
        text = office.text(address)
        assert f"{start + HOUR:%Y-%m-%d %H:%M} (Africa/Lagos)" in text
        assert "Rua Augusta 1" in text
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        assert len(office.mails(agenda.people["Colaborador"].email)) == before

    def test_where_it_is_online_the_link_leads_there_for_who_joined_by_that_address(self, agenda: Agenda, office: Office) -> None:
        """Whoever types a stranger's address into a client record has us write no links to them."""
        joined, stranger = _address(agenda, agenda.people["Cliente"].email), f"stranger-{uuid.uuid4().hex[:8]}@example.com"
        _address(agenda, stranger, client=1)
        room = "https://meet.example/abc"
        made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2, location_kind="online", location=room)
        office.work()
        _ring(agenda, office, made)
        assert (room in office.text(joined), _buttons(office, joined)) == (True, [room])
        assert ("Where: https:/ /meet. example/abc" in office.text(stranger), _buttons(office, stranger)) == (True, [])
        moved = _address(agenda)
        again = agenda.booked(a_day(), client_ids=agenda.clients[:1], location_kind="online", location=room)
        office.work()
        _ring(agenda, office, again)
        assert (room in office.text(moved), _buttons(office, moved)) == (False, []), "another address of theirs followed no link"

    def test_they_move_with_the_booking(self, agenda: Agenda, office: Office) -> None:
        address, start = _address(agenda), a_day()
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        office.work()
        later = start + 3 * HOUR
        assert agenda.act(made, "reschedule", {"start_time": later.isoformat()}).status == 200
        office.work()
        assert _timers(agenda, made) == [start - 24 * HOUR, later - 24 * HOUR]
        _ring(agenda, office, made)
        assert f"{later + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert len(office.mails(address)) == 1

    def test_there_and_back_again_is_one_reminder(self, agenda: Agenda, office: Office) -> None:
        address, start = _address(agenda), a_day()
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        for to in (start + 3 * HOUR, start):
            office.work()
            assert agenda.act(made, "reschedule", {"start_time": to.isoformat()}).status == 200
        office.work()
        _ring(agenda, office, made)
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1

    def test_they_die_with_the_booking_and_with_taking_part(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        gone, left = agenda.booked(a_day(), client_ids=agenda.clients[:1]), agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=3)
        office.work()
        assert agenda.act(gone, "cancel", {}).status == 200
        assert agenda.act(left, "leave", {"client_id": agenda.clients[0]}).status == 204
        for each in (gone, left):
            _ring(agenda, office, each)
        assert not office.mails(address)

    def test_several_offsets_are_one_timer_after_another_and_the_organizer_is_told_when_asked_for(self, agenda: Agenda, office: Office) -> None:
        address, start = _address(agenda), a_day() + timedelta(days=3)
        office.work()
        _set(agenda, {"reminders": [60, 2880, 1440], "remind_organizer": True})
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        office.work()
        for at in (2880, 1440, 60):
            assert _timers(agenda, made)[-1] == start - timedelta(minutes=at)
            _ring(agenda, office, made)
        assert len(office.mails(address)) == 3
        assert len(office.mails(agenda.people["Colaborador"].email)) - before == 3
        _set(agenda, {})

    def test_what_the_setting_no_longer_says_is_not_sent(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        made = agenda.booked(a_day(), client_ids=agenda.clients[:1])
        office.work()
        _set(agenda, {"reminders": []})
        _ring(agenda, office, made)
        assert not office.mails(address)
        _set(agenda, {})

    def test_what_is_booked_too_late_for_a_reminder_has_none(self, agenda: Agenda, office: Office) -> None:
        made = agenda.booked(datetime.now(UTC) + 2 * HOUR, client_ids=agenda.clients[:1])
        office.work()
        assert _timers(agenda, made) == []

    def test_other_offsets_hold_for_what_is_booked_already(self, agenda: Agenda, office: Office) -> None:
        address, start = _address(agenda), _in_two_days()
        _set(agenda, {"reminders": [10_000]})
        made = agenda.booked(start, client_ids=agenda.clients[:1])
        office.work()
        assert _timers(agenda, made) == []
        for offsets in ([2000, 60], [1440, 30]):
            _set(agenda, {"reminders": offsets})
            office.work()
        assert _timers(agenda, made) == [start - timedelta(minutes=each) for each in (2000, 1440)]
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        assert _timers(agenda, made)[2:] == [start - timedelta(minutes=30)]
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        _set(agenda, {})

    def test_what_was_missed_while_the_module_was_off_is_told_once(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        _set(agenda, {"reminders": [1440, 1200, 60]})
        made = agenda.booked(_in_two_days(), client_ids=agenda.clients[:1])
        office.work()
        _switch(agenda, enabled=False)
        _ring(agenda, office, made)
        start = _pass(agenda, made, 30 * HOUR)
        assert not office.mails(address)
        _switch(agenda, enabled=True)
        office.work()
        assert f"{start + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert _timers(agenda, made)[-1] == start - HOUR
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        _set(agenda, {})

    def test_what_was_told_is_not_told_again_by_switching_however_long_ago(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        made = agenda.booked(_in_two_days(), client_ids=agenda.clients[:1])
        office.work()
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        _pass(agenda, made, 30 * HOUR)
        with owner_of(agenda.settings) as connection:  # as the worker does after a week
            connection.execute("delete from outbox_deliveries where workspace_id = %s and done_at is not null", (agenda.workspace,))
        for enabled in (False, True):
            _switch(agenda, enabled=enabled)
            office.work()
        assert len(office.mails(address)) == 1

    def test_switching_reminds_nobody_of_what_was_booked_too_late(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        agenda.booked(datetime.now(UTC) + 5 * HOUR, client_ids=agenda.clients[:1])
        for enabled in (False, True):
            office.work()
            _switch(agenda, enabled=enabled)
        office.work()
        assert not office.mails(address)

    def test_a_worker_that_comes_late_tells_what_became_due_meanwhile(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        office.work()
        made = agenda.booked(_in_two_days(), client_ids=agenda.clients[:1])
        _pass(agenda, made, 30 * HOUR)
        office.work()
        assert len(office.mails(address)) == 1

    def test_at_most_five_offsets(self, agenda: Agenda) -> None:
        path = f"/api/v1/workspaces/{agenda.workspace}/modules/bookings"
        refused = agenda.ask("PUT", path, {"enabled": True, "settings": {"reminders": [10, 20, 30, 40, 50, 60]}})
        assert refused.status == 422, refused.body


def _buttons(office: Office, address: str) -> list[str]:
    """Where the newest letter to an address leads."""
    html = office.mails(address)[-1].get_body(("html",))
    assert html is not None
    return re.findall('href="([^"]*)"', html.get_content())


def _address(agenda: Agenda, address: str = "", client: int = 0) -> str:
    """Another address of a client, the first and a new one unless told otherwise."""
    address = address or f"reminded-{uuid.uuid4().hex[:8]}@example.com"
    reply = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[client]}", {"email": address}, **{"If-Match": "*"})
    assert reply.status == 200, reply.body
    return address


def _set(agenda: Agenda, settings: dict[str, Any]) -> None:
    reply = agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/bookings", {"enabled": True, "settings": settings})
    assert reply.status == 200, reply.body


def _switch(agenda: Agenda, *, enabled: bool) -> None:
    reply = agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/bookings", {"enabled": enabled})
    assert reply.status == 200, reply.body


def _in_two_days() -> datetime:
    """A time that no other test here uses."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=48 + 2 * next(_HOURS))


def _pass(agenda: Agenda, made: dict[str, Any], time: timedelta) -> datetime:
    """So much time passes for a booking; when it starts, as seen from now."""
    values = {"by": time, "id": made["id"], "workspace": agenda.workspace}
    with owner_of(agenda.settings) as connection:
        row = connection.execute(
            "update bookings set start_time = start_time - %(by)s, end_time = end_time - %(by)s, updated_at = updated_at - %(by)s"
            " where workspace_id = %(workspace)s and id = %(id)s returning start_time", values,
        ).fetchone()  # fmt: skip
        connection.execute(
            "update bookings_reminded set start_time = start_time - %(by)s where workspace_id = %(workspace)s and booking_id = %(id)s", values
        )
    assert row is not None
    return cast("datetime", row[0])


def _timers(agenda: Agenda, made: dict[str, Any]) -> list[datetime]:
    """When timers of a booking ring, or rang."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select unique_key from outbox_deliveries where workspace_id = %s and unique_key like %s order by id",
            (agenda.workspace, f"remind:{made['id']}:%"),
        ).fetchall()  # fmt: skip
    rings = [each[0].removeprefix(f"remind:{made['id']}:").rsplit(":", 1) for each in found]
    return [datetime.fromisoformat(start) - timedelta(minutes=int(minutes)) for start, minutes in rings]


def _ring(agenda: Agenda, office: Office, made: dict[str, Any]) -> None:
    """The time of every timer of a booking has come."""
    with owner_of(agenda.settings) as connection:
        connection.execute(
            "update outbox_deliveries set available_at = now() where workspace_id = %s and unique_key like %s and done_at is null",
            (agenda.workspace, f"remind:{made['id']}:%"),
        )  # fmt: skip
    office.work()


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, timezone="Africa/Lagos")
