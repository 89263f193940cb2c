"""Who waits for a seat of a full class."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0003"
down_revision = "bookings_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop table bookings_queue_entry, bookings_queue_place")
