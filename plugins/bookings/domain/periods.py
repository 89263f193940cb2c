"""The days a rule names, period by period: a day, a week, a month or a year at a time.

Our own because it must end: dateutil looks for the next 30th of February until the year 9999. It also keeps the weekday beside a numbered one
(`BYDAY=MO,2TU` is both), and lets BYSETPOS choose from the whole first week, which dateutil and its port to JavaScript do not.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from plugins.bookings.domain.rules import Freq, Rule, Weekday
from plugins.bookings.domain.zones import DAY

_MONTHS: Final = tuple(range(1, 13))


def periods(rule: Rule, first: date, last: date, since: date | None = None) -> Iterator[list[date]]:
    """The days of each period, empty lists too, so that whoever asks can give up; COUNT and UNTIL are theirs. From the period that `first` is
    in, or from the last one that begins no later than `since`, to the last that begins no later than `last`."""
    rule = _completed(rule, first)
    number = 0
    if since is not None and since > first:
        number = (_number(rule, since) - _number(rule, first)) // rule.interval * rule.interval
    while (start := _start(rule, first, number)) <= last:
        days = [day for day in _candidates(rule, start) if _holds(rule, day)]
        if rule.by_set_pos:
            chosen = {at - 1 if at > 0 else len(days) + at for at in rule.by_set_pos}
            days = [day for at, day in enumerate(days) if at in chosen]
        yield [day for day in days if first <= day <= last]
        number += rule.interval


def _completed(rule: Rule, first: date) -> Rule:
    """With what the rule leaves to its first day."""
    if rule.by_day or rule.by_month_day:
        return rule
    match rule.freq:
        case Freq.WEEKLY:
            return replace(rule, by_day=(Weekday(first.weekday()),))
        case Freq.MONTHLY:
            return replace(rule, by_month_day=(first.day,))
        case Freq.YEARLY:
            return replace(rule, by_month_day=(first.day,), by_month=rule.by_month or (first.month,))
    return rule


def _number(rule: Rule, day: date) -> int:
    """Which period the day is in."""
    match rule.freq:
        case Freq.DAILY:
            return day.toordinal()
        case Freq.WEEKLY:
            # Day 1 was a Monday.
            return (day.toordinal() - 1 - rule.week_start) // 7
        case Freq.MONTHLY:
            return day.year * 12 + day.month
    return day.year


def _start(rule: Rule, first: date, number: int) -> date:
    """The first day of the period so many after that of the first; the end of time beyond it."""
    try:
        match rule.freq:
            case Freq.DAILY:
                return first + number * DAY
            case Freq.WEEKLY:
                return first + timedelta(7 * number - (first.weekday() - rule.week_start) % 7)
            case Freq.MONTHLY:
                years, month = divmod(first.month - 1 + number, 12)
                return date(first.year + years, month + 1, 1)
        return date(first.year + number, 1, 1)
    except (OverflowError, ValueError):
        return date.max


def _candidates(rule: Rule, start: date) -> list[date]:
    match rule.freq:
        case Freq.DAILY:
            return [start]
        case Freq.WEEKLY:
            return [start + timedelta(n) for n in range(7)]
        case Freq.MONTHLY:
            return _month(start.year, start.month) if not rule.by_month or start.month in rule.by_month else []
    return [day for month in rule.by_month or _MONTHS for day in _month(start.year, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _holds(rule: Rule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day and day.day not in rule.by_month_day and day.day - monthrange(day.year, day.month)[1] - 1 not in rule.by_month_day:
        return False
    return not rule.by_day or any(one.day == day.weekday() and (not one.nth or _is_nth(rule, day, one.nth)) for one in rule.by_day)


def _is_nth(rule: Rule, day: date, nth: int) -> bool:
    if rule.freq is Freq.YEARLY and not rule.by_month:
        place, length = day.timetuple().tm_yday, 365 + isleap(day.year)
    else:
        place, length = day.day, monthrange(day.year, day.month)[1]
    return nth == ((place - 1) // 7 + 1 if nth > 0 else -((length - place) // 7 + 1))
