"""Notes."""

from __future__ import annotations

from alembic import op

revision = "unready_0001"
down_revision = None
branch_labels = ("unready",)
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table unready_note (
          workspace_id uuid not null,
          id uuid not null,
          text text not null,
          version bigint not null default 1,
          created_at timestamptz not null default now(),
          updated_at timestamptz not null default now(),
          constraint pk_unready_note primary key (workspace_id, id)
        )""")
    op.execute("select app.protect('unready_note')")


def downgrade() -> None:
    op.execute("drop table unready_note")
