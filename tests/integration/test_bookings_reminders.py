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
from tests.office import Office, tick
from tests.servers import Api, owner_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SPELL = 15 * MINUTE
_SLOTS = itertools.count()


class TestReminders:
    def test_each_client_with_an_address_is_reminded_once_on_the_workspaces_clock(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        office.work()
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2, location_kind="in_person", location="Rua Augusta 1")
        office.work()
        assert _timers(agenda, made) == []
        start = _comes_near(agenda, office, made)
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
        _ring(agenda, office, _soon(agenda, client_ids=agenda.clients[:2], capacity=2, location_kind="online", location=room))
        assert (room in office.text(joined), _buttons(office, joined)) == (True, [room])
        assert ("Where: https:/ /meet. example/abc" in office.text(stranger), _buttons(office, stranger)) == (True, [])
        moved = _address(agenda)
        _ring(agenda, office, _soon(agenda, location_kind="online", location=room))
        assert (room in office.text(moved), _buttons(office, moved)) == (False, []), "another address of theirs followed no link"

    def test_they_move_with_the_booking(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda)
        start = datetime.fromisoformat(made["start_time"])
        later = start + SPELL
        assert agenda.act(made, "reschedule", {"start_time": later.isoformat()}).status == 200
        assert _timers(agenda, made) == [start - 24 * HOUR, later - 24 * HOUR]
        _ring(agenda, office, made)
        assert f"{later + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert len(office.mails(address)) == 1

    def test_there_and_back_again_is_one_reminder(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda)
        start = datetime.fromisoformat(made["start_time"])
        for to in (start + SPELL, start):
            office.work()
            assert agenda.act(made, "reschedule", {"start_time": to.isoformat()}).status == 200
        _ring(agenda, office, made)
        _ring(agenda, office, made)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert len(office.mails(address)) == 1

    def test_what_was_asked_for_is_reminded_of_when_it_is_approved(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        agenda.hours(opens="00:00", closes="00:00")
        service = agenda.service(needs_approval=True, duration_minutes=10, notice_minutes=0)
        start = _when(26 * HOUR)
        asked = agenda.made(
            "/api/v1/bookings", {"start_time": start.isoformat(), "organizer_id": agenda.organizer, "service_id": service["id"]}, who="Cliente"
        )
        assert (asked["status"], _timers(agenda, asked)) == ("pending", [])
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert _timers(agenda, asked) == []
        assert agenda.act(asked, "approve").status == 200
        assert _timers(agenda, asked) == [start - 24 * HOUR]
        _ring(agenda, office, asked)
        assert len(office.mails(address)) == 1

    def test_of_a_series_what_is_near_has_timers_at_once_and_moves_with_it(self, agenda: Agenda) -> None:
        start = _when(26 * HOUR)
        terms = {"title": "Every day", "organizer_id": agenda.organizer, "client_ids": agenda.clients[:1]}
        times = {"start_time": start.isoformat(), "end_time": (start + 10 * MINUTE).isoformat(), "rrule": "FREQ=DAILY;COUNT=3"}
        made = agenda.made("/api/v1/bookings/series", {**terms, **times})["bookings"]
        assert [_timers(agenda, each) for each in made] == [[start - 24 * HOUR], [], []]
        assert agenda.act(made[0], "reschedule?scope=all", {"start_time": (start + SPELL).isoformat()}).status == 200
        assert [_timers(agenda, each) for each in made] == [[start - 24 * HOUR, start + SPELL - 24 * HOUR], [], []]

    def test_they_die_with_the_booking_and_with_taking_part(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        gone, left = _soon(agenda), _soon(agenda, client_ids=agenda.clients[:2], capacity=3)
        assert agenda.act(gone, "cancel", {}).status == 200
        assert agenda.act(left, "leave", {"client_id": agenda.clients[0]}).status == 204
        for each in (gone, left):
            assert len(_timers(agenda, each)) == 1
            _ring(agenda, office, each)
        assert not office.mails(address)

    def test_several_offsets_are_one_timer_after_another_and_the_organizer_is_told_when_asked_for(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        office.work()
        _set(agenda, {"reminders": [60, 2880, 1440], "remind_organizer": True})
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(a_day() + timedelta(days=3), client_ids=agenda.clients[:1])
        for at in (2880, 1440, 60):
            start = _comes_near(agenda, office, made, at * MINUTE + 6 * HOUR)
            assert _timers(agenda, made)[-1] == start - at * MINUTE
            _ring(agenda, office, made)
        assert len(office.mails(address)) == 3
        assert len(office.mails(agenda.people["Colaborador"].email)) - before == 3
        _set(agenda, {})

    def test_what_the_setting_no_longer_says_is_not_sent(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda)
        _set(agenda, {"reminders": []})
        _ring(agenda, office, made)
        assert not office.mails(address)
        _set(agenda, {})

    def test_what_is_booked_too_late_for_a_reminder_has_none(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda, 2 * HOUR)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert (_timers(agenda, made), office.mails(address)) == ([], [])

    def test_other_offsets_hold_for_what_is_booked_already(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        _set(agenda, {"reminders": [10_000]})
        made = _soon(agenda, 47 * HOUR)
        start = datetime.fromisoformat(made["start_time"])
        office.work()
        assert _timers(agenda, made) == []
        for offsets in ([2700, 60], [2500, 30]):
            _set(agenda, {"reminders": offsets})
            office.work()
        assert _timers(agenda, made) == [start - each * MINUTE for each in (2700, 2500)]
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        start = _comes_near(agenda, office, made, 2 * HOUR)
        assert _timers(agenda, made)[2:] == [start - 30 * MINUTE]
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        _set(agenda, {})

    def test_an_offset_that_is_new_is_no_reason_to_write_of_what_would_have_been_due(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        made = _soon(agenda, 47 * HOUR)
        _pass(agenda, made, 10 * HOUR)
        _set(agenda, {"reminders": [2700, 30]})
        office.work()
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert not office.mails(address)
        _set(agenda, {})

    def test_what_was_missed_while_the_module_was_off_is_told_once(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        _set(agenda, {"reminders": [1440, 1200, 60]})
        made = _soon(agenda, 47 * HOUR)
        office.work()
        _switch(agenda, enabled=False)
        start = _pass(agenda, made, 40 * HOUR)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert not office.mails(address)
        _switch(agenda, enabled=True)
        office.work()
        assert f"{start + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert _timers(agenda, made)[-1] == start - HOUR
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 2
        _set(agenda, {})

    def test_switched_on_with_another_setting_it_tells_what_was_missed_by_that(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda, 47 * HOUR)
        office.work()
        _switch(agenda, enabled=False)
        _pass(agenda, made, 40 * HOUR)
        _set(agenda, {"reminders": [1440, 1201]})
        office.work()
        assert len(office.mails(address)) == 1
        _set(agenda, {})

    def test_what_was_told_is_not_told_again_by_switching_however_long_ago(self, agenda: Agenda, office: Office) -> None:
        address, made = _address(agenda), _soon(agenda)
        _ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        _pass(agenda, made, 10 * HOUR)
        with owner_of(agenda.settings) as connection:  # as the worker does after a week
            connection.execute("delete from outbox_deliveries where workspace_id = %s and done_at is not null", (agenda.workspace,))
        for enabled in (False, True):
            _switch(agenda, enabled=enabled)
            office.work()
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert len(office.mails(address)) == 1

    def test_switching_reminds_nobody_of_what_was_booked_too_late(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        _soon(agenda, 5 * HOUR)
        for enabled in (False, True):
            office.work()
            _switch(agenda, enabled=enabled)
        office.work()
        assert not office.mails(address)

    def test_a_worker_that_comes_late_tells_what_became_due_meanwhile(self, agenda: Agenda, office: Office) -> None:
        address = _address(agenda)
        office.work()
        made = _soon(agenda, 47 * HOUR)
        _pass(agenda, made, 40 * HOUR)
        for _ in range(2):
            tick(agenda.settings, "bookings:look_ahead")
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


def _when(ahead: timedelta) -> datetime:
    """In about so much time, on the grid of slots; nothing else here is booked then, nor a quarter of an hour later."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + ahead + 2 * SPELL * next(_SLOTS)


def _soon(agenda: Agenda, ahead: timedelta = 26 * HOUR, **given: Any) -> dict[str, Any]:
    """What begins then, of the first client unless told otherwise."""
    return agenda.booked(_when(ahead), minutes=10, **{"client_ids": agenda.clients[:1], **given})


def _comes_near(agenda: Agenda, office: Office, made: dict[str, Any], left: timedelta = 30 * HOUR) -> datetime:
    """Time passes until so much is left to the start of a booking, and somebody looks ahead; when it starts then."""
    with owner_of(agenda.settings) as connection:
        row = connection.execute("select start_time from bookings where id = %s", (made["id"],)).fetchone()
    assert row is not None
    start = _pass(agenda, made, row[0] - datetime.now(UTC).replace(second=0, microsecond=0) - left)
    tick(agenda.settings, "bookings:look_ahead")
    office.work()
    return start


def _pass(agenda: Agenda, made: dict[str, Any], time: timedelta) -> datetime:
    """So much time passes for a booking; when it starts, as seen from now."""
    values = {"by": time, "id": made["id"], "workspace": agenda.workspace}
    with owner_of(agenda.settings) as connection:
        row = connection.execute(
            "update bookings set start_time = start_time - %(by)s, end_time = end_time - %(by)s, updated_at = updated_at - %(by)s,"
            " created_at = created_at - %(by)s where workspace_id = %(workspace)s and id = %(id)s returning start_time", values,
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
