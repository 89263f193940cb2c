"""The queue."""

from __future__ import annotations

from alembic import op

revision = "waitlist_0001"
down_revision = None
branch_labels = ("waitlist",)
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table waitlist_entry (
          workspace_id uuid not null,
          id uuid not null,
          booking_id uuid not null,
          client_id uuid not null,
          version bigint not null default 1,
          created_at timestamptz not null default now(),
          updated_at timestamptz not null default now(),
          constraint pk_waitlist_entry primary key (workspace_id, id),
          constraint fk_waitlist_entry_booking_id foreign key (workspace_id, booking_id)
            references bookings (workspace_id, id) on delete cascade,
          constraint fk_waitlist_entry_client_id foreign key (workspace_id, client_id)
            references clients (workspace_id, id) on delete restrict
        )""")
    op.execute("create index ix_waitlist_entry_booking_id on waitlist_entry (workspace_id, booking_id)")
    op.execute("create index ix_waitlist_entry_client_id on waitlist_entry (workspace_id, client_id)")
    op.execute("select app.protect('waitlist_entry')")


def downgrade() -> None:
    op.execute("drop table waitlist_entry")
