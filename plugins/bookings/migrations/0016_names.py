"""A name is free again once the room or service that had it is archived."""

from __future__ import annotations

from alembic import op

revision = "bookings_0016"
down_revision = "bookings_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table bookings_room drop constraint uq_bookings_room_name")
    op.execute("alter table bookings_service drop constraint uq_bookings_service_name")
    op.execute("create unique index uq_bookings_room_name on bookings_room (workspace_id, name) where archived_at is null")
    op.execute("create unique index uq_bookings_service_name on bookings_service (workspace_id, name) where archived_at is null")


def downgrade() -> None:
    """What is archived keeps its name while nothing else has it, else with its id."""
    op.execute("""
        update bookings_room r set name = name || ' ' || id where archived_at is not null
          and exists (select from bookings_room o where o.workspace_id = r.workspace_id and o.name = r.name and o.id <> r.id)
    """)
    op.execute("""
        update bookings_service s set name = name || ' ' || id where archived_at is not null
          and exists (select from bookings_service o where o.workspace_id = s.workspace_id and o.name = s.name and o.id <> s.id)
    """)
    op.execute("drop index uq_bookings_room_name, uq_bookings_service_name")
    op.execute("alter table bookings_room add constraint uq_bookings_room_name unique (workspace_id, name)")
    op.execute("alter table bookings_service add constraint uq_bookings_service_name unique (workspace_id, name)")
