"""The rules by which something repeats, as RFC 5545 writes them: read, or refused with what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, Final

from kernel.errors import Fault, Invalid
from plugins.bookings.domain.rules import WEEKDAYS, Freq, Rule, Weekday

POINTER: Final = "/rrule"
LONGEST: Final = 500
"""Characters of a rule."""

_INTERVAL, _COUNT = 999, 999_999
_IMPLIED: Final = frozenset(("RSCALE=GREGORIAN", "SKIP=OMIT"))
_DAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,6}")
_UNTIL: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")


def parse(text: str) -> Rule:
    """The rule that a text says, in any case; refused with everything that is wrong with it."""
    if len(text) > LONGEST:
        raise _invalid(f"A rule has at most {LONGEST} characters.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise _invalid("A rule has letters, digits and ;=,+- only.")
    if text.upper().startswith("RRULE:"):
        raise _invalid("Write what follows RRULE: alone.")
    found, faults = _read(text.upper())
    if not faults:
        faults = _contradictions(found)
    if faults:
        raise _invalid(*faults)
    return Rule(**found)


def understood(text: str, first: datetime) -> Rule | None:
    """Somebody else's rule, in the words we know, or None; that it happens at the time at which it begins need not be said."""
    at = {"BYHOUR": first.hour, "BYMINUTE": first.minute, "BYSECOND": first.second}
    parts = []
    for part in text.strip().upper().strip(";").split(";"):
        name, _, value = part.partition("=")
        if not (part in _IMPLIED or name.startswith("X-") or (name in at and value.isdigit() and len(value) < 3 and int(value) == at[name])):
            parts.append(part)
    try:
        return parse(";".join(parts))
    except Invalid:
        return None


def _read(text: str) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    faults: list[str] = []
    seen: set[str] = set()
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            faults.append(f"Every part is NAME=VALUE, {part or 'an empty one'} is not.")
        elif name in seen:
            faults.append(f"{name} occurs more than once.")
        elif (known := _PARTS.get(name)) is None:
            faults.append(f"{name} is not supported; {', '.join(_PARTS)} are.")
        else:
            field, read = known
            try:
                found[field] = read(value)
            except ValueError as wrong:
                faults.append(f"{name} {wrong}.")
        seen.add(name)
    if "FREQ" not in seen:
        faults.append("FREQ is missing.")
    return found, faults


def _contradictions(found: dict[str, Any]) -> list[str]:
    faults = []
    freq, days = found["freq"], found.get("by_day", ())
    if "count" in found and "until" in found:
        faults.append("COUNT and UNTIL exclude each other.")
    if freq is Freq.WEEKLY and "by_month_day" in found:
        faults.append("BYMONTHDAY does not go with FREQ=WEEKLY.")
    numbered = max((abs(one.nth) for one in days), default=0)
    if numbered and freq in (Freq.DAILY, Freq.WEEKLY):
        faults.append(f"BYDAY has numbers with MONTHLY and YEARLY only, not with {freq}.")
    elif numbered > 5 and (freq is Freq.MONTHLY or "by_month" in found):
        faults.append("BYDAY counts to 5 within a month.")
    if "by_set_pos" in found and not found.keys() & {"by_month", "by_month_day", "by_day"}:
        faults.append("BYSETPOS needs another BY part to choose from.")
    return faults


def _freq(value: str) -> Freq:
    if value not in set(Freq):
        raise ValueError(f"is one of {', '.join(Freq)}")
    return Freq(value)


def _until(value: str) -> date | datetime:
    if not _UNTIL.fullmatch(value):
        raise ValueError("is a day as 20261231 or a time as 20261231T235959Z")
    try:
        day = date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:8]}")
        if "T" not in value:
            return day
        at = time(int(value[9:11]), int(value[11:13]), int(value[13:15]), tzinfo=UTC if value.endswith("Z") else None)
        return datetime.combine(day, at)
    except ValueError:
        raise ValueError("is a day or time that does not exist") from None


def _one(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not _NUMBER.fullmatch(value) or value[0] in "+-" or not low <= int(value) <= high:
            raise ValueError(f"is a number from {low} to {high}")
        return int(value)

    return read


def _several(high: int, *, signed: bool = True) -> Callable[[str], tuple[int, ...]]:
    def read(value: str) -> tuple[int, ...]:
        items = value.split(",")
        if not all(_NUMBER.fullmatch(item) and (1 if not signed else -high) <= int(item) <= high and int(item) for item in items):
            raise ValueError(f"has numbers from 1 to {high}{', or from the end as -1' if signed else ''}")
        return tuple(sorted({int(item) for item in items}))

    return read


def _days(value: str) -> tuple[Weekday, ...]:
    found = set()
    for item in value.split(","):
        match = _DAY.fullmatch(item)
        if match is None or (match[1] is not None and not 1 <= abs(int(match[1])) <= 53):
            raise ValueError("has weekdays as MO, 2MO or -1FR")
        found.add(Weekday(WEEKDAYS.index(match[2]), int(match[1] or 0)))
    return tuple(sorted(found))


def _weekday(value: str) -> int:
    if value not in WEEKDAYS:
        raise ValueError(f"is one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value)


_PARTS: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "FREQ": ("freq", _freq),
    "INTERVAL": ("interval", _one(1, _INTERVAL)),
    "COUNT": ("count", _one(1, _COUNT)),
    "UNTIL": ("until", _until),
    "BYMONTH": ("by_month", _several(12, signed=False)),
    "BYMONTHDAY": ("by_month_day", _several(31)),
    "BYDAY": ("by_day", _days),
    "BYSETPOS": ("by_set_pos", _several(366)),
    "WKST": ("week_start", _weekday),
}


def _invalid(*messages: str) -> Invalid:
    return Invalid(errors=[Fault(POINTER, message) for message in messages])
