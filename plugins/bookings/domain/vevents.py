"""The events of somebody else's calendar file, as it writes them: what it is made of, within bounds, and nothing of what it says.

Lines are taken apart here, since the library's parser lets one file name time zones for every later one, and a hostile file keep it busy for
minutes; single values are read by the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from kernel.errors import Fault, Invalid

POINTER: Final = "/url"
_DEEPEST: Final = 8
"""Components within components; a calendar, an event and its alarm are three."""
_LONGEST: Final = 65_536
"""Characters of a line that is of interest: some 4,000 exceptions of a series."""
_MOST_LINES: Final = 400_000
"""Forty for each of the most events."""
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_NAME: Final = re.compile(r"([A-Za-z0-9-]+)[:;]")
_LINE: Final = re.compile(r'([A-Za-z0-9-]++)((?:;[A-Za-z0-9-]++=(?:"[^"]*+"|[^";:]*+))*+):(.*)')
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=(?:"([^"]*)"|([^";:]*))')
_OF_EVENTS: Final = frozenset(("UID", "SEQUENCE", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "TRANSP"))


@dataclass(frozen=True, slots=True)
class Line:
    """The value of a property, and its parameters by their names in capitals."""

    value: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Component:
    """An event's properties by name, in the order of the file. broken: one of them could not be taken apart."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def first(self, name: str) -> Line | None:
        return found[0] if (found := self.lines.get(name)) else None

    def text(self, name: str) -> str:
        """The value of the property in capitals, empty where there is none."""
        return found.value.strip().upper() if (found := self.first(name)) else ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a file holds: the zone it says it is in, the known names of zones it defines, its events, and what it says is taken."""

    zone: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    events: list[Component] = field(default_factory=list)
    free_busy: list[Line] = field(default_factory=list)


def read(data: bytes, *, max_bytes: int, max_events: int) -> Calendar:
    """Takes a file apart, refusing precisely what is none; a truncated one is none either."""
    if len(data) > max_bytes:
        raise invalid(f"The calendar is larger than {max_bytes} bytes.")
    # What is looked at is ASCII; a title in another encoding does no harm.
    text = data.decode("utf-8-sig", "replace").lstrip()
    if not text[:15].upper() == "BEGIN:VCALENDAR":
        raise invalid("What is there is not an iCalendar file: it does not begin with BEGIN:VCALENDAR.")
    found = Calendar()
    stack: list[str] = []
    zone_id = ""
    for number, name, line in _lines(text):
        if name == "BEGIN":
            stack.append(line[6:].strip().upper())
            if len(stack) > _DEEPEST:
                raise invalid(f"The calendar is not valid: line {number} is nested deeper than {_DEEPEST} components.")
            if stack[-1] == "VCALENDAR" and len(stack) > 1:
                raise invalid(f"The calendar is not valid: line {number} begins a calendar within another.")
            if stack[1:] == ["VEVENT"]:
                if len(found.events) == max_events:
                    raise invalid(f"The calendar has more than {max_events} events.")
                found.events.append(Component())
        elif name == "END":
            if not stack or stack.pop() != line[4:].strip().upper():
                raise invalid(f"The calendar is not valid: line {number} ends what has not begun.")
            zone_id = zone_id if stack[1:] == ["VTIMEZONE"] else ""
        elif stack == ["VCALENDAR"] and name == "X-WR-TIMEZONE":
            found.zone.append(line[len(name) + 1 :].strip())
        elif stack[1:] == ["VTIMEZONE"]:
            if name == "TZID":
                zone_id = line[len(name) + 1 :].strip()
            elif name == "X-LIC-LOCATION" and zone_id:
                found.aliases.setdefault(zone_id, line[len(name) + 1 :].strip())
        elif (stack[1:] == ["VEVENT"] and name in _OF_EVENTS) or (stack[1:] == ["VFREEBUSY"] and name == "FREEBUSY"):
            _take(found, name, line)
        elif not stack:
            raise invalid(f"The calendar is not valid: line {number} is outside of it.")
    if stack:
        raise invalid("The calendar is not complete: it ends in the middle.")
    return found


def invalid(message: str) -> Invalid:
    """Never with anything of the file in it: whoever names an address must not read through us what is there."""
    return Invalid(code="invalid_calendar", errors=[Fault(POINTER, message)])


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Unfolded, with their numbers then; those that are no property are left to their senders."""
    unfolded = _FOLD.sub("", text)
    if unfolded.count("\n") >= _MOST_LINES:
        raise invalid(f"The calendar has more than {_MOST_LINES} lines.")
    for number, line in enumerate(unfolded.split("\n"), 1):
        if match := _NAME.match(line):
            yield number, match[1].upper(), line.rstrip("\r")


def _take(found: Calendar, name: str, line: str) -> None:
    match = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
    if name == "FREEBUSY":
        if match:
            found.free_busy.append(Line(match[3], _parameters(match[2])))
        return
    event = found.events[-1]
    if match:
        event.lines.setdefault(name, []).append(Line(match[3], _parameters(match[2])))
    else:
        event.broken.append(name)


def _parameters(text: str) -> dict[str, str]:
    return {name.upper(): quoted or plain for name, quoted, plain in _PARAMETER.findall(text)} if text else {}
