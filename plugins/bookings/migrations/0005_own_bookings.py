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


def upgrade() -> None:
    _replace("id in (select unnest(app.{ids}()))")


def downgrade() -> None:
    _replace("id = any ((select app.{ids}())::uuid[])")


def _replace(one_of: str) -> None:
    def within(ids: str) -> str:
        return one_of.format(ids=ids)

    rows = (
        "(select app.client() is null) or booked_by = (select app.usr())"
        f" or {within('bookings_mine')} or organizer_id = (select app.bookings_feed_organizer()) or {within('bookings_feed_bookings')}"
    )
    op.execute(f"alter policy cliente on bookings using ({rows}) with check ({rows})")
    own = f"organizer_id = (select app.usr()) or booked_by = (select app.usr()) or {within('bookings_of_own')}"
    op.execute(f"select app.limit_to_own('bookings', '{own}')")
