"""How far each booking was reminded of: what a module that was off missed is told once, and never twice."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0009"
down_revision = "bookings_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop table bookings_reminded")
