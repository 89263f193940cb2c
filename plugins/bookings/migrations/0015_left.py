"""Who left a booking keeps it as it was when they did."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0015"
down_revision = "bookings_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop function app.bookings_left cascade")  # with its trigger
    op.execute("alter table bookings_participant drop column left_title, drop column left_start, drop column left_end")
