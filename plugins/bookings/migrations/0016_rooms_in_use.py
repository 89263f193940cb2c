"""Services are in rooms that are in use, and a name is free again once the room or service that had it is archived."""

from __future__ import annotations

from alembic import op

revision = "bookings_0016"
down_revision = "bookings_0015"
branch_labels = None
depends_on = None

# Where another room is left. A service whose rooms are all archived needs one still, and cannot be booked until it is given another.
_LEAVE = """
    with gone as (
      delete from bookings_service_room l using bookings_room r, bookings_service s
       where r.workspace_id = l.workspace_id and r.id = l.room_id and r.archived_at is not null
         and s.workspace_id = l.workspace_id and s.id = l.service_id and s.archived_at is null
         and exists (select from bookings_service_room o join bookings_room u on u.workspace_id = o.workspace_id and u.id = o.room_id
                      where o.workspace_id = l.workspace_id and o.service_id = l.service_id and u.archived_at is null)
      returning l.workspace_id, l.service_id
    )
    update bookings_service s set version = version + 1, updated_at = now()
     where exists (select from gone where gone.workspace_id = s.workspace_id and gone.service_id = s.id)"""


def upgrade() -> None:
    op.execute("alter table bookings_service disable trigger audit_update")
    op.execute("alter table bookings_service_room disable trigger audit_delete")
    op.execute(_LEAVE)
    op.execute("alter table bookings_service_room enable trigger audit_delete")
    op.execute("alter table bookings_service enable trigger audit_update")
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
