"""Seats that change are told by the class's version at once, whoever changed them; what was called off before it was approved is known."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0010"
down_revision = "bookings_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop function app.bookings_reseated")
    op.execute("alter table bookings drop column unapproved")
