"""What health data and the consent behind it need from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Document, Row


class HealthRecords(Protocol):
    """One sealed record per client."""

    def find(self, client_id: UUID, *, hold: bool) -> Row | None:
        """The client with id, sealed, version, created_at and updated_at of their record (None without one), `given_by` of the consent in
        force, and merged_into; of a record merged away the consent is the survivor's. permitted: False when the actor is an API key that
        health data are not for. hold: nothing about it changes until the transaction ends. None when there is no such client."""

    def add(self, client_id: UUID, id: UUID, sealed: str, now: datetime) -> None: ...

    def replace(self, id: UUID, sealed: str, expected: int, now: datetime) -> bool:
        """Step the version; False when it is not the expected one."""

    def read(self, client_id: UUID, id: UUID | None) -> None:
        """Leave in the audit that the actor read it."""

    def of(self, client_ids: Sequence[UUID]) -> Mapping[UUID, Row]:
        """By client: id, sealed and version of the records there are."""

    def move(self, id: UUID, client_id: UUID, now: datetime) -> None:
        """Queue: the record is another client's, who has none."""


class Consents(Protocol):
    """The history of what clients agreed to."""

    def hold(self, client_id: UUID) -> Row | None:
        """Hold the client until the transaction ends: merged_into; None when there is no such client."""

    def add(
        self, *, id: UUID, client_id: UUID, purpose: str, given_by: str, given_at: datetime, how: str | None, recorded_by: UUID, now: datetime
    ) -> None: ...

    def find(self, client_id: UUID, id: UUID) -> Row | None:
        """version, purpose, withdrawn_at."""

    def withdraw(self, id: UUID, by: str, now: datetime) -> None: ...

    def known(self, client_id: UUID) -> Row | None:
        """merged_into; None when there is no such client."""

    def page(self, client_id: UUID, limit: int, after: UUID | None) -> list[Document]:
        """Newest first."""


class Decisive(Protocol):
    """Of every client and purpose, the consent that decides: the last one given, also when it was taken back."""

    def decisive(self, client_ids: Sequence[UUID]) -> Sequence[Row]:
        """id, client_id, purpose, given_by, withdrawn_at, withdrawn_by."""

    def supersede(self, id: UUID, by: str, now: datetime) -> None:
        """Queue: it does not decide any more, and if it was in force that ends."""
