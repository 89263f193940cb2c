"""A client changes what they take part in, and nothing that they only booked once or left."""

from __future__ import annotations

from alembic import op

revision = "bookings_0008"
down_revision = "bookings_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create function app.bookings_taking_part() returns uuid[] language plpgsql stable parallel safe as $$
        begin
          return array(select booking_id from public.bookings_participant
                        where workspace_id = (select app.ws()) and client_id = (select app.client()) and status <> 'left');
        end $$""")
    op.execute("revoke all on function app.bookings_taking_part from public")
    op.execute("grant execute on function app.bookings_taking_part to fitpro_app")
    # Asked for each row that is written, which is one.
    op.execute("""
        create policy taking_part on bookings as restrictive for update to fitpro_app
          using (app.client() is null or id = any (app.bookings_taking_part())) with check (true)""")


def downgrade() -> None:
    op.execute("drop policy taking_part on bookings")
    op.execute("drop function app.bookings_taking_part")
