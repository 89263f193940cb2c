"""Calendars for other applications, and calendars of other applications."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.dialects.postgresql import JSONB

from plugins.bookings.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa, sealed


class Feed(Model, plugin=plugin):
    """A calendar to subscribe to. digest: SHA-256 of the token in its address; issue: how many addresses it has had."""

    __table_args__ = (
        sa.CheckConstraint("mode in ('full', 'freebusy')", name="mode"),
        sa.UniqueConstraint("workspace_id", "digest", name="uq_bookings_feed_digest"),
        sa.Index("uq_bookings_feed_live", "workspace_id", "user_id", "mode", unique=True, postgresql_where=sa.text("revoked_at is null")),
    )

    user_id: Mapped[uuid.UUID] = reference("user_roles")
    mode: Mapped[str]
    digest: Mapped[bytes]
    issue: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Calendar(Model, plugin=plugin):
    """Somebody's calendar elsewhere, read now and then. notes: what was not understood of it."""

    __table_args__ = (sa.CheckConstraint("status in ('ok', 'failing')", name="status"),)

    user_id: Mapped[uuid.UUID] = reference("user_roles")
    name: Mapped[str]
    url: Mapped[str] = sealed()
    status: Mapped[str]
    last_fetched_at: Mapped[datetime | None]
    last_tried_at: Mapped[datetime]
    last_error: Mapped[str | None]
    events: Mapped[int] = mapped_column(sa.Integer)
    notes: Mapped[list[str]] = mapped_column(JSONB)


feeds: sa.Table = metadata.tables["bookings_feed"]
calendars: sa.Table = metadata.tables["bookings_calendar"]

external_busy = sa.Table(
    "bookings_external_busy",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("calendar_id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("starts_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("ends_at > starts_at", name="ends"),
    sa.ForeignKeyConstraint(
        ["workspace_id", "calendar_id"], ["bookings_calendar.workspace_id", "bookings_calendar.id"], ondelete="RESTRICT",
        name="fk_bookings_external_busy_calendar_id",
    ),
    sa.ForeignKeyConstraint(
        ["workspace_id", "user_id"], ["user_roles.workspace_id", "user_roles.user_id"], ondelete="RESTRICT",
        name="fk_bookings_external_busy_user_id",
    ),
    sa.Index("ix_bookings_external_busy_user_id", "workspace_id", "user_id", "ends_at"),
    comment="unaudited",  # follows from the calendar elsewhere
)  # fmt: skip
