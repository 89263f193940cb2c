"""People whom outside issuers know, and their sign-ins that came back: the auth identity's alone."""

from __future__ import annotations

from alembic import op

revision = "accounts_0002"
down_revision = "accounts_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table accounts_identity (
          issuer text not null,
          subject text not null,
          user_id uuid not null constraint fk_accounts_identity_user references users,
          created_at timestamptz not null,
          constraint pk_accounts_identity primary key (issuer, subject)
        )""")
    op.execute("create index ix_accounts_identity_user on accounts_identity (user_id)")
    op.execute("""
        create table accounts_sign_in (
          digest bytea not null,
          expires_at timestamptz not null,
          constraint pk_accounts_sign_in primary key (digest)
        )""")
    op.execute("create index ix_accounts_sign_in_expires on accounts_sign_in (expires_at)")
    op.execute("grant select, insert, update, delete on accounts_identity, accounts_sign_in to fitpro_auth")
    op.execute("grant select on accounts_identity, accounts_sign_in to fitpro_backup")


def downgrade() -> None:
    op.execute("drop table accounts_sign_in, accounts_identity")
