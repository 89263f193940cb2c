"""The rules by which something repeats, in the words of RFC 5545."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Freq(StrEnum):
    """What a rule counts."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, order=True)
class Weekday:
    """Every such day of the period (nth 0), or its nth, from the end when negative. day: 0 is Monday."""

    day: int
    nth: int = 0

    def __str__(self) -> str:
        return f"{self.nth or ''}{WEEKDAYS[self.day]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE; values in order and without repetition. until: a day is included whole, a naive time is wall time. week_start: 0 is Monday."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[Weekday, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def endless(self) -> bool:
        return self.count is None and self.until is None

    def __str__(self) -> str:
        """As text, the same for equal rules; FREQ comes first, which some calendars need."""
        parts: dict[str, object] = {
            "FREQ": self.freq,
            "UNTIL": None if self.until is None else _until_text(self.until),
            "COUNT": self.count,
            "INTERVAL": self.interval if self.interval != 1 else None,
            "BYMONTH": _listed(self.by_month),
            "BYMONTHDAY": _listed(self.by_month_day),
            "BYDAY": _listed(self.by_day),
            "BYSETPOS": _listed(self.by_set_pos),
            "WKST": WEEKDAYS[self.week_start] if self.week_start else None,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def _listed(values: Iterable[object]) -> str | None:
    return ",".join(map(str, values)) or None


def _until_text(until: date | datetime) -> str:
    if isinstance(until, datetime):
        until = until.astimezone(UTC) if until.tzinfo is not None else until
        until += timedelta(microseconds=-until.microsecond % 1_000_000)  # a rule says no fraction of a second, and must not end before its last
    return until.isoformat().replace("-", "").replace(":", "").replace("+0000", "Z")
