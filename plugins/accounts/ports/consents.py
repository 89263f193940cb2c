"""What accounts keep of consents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Consent, Purpose, Standing
from ports.persistence import Document


class Consents(Protocol):
    """The append-only record of grants and withdrawals."""

    def record(self, consent: Consent) -> None: ...

    def standing(self, purpose: Purpose) -> Standing:
        """Where a consent of the signed-in person stands."""
        ...

    def history(self, limit: int, before: UUID | None) -> Sequence[Document]:
        """What the signed-in person said, newest first, older than the record `before`."""
        ...
