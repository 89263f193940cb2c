"""What a worker needs from storage and from a broker: leases on deliveries, their content, the clockwork around them, a bell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ports.mail import Letterhead
from ports.persistence import UnitOfWork

PLATFORM: Final = UUID(int=2**128 - 1)
"""Stands where a workspace's id does, for work that belongs to none: the auth identity's."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One piece of work under our lease: an event for one listener, or a task. handler: `plugin:hook` or `plugin:task`.

    attempts counts this one. The workspace comes from the row alone, never from an argument.
    """

    workspace_id: UUID
    id: UUID
    is_event: bool
    module: str
    handler: str
    queue: str
    attempts: int
    max_attempts: int
    lease_token: UUID
    request_id: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a delivery is about, as JSON values. arguments: a task's, or the event's payload. progress: of the last committed step."""

    arguments: Mapping[str, object]
    progress: Mapping[str, object] | None


class LeaseLost(Exception):
    """Another worker has the delivery, or it is done: whatever this attempt did must not be kept."""


class Leases(Protocol):
    """Control columns across workspaces, each call a transaction of its own. Times are the database's clock.

    `retry`, `park` and `skip` return False, and change nothing, when the lease is not ours any more.
    """

    def ready(self, queues: Sequence[str], at_most: int) -> Mapping[str, int]:
        """Release what has become due, then count per queue what could be claimed now, up to at_most. No queues named: all of them."""

    def claim(self, queue: str, after: UUID, lease_s: float) -> Delivery | None:
        """The oldest delivery that may run, of the first workspace beyond `after` that has one. Counts as an attempt."""

    def renew(self, delivery: Delivery, lease_s: float) -> bool: ...

    def retry(self, delivery: Delivery, in_s: float, error: str | None = None) -> bool:
        """Give it back for later. Without an error it did not fail, and this attempt does not count."""

    def park(self, delivery: Delivery, error: str) -> bool:
        """Into the dead letters."""

    def skip(self, delivery: Delivery) -> bool:
        """Its module is off: keep it, undone."""


class Contents(Protocol):
    """The part of a delivery that happens inside its workspace's transaction. Each raises LeaseLost when the lease is not ours."""

    def prepare(self, work: UnitOfWork, delivery: Delivery, lease_s: float) -> Content:
        """Enter the workspace with a job's time limits. Raises Forbidden module_disabled when the module is off."""

    def advance(self, work: UnitOfWork, delivery: Delivery, lease_s: float, progress: Mapping[str, object] | None) -> None:
        """Report a step and renew the lease, to be committed with what the step did. None keeps what was reported before."""

    def finish(self, work: UnitOfWork, delivery: Delivery) -> None:
        """Mark it done, to be committed with what it did."""

    def letterhead(self, work: UnitOfWork, delivery: Delivery) -> Letterhead:
        """Whom its mail comes from."""

    def language(self, work: UnitOfWork, address: str) -> str | None:
        """What the person with this address reads; None when nobody has an account with it. work: of the identity that knows accounts."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task with a clock. cron: five fields, in each workspace's own zone; platform: once for all of them, in UTC."""

    module: str
    handler: str
    queue: str
    max_attempts: int
    cron: str
    platform: bool = False


class Clockwork(Protocol):
    """Periodic ticks and sweeps."""

    def zones(self) -> tuple[datetime, Sequence[str]]:
        """The database's time, and every zone some workspace is in."""

    def ticks(self) -> Mapping[tuple[str, str], datetime]:
        """(handler, zone) → its last tick."""

    def start(self, periodic: Periodic, zone: str, at: datetime) -> None:
        """First sight of a task in a zone: ticks count from here. Idempotent."""

    def fan_out(self, periodic: Periodic, zone: str, at: datetime, local: str) -> int:
        """One delivery per workspace of the zone that has the module on (one in all for the platform's); 0 when another scheduler did it.

        local: the wall-clock time.
        """

    def sweep(self) -> int:
        """Delete a batch of what is over: done for 7 days, dead for 90, idempotency keys of yesterday. 0 when nothing is left."""


class BrokerDown(Exception):
    """The bell cannot be rung."""


class Doorbell(Protocol):
    """Wakes workers. It may lose rings or repeat them: it carries no work. Both raise BrokerDown."""

    def ring(self, queue: str) -> None: ...

    def pending(self) -> int:
        """Rings nobody has heard yet."""
