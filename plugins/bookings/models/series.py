"""What repeats, and by which rule."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.dialects.postgresql import ARRAY

from plugins.bookings.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa

_WALL = sa.DateTime(timezone=False)


class Series(Model, plugin=plugin):
    """Bookings that repeat. first_wall, exdates: wall time of its zone; minutes: how long each lasts."""

    __table_args__ = (
        sa.CheckConstraint("minutes between 5 and 1440", name="minutes"),
        sa.CheckConstraint("status in ('active', 'cancelled')", name="status"),
    )

    rule: Mapped[str]
    first_wall: Mapped[datetime] = mapped_column(_WALL)
    timezone: Mapped[str]
    minutes: Mapped[int] = mapped_column(sa.Integer)
    exdates: Mapped[list[datetime]] = mapped_column(ARRAY(_WALL), server_default="{}")
    title: Mapped[str]
    organizer_id: Mapped[uuid.UUID] = reference("user_roles")
    service_id: Mapped[uuid.UUID | None] = reference("bookings_service")
    booked_by: Mapped[uuid.UUID | None]
    status: Mapped[str] = mapped_column(server_default="active")


series: sa.Table = metadata.tables["bookings_series"]
