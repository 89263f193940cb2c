"""A calendar as a file that calendar applications subscribe to (RFC 5545)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, vText

from plugins.bookings.domain.booking import Status

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_PRODUCT: Final = "-//FitPro Hub//Bookings//EN"
_REFRESH: Final = timedelta(hours=1)
_STATUS: Final = {
    Status.PENDING: "TENTATIVE",
    Status.BOOKED: "CONFIRMED",
    Status.CANCELLED: "CANCELLED",
    Status.COMPLETED: "CONFIRMED",
    Status.NO_SHOW: "CONFIRMED",
}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
"""No text has these; the last three are line ends to some readers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking in a feed. uid stays what it is for good, sequence grows with each change of what is shown; times are aware."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    status: Status
    summary: str
    location: str | None
    description: str | None
    updated: datetime


def render(entries: Iterable[Entry], name: str) -> bytes:
    """The feed with everything in it. Cancelled entries stay and say so, so that an application that keeps its own copy strikes them out."""
    calendar = _calendar(name)
    for entry in entries:
        event = _event(entry, entry.summary)
        for field, text in (("location", entry.location), ("description", entry.description)):
            if text:
                event.add(field, _clean(text))
        calendar.add_component(event)
    return _file(calendar)


def render_busy(entries: Iterable[Entry], name: str, busy: str) -> bytes:
    """The feed that says when somebody is taken and nothing else: each entry is called by the one word given, and cancelled ones are not in it.

    Events, not VFREEBUSY: that is an answer to a scheduling request, and what people subscribe with (Google Calendar, Apple Calendar, Outlook)
    shows nothing of a subscribed file but its VEVENTs.
    """
    calendar = _calendar(name)
    for entry in entries:
        if entry.status != Status.CANCELLED:
            event = _event(entry, busy)
            event.add("class", "PRIVATE")
            calendar.add_component(event)
    return _file(calendar)


def _calendar(name: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    for field in ("name", "x-wr-calname"):
        calendar.add(field, vText(_clean(name)))
    for field in ("refresh-interval", "x-published-ttl"):
        calendar.add(field, _REFRESH, parameters={"VALUE": "DURATION"})
    return calendar


def _event(entry: Entry, summary: str) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    # Of a published event both say when it last changed, so an unchanged calendar is the same file.
    for field in ("dtstamp", "last-modified"):
        event.add(field, entry.updated.astimezone(UTC))
    event.add("dtstart", entry.start.astimezone(UTC))
    event.add("dtend", entry.end.astimezone(UTC))
    event.add("status", _STATUS[entry.status])
    event.add("transp", "TRANSPARENT" if entry.status == Status.CANCELLED else "OPAQUE")
    event.add("summary", _clean(summary))
    return event


def _file(calendar: Calendar) -> bytes:
    file: bytes = calendar.to_ical()
    return file


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)
