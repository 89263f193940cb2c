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
    for slot in slots:
        time = slot["start_time"], slot["end_time"]
        left[time] = 1 if slot["booking_id"] is None else left.get(time, 0) + slot["seats_left"]
    return [{"start_time": start, "end_time": end, **seats(free)} for (start, end), free in left.items()]
