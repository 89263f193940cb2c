"""What is offered, where, by whom, and when they work."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from plugins.bookings.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa

KIND = "location_kind in ('in_person', 'online')"


def _own_name(kind: str) -> sa.Index:
    """No two of them have one name; what is archived leaves it to others."""
    return sa.Index(f"uq_bookings_{kind}_name", "workspace_id", "name", unique=True, postgresql_where=sa.text("archived_at is null"))


class Room(Model, plugin=plugin):
    """A place that only one booking can have at a time."""

    __table_args__ = (_own_name("room"),)

    name: Mapped[str]
    description: Mapped[str | None]
    archived_at: Mapped[datetime | None]


class Service(Model, plugin=plugin):
    """Something clients book."""

    __table_args__ = (
        _own_name("service"),
        sa.CheckConstraint("duration_minutes between 5 and 1440", name="duration"),
        sa.CheckConstraint("buffer_before_minutes between 0 and 720 and buffer_after_minutes between 0 and 720", name="buffers"),
        sa.CheckConstraint("capacity between 1 and 1000", name="capacity"),
        sa.CheckConstraint(KIND, name="location_kind"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    duration_minutes: Mapped[int] = mapped_column(sa.Integer)
    buffer_before_minutes: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    buffer_after_minutes: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    step_minutes: Mapped[int] = mapped_column(sa.Integer)
    notice_minutes: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    window_days: Mapped[int] = mapped_column(sa.Integer, server_default="60")
    capacity: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    location_kind: Mapped[str | None]
    location: Mapped[str | None]
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    needs_approval: Mapped[bool] = mapped_column(server_default="false")
    self_service: Mapped[bool] = mapped_column(server_default="true")
    public: Mapped[bool] = mapped_column(server_default="false")
    free_until_minutes: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    late_fee_amount: Mapped[int | None]
    no_show_fee_amount: Mapped[int | None]
    fee_currency: Mapped[str | None]
    archived_at: Mapped[datetime | None]


class TimeOff(Model, plugin=plugin):
    """Somebody is away, a room is closed, or (neither) the studio is."""

    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="ends"),
        sa.CheckConstraint("user_id is null or room_id is null", name="subject"),
        sa.Index("ix_bookings_time_off_listed", "workspace_id", "starts_at", "id"),
    )

    user_id: Mapped[uuid.UUID | None] = reference("user_roles")
    room_id: Mapped[uuid.UUID | None] = reference("bookings_room", on_delete="cascade")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None]


def _pair(table: str, column: str, target: str, key: str, on_delete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{target}.workspace_id", f"{target}.{key}"], ondelete=on_delete, name=f"fk_{table}_{column}"
    )


def _at(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


rooms: sa.Table = metadata.tables["bookings_room"]
services: sa.Table = metadata.tables["bookings_service"]
time_off: sa.Table = metadata.tables["bookings_time_off"]

staff = sa.Table(
    "bookings_service_staff",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("service_id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, primary_key=True),
    _pair("bookings_service_staff", "service_id", "bookings_service", "id", "CASCADE"),
    _pair("bookings_service_staff", "user_id", "user_roles", "user_id", "RESTRICT"),
    sa.Index("ix_bookings_service_staff_user_id", "workspace_id", "user_id"),
)
service_rooms = sa.Table(
    "bookings_service_room",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("service_id", sa.Uuid, primary_key=True),
    sa.Column("room_id", sa.Uuid, primary_key=True),
    _pair("bookings_service_room", "service_id", "bookings_service", "id", "CASCADE"),
    _pair("bookings_service_room", "room_id", "bookings_room", "id", "RESTRICT"),
    sa.Index("ix_bookings_service_room_room_id", "workspace_id", "room_id"),
)
schedules = sa.Table(
    "bookings_schedule",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, primary_key=True),
    sa.Column("timezone", sa.Text),
    sa.Column("weekly", sa.dialects.postgresql.JSONB, nullable=False),
    sa.Column("overrides", sa.dialects.postgresql.JSONB, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("created_at"),
    _at("updated_at"),
    _pair("bookings_schedule", "user_id", "user_roles", "user_id", "RESTRICT"),
)
