"""What the calendar comes to in a period: time that was open, time that was booked, who came. Whole numbers; rates are made of them last."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.hours import Hours, Override, merged, minus, open_hours, within
from plugins.bookings.domain.zones import days_between

_PLACES: Final = Decimal("0.0001")


def available(
    weekly: Iterable[Hours], overrides: Iterable[Override], zone: ZoneInfo, span: Interval, closed: Iterable[Interval]
) -> list[Interval]:  # fmt: skip
    """When somebody could be booked within the span: their hours, by the clocks of their zone, without what is closed."""
    opened = open_hours(weekly, overrides, zone, days_between(span, zone))
    return minus(within(opened, [span]), merged(closed))


def rate(of: int, all_of: int) -> Decimal | None:
    """The one as a part of the other, to four places; None of nothing."""
    return None if all_of == 0 else (Decimal(of) / all_of).quantize(_PLACES, ROUND_HALF_EVEN)
