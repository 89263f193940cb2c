"""What a calendar that is subscribed to has to be told: what became another's, and each coming and going."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0006"
down_revision = "bookings_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop trigger handed on bookings")
    op.execute("drop function app.bookings_handed")
    op.execute("drop table bookings_handed")
    op.execute("alter table bookings_participant drop column sequence")
