"""Tables of notes and exclusions."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from plugins.clients.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa, sealed


def _client(table: str) -> sa.ForeignKeyConstraint:
    """Without the index that `reference` would add: the one for the list serves it."""
    return sa.ForeignKeyConstraint(
        ["workspace_id", "client_id"], ["clients.workspace_id", "clients.id"], ondelete="RESTRICT", name=f"fk_{table}_client_id"
    )


class Note(Model, plugin=plugin):
    """What somebody wrote about a client."""

    __tablename__ = "clients_notes"
    __table_args__ = (
        sa.CheckConstraint("visibility in ('private', 'shared')", name="visibility"),
        _client("clients_notes"),
        sa.Index("ix_clients_notes_listed", "workspace_id", "client_id", "pinned", "id"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column()
    author_id: Mapped[uuid.UUID] = reference("user_roles")
    body: Mapped[str]
    visibility: Mapped[str]
    pinned: Mapped[bool]
    removed_at: Mapped[datetime | None]


class Exclusion(Model, plugin=plugin):
    """A time in which less is expected of a client."""

    __table_args__ = (
        sa.CheckConstraint("kind in ('injury', 'holiday', 'sick', 'other')", name="kind"),
        sa.CheckConstraint("ends_on >= starts_on", name="days"),
        sa.CheckConstraint("expected_adherence between 0 and 100", name="expected_adherence"),
        _client("clients_exclusion"),
        sa.Index("ix_clients_exclusion_listed", "workspace_id", "client_id", "starts_on", "id"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column()
    kind: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    reason: Mapped[str | None] = sealed(nullable=True)
    expected_adherence: Mapped[int] = mapped_column(sa.SmallInteger)
    removed_at: Mapped[datetime | None]


notes: sa.Table = metadata.tables["clients_notes"]
exclusions: sa.Table = metadata.tables["clients_exclusion"]
