"""Calendars that people have elsewhere, as tests write, add and count them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.settings import Settings
from tests.agenda import Agenda
from tests.servers import owner_of

CALENDARS = "/api/v1/bookings/calendars"


def a_file(*starts: datetime, more: str = "") -> bytes:
    """A calendar with an event of an hour at each of these times."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{start:%Y%m%dT%H%M}@elsewhere\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H\r\n"
        "SUMMARY:Dentist\r\nEND:VEVENT\r\n"
        for start in starts
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//elsewhere//EN\r\n{events}{more}END:VCALENDAR\r\n".encode()


def added(agenda: Agenda, url: str, *, who: str = "Colaborador", name: str = "Private") -> dict[str, Any]:
    return agenda.made(CALENDARS, {"name": name, "url": url}, who=who)


def stored(agenda: Agenda, settings: Settings) -> tuple[int, int]:
    """Calendars and taken times of the workspace."""
    with owner_of(settings) as owner:
        counts = [
            owner.execute(f"select count(*) from {table} where workspace_id = %s", (agenda.workspace,)).fetchone()  # type: ignore[arg-type]
            for table in ("bookings_calendar", "bookings_external_busy")
        ]
    return counts[0][0], counts[1][0]  # type: ignore[index]
