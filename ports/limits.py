"""How much anybody may ask for: quotas, and what counts against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `count` in any stretch of `window_s` seconds, at once or spread, for each subject on its own. name: as clients read it."""

    name: str
    count: int
    window_s: int


class Standing(NamedTuple):
    """How a subject stands after being counted. wait_s: until one more is allowed, 0 when one is; reset_s: until nothing is used up."""

    allowed: bool
    remaining: int
    wait_s: float
    reset_s: float


def standing(quota: Quota, used_s: float, *, counted: bool) -> Standing:
    """What a subject's use amounts to. used_s: how much of the window it had used up before this one. counted: whether this one was added."""
    step_s = quota.window_s / quota.count
    if counted:
        used_s += step_s
    left = int((quota.window_s - used_s) / step_s + 1e-3)
    return Standing(counted or left >= 1, left, 0.0 if left >= 1 else used_s + step_s - quota.window_s, used_s)


Asked = tuple[Quota, int]
"""A quota and whose: 64 bits that name the subject, the same in every process."""


METERED: Final = frozenset({"exports"})
"""What has a quota of its own for each person or API key, on top of their requests."""


class Meter(Protocol):
    """Counts what is metered. Exact, the same for every process, and never open: raises where it cannot count."""

    def take(self, quota: Quota, subject: int) -> Standing:
        """Count one, unless the quota does not allow it. subject: as in `Asked`."""
        ...

    def give_back(self, quota: Quota, subject: int) -> None:
        """It came to nothing and does not count."""
        ...


class Postage(Protocol):
    """What letters to whoever somebody names cost: so many an hour of one sender, and to one address, from wherever they come."""

    def pay(self, sender: UUID, address: str) -> None:
        """Count a letter, for good. address: in its compared form; whether somebody has it makes no difference.

        Raises RateLimited, and what the meter raises where it cannot count: then nothing is sent.
        """
        ...


class Limiter(Protocol):
    """Counts. Never raises and never waits longer than a fraction of a second: whoever cannot count, counts less strictly."""

    def take(self, asked: Sequence[Asked]) -> Sequence[Standing]:
        """Count one against each quota, all or none: where one does not allow it, none is counted. In the order asked."""
        ...
