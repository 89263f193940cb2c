"""Wall time and instants, where the clocks are set (T73): what is missing, what is repeated, and that no day is lost or counted twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.intervals import Interval
from plugins.bookings.domain.zones import day_bounds, day_start, days_between, instant, instants, pieces, wall_time

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LISBON, NEW_YORK, LORD_HOWE, SAO_PAULO, APIA = map(
    ZoneInfo, ("Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia")
)
ST_JOHNS = ZoneInfo("America/St_Johns")
"""Whose clocks went back from 00:01 to 23:01 of the evening before."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        (LISBON, "2026-03-29T00:59", ["2026-03-29T00:59"]),
        (LISBON, "2026-03-29T01:00", []),
        (LISBON, "2026-03-29T01:59", []),
        (LISBON, "2026-03-29T02:00", ["2026-03-29T01:00"]),
        (LISBON, "2026-10-25T00:59", ["2026-10-24T23:59"]),
        (LISBON, "2026-10-25T01:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        (LISBON, "2026-10-25T02:00", ["2026-10-25T02:00"]),
        (NEW_YORK, "2026-03-08T02:30", []),
        (NEW_YORK, "2026-11-01T01:30", ["2026-11-01T05:30", "2026-11-01T06:30"]),
        (LORD_HOWE, "2026-10-04T02:15", []),
        (LORD_HOWE, "2026-10-04T02:30", ["2026-10-03T15:30"]),
        (LORD_HOWE, "2026-04-05T01:29", ["2026-04-04T14:29"]),
        (LORD_HOWE, "2026-04-05T01:45", ["2026-04-04T14:45", "2026-04-04T15:15"]),
        (LORD_HOWE, "2026-04-05T02:00", ["2026-04-04T15:30"]),
        (SAO_PAULO, "2018-11-04T00:00", []),
        (SAO_PAULO, "2018-11-04T00:59", []),
        (SAO_PAULO, "2018-11-04T01:00", ["2018-11-04T03:00"]),
        (SAO_PAULO, "2018-02-17T23:30", ["2018-02-18T01:30", "2018-02-18T02:30"]),
        (APIA, "2011-12-29T23:59", ["2011-12-30T09:59"]),
        (APIA, "2011-12-30T12:00", []),
        (APIA, "2011-12-31T00:00", ["2011-12-30T10:00"]),
    ],
)  # fmt: skip
def test_a_wall_time_is_shown_never_once_or_twice(zone: ZoneInfo, wall: str, expected: list[str]) -> None:
    at = datetime.fromisoformat(wall)
    assert instants(at.date(), at.time(), zone) == tuple(map(utc, expected))


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        (LISBON, "2026-03-29T01:30", "2026-03-29T02:30"),
        (LISBON, "2026-10-25T01:30", "2026-10-25T01:30"),
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-04T02:45"),
        (SAO_PAULO, "2018-11-04T00:00", "2018-11-04T01:00"),
        (APIA, "2011-12-30T12:00", "2011-12-31T12:00"),
    ],
)
def test_a_missing_wall_time_moves_forward_by_the_gap(zone: ZoneInfo, wall: str, expected: str) -> None:
    assert wall_time(instant(datetime.fromisoformat(wall), zone), zone) == datetime.fromisoformat(expected)


def test_of_a_repeated_wall_time_the_first_is_meant() -> None:
    assert instant(datetime(2026, 10, 25, 1, 30, fold=1), LISBON) == utc("2026-10-25T00:30")


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        (LISBON, date(2026, 3, 29), "2026-03-29T00:00", 23.0),
        (LISBON, date(2026, 10, 25), "2026-10-24T23:00", 25.0),
        (NEW_YORK, date(2026, 7, 1), "2026-07-01T04:00", 24.0),
        (LORD_HOWE, date(2026, 10, 4), "2026-10-03T13:30", 23.5),
        (LORD_HOWE, date(2026, 4, 5), "2026-04-04T13:00", 24.5),
        (SAO_PAULO, date(2018, 11, 4), "2018-11-04T03:00", 23.0),
        (SAO_PAULO, date(2018, 2, 17), "2018-02-17T02:00", 25.0),
        (APIA, date(2011, 12, 29), "2011-12-29T10:00", 24.0),
        (APIA, date(2011, 12, 31), "2011-12-30T10:00", 24.0),
        (ZoneInfo("America/Havana"), date(2026, 11, 1), "2026-11-01T04:00", 25.0),
    ],
)
def test_a_day_lasts_from_its_first_instant_to_the_next_days(zone: ZoneInfo, day: date, start: str, hours: float) -> None:
    bounds = day_bounds(day, zone)
    assert (bounds.start, bounds.duration / HOUR) == (utc(start), hours)


def test_in_place_of_the_day_that_was_skipped_stands_the_next() -> None:
    assert pieces(date(2011, 12, 30), APIA) == ()
    assert day_bounds(date(2011, 12, 30), APIA) == day_bounds(date(2011, 12, 31), APIA)
    assert days_between(Interval(utc("2011-12-29T10:00"), utc("2011-12-31T10:00")), APIA) == [date(2011, 12, 29), date(2011, 12, 31)]


def test_a_zone_whose_clocks_go_back_over_midnight_begins_the_day_with_the_first() -> None:
    # 2010-11-07: 00:00:59 was followed by 23:01 of the 6th, and midnight came again.
    assert instants(date(2010, 11, 7), time(0, 0, 30), ST_JOHNS) == (utc("2010-11-07T02:30:30"), utc("2010-11-07T03:30:30"))
    assert day_start(date(2010, 11, 7), ST_JOHNS) == utc("2010-11-07T02:30")
    assert day_bounds(date(2010, 11, 6), ST_JOHNS).end == utc("2010-11-07T02:30")
    within_repeat = Interval(utc("2010-11-07T03:00"), utc("2010-11-07T03:10"))
    assert days_between(within_repeat, ST_JOHNS) == [date(2010, 11, 7)]


zones = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)
days = st.dates(date(1970, 1, 1), date(2040, 12, 31))


@given(zone=zones, day=days)
def test_days_follow_each_other_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    starts = [day_start(day + n * DAY, zone) for n in range(40)]
    assert starts == sorted(starts)
    exist = [n for n in range(39) if pieces(day + n * DAY, zone)]
    assert [starts[n] for n in exist] == sorted(set(starts[:39]))
    bounds = [day_bounds(day + n * DAY, zone) for n in exist]
    assert all(one.end == other.start for one, other in pairwise(bounds))


@given(zone=zones, day=days, minutes=st.integers(0, 1439), around=st.sampled_from([0, 1]))
def test_instants_are_those_at_which_the_clocks_show_it(zone: ZoneInfo, day: date, minutes: int, around: int) -> None:
    day = _change_near(day, zone) if around else day
    at = (datetime.min + minutes * MINUTE).time()
    wall = datetime.combine(day, at)
    quarters = (datetime.combine(day, at, UTC) + n * timedelta(minutes=15) for n in range(-15 * 4, 15 * 4 + 1))
    shown = tuple(one for one in quarters if wall_time(one, zone) == wall)
    found = instants(day, at, zone)
    # An offset of less than a quarter of an hour is met by the exact one only.
    assert set(shown) <= set(found)
    assert list(found) == sorted(found)
    assert all(wall_time(one, zone) == wall for one in found)


@given(zone=zones, at=st.datetimes(datetime(1970, 1, 2), datetime(2040, 1, 1)))
def test_every_instant_is_among_those_of_its_wall_time(zone: ZoneInfo, at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    wall = wall_time(moment, zone)
    assert moment in instants(wall.date(), wall.time(), zone)


@given(zone=zones, start=st.datetimes(datetime(1970, 1, 2), datetime(2040, 1, 1)), minutes=st.integers(1, 60 * 24 * 9))
def test_the_days_of_a_span_are_those_it_reaches_into(zone: ZoneInfo, start: datetime, minutes: int) -> None:
    span = Interval(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + minutes * MINUTE)
    found = days_between(span, zone)
    near = [start.date() + n * DAY for n in range(-3, 14)]
    assert found == [day for day in near if pieces(day, zone) and day_bounds(day, zone).overlaps(span)]


def _change_near(day: date, zone: ZoneInfo) -> date:
    """The next day on which the clocks are set, if that is within a year."""
    return next((day + n * DAY for n in range(366) if len(pieces(day + n * DAY, zone)) != 1), day)
