"""Series: bookings that repeat by a rule, each of which knows which occurrence it is."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0002"
down_revision = "bookings_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("alter table bookings drop column occurrence, drop column series_id")
    op.execute("drop table bookings_series")
