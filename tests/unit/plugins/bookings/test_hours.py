"""Opening hours in wall time, compared with looking at the clock every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.intervals import Interval
from plugins.bookings.domain.hours import Hours, Override, Stretch, merged, minus, open_hours, stretches, total_minutes, within
from plugins.bookings.domain.zones import DAY, day_bounds, days_between, wall_time

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAWN = datetime(2026, 1, 1, tzinfo=UTC)
LISBON = ZoneInfo("Europe/Lisbon")
CHANGES = [
    (LISBON, date(2026, 3, 29)), (LISBON, date(2026, 10, 25)), (ZoneInfo("America/New_York"), date(2026, 3, 8)),
    (ZoneInfo("America/New_York"), date(2026, 11, 1)), (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4)), (ZoneInfo("America/Sao_Paulo"), date(2018, 2, 17)),
    (ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4)), (ZoneInfo("Pacific/Apia"), date(2011, 12, 30)), (LISBON, date(2026, 7, 1)),
]  # fmt: skip
"""The days of T73, and an ordinary one."""


def minutes_of(intervals: list[Interval]) -> set[datetime]:
    return {one.start + n * MINUTE for one in intervals for n in range(one.duration // MINUTE)}


@given(st.data())
def test_open_is_when_the_clocks_show_an_open_time(data: st.DataObject) -> None:
    zone, day = data.draw(st.sampled_from(CHANGES))
    weekly, overrides = data.draw(st.lists(hours, max_size=5)), data.draw(st.lists(special(day), max_size=3))
    days = [day - DAY, day, day + DAY]
    span = Interval(day_bounds(days[0], zone).start, day_bounds(days[-1], zone).end)
    looked = {
        at for at in minutes_of([span])
        if shown_open(wall_time(at, zone), weekly, overrides)
    }  # fmt: skip
    found = open_hours(weekly, overrides, zone, days)
    assert minutes_of(found) == looked
    assert found == merged(found)
    assert total_minutes(found) == len(looked)


def shown_open(wall: datetime, weekly: list[Hours], overrides: list[Override]) -> bool:
    """Without any of the tested code: what a sign on the door says of what a clock on the wall shows."""
    today = [one for one in overrides if one.day == wall.date()]
    if today:
        pairs = [(one.opens, one.closes) for one in today]
    else:
        pairs = [
            (one.opens, one.closes) for one in weekly
            if one.weekday == wall.isoweekday()
            and (one.from_day or date.min) <= wall.date() <= (one.until_day or date.max)
        ]  # fmt: skip
    return any(opens is not None and opens <= wall.time() and (closes == time() or wall.time() < closes) for opens, closes in pairs)


def test_nine_stays_nine_on_both_days_on_which_the_clocks_are_set() -> None:
    every_day = [Hours(weekday, time(9), time(17)) for weekday in range(1, 8)]
    for day, opens in ((date(2026, 3, 28), 9), (date(2026, 3, 29), 8), (date(2026, 10, 24), 8), (date(2026, 10, 25), 9)):
        assert open_hours(every_day, (), LISBON, [day]) == [
            Interval(datetime(day.year, day.month, day.day, opens, tzinfo=UTC), datetime(day.year, day.month, day.day, opens + 8, tzinfo=UTC))
        ]


def test_a_night_shift_is_an_hour_shorter_or_longer() -> None:
    night = [Hours(7, time(), time(6))]
    assert [total_minutes(open_hours(night, (), LISBON, [day])) for day in (date(2026, 3, 22), date(2026, 3, 29), date(2026, 10, 25))] == [
        360,
        300,
        420,
    ]


def test_hours_that_begin_in_the_missing_hour_begin_after_it() -> None:
    assert open_hours([Hours(7, time(1, 30), time(3))], (), LISBON, [date(2026, 3, 29)]) == [
        Interval(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))
    ]
    assert open_hours([Hours(7, time(1, 15), time(1, 45))], (), LISBON, [date(2026, 3, 29)]) == []


def test_hours_that_end_in_the_repeated_hour_are_open_twice() -> None:
    found = open_hours([Hours(7, time(0, 30), time(1, 30))], (), LISBON, [date(2026, 10, 25)])
    assert [(one.start.isoformat()[11:16], one.end.isoformat()[11:16]) for one in found] == [("23:30", "00:30"), ("01:00", "01:30")]


def test_what_is_said_of_a_day_replaces_its_week() -> None:
    monday = date(2026, 5, 4)
    weekly = [Hours(1, time(9), time(12)), Hours(1, time(14), time(18))]
    assert stretches(weekly, [], [monday]) == [Stretch(monday, time(9), time(12)), Stretch(monday, time(14), time(18))]
    assert stretches(weekly, [Override(monday)], [monday]) == []
    assert stretches(weekly, [Override(monday, time(20), time()), Override(monday, time(7), time(8))], [monday]) == [
        Stretch(monday, time(7), time(8)),
        Stretch(monday, time(20), time()),
    ]
    assert len(stretches(weekly, [Override(monday)], [monday, monday + 7 * DAY])) == 2


def test_a_rule_holds_from_its_first_day_through_its_last() -> None:
    rule = Hours(1, time(9), time(10), from_day=date(2026, 5, 4), until_day=date(2026, 5, 11))
    days = [date(2026, 4, 27), date(2026, 5, 4), date(2026, 5, 11), date(2026, 5, 18)]
    assert [one.day for one in stretches([rule], (), days)] == days[1:3]


def test_stretches_of_a_day_that_touch_or_overlap_are_one() -> None:
    day = date(2026, 5, 4)
    weekly = [Hours(1, time(11), time(12)), Hours(1, time(9), time(11)), Hours(1, time(13), time()), Hours(1, time(14), time(15))]
    assert stretches(weekly, (), [day]) == [Stretch(day, time(9), time(12)), Stretch(day, time(13), time())]


def test_hours_until_midnight_go_on_with_those_from_midnight() -> None:
    found = open_hours([Hours(1, time(22), time()), Hours(2, time(), time(2))], (), LISBON, [date(2026, 5, 4), date(2026, 5, 5)])
    assert [one.duration for one in found] == [4 * HOUR]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Hours(0, time(9), time(10)), "weekday"),
        (lambda: Hours(8, time(9), time(10)), "weekday"),
        (lambda: Hours(1, time(10), time(10)), "close after"),
        (lambda: Hours(1, time(22), time(2)), "close after"),
        (lambda: Override(date(2026, 5, 4), time(9)), "both"),
        (lambda: Override(date(2026, 5, 4), time(9), time(8)), "close after"),
    ],
)
def test_hours_that_are_none_are_refused(make: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make()  # type: ignore[operator]


def interval(start: int, minutes: int) -> Interval:
    return Interval(DAWN + start * MINUTE, DAWN + (start + minutes) * MINUTE)


several = st.lists(st.builds(interval, st.integers(0, 90), st.integers(1, 20)), max_size=8)


@given(first=several, second=several)
def test_operations_on_intervals_are_those_on_their_minutes(first: list[Interval], second: list[Interval]) -> None:
    a, b = merged(first), merged(second)
    assert minutes_of(a) == minutes_of(first)
    assert all(one.end < other.start for one, other in pairwise(a))
    for made, expected in ((minus(a, b), minutes_of(a) - minutes_of(b)), (within(a, b), minutes_of(a) & minutes_of(b))):
        assert minutes_of(made) == expected
        assert made == sorted(made, key=lambda one: one.start)
        assert total_minutes(made) == len(expected)


times = st.integers(0, 95).map(lambda quarter: (datetime.min + quarter * 15 * MINUTE).time())


@st.composite
def stretch(draw: st.DrawFn) -> tuple[time, time]:
    opens, closes = sorted((draw(times), draw(times)))
    return (opens, closes) if opens < closes and draw(st.booleans()) else (opens, time())


hours = st.builds(
    lambda weekday, pair, since, until: Hours(weekday, *pair, since, until),
    st.integers(1, 7), stretch(), st.none() | st.dates(date(2011, 1, 1), date(2026, 12, 1)), st.none() | st.dates(date(2018, 1, 1), date(2027, 1, 1)),
)  # fmt: skip


def special(day: date) -> st.SearchStrategy[Override]:
    around = st.integers(-1, 1).map(lambda n: day + n * DAY)
    return st.builds(Override, around) | st.builds(lambda on, pair: Override(on, *pair), around, stretch())


def test_the_days_tested_are_those_on_which_clocks_are_set() -> None:
    lengths = [day_bounds(day, zone).duration / HOUR for zone, day in CHANGES]
    assert lengths == [23, 25, 23, 25, 24.5, 23.5, 25, 23, 24, 24]
    apia, skipped = CHANGES[-2]
    assert skipped not in days_between(Interval(datetime(2011, 12, 28, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC)), apia)
