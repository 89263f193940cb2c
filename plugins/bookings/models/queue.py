"""Who waits for a seat of a class: places without names, and whose they are."""

from __future__ import annotations

from plugins.bookings.models.booked import refers
from plugins.sdk import metadata, sa

places = sa.Table(
    "bookings_queue_place",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("offered_until", sa.DateTime(timezone=True)),
    sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status in ('waiting', 'offered')", name="status"),
    sa.CheckConstraint("(status = 'offered') = (offered_until is not null)", name="offered"),
    refers("bookings_queue_place", "booking_id", "bookings", on_delete="CASCADE"),
    sa.UniqueConstraint("workspace_id", "booking_id", "number", name="uq_bookings_queue_place_number"),
)
entries = sa.Table(
    "bookings_queue_entry",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("place_id", sa.Uuid, primary_key=True),
    sa.Column("booking_id", sa.Uuid, nullable=False),
    sa.Column("client_id", sa.Uuid, nullable=False),
    refers("bookings_queue_entry", "place_id", "bookings_queue_place", on_delete="CASCADE"),
    refers("bookings_queue_entry", "booking_id", "bookings", on_delete="CASCADE"),
    refers("bookings_queue_entry", "client_id", "clients"),
    sa.UniqueConstraint("workspace_id", "booking_id", "client_id", name="uq_bookings_queue_entry_booking_id"),
    sa.Index("ix_bookings_queue_entry_client_id", "workspace_id", "client_id"),
)
