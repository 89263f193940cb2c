"""What accounts keep of people whose address is to be confirmed before there is an account."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Addressee, Applicant


class Applicants(Protocol):
    """Applicants, each with a one-use token of which only a digest is kept."""

    def apply(self, applicant: Applicant, digest: bytes) -> None: ...

    def applicant(self, digest: bytes, now: datetime) -> Applicant | None:
        """Whose token this is; `admit` may still lose a race."""
        ...

    def admit(self, digest: bytes, now: datetime) -> Applicant | None:
        """Take the one use, and forget everybody who applied with the same address; None when it was taken or is too old."""
        ...

    def applied(self, id: UUID) -> tuple[Addressee, Addressee | None] | None:
        """How to write to an applicant, and to whoever has an account with this address already; None when nobody waits any more."""
        ...
