"""What health data and the consent behind it need from storage."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Document, Row


class HealthRecords(Protocol):
    """One sealed record per client."""

    def find(self, client_id: UUID, *, hold: bool) -> Row | None:
        """The client with id, sealed, version, created_at and updated_at of their record (None without one) and `given_by` of the consent
        in force. hold: nothing about it changes until the transaction ends. None when there is no such client."""

    def add(self, client_id: UUID, id: UUID, sealed: str, now: datetime) -> None: ...

    def replace(self, id: UUID, sealed: str, expected: int, now: datetime) -> bool:
        """Step the version; False when it is not the expected one."""

    def read(self, client_id: UUID, id: UUID | None) -> None:
        """Leave in the audit that the actor read it."""


class Consents(Protocol):
    """The history of what clients agreed to."""

    def hold(self, client_id: UUID) -> bool:
        """Hold the client until the transaction ends; False when there is no such client."""

    def latest(self, client_id: UUID, purpose: str) -> Row | None:
        """The last one given: id, given_by, withdrawn_at, withdrawn_by."""

    def add(
        self, *, id: UUID, client_id: UUID, purpose: str, given_by: str, given_at: datetime, how: str | None, recorded_by: UUID, now: datetime
    ) -> None: ...

    def find(self, client_id: UUID, id: UUID) -> Row | None:
        """version, purpose, withdrawn_at."""

    def withdraw(self, id: UUID, by: str, now: datetime) -> None: ...

    def known(self, client_id: UUID) -> bool:
        """Whether there is such a client."""

    def page(self, client_id: UUID, limit: int, after: UUID | None) -> list[Document]:
        """Newest first."""
