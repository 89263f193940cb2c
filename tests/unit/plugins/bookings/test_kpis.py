"""Available time, compared with looking at the clock every minute; rates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.intervals import Interval
from plugins.bookings.domain.hours import total_minutes
from plugins.bookings.domain.kpis import available, rate
from plugins.bookings.domain.zones import DAY, day_bounds, wall_time
from tests.unit.plugins.bookings.test_hours import CHANGES, MINUTE, hours, minutes_of, shown_open, special


@given(st.data())
def test_available_is_what_a_clock_and_a_calendar_on_the_wall_say(data: st.DataObject) -> None:
    """Overlapping rules, days that differ, time off and closures that overlap, days of daylight saving; the period is of another zone."""
    zone, day = data.draw(st.sampled_from(CHANGES))
    asked = data.draw(st.sampled_from([zone, ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Santiago")]))
    weekly, overrides = data.draw(st.lists(hours, max_size=5)), data.draw(st.lists(special(day), max_size=3))
    span = Interval(day_bounds(day, asked).start, day_bounds(day + data.draw(st.integers(0, 1)) * DAY, asked).end)
    closed = [
        Interval(start := span.start + (n - 600) * MINUTE, start + length * MINUTE)
        for n, length in data.draw(st.lists(st.tuples(st.integers(0, 3600), st.integers(1, 900)), max_size=4))
    ]
    looked = {
        at for at in minutes_of([span])
        if shown_open(wall_time(at, zone), weekly, overrides) and not any(one.start <= at < one.end for one in closed)
    }  # fmt: skip
    found = available(weekly, overrides, zone, span, closed)
    assert minutes_of(found) == looked
    assert total_minutes(found) == len(looked)


@pytest.mark.parametrize(
    ("of", "all_of", "expected"),
    [(0, 0, None), (5, 0, None), (0, 7, "0.0000"), (1, 3, "0.3333"), (2, 3, "0.6667"), (9, 6, "1.5000"), (1, 20_000, "0.0000")],
)
def test_a_rate_is_exact_to_four_places(of: int, all_of: int, expected: str | None) -> None:
    assert rate(of, all_of) == (None if expected is None else Decimal(expected))


def test_a_day_of_23_hours_has_23() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    day = date(2026, 3, 29)
    span = day_bounds(day, lisbon)
    assert span.duration == timedelta(hours=23)
    assert available([], [], lisbon, span, []) == []
