"""What is said and done later, and answers to other plugins' hooks."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from plugins.bookings.plugin import plugin
from plugins.bookings.service import Service
from plugins.sdk import Letter


@plugin.task
def pass_on(booking_id: UUID) -> None:
    """An offer may be over: the next in the queue gets it."""
    _service().turns.settle(booking_id)


@plugin.mail
def place_offered(place_id: UUID) -> Letter | None:
    """To whom a seat is offered; nothing when it is not any more."""
    said = _service().queue.letter(place_id)
    return None if said is None else Letter(said["email"], "place_offered", {name: value for name, value in said.items() if name != "email"})


def _service() -> Service:
    return cast("Service", plugin.service)
