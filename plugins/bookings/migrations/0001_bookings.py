"""What is offered, when people work, what is booked, and the time that takes."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0001"
down_revision = None
branch_labels = ("bookings",)
depends_on = None


_TOUCHING = {
    "bookings_time": "time",
    "bookings_schedule": "user",
    **dict.fromkeys(("bookings_time_off", "bookings_room", "bookings_service", "bookings_service_staff", "bookings_service_room"), "all"),
}
_TRIGGERS = """
create trigger revise_insert after insert on {table} referencing new table as rows for each statement execute function app.bookings_touched('{what}');
create trigger revise_delete after delete on {table} referencing old table as rows for each statement execute function app.bookings_touched('{what}');
create trigger revise_before after update on {table} referencing old table as rows for each statement execute function app.bookings_touched('{what}');
create trigger revise_after after update on {table} referencing new table as rows for each statement execute function app.bookings_touched('{what}');
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    for table, what in _TOUCHING.items():
        connection.exec_driver_sql(_TRIGGERS.format(table=table, what=what))


def downgrade() -> None:
    op.execute("drop table bookings_time, bookings_participant, bookings, bookings_time_off, bookings_schedule")
    op.execute("drop table bookings_service_room, bookings_service_staff, bookings_service, bookings_room, bookings_revision")
    op.execute("drop function app.bookings_touched, app.bookings_sweep, app.bookings_mine, app.bookings_of_own")
    op.execute("drop type bookings_ids")
