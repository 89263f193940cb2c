"""Time that is taken counts up what is mostly there, without the plan of what is not; timers of reminders are set without a delivery."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "bookings_0014"
down_revision = "bookings_0013"
branch_labels = None
depends_on = None


# What nobody listens to any more; their workspaces look ahead once instead.
_UNHEARD = """
    with gone as (
      delete from outbox_deliveries
       where handler = any ('{bookings:bookings_created,bookings:bookings_approved,bookings:bookings_rescheduled}') and done_at is null
      returning workspace_id
    )
    insert into outbox_deliveries (workspace_id, id, module, handler, queue, max_attempts, request_id, arguments)
    select workspace_id, app.new_id(), 'bookings', 'bookings:look_ahead', 'default', 10, 'bookings_0014', '{}' from gone group by workspace_id"""


def upgrade() -> None:
    op.execute(_UNHEARD)
    op.execute("""
        create or replace function app.bookings_taken() returns trigger language plpgsql as $$
        begin
          if new.room_id is null and new.capacity = 1 then
            update public.bookings_revision r set revision = r.revision + 1 where r.workspace_id = new.workspace_id and r.subject = new.organizer_id;
            if not found then
              insert into public.bookings_revision as r (workspace_id, subject, revision) values (new.workspace_id, new.organizer_id, 1)
              on conflict (workspace_id, subject) do update set revision = r.revision + 1;
            end if;
          else
            -- In one order, so that nobody waits for somebody who waits for them.
            insert into public.bookings_revision as r (workspace_id, subject, revision)
            select new.workspace_id, subject, 1
              from (values (new.organizer_id), (new.room_id), (case when new.capacity > 1 then new.service_id end)) s (subject)
             where subject is not null order by subject
            on conflict (workspace_id, subject) do update set revision = r.revision + 1;
          end if;
          return null;
        end $$""")


def downgrade() -> None:
    before = (Path(__file__).parent / "0011_classes_of_a_service.sql").read_text()
    begin = before.index("create or replace function app.bookings_taken()")
    op.get_bind().exec_driver_sql(before[begin : before.index("end $$;", begin) + len("end $$;")])
