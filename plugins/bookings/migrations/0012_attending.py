"""A booking names who takes part: read without a look at each participant, written and audited in one step."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0012"
down_revision = "bookings_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.execute("drop function app.bookings_attend, app.bookings_attending, app.bookings_attending_follows cascade")  # with their triggers
    op.execute("alter table bookings drop column attending")
    op.execute("select app.audit_by('bookings_participant', '{}', record => 'booking_id')")
    op.execute("comment on table bookings_participant is null")
