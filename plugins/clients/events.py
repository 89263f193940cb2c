"""What happens to clients, and what others may add or forbid."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict
from uuid import UUID

from kernel.hooks import check, collect, event, exhaustive


class TimelineEntry(TypedDict):
    """Something a plugin knows about a client's past. kind: `<plugin>.<what>`; reference: the id of the thing itself."""

    at: datetime
    kind: str
    title: str
    reference: NotRequired[UUID]


@event
def clients_created(client_id: UUID) -> None:
    """After a client was added."""


@event
def clients_updated(client_id: UUID) -> None:
    """After anything about a client changed, its status included."""


@event
def clients_reassigned(from_user: UUID, to_user: UUID, clients: int) -> None:
    """After every client of one collaborator became another's at once; told instead of clients_updated for each. clients: how many."""


@event
def clients_stage_changed(client_id: UUID, from_stage: str, to_stage: str) -> None:
    """After a client came to another stage of their time with the workspace: `lead`, `trial`, `client` or `former`."""


@event
def clients_archived(client_id: UUID) -> None:
    """After a client was archived."""


@event
def clients_restored(client_id: UUID) -> None:
    """After an archived client came back."""


@event
def clients_health_changed(client_id: UUID) -> None:
    """After a client's health data were written; what they say is not told."""


@event
def clients_consent_given(client_id: UUID, purpose: str) -> None:
    """After a client consented, or staff attested it. purpose: `health`."""


@event
def clients_consent_withdrawn(client_id: UUID, purpose: str) -> None:
    """After a consent was taken back."""


@event
def clients_merged(client_id: UUID, from_id: UUID) -> None:
    """After the record from_id became part of client_id; what referred to it refers to the survivor already."""


@exhaustive
@check
def clients_merging(client_id: UUID, from_id: UUID) -> None:
    """Before from_id becomes part of client_id: combine what only one of them can have, or raise `Refused` to prevent it."""


@exhaustive
@check
def clients_archiving(client_id: UUID) -> None:
    """Before a client is archived; raise `Refused` to prevent it."""


@collect
def clients_timeline(client_id: UUID, until: datetime | None = None, limit: int = 200) -> list[TimelineEntry]:  # type: ignore[empty-body]
    """What you know about this client's past: the newest `limit` entries at or before `until` (None: up to now), newest first; of the same
    moment by kind, reference and title, backwards, so that no page leaves one out."""
