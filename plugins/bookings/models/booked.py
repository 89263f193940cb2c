"""What is booked, who comes, and the time it takes."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.dialects.postgresql import TSTZRANGE

from plugins.bookings.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, sa


def refers(table: str, column: str, target: str, key: str = "id", on_delete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    """A foreign key that stays within the workspace."""
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.{key}"], ondelete=on_delete, name=f"fk_{table}_{column}"
    )


class Booking(Model, plugin=plugin):
    """Somebody's time, given to clients. Terms of its service are copied: changing the service changes no booking.

    The exclusion constraint is the migration's: of a series each occurrence is there once, `ex_bookings_occurrence`.

    status, location_kind, cancelled_by and capacity are of domains, which are the migrations'. attending: the participants who have not left,
    ascending; triggers keep it. It names clients whom the actor may not see.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        sa.CheckConstraint("end_time > start_time", name="end_time"),
        refers("bookings", "organizer_id", "user_roles", "user_id"),
        refers("bookings", "service_id", "bookings_service"),
        refers("bookings", "room_id", "bookings_room"),
        sa.CheckConstraint("(series_id is null) = (occurrence is null)", name="occurrence"),
        refers("bookings", "series_id", "bookings_series"),
        sa.Index("ix_bookings_start_time", "workspace_id", "start_time", "id"),
        sa.Index("ix_bookings_organizer_id", "workspace_id", "organizer_id", "start_time", "id"),
        sa.Index("ix_bookings_service_id", "workspace_id", "service_id", postgresql_where=sa.text("service_id is not null")),
        sa.Index("ix_bookings_room_id", "workspace_id", "room_id", "start_time", postgresql_where=sa.text("room_id is not null")),
    )

    organizer_id: Mapped[uuid.UUID]
    service_id: Mapped[uuid.UUID | None]
    room_id: Mapped[uuid.UUID | None]
    title: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    location_kind: Mapped[str | None]
    location: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="booked")
    capacity: Mapped[int] = mapped_column(sa.Integer)
    notes: Mapped[str | None]
    buffer_before_minutes: Mapped[int] = mapped_column(sa.Integer)
    buffer_after_minutes: Mapped[int] = mapped_column(sa.Integer)
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    free_until_minutes: Mapped[int | None] = mapped_column(sa.Integer)
    late_fee_amount: Mapped[int | None]
    no_show_fee_amount: Mapped[int | None]
    fee_currency: Mapped[str | None]
    booked_by: Mapped[uuid.UUID | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    cancel_reason: Mapped[str | None]
    unapproved: Mapped[bool] = mapped_column(server_default="false")
    sequence: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    series_id: Mapped[uuid.UUID | None]
    occurrence: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=False))
    attending: Mapped[list[uuid.UUID]] = mapped_column(sa.ARRAY(sa.Uuid), server_default="{}")


bookings: sa.Table = metadata.tables["bookings"]

# status and fee_reason are of domains, which are the migrations'.
participants = sa.Table(
    "bookings_participant",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid, primary_key=True),
    sa.Column("client_id", sa.Uuid, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("left_at", sa.DateTime(timezone=True)),
    sa.Column("fee_amount", sa.BigInteger),
    sa.Column("fee_currency", sa.Text),
    sa.Column("fee_reason", sa.Text),
    sa.Column("sequence", sa.Integer, nullable=False, server_default="0"),
    sa.Column("left_title", sa.Text),
    sa.Column("left_start", sa.DateTime(timezone=True)),
    sa.Column("left_end", sa.DateTime(timezone=True)),
    refers("bookings_participant", "booking_id", "bookings", on_delete="CASCADE"),
    refers("bookings_participant", "client_id", "clients"),
    sa.Index("ix_bookings_participant_client_id", "workspace_id", "client_id", "booking_id"),
    comment="changes audited",  # that they came follows from the audited bookings, which name them
)

# The exclusion constraints are the migration's: `ex_bookings_time_organizer`, `ex_bookings_time_room`.
times = sa.Table(
    "bookings_time",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid),
    sa.Column("organizer_id", sa.Uuid, nullable=False),
    sa.Column("room_id", sa.Uuid),
    sa.Column("service_id", sa.Uuid),
    sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("blocked", TSTZRANGE, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("held_by", sa.Uuid),
    sa.CheckConstraint("taken between 0 and capacity", name="taken"),
    sa.CheckConstraint("(booking_id is null) = (expires_at is not null)", name="kind"),
    refers("bookings_time", "booking_id", "bookings", on_delete="CASCADE"),
    refers("bookings_time", "organizer_id", "user_roles", "user_id"),
    refers("bookings_time", "room_id", "bookings_room"),
    sa.Index("ix_bookings_time_organizer_id", "workspace_id", "organizer_id", "starts_at"),
    sa.Index("ix_bookings_time_room_id", "workspace_id", "room_id", "starts_at", postgresql_where=sa.text("room_id is not null")),
    sa.Index("ix_bookings_time_service_id", "workspace_id", "service_id", "starts_at", postgresql_where=sa.text("service_id is not null")),
    sa.Index("ix_bookings_time_expires_at", "workspace_id", "expires_at", postgresql_where=sa.text("expires_at is not null")),
    comment="unaudited",  # follows from the audited bookings
)
handed = sa.Table(
    "bookings_handed",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
    refers("bookings_handed", "booking_id", "bookings", on_delete="CASCADE"),
    refers("bookings_handed", "user_id", "user_roles", "user_id"),
    sa.Index("ix_bookings_handed_user_id", "workspace_id", "user_id", "start_time"),
    comment="unaudited",  # follows from the audited bookings
)
reminded = sa.Table(
    "bookings_reminded",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid, primary_key=True),
    sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    refers("bookings_reminded", "booking_id", "bookings", on_delete="CASCADE"),
    comment="unaudited",  # follows from the audited bookings
)
revisions = sa.Table(
    "bookings_revision",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("subject", sa.Uuid, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    comment="unaudited",
)
