"""Places at the times that are offered, one by one and whoever offers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def seats(left: int) -> dict[str, Any]:
    """How many places a slot has left. Only classes can be full; every one that is has a queue."""
    return {"seats_left": left, "can_queue": left == 0}


def anyones(slots: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One slot for each time, in the order given. Classes at the same time have their places together; of others it does not matter how
    many people have that time, which would tell who is away.
    """
    left: dict[tuple[str, str], int] = {}
    alone: set[tuple[str, str]] = set()
    for slot in slots:
        time = slot["start_time"], slot["end_time"]
        if slot["booking_id"] is None:
            alone.add(time)
        left[time] = left.get(time, 0) + (0 if slot["booking_id"] is None else slot["seats_left"])
    return [{"start_time": time[0], "end_time": time[1], **seats(places + (time in alone))} for time, places in left.items()]
