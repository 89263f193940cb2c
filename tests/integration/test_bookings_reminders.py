"""Reminders: once for each booking, offset and start; they die with their booking and move when it moves."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.office import Office, tick
from tests.reminders import HOUR, MINUTE, SPELL, address_of, comes_near, free_time, ring, set_up, soon, timers
from tests.servers import Api


class TestReminders:
    def test_each_client_with_an_address_is_reminded_once_on_the_workspaces_clock(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        office.work()
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2, location_kind="in_person", location="Rua Augusta 1")
        office.work()
        assert timers(agenda, made) == []
        start = comes_near(agenda, office, made)
        assert timers(agenda, made) == [start - timedelta(minutes=1440)]
        assert not office.mails(address)
        ring(agenda, office, made)
        text = office.text(address)
        assert f"{start + HOUR:%Y-%m-%d %H:%M} (Africa/Lagos)" in text
        assert "Rua Augusta 1" in text
        ring(agenda, office, made)
        assert len(office.mails(address)) == 1
        assert len(office.mails(agenda.people["Colaborador"].email)) == before

    def test_where_it_is_online_the_link_leads_there_for_who_joined_by_that_address(self, agenda: Agenda, office: Office) -> None:
        """Whoever types a stranger's address into a client record has us write no links to them."""
        joined, stranger = address_of(agenda, agenda.people["Cliente"].email), f"stranger-{uuid.uuid4().hex[:8]}@example.com"
        address_of(agenda, stranger, client=1)
        room = "https://meet.example/abc"
        ring(agenda, office, soon(agenda, client_ids=agenda.clients[:2], capacity=2, location_kind="online", location=room))
        assert (room in office.text(joined), _buttons(office, joined)) == (True, [room])
        assert ("Where: https:/ /meet. example/abc" in office.text(stranger), _buttons(office, stranger)) == (True, [])
        moved = address_of(agenda)
        ring(agenda, office, soon(agenda, location_kind="online", location=room))
        assert (room in office.text(moved), _buttons(office, moved)) == (False, []), "another address of theirs followed no link"

    def test_they_move_with_the_booking(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda)
        start = datetime.fromisoformat(made["start_time"])
        later = start + SPELL
        assert agenda.act(made, "reschedule", {"start_time": later.isoformat()}).status == 200
        assert timers(agenda, made) == [start - 24 * HOUR, later - 24 * HOUR]
        ring(agenda, office, made)
        assert f"{later + HOUR:%Y-%m-%d %H:%M}" in office.text(address)
        assert len(office.mails(address)) == 1

    def test_there_and_back_again_is_one_reminder(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda)
        start = datetime.fromisoformat(made["start_time"])
        for to in (start + SPELL, start):
            office.work()
            assert agenda.act(made, "reschedule", {"start_time": to.isoformat()}).status == 200
        ring(agenda, office, made)
        ring(agenda, office, made)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert len(office.mails(address)) == 1

    def test_what_was_asked_for_is_reminded_of_when_it_is_approved(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        agenda.hours(opens="00:00", closes="00:00")
        service = agenda.service(needs_approval=True, duration_minutes=10, notice_minutes=0)
        start = free_time(26 * HOUR)
        asked = agenda.made(
            "/api/v1/bookings", {"start_time": start.isoformat(), "organizer_id": agenda.organizer, "service_id": service["id"]}, who="Cliente"
        )
        assert (asked["status"], timers(agenda, asked)) == ("pending", [])
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert timers(agenda, asked) == []
        assert agenda.act(asked, "approve").status == 200
        assert timers(agenda, asked) == [start - 24 * HOUR]
        ring(agenda, office, asked)
        assert len(office.mails(address)) == 1

    def test_of_a_series_what_is_near_has_timers_at_once_and_moves_with_it(self, agenda: Agenda) -> None:
        start = free_time(26 * HOUR)
        terms = {"title": "Every day", "organizer_id": agenda.organizer, "client_ids": agenda.clients[:1]}
        times = {"start_time": start.isoformat(), "end_time": (start + 10 * MINUTE).isoformat(), "rrule": "FREQ=DAILY;COUNT=3"}
        made = agenda.made("/api/v1/bookings/series", {**terms, **times})["bookings"]
        assert [timers(agenda, each) for each in made] == [[start - 24 * HOUR], [], []]
        assert agenda.act(made[0], "reschedule?scope=all", {"start_time": (start + SPELL).isoformat()}).status == 200
        assert [timers(agenda, each) for each in made] == [[start - 24 * HOUR, start + SPELL - 24 * HOUR], [], []]

    def test_they_die_with_the_booking_and_with_taking_part(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        gone, left = soon(agenda), soon(agenda, client_ids=agenda.clients[:2], capacity=3)
        assert agenda.act(gone, "cancel", {}).status == 200
        assert agenda.act(left, "leave", {"client_id": agenda.clients[0]}).status == 204
        for each in (gone, left):
            assert len(timers(agenda, each)) == 1
            ring(agenda, office, each)
        assert not office.mails(address)

    def test_several_offsets_are_one_timer_after_another_and_the_organizer_is_told_when_asked_for(self, agenda: Agenda, office: Office) -> None:
        address = address_of(agenda)
        office.work()
        set_up(agenda, {"reminders": [60, 2880, 1440], "remind_organizer": True})
        before = len(office.mails(agenda.people["Colaborador"].email))
        made = agenda.booked(a_day() + timedelta(days=3), client_ids=agenda.clients[:1])
        for at in (2880, 1440, 60):
            start = comes_near(agenda, office, made, at * MINUTE + 6 * HOUR)
            assert timers(agenda, made)[-1] == start - at * MINUTE
            ring(agenda, office, made)
        assert len(office.mails(address)) == 3
        assert len(office.mails(agenda.people["Colaborador"].email)) - before == 3
        set_up(agenda, {})

    def test_what_the_setting_no_longer_says_is_not_sent(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda)
        set_up(agenda, {"reminders": []})
        ring(agenda, office, made)
        assert not office.mails(address)
        set_up(agenda, {})

    def test_what_is_booked_too_late_for_a_reminder_has_none(self, agenda: Agenda, office: Office) -> None:
        address, made = address_of(agenda), soon(agenda, 2 * HOUR)
        tick(agenda.settings, "bookings:look_ahead")
        office.work()
        assert (timers(agenda, made), office.mails(address)) == ([], [])


def _buttons(office: Office, address: str) -> list[str]:
    """Where the newest letter to an address leads."""
    html = office.mails(address)[-1].get_body(("html",))
    assert html is not None
    return re.findall('href="([^"]*)"', html.get_content())


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, timezone="Africa/Lagos")
