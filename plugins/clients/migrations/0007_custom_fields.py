"""Where a client stands in their time with the workspace, and what the workspace asks of them besides."""

from __future__ import annotations

from alembic import op

revision = "clients_0007"
down_revision = "clients_0006"
branch_labels = None
depends_on = None

_UPGRADE = """
alter table clients
  add column lifecycle_stage text not null default 'client'
    constraint ck_clients_lifecycle_stage check (lifecycle_stage in ('lead', 'trial', 'client', 'former')),
  add column lifecycle_since timestamptz not null default now(),
  add column custom_fields jsonb not null default '{}';
-- Whoever was here already has been a client since they were added.
alter table clients disable trigger user;
update clients set lifecycle_since = created_at;
alter table clients enable trigger user;
select app.audit_by('clients', '{email,phone,notes,custom_fields}');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("select app.audit_by('clients', '{email,phone,notes}')")
    op.execute("alter table clients drop column lifecycle_stage, drop column lifecycle_since, drop column custom_fields")
