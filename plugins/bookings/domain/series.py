"""When something that repeats takes place, and how a series is cut and moved. All occurrences of a series show the same wall time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from kernel.errors import Fault, Invalid
from plugins.bookings.domain.periods import periods
from plugins.bookings.domain.rrule import POINTER, parse
from plugins.bookings.domain.rules import Freq, Rule, Weekday
from plugins.bookings.domain.zones import DAY, YEARS, instant, wall_time

__all__ = ["HORIZON", "LIMIT", "Freq", "Rule", "Weekday", "ended", "moved", "occurrences", "parse", "rest_from", "until_before"]

LIMIT: Final = 520
HORIZON: Final = timedelta(days=3653)
"""Ten years: how far a series reaches beyond its first occurrence."""
_PLAIN_DAYS: Final = 28
"""Every month has these."""


def occurrences(
    rule: Rule, first: datetime, zone: ZoneInfo, exdates: Collection[datetime] = (), *, limit: int = LIMIT, horizon: timedelta = HORIZON
) -> list[datetime]:
    """The wall times, naive and ascending, from the first by the rule that is not before `first`; a rule without an end stops at the horizon.

    One that the zone skips moves forward by the length of the gap; `zones.instant` makes the instant of each. What the exdates name, as the
    rule says it or moved so, is left out, but counts for COUNT. Refused when there is none, more than the limit, or any beyond the horizon.
    """
    _check_year(first)
    last, years = (first + horizon).date(), round(horizon / timedelta(days=365.25))
    if rule.until is not None and _day(rule.until) > last + DAY:
        raise _invalid(f"UNTIL lies more than {years} years after the first occurrence.")
    found: dict[datetime, datetime] = {}
    named = 0
    for wall in _walls(rule, first, last, zone):
        named += 1
        at = instant(wall, zone)
        shown = wall_time(at, zone)
        if wall not in exdates and shown not in exdates:
            # Where one moved onto the next there is one.
            found.setdefault(at, shown)
        if len(found) > limit:
            raise _invalid(f"That is more than {limit} occurrences; end it earlier with COUNT or UNTIL.")
    if not named and ended(rule, first, zone):
        raise _invalid("UNTIL is before the start.")
    if not named:
        raise _invalid(f"Nothing happens by this rule from {first:%Y-%m-%d} to {_end(rule, last):%Y-%m-%d}.")
    if max(found, default=instant(first, zone)).year not in YEARS:
        raise _invalid(f"It reaches beyond the year {YEARS[-1]}.")
    if rule.count is not None and named < rule.count:
        raise _invalid(f"COUNT reaches more than {years} years beyond the first occurrence.")
    if not found:
        raise Invalid(errors=[Fault("/exdates", "Nothing is left of the series.")])
    return list(found.values())


def until_before(rule: Rule, first: datetime, occurrence: datetime, zone: ZoneInfo) -> Rule:
    """The rule of what comes before an occurrence: one of those that `occurrences` names, and not the first."""
    kept, _ = _split(rule, first, occurrence, zone)
    if not kept:
        raise ValueError("nothing comes before the first occurrence")
    return replace(rule, count=None, until=instant(kept[-1], zone))


def rest_from(rule: Rule, first: datetime, occurrence: datetime, zone: ZoneInfo) -> tuple[Rule, datetime]:
    """The rule from an occurrence on, and the wall time it begins with. One without an end ends where the ten years of the whole do."""
    kept, begins = _split(rule, first, occurrence, zone)
    if rule.count is not None:
        return replace(rule, count=rule.count - len(kept)), begins
    if rule.until is None:
        *_, last = _walls(rule, first, (first + HORIZON).date(), zone)
        return replace(rule, until=instant(last, zone)), begins
    return rule, begins


def moved(rule: Rule, first: datetime, to: datetime, zone: ZoneInfo) -> Rule:
    """The rule of the same series when it begins at another wall time and every occurrence moves as far. Refused where no rule says that: the
    day after the 31st is no fixed day of a month."""
    days = (to.date() - first.date()).days
    if days and (rule.by_month or rule.by_month_day or (rule.freq in (Freq.MONTHLY, Freq.YEARLY) and (rule.by_day or not _within_month(first, to)))):
        raise _invalid("Give a rule for the new days: this one names days that cannot be moved.")
    shifted = tuple(sorted(Weekday((one.day + days) % 7, one.nth) for one in rule.by_day))
    after = replace(rule, by_day=shifted, week_start=(rule.week_start + days) % 7 if shifted else rule.week_start)
    if rule.until is None:
        return after
    final = first
    for wall in _walls(rule, first, (first + HORIZON).date(), zone):
        final = wall
    return replace(after, until=instant(final + (to - first), zone))


def ended(rule: Rule, wall: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall time lies beyond the UNTIL of the rule: a day is included whole, a naive time is a wall time, any other an instant."""
    if isinstance(rule.until, datetime):
        return (wall if rule.until.tzinfo is None else instant(wall, zone)) > rule.until
    return rule.until is not None and wall.date() > rule.until


def _walls(rule: Rule, first: datetime, last: date, zone: ZoneInfo) -> Iterator[datetime]:
    return islice(_named(rule, first, last, zone), rule.count)


def _named(rule: Rule, first: datetime, last: date, zone: ZoneInfo) -> Iterator[datetime]:
    for days in periods(rule, first.date(), _end(rule, last)):
        for day in days:
            wall = datetime.combine(day, first.time())
            if ended(rule, wall, zone):
                return
            yield wall


def _split(rule: Rule, first: datetime, occurrence: datetime, zone: ZoneInfo) -> tuple[list[datetime], datetime]:
    """What the rule names before an occurrence, and the occurrence as the rule names it."""
    _check_year(first)
    _check_year(occurrence)
    kept: list[datetime] = []
    at = instant(occurrence, zone)
    for wall in _walls(rule, first, occurrence.date(), zone):
        if instant(wall, zone) >= at:
            if instant(wall, zone) == at:
                return kept, wall
            break
        kept.append(wall)
    raise Invalid(errors=[Fault("/occurrence", "Is no occurrence of the series.")])


def _within_month(first: datetime, to: datetime) -> bool:
    return (first.year, first.month) == (to.year, to.month) and max(first.day, to.day) <= _PLAIN_DAYS


def _day(until: date | datetime) -> date:
    return until.date() if isinstance(until, datetime) else until


def _end(rule: Rule, last: date) -> date:
    """UNTIL in UTC may be the next day in the zone."""
    return last if rule.until is None or _day(rule.until) >= last else _day(rule.until) + DAY


def _check_year(wall: datetime) -> None:
    if wall.tzinfo is not None:
        raise ValueError("a series is in wall time")
    if wall.year not in YEARS:
        raise Invalid(errors=[Fault("/start_time", f"Must lie in the years {YEARS[0]} to {YEARS[-1]}.")])


def _invalid(message: str) -> Invalid:
    return Invalid(errors=[Fault(POINTER, message)])
