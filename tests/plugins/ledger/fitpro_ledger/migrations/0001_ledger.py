"""The rows."""

from __future__ import annotations

from alembic import op

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table ledger_entry (
          workspace_id uuid not null,
          id uuid not null,
          client_id uuid not null,
          version bigint not null default 1,
          created_at timestamptz not null default now(),
          updated_at timestamptz not null default now(),
          constraint pk_ledger_entry primary key (workspace_id, id),
          constraint fk_ledger_entry_client_id foreign key (workspace_id, client_id)
            references clients (workspace_id, id) on delete restrict
        )""")
    op.execute("create index ix_ledger_entry_client_id on ledger_entry (workspace_id, client_id)")
    op.execute("select app.protect('ledger_entry')")


def downgrade() -> None:
    op.execute("drop table ledger_entry")
