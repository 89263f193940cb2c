"""A booking of no series is not entered in the index of occurrences."""

from __future__ import annotations

from alembic import op

revision = "bookings_0013"
down_revision = "bookings_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table bookings drop constraint uq_bookings_series_id_occurrence")
    # At the end of each statement: occurrences that move by a day take one another's place. A unique constraint cannot leave rows out.
    op.execute("""
        alter table bookings add constraint ex_bookings_occurrence exclude (workspace_id with =, series_id with =, occurrence with =)
          where (series_id is not null) deferrable initially immediate""")


def downgrade() -> None:
    op.execute("alter table bookings drop constraint ex_bookings_occurrence")
    op.execute("""
        alter table bookings add constraint uq_bookings_series_id_occurrence unique (workspace_id, series_id, occurrence)
          deferrable initially immediate""")
