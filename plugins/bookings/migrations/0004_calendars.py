"""Calendars for other applications, and calendars of other applications."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0004"
down_revision = "bookings_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0004_calendars_undo.sql").read_text())
