"""A rule that is checked in passing: a statement that finds a reason says no, and nothing of its transaction stays."""

from __future__ import annotations

from alembic import op

revision = "platform_0007"
down_revision = "platform_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create function app.refuse(p_rule text) returns boolean language plpgsql volatile as $$
        begin
          raise exception 'refused by a rule' using errcode = '42F07', detail = p_rule;
        end $$;
        revoke all on function app.refuse from public;
        grant execute on function app.refuse to fitpro_app;
    """)


def downgrade() -> None:
    op.execute("drop function app.refuse")
