"""The outbox seen by those who work it off: leases, clockwork and dead letters as the relay identity, content inside each workspace."""

from __future__ import annotations

from adapters.postgres.outbox.clockwork import OutboxClockwork
from adapters.postgres.outbox.contents import JOB, OutboxContents
from adapters.postgres.outbox.leases import OutboxLeases
from adapters.postgres.outbox.letters import OutboxLetters

__all__ = ["JOB", "OutboxClockwork", "OutboxContents", "OutboxLeases", "OutboxLetters"]
