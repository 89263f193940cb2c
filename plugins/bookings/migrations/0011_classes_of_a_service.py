"""Classes of a service are shown whoever teaches them: each change of one is a revision of its service."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0011"
down_revision = "bookings_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0011_classes_of_a_service_undo.sql").read_text())
