"""Who read a client's data is told with the records that were merged into theirs."""

from __future__ import annotations

from alembic import op

revision = "platform_0018"
down_revision = "platform_0017"
branch_labels = None
depends_on = None

_UPGRADE = """
-- The records that are one client's. The plugin that keeps clients replaces it: one person may have had several.
create function app.records_of(p_client uuid) returns uuid[] language plpgsql stable parallel safe as $$ begin return array[p_client]; end $$;
revoke all on function app.records_of from public;
grant execute on function app.records_of to fitpro_app;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop function app.records_of")
