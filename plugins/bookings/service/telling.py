"""What is told of bookings that change together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from plugins.bookings import events
from plugins.bookings.domain.booking import TIMES


def tell(old: Mapping[str, Any], new: Mapping[str, Any], clients: Collection[UUID] | None, *, said: bool) -> None:
    """Each event that its change is. clients: who comes from now on, None for the same; said: it is told as a change too."""
    if any(old[name] != new[name] for name in TIMES):
        events.bookings_rescheduled(booking_id=new["id"], from_start=old["start_time"], to_start=new["start_time"])
    if old["organizer_id"] != new["organizer_id"]:
        events.bookings_reassigned(booking_id=new["id"], from_user=old["organizer_id"], to_user=new["organizer_id"])
    was, comes = set(old["client_ids"]), set(old["client_ids"] if clients is None else clients)
    for client in sorted(comes - was):
        events.bookings_joined(booking_id=new["id"], client_id=client)
    for client in sorted(was - comes):
        events.bookings_left(booking_id=new["id"], client_id=client)
    if said:
        events.bookings_updated(booking_id=new["id"])
