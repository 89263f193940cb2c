"""What happens to bookings, and what others may forbid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.hooks import check, event


@check
def bookings_validate(
    booking_id: UUID, client_ids: list[UUID], organizer_id: UUID, service_id: UUID | None, start_time: datetime, end_time: datetime
) -> None:
    """Before a booking is made, moved or joined, with the clients who are new to this time; raise `Refused` to prevent it."""


@event
def bookings_created(booking_id: UUID) -> None:
    """After something was booked, or asked for (`pending`)."""


@event
def bookings_approved(booking_id: UUID) -> None:
    """After a booking that was asked for was approved."""


@event
def bookings_rescheduled(booking_id: UUID, from_start: datetime, to_start: datetime) -> None:
    """After a booking moved to another time."""


@event
def bookings_reassigned(booking_id: UUID, from_user: UUID, to_user: UUID) -> None:
    """After a booking became another collaborator's."""


@event
def bookings_updated(booking_id: UUID) -> None:
    """After anything else about a booking changed."""


@event
def bookings_cancelled(booking_id: UUID) -> None:
    """After a booking was cancelled or declined; its row stays."""


@event
def bookings_completed(booking_id: UUID) -> None:
    """After a booking took place."""


@event
def bookings_no_show(booking_id: UUID, client_ids: list[UUID]) -> None:
    """After clients did not come. client_ids: those of this booking who did not."""


@event
def bookings_joined(booking_id: UUID, client_id: UUID) -> None:
    """After a client joined a class, or the staff added them to a booking that was made."""


@event
def bookings_left(booking_id: UUID, client_id: UUID) -> None:
    """After a client left a class, or the staff took them out of a booking."""


@event
def bookings_queued(booking_id: UUID, client_id: UUID) -> None:
    """After a client joined the queue of a full class."""


@event
def bookings_dequeued(booking_id: UUID, client_id: UUID) -> None:
    """After a client gave up their place in the queue, or nobody waits any more: the class is called off, or is none now."""


@event
def bookings_promoted(booking_id: UUID, place_id: UUID) -> None:
    """After a seat was offered to the first in the queue. place_id: their place, for whoever frees a seat may not know whose it is."""
