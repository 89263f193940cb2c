"""A key is claimed by one statement of the adapter's: a function with a subtransaction of its own cost more than the row."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0021"
down_revision = "platform_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop function app.claim_key")
    op.execute("grant execute on function app.refuse to fitpro_auth")


def downgrade() -> None:
    op.execute("revoke execute on function app.refuse from fitpro_auth")
    op.get_bind().exec_driver_sql(_as_it_was())


def _as_it_was() -> str:
    """The function, from the file that made it first."""
    text = (Path(__file__).parents[1] / "sql" / "0001_outbox.sql").read_text()
    return text[text.index("create function app.claim_key") :]
