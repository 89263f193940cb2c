"""A job without a unique key is not entered in their index: most have none, and each paid for it."""

from __future__ import annotations

from alembic import op

revision = "platform_0020"
down_revision = "platform_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table outbox_deliveries drop constraint uq_outbox_deliveries_unique_key")
    op.execute("""
        create unique index uq_outbox_deliveries_unique_key on outbox_deliveries (workspace_id, handler, unique_key)
         where unique_key is not null""")


def downgrade() -> None:
    op.execute("drop index uq_outbox_deliveries_unique_key")
    op.execute("""
        alter table outbox_deliveries
          add constraint uq_outbox_deliveries_unique_key unique (workspace_id, handler, unique_key)""")
