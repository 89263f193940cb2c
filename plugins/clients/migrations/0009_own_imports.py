"""Collaborators limited to their own clients see the imports that they started, and no others."""

from __future__ import annotations

from alembic import op

revision = "clients_0009"
down_revision = "clients_0008"
branch_labels = None
depends_on = None

_UPGRADE = """
select app.limit_to_own('clients_import', 'created_by = (select app.own())');
select app.limit_to_own('clients_import_file',
  'exists (select from clients_import i where i.workspace_id = clients_import_file.workspace_id and i.id = import_id)');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    for table in ("clients_import", "clients_import_file"):
        op.execute(f"drop policy scope on {table}")
