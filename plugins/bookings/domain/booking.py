"""What a booking is and what may become of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from kernel.errors import Fault, Invalid, Refused

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(hours=24)


class Status(StrEnum):
    """Where a booking stands: waits for approval, stands, called off, took place, took place without the client."""

    PENDING = "pending"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.PENDING: frozenset({Status.BOOKED, Status.CANCELLED}),
    Status.BOOKED: frozenset({Status.CANCELLED, Status.COMPLETED, Status.NO_SHOW}),
    # Who came and who did not is sometimes noted wrongly.
    Status.COMPLETED: frozenset({Status.NO_SHOW}),
    Status.NO_SHOW: frozenset({Status.COMPLETED}),
    Status.CANCELLED: frozenset(),
}
"""What may follow what. A cancelled booking stays so: its time may be somebody else's."""

OPEN: Final = frozenset({Status.PENDING, Status.BOOKED})
"""Those that can still move."""

TIMES: Final = frozenset({"start_time", "end_time"})

PLACE: Final = TIMES | {"organizer_id", "room_id", "capacity"}
"""What decides which time it takes, and whose."""

ON_CALENDARS: Final = TIMES | {"organizer_id", "title", "location"}
"""What a calendar that is subscribed to shows, besides the status: with each change the `sequence` grows."""

GIVEN_AWAY: Final = "You would not see it any more, for none of your clients takes part: ask who sees all to make it another's."
"""What a collaborator who is limited to their own clients is told."""

BLOCKING: Final = frozenset(Status) - {Status.CANCELLED}
"""Those whose time is taken: what took place took its time, whoever was there."""

_ALREADY: Final = {
    Status.CANCELLED: "The booking was cancelled.",
    Status.COMPLETED: "The booking took place.",
    Status.NO_SHOW: "The client did not come to this booking.",
    Status.BOOKED: "The booking stands already.",
}


def blocks(status: Status) -> bool:
    """Whether no other booking may have the time of this one."""
    return status in BLOCKING


def approved(status: Status) -> Status:
    """After somebody on the staff said yes."""
    _must_wait(status)
    return Status.BOOKED


def declined(status: Status) -> Status:
    """After they said no: cancelled, its time free again."""
    _must_wait(status)
    return Status.CANCELLED


def cancelled(status: Status) -> Status:
    """Called off, pending or booked, also after it began."""
    if status not in OPEN:
        raise _already(status)
    return Status.CANCELLED


def completed(status: Status, end: datetime, now: datetime, *, corrected: bool = False) -> Status:
    """It took place; its end has come. Also when it was noted as a no-show before. corrected: who came is said anew."""
    if corrected and status == Status.COMPLETED:
        return status
    _must_stand(status, Status.COMPLETED)
    if now < end:
        raise Refused("The booking is not over yet.", code="not_over_yet")
    return Status.COMPLETED


def missed(status: Status, start: datetime, now: datetime) -> Status:
    """The client did not come; its start has come. Also when it was noted as completed before."""
    _must_stand(status, Status.NO_SHOW)
    if now < start:
        raise Refused("The booking has not started yet.", code="not_started_yet")
    return Status.NO_SHOW


def moved(status: Status) -> Status:
    """To another time, place or organizer: it stays what it is."""
    if status not in OPEN:
        raise _already(status)
    return status


def joined(status: Status) -> Status:
    """Somebody else comes too: it stays what it is, approved and not told how it was."""
    _must_stand(status, Status.CANCELLED)
    return status


def check_times(start: datetime, end: datetime) -> None:
    """Refuses a booking that ends before it starts, or that nobody would hold."""
    length = end.astimezone(UTC) - start.astimezone(UTC)
    if length <= timedelta():
        raise Invalid(errors=[Fault("/end_time", "Must be later than start_time.")])
    if length < SHORTEST:
        raise Invalid(errors=[Fault("/end_time", "A booking lasts at least 5 minutes.")])
    if length > LONGEST:
        raise Invalid(errors=[Fault("/end_time", "A booking lasts at most 24 hours.")])


def _must_wait(status: Status) -> None:
    if status == Status.CANCELLED:
        raise _already(status)
    if status != Status.PENDING:
        raise Refused("The booking is not waiting for approval.", code="not_pending")


def _must_stand(status: Status, becomes: Status) -> None:
    if status == Status.PENDING:
        raise Refused("The booking waits for approval.", code="not_approved")
    if becomes not in TRANSITIONS[status]:
        raise _already(status)


def _already(status: Status) -> Refused:
    return Refused(_ALREADY[status], code=f"already_{status}")
