"""Imports that were stopped say why."""

from __future__ import annotations

from alembic import op

revision = "clients_0010"
down_revision = "clients_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table clients_import add column reason text")


def downgrade() -> None:
    op.execute("alter table clients_import drop column reason")
