"""What cancelling late and not coming cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from kernel.money import Money

MOST_HELD: Final = {True: 3, False: 50}
"""Holds at once, of a Cliente and of somebody on the staff."""


class NoShow(StrEnum):
    """What becomes of somebody who does not come."""

    CHARGE = "charge"
    FORGIVE = "forgive"


@dataclass(frozen=True, slots=True)
class Policy:
    """Cancelling is free until so long before the start and costs the late fee after that. Fees of None cost nothing."""

    free_until: timedelta
    late_fee: Money | None = None
    no_show: NoShow = NoShow.FORGIVE
    no_show_fee: Money | None = None

    def __post_init__(self) -> None:
        if self.free_until < timedelta():
            raise ValueError("cancelling is free until some time before the start")
        if any(fee is not None and fee.amount <= 0 for fee in (self.late_fee, self.no_show_fee)):
            raise ValueError("a fee is more than nothing; None is no fee")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cancellation comes to. Late without a fee is still late: whoever keeps credits asks for that."""

    late: bool
    fee: Money | None


def cancellation(start: datetime, at: datetime, policy: Policy) -> Outcome:
    """Of a booking that starts then and is cancelled now. Exactly `free_until` before the start is still free, a microsecond later is late."""
    late = start.astimezone(UTC) - at.astimezone(UTC) < policy.free_until
    return Outcome(late, policy.late_fee if late else None)


def absence(policy: Policy) -> Money | None:
    """What not coming costs."""
    return policy.no_show_fee if policy.no_show is NoShow.CHARGE else None
