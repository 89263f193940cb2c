"""Series take place when another implementation, and a plain definition, say so."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest

from kernel.errors import Invalid
from plugins.bookings.domain.series import HORIZON, Freq, Rule, Weekday, occurrences, parse
from tests.unit.plugins.bookings.corpus import expanded_by_rrule_js, samples

DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


def agreed(rule: Rule, first: datetime, other: list[datetime]) -> bool:
    """Whether we say the same of a rule as somebody who knows no limits but ten years and 600 occurrences."""
    try:
        return occurrences(rule, first, UTC_ZONE) == other
    except Invalid as refused:
        message = refused.errors[0].message
        if message.startswith("Nothing happens"):
            return other == []
        if message.startswith("COUNT reaches"):
            assert rule.count is not None
            return 0 < len(other) < rule.count and occurrences(replace(rule, count=None), first, UTC_ZONE, limit=10_000) == other
        return message.startswith("That is more than 520") and len(other) > 520


def _forget_week_start(rule: Rule) -> Rule:
    return replace(rule, week_start=0)


def _forget_positions(rule: Rule) -> Rule:
    return replace(rule, by_set_pos=())


def _forget_numbers(rule: Rule) -> Rule:
    return replace(rule, by_day=tuple(sorted({Weekday(one.day) for one in rule.by_day})))


def _count_from_the_start_only(rule: Rule) -> Rule:
    return replace(rule, by_month_day=tuple(abs(one) for one in rule.by_month_day))


def _one_short(rule: Rule) -> Rule:
    return replace(rule, until=rule.until - timedelta(minutes=1)) if isinstance(rule.until, datetime) else rule


FAULTS = (_forget_week_start, _forget_positions, _forget_numbers, _count_from_the_start_only, _one_short)


@pytest.mark.external("node", "rrule")
def test_5000_rules_take_place_when_rrule_js_says_so() -> None:
    corpus = samples(5000, seed=5545)
    expected = expanded_by_rrule_js(corpus, HORIZON)
    rules = [parse(one.text) for one in corpus]
    differing = [(one, other[:5]) for one, rule, other in zip(corpus, rules, expected, strict=True) if not agreed(rule, one.first, other)]
    assert differing == []
    print(f"{len(corpus)} rules agree, {sum(map(len, expected))} occurrences, {sum(not one for one in expected)} rules without any")
    for fault in FAULTS:
        noticed = sum(
            fault(rule) != rule and not agreed(fault(rule), one.first, other)
            for one, rule, other in zip(corpus[:1500], rules, expected, strict=False)
        )
        print(f"{fault.__name__}: noticed by {noticed} of 1500")
        assert noticed > 0


def by_definition(rule: Rule, first: datetime) -> list[datetime]:
    """Day by day: which period it is in, whether that counts, which of its days are named, which of those are chosen."""
    unnamed = not rule.by_day and not rule.by_month_day
    chosen: list[date] = []

    def period(day: date) -> int:
        return {
            Freq.DAILY: day.toordinal(), Freq.WEEKLY: (day - timedelta((day.weekday() - rule.week_start) % 7)).toordinal() // 7,
            Freq.MONTHLY: day.year * 12 + day.month, Freq.YEARLY: day.year,
        }[rule.freq]  # fmt: skip

    def nth(day: date, one: Weekday) -> bool:
        in_year = rule.freq is Freq.YEARLY and not rule.by_month
        alike = [
            other for n in range(-53, 54)
            if (other := day + n * 7 * DAY).year == day.year and (in_year or other.month == day.month)
        ]  # fmt: skip
        return len(alike) >= abs(one.nth) and alike[one.nth - (one.nth > 0)] == day

    def named(day: date) -> bool:
        if unnamed:
            by_default = {
                Freq.DAILY: True, Freq.WEEKLY: day.weekday() == first.weekday(), Freq.MONTHLY: day.day == first.day,
                Freq.YEARLY: day.day == first.day and (rule.by_month != () or day.month == first.month),
            }  # fmt: skip
            if not by_default[rule.freq]:
                return False
        from_end = ((day.replace(day=28) + 4 * DAY).replace(day=1) - day).days
        return (
            (not rule.by_month or day.month in rule.by_month)
            and (not rule.by_month_day or day.day in rule.by_month_day or -from_end in rule.by_month_day)
            and (not rule.by_day or any(one.day == day.weekday() and (one.nth == 0 or nth(day, one)) for one in rule.by_day))
        )

    start = first.date() - 366 * DAY
    every = (start + n * DAY for n in range(366 + 366 * 3))
    for number, members in groupby(every, key=period):
        found = [day for day in members if named(day)]
        if rule.by_set_pos:
            found = sorted({found[p - (p > 0)] for p in rule.by_set_pos if len(found) >= abs(p)})
        if (number - period(first.date())) % rule.interval == 0:
            chosen += found
    walls = [datetime.combine(day, first.time()) for day in chosen if first.date() <= day]
    if isinstance(rule.until, datetime):
        walls = [wall for wall in walls if wall.replace(tzinfo=UTC) <= rule.until]
    return walls[: rule.count]


def test_what_rrule_js_reads_differently_is_what_the_definition_says() -> None:
    chance, compared, noticed = random.Random(23), 0, 0
    for one in samples(300, seed=71):
        rule = parse(one.text)
        days_of = [*rule.by_day, *(Weekday(chance.randrange(7), nth) for nth in (0, -1))]
        if rule.freq in (Freq.MONTHLY, Freq.YEARLY):
            rule = replace(rule, by_day=tuple(sorted(set(days_of))))
        if rule.by_month or rule.by_month_day or rule.by_day:
            rule = replace(rule, by_set_pos=tuple(sorted(chance.sample([-4, -3, -2, -1, 1, 2, 3, 4], 2))))
        first = one.first + timedelta(days=chance.randrange(7))
        expected = [wall for wall in by_definition(rule, first) if wall < first + 700 * DAY]
        found = [wall for wall in _all(rule, first) if wall < first + 700 * DAY]
        assert found == expected, (str(rule), first)
        compared += bool(expected)
        noticed += expected != [wall for wall in _all(replace(rule, by_set_pos=()), first) if wall < first + 700 * DAY]
    print(f"{compared} rules with occurrences agree; without BYSETPOS {noticed} of 300 would not")
    assert compared > 100
    assert noticed > 80


def _all(rule: Rule, first: datetime) -> list[datetime]:
    """Without our own limits."""
    try:
        return occurrences(replace(rule, count=None), first, UTC_ZONE, limit=10_000)[: rule.count]
    except Invalid as refused:
        if refused.errors[0].message.startswith("Nothing happens"):
            return []
        raise
