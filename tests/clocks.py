"""Days of next year, on which clocks change or nothing happens: what is tested with them is to come whenever the tests run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

YEAR = datetime.now(UTC).year + 1
PLAIN = date(YEAR, 6, 15)
"""Its clocks change nowhere."""


def changes(zone: str) -> tuple[date, date]:
    """The day that lacks an hour, and the one that has an hour twice."""
    midnights = [datetime.combine(date(YEAR, 1, 1) + timedelta(days=n), time(), ZoneInfo(zone)) for n in range(366)]
    days = {later.timestamp() - each.timestamp(): each.date() for each, later in pairwise(midnights)}
    return days[23 * 3600], days[25 * 3600]
