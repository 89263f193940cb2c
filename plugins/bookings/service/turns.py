"""Whose turn it is when a seat of a class is free: the first in the queue gets it offered in the transaction that frees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.context import current
from plugins.bookings import events
from plugins.bookings.ports.queue import Notices
from plugins.bookings.ports.queue import Turns as Stored
from ports.persistence import Row


class Turns:
    """An offered seat stays taken until its offer is over. now: the time, aware, in UTC; settings: the module's."""

    def __init__(self, *, stored: Stored, notices: Notices, settings: Callable[[], Mapping[str, Any]], now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._notices = notices
        self._settings = settings
        self._now = now

    def settle(self, booking_id: UUID, freed: int = 0, *, since: datetime | None = None) -> Row | None:
        """Give seats back, end offers that are over, and offer what is free, once the module is on. The class's time afterwards; None when it
        has none.

        freed: of clients who left, for which its version rose already. since: a moment that has come, whatever the time is here: clocks differ.
        """
        # Asked while the module is off, nobody could accept: who waits would lose their turn without a word.
        on = "bookings" in current().modules.names()
        now = self._now() if since is None else max(self._now(), since)
        found = self._stored.settle(booking_id, freed, now, self._settings()["offer_minutes"], offering=on)
        if found is not None:
            for place_id in found["offered"]:
                events.bookings_promoted(booking_id=booking_id, place_id=place_id)
                self._notices.offered(booking_id, place_id, found["until"])
        return found

    def catch_up(self) -> Iterator[None]:
        """Settle, one in each step, whatever nobody heard of while the module was off: offers that ended, and seats that became free."""
        for booking_id in self._stored.unsettled(self._now()):
            self.settle(booking_id)
            yield

    def forget(self, ids: Collection[UUID], clients: Collection[UUID]) -> bool:
        """They have a seat in these classes, or want none: their places are gone, and seats offered to them given back. `settle` afterwards.
        Whether any was."""
        return self._stored.forget(ids, clients, self._now())

    def queued(self, ids: Collection[UUID]) -> Collection[UUID]:
        """Those of them with a queue, which alone have anything to settle. Nobody comes to or leaves any of the queues meanwhile."""
        return self._stored.queued(ids)

    def close(self, ids: Collection[UUID]) -> None:
        """They do not take place, or are no classes any more: nobody waits, and seats that were offered are given back."""
        for each in self._stored.close(ids):
            events.bookings_dequeued(booking_id=each["booking_id"], client_id=each["client_id"])
