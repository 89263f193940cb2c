"""Half-open intervals: they start, they end, and touching is not overlapping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.intervals import Interval

DAWN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def interval(start: int, minutes: int) -> Interval:
    return Interval(DAWN + start * MINUTE, DAWN + (start + minutes) * MINUTE)


intervals = st.builds(interval, st.integers(0, 50), st.integers(1, 20))


@given(a=intervals, b=intervals)
def test_two_intervals_overlap_exactly_when_some_minute_is_in_both(a: Interval, b: Interval) -> None:
    shared = any(a.start <= minute < a.end and b.start <= minute < b.end for minute in (DAWN + m * MINUTE for m in range(80)))
    assert a.overlaps(b) == b.overlaps(a) == shared


@given(a=intervals, before=st.integers(0, 9), after=st.integers(0, 9))
def test_a_widened_interval_holds_the_first_and_lasts_longer_by_both_buffers(a: Interval, before: int, after: int) -> None:
    wide = a.widened(before * MINUTE, after * MINUTE)
    assert (wide.start, wide.end) == (a.start - before * MINUTE, a.end + after * MINUTE)
    assert wide.duration == a.duration + (before + after) * MINUTE


def test_the_end_does_not_belong_to_it() -> None:
    assert not interval(0, 10).overlaps(interval(10, 5))


def test_times_have_an_offset_and_the_end_comes_after_the_start() -> None:
    with pytest.raises(ValueError, match="offset"):
        Interval(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="ends after"):
        Interval(DAWN, DAWN)
