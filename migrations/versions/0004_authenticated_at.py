"""When the person of a session last proved who they are."""

from __future__ import annotations

from alembic import op

revision = "platform_0004"
down_revision = "platform_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table sessions add column authenticated_at timestamptz")
    op.execute("update sessions set authenticated_at = created_at")
    op.execute("alter table sessions alter column authenticated_at set not null, alter column authenticated_at set default now()")


def downgrade() -> None:
    op.execute("alter table sessions drop column authenticated_at")
