"""A table that every workspace would share."""

from __future__ import annotations

from alembic import op

revision = "smuggler_0001"
down_revision = None
branch_labels = ("smuggler",)
depends_on = None


def upgrade() -> None:
    op.execute("create table smuggler_crate (id uuid not null constraint pk_smuggler_crate primary key, text text)")
    op.execute("grant select, insert on smuggler_crate to fitpro_app")


def downgrade() -> None:
    op.execute("drop table smuggler_crate")
