"""What bookings answer when somebody asks about a client: their past, whether they may be archived, what becomes of two who are one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Refused
from plugins.bookings.ports.people import People as Stored
from plugins.bookings.service.turns import Turns

_TITLES: Final = {
    "bookings.booked": "Booked", "bookings.left": "Left", "bookings.cancelled": "Cancelled", "bookings.attended": "Attended",
    "bookings.no_show": "Did not come",
}  # fmt: skip


_STANDING: Final = ("left", "no_show", "booked", "attended")
"""What became of them, by what holds of one person of whom two are said."""


class People:
    """Of clients. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, turns: Turns, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._turns = turns
        self._now = now

    def past(self, client_id: UUID, until: datetime | None, limit: int) -> list[dict[str, Any]]:
        """The newest `limit` things that happened at or before `until`, newest first."""
        found = self._stored.past(client_id, until or self._now(), limit)
        return [{**each, "title": f"{_TITLES[each['kind']]}: {each['title']}"} for each in found]

    def check_archiving(self, client_id: UUID) -> None:
        """Raises Refused has_bookings: archiving calls nothing off behind anybody's back."""
        if self._stored.to_come(client_id, self._now()):
            raise Refused("They have bookings to come, or wait for one: cancel those first.", code="has_bookings")

    def follow(self, into: UUID, source: UUID) -> None:
        """The same of what was written about the other record while the two became one, and so escaped it; then it is the survivor's."""
        self.merge(into, source)
        self._stored.repoint(source, into)

    def merge(self, into: UUID, source: UUID) -> None:
        """One person takes one seat, and waits once: what the two have twice is given back, before their rows become one's."""
        self._stored.hold(into, source)
        self._stored.renamed(source, self._now())
        for each in self._stored.waiting_twice(into, source):
            self._turns.forget([each["booking_id"]], [each["client_id"]])
            self._turns.settle(each["booking_id"])
        for each in self._stored.shared(into, source):
            better = _STANDING.index(each["source_status"]) > _STANDING.index(each["into_status"])
            keep, lose = (source, into) if better else (into, source)
            self._stored.unite(each["booking_id"], keep, lose)
            if "left" not in (each["into_status"], each["source_status"]):
                self._turns.settle(each["booking_id"], freed=1)
