"""One-use tokens that travel by mail, and the counters in front of passwords: the auth identity's alone."""

from __future__ import annotations

from alembic import op

revision = "accounts_0003"
down_revision = "accounts_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table accounts_token (
          id uuid not null,
          digest bytea not null,
          purpose text not null
            constraint ck_accounts_token_purpose check (purpose in ('reset', 'verify', 'address')),
          email text not null,
          previous_email text,
          user_id uuid constraint fk_accounts_token_user references users,
          created_at timestamptz not null,
          expires_at timestamptz not null,
          used_at timestamptz,
          constraint pk_accounts_token primary key (id)
        )""")
    op.execute("create unique index uq_accounts_token_digest on accounts_token (digest)")
    op.execute("create index ix_accounts_token_user on accounts_token (user_id)")
    op.execute("create index ix_accounts_token_expires on accounts_token (expires_at)")
    op.execute("""
        create table accounts_attempt (
          kind text not null,
          subject bytea not null,
          most integer not null,
          since timestamptz not null,
          until timestamptz not null,
          count integer not null,
          constraint pk_accounts_attempt primary key (kind, subject)
        )""")
    op.execute("create index ix_accounts_attempt_until on accounts_attempt (until)")
    op.execute("create index ix_accounts_refresh_token_expires on accounts_refresh_token (expires_at)")
    op.execute("grant select, insert, update, delete on accounts_token, accounts_attempt to fitpro_auth")
    op.execute("grant select on accounts_token, accounts_attempt to fitpro_backup")


def downgrade() -> None:
    op.execute("drop index ix_accounts_refresh_token_expires")
    op.execute("drop table accounts_attempt, accounts_token")
