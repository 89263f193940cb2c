"""Domains that workspaces claim."""

from __future__ import annotations

from alembic import op

revision = "workspaces_0001"
down_revision = None
branch_labels = ("workspaces",)
depends_on = None

_UPGRADE = """
create table workspaces_domain (
  workspace_id uuid not null,
  id uuid not null,
  domain text not null,
  token text not null,
  state text not null default 'pending' constraint ck_workspaces_domain_state check (state in ('pending', 'verified', 'failed')),
  reason text,
  since timestamptz,
  checked_at timestamptz,
  verified_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_workspaces_domain primary key (workspace_id, id),
  constraint uq_workspaces_domain_domain unique (workspace_id, domain)
);
select app.protect('workspaces_domain', record => 'domain');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop table workspaces_domain")
