"""What a session opened ends with it, a change of address can be stopped from the old one, and links not mailed yet are found by address."""

from __future__ import annotations

from alembic import op

revision = "accounts_0005"
down_revision = "accounts_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        alter table accounts_token
          add column session_id uuid constraint fk_accounts_token_session references sessions on delete cascade,
          drop constraint ck_accounts_token_purpose,
          add constraint ck_accounts_token_purpose check (purpose in ('reset', 'verify', 'address', 'stop'))""")
    op.execute("create index ix_accounts_token_unbound on accounts_token (email) where user_id is null")
    op.execute("create index ix_accounts_token_session on accounts_token (session_id) where session_id is not null")


def downgrade() -> None:
    op.execute("drop index ix_accounts_token_session, ix_accounts_token_unbound")
    op.execute("delete from accounts_token where purpose = 'stop'")
    op.execute("""
        alter table accounts_token
          drop column session_id,
          drop constraint ck_accounts_token_purpose,
          add constraint ck_accounts_token_purpose check (purpose in ('reset', 'verify', 'address'))""")
