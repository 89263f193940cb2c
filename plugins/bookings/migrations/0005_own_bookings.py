"""A client's own bookings are looked up in a hash.

The same rows as before: `= any (array)` compares every booking with every one of the client's own, which is the square of their number for
who takes all of them out.
"""

from __future__ import annotations

from alembic import op

revision = "bookings_0005"
down_revision = "bookings_0004"
branch_labels = None
depends_on = None


_CLIENTE_HASHED = """(select app.client() is null) or booked_by = (select app.usr()) or id in (select unnest(app.bookings_mine()))
  or organizer_id = (select app.bookings_feed_organizer()) or id in (select unnest(app.bookings_feed_bookings()))"""
_CLIENTE_COMPARED = """(select app.client() is null) or booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[])
  or organizer_id = (select app.bookings_feed_organizer()) or id = any ((select app.bookings_feed_bookings())::uuid[])"""


def upgrade() -> None:
    op.execute(f"alter policy cliente on bookings using ({_CLIENTE_HASHED}) with check ({_CLIENTE_HASHED})")
    op.execute("""select app.limit_to_own('bookings',
      'organizer_id = (select app.usr()) or booked_by = (select app.usr()) or id in (select unnest(app.bookings_of_own()))')""")


def downgrade() -> None:
    op.execute(f"alter policy cliente on bookings using ({_CLIENTE_COMPARED}) with check ({_CLIENTE_COMPARED})")
    op.execute("""select app.limit_to_own('bookings',
      'organizer_id = (select app.usr()) or booked_by = (select app.usr()) or id = any ((select app.bookings_of_own())::uuid[])')""")
