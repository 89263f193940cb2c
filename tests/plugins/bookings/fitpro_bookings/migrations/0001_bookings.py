"""The table other plugins refer to."""

from __future__ import annotations

from alembic import op

revision = "bookings_0001"
down_revision = None
branch_labels = ("bookings",)
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table bookings (
          workspace_id uuid not null,
          id uuid not null,
          client_id uuid not null,
          start_time timestamptz not null,
          status text not null default 'booked',
          version bigint not null default 1,
          created_at timestamptz not null default now(),
          updated_at timestamptz not null default now(),
          constraint pk_bookings primary key (workspace_id, id),
          constraint fk_bookings_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete restrict
        )""")
    op.execute("create index ix_bookings_client_id on bookings (workspace_id, client_id)")
    op.execute("select app.protect('bookings')")


def downgrade() -> None:
    op.execute("drop table bookings")
