"""What a look at the calendar covers: whole days of the zone, whatever their length."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from plugins.bookings.domain.views import View, span, week_of
from plugins.bookings.domain.zones import days_between, wall_time

LISBON = ZoneInfo("Europe/Lisbon")


def covered(view: str, day: date, week_start: int = 1, zone: ZoneInfo = LISBON) -> tuple[str, str]:
    found = span(view, day, zone, week_start)
    return wall_time(found.start, zone).isoformat(" ", "minutes"), wall_time(found.end, zone).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("view", "day", "week_start", "expected"),
    [
        ("day", date(2026, 3, 29), 1, ("2026-03-29 00:00", "2026-03-30 00:00")),
        ("week", date(2026, 3, 29), 1, ("2026-03-23 00:00", "2026-03-30 00:00")),
        ("week", date(2026, 3, 29), 7, ("2026-03-29 00:00", "2026-04-05 00:00")),
        ("week", date(2026, 3, 23), 1, ("2026-03-23 00:00", "2026-03-30 00:00")),
        ("week", date(2026, 1, 1), 6, ("2025-12-27 00:00", "2026-01-03 00:00")),
        ("month", date(2026, 3, 15), 1, ("2026-02-23 00:00", "2026-04-06 00:00")),
        ("month", date(2026, 2, 28), 7, ("2026-02-01 00:00", "2026-03-01 00:00")),
        ("month", date(2026, 12, 31), 1, ("2026-11-30 00:00", "2027-01-04 00:00")),
        ("agenda", date(2026, 3, 15), 1, ("2026-03-15 00:00", "2026-04-14 00:00")),
    ],
)
def test_a_view_covers_whole_days(view: str, day: date, week_start: int, expected: tuple[str, str]) -> None:
    assert covered(view, day, week_start) == expected


def test_a_week_in_which_the_clocks_are_set_is_an_hour_shorter_or_longer() -> None:
    weeks = (date(2026, 3, 23), date(2026, 3, 30), date(2026, 10, 19))
    assert [span("week", day, LISBON, 1).duration / timedelta(hours=1) for day in weeks] == [167, 168, 169]


def test_the_day_that_was_skipped_is_the_next_one() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert covered("day", date(2011, 12, 30), zone=apia) == covered("day", date(2011, 12, 31), zone=apia)


@given(day=st.dates(date(1970, 2, 10), date(2199, 12, 31)), week_start=st.integers(1, 7), view=st.sampled_from(View))
def test_every_view_holds_its_day_and_weeks_are_whole(day: date, week_start: int, view: View) -> None:
    days = days_between(span(view, day, LISBON, week_start), LISBON)
    assert day in days
    if view in (View.WEEK, View.MONTH):
        assert len(days) % 7 == 0
        assert days[0].isoweekday() == week_start
    if view is View.MONTH:
        month = {one for one in days if (one.year, one.month) == (day.year, day.month)}
        assert len(month) == (datetime(day.year + day.month // 12, day.month % 12 + 1, 1) - datetime(day.year, day.month, 1)).days
        assert days[6] in month
        assert days[-7] in month
    assert week_of(day, week_start) <= day < week_of(day, week_start) + timedelta(7)


@pytest.mark.parametrize("day", [date.min, date.max, date(1969, 12, 31), date(2201, 1, 1)])
def test_a_day_beyond_all_calendars_is_refused(day: date) -> None:
    with pytest.raises(Invalid) as refused:
        span("month", day, LISBON, 1)
    assert refused.value.errors[0].pointer == "?date"
