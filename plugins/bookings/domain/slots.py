"""The times at which something can be booked: open, free, not too soon and not too far."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.hours import Stretch, merged, opened
from plugins.bookings.domain.zones import pieces

Span = tuple[datetime, datetime]
"""Strictly between the two, in UTC, nothing starts."""
_NONE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Offer:
    """What is booked: how long it takes, the buffers around it, every how often it may start, how long before it must be booked at the
    latest, and how far ahead."""

    duration: timedelta
    before: timedelta
    after: timedelta
    step: timedelta
    notice: timedelta
    window: timedelta

    def __post_init__(self) -> None:
        if self.duration <= _NONE or self.step <= _NONE:
            raise ValueError("an offer lasts some time and starts every so often")
        if min(self.before, self.after, self.notice, self.window) < _NONE:
            raise ValueError("buffers, notice and window are at least zero")


def roomless(offer: Offer, rooms: Iterable[Iterable[Interval]]) -> list[Span]:
    """Where none of the rooms is free for it, disjoint and ascending. rooms: of each, at least one, the times that are taken."""
    several = iter(rooms)
    found = _between(offer, next(several))
    for taken in several:
        found = list(_both(found, _between(offer, taken)))
    return found


def slots(
    offer: Offer, hours: Iterable[Stretch], busy: Iterable[Interval], *, now: datetime, zone: ZoneInfo, inside: Interval, without: Sequence[Span] = ()
) -> list[datetime]:  # fmt: skip
    """Every start in UTC, ascending, that lies inside: the whole time from it is open, and with its buffers it touches nothing busy.

    Starts lie on a grid in wall time from the opening of each stretch: a missing hour has none, a repeated one has them twice. The busy
    intervals hold their own buffers already; the buffers of the new one may lie outside the opening hours. Notice and window are kept
    to the instant, both ends allowed. without: where it cannot start for another reason, disjoint and ascending.
    """
    open_stretches = list(hours)
    ready = opened(open_stretches, zone)
    bad = _joined(heapq.merge(_between(offer, busy), without))
    earliest, latest = max(now + offer.notice, inside.start).astimezone(UTC), (now + offer.window).astimezone(UTC)
    end_of_asked = inside.end.astimezone(UTC)
    found: list[datetime] = []
    i = j = 0
    for start in sorted({at for one in open_stretches for at in _grid(one, offer.step, earliest, zone)}):
        if start >= end_of_asked or start > latest:
            break
        end = start + offer.duration
        while i < len(ready) and ready[i].end < end:
            i += 1
        if i == len(ready):
            break
        while j < len(bad) and bad[j][1] <= start:
            j += 1
        if ready[i].start <= start and not (j < len(bad) and bad[j][0] < start):
            found.append(start)
    return found


def _grid(one: Stretch, step: timedelta, earliest: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    opens, closes = one.walls()
    for piece in pieces(one.day, zone):
        first, end = opens - piece.offset, min(piece.end, closes - piece.offset)
        at = first + max(0, -((first - max(piece.start, earliest)) // step)) * step
        while at < end:
            yield at
            at += step


def _between(offer: Offer, busy: Iterable[Interval]) -> list[Span]:
    """A start is bad if it is so late that it would run into something busy, or so early after it that that would still be on."""
    lead, trail = offer.duration + offer.after, offer.before
    return _joined((one.start - lead, one.end + trail) for one in merged(_in_utc(one) for one in busy))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Those that overlap as one; at the instant where two touch something can start."""
    found: list[Span] = []
    for begins, ends in spans:
        if found and begins < found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ends)
        else:
            found.append((begins, ends))
    return found


def _both(some: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """What is in one of each, of two that are disjoint and ascending."""
    i = j = 0
    while i < len(some) and j < len(others):
        begins, ends = max(some[i][0], others[j][0]), min(some[i][1], others[j][1])
        if begins < ends:
            yield begins, ends
        if some[i][1] < others[j][1]:
            i += 1
        else:
            j += 1


def _in_utc(one: Interval) -> Interval:
    return one if one.start.tzinfo is UTC and one.end.tzinfo is UTC else Interval(one.start.astimezone(UTC), one.end.astimezone(UTC))
