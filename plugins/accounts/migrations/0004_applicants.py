"""People whose address is to be confirmed before there is an account: the auth identity's alone."""

from __future__ import annotations

from alembic import op

revision = "accounts_0004"
down_revision = "accounts_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table accounts_applicant (
          id uuid not null,
          digest bytea not null,
          email text not null,
          full_name text not null,
          locale text not null,
          password_hash text not null,
          agreed jsonb not null,
          created_at timestamptz not null,
          expires_at timestamptz not null,
          constraint pk_accounts_applicant primary key (id)
        )""")
    op.execute("create unique index uq_accounts_applicant_digest on accounts_applicant (digest)")
    op.execute("create index ix_accounts_applicant_email on accounts_applicant (email)")
    op.execute("create index ix_accounts_applicant_expires on accounts_applicant (expires_at)")
    op.execute("grant select, insert, update, delete on accounts_applicant to fitpro_auth")
    op.execute("grant select on accounts_applicant to fitpro_backup")


def downgrade() -> None:
    op.execute("drop table accounts_applicant")
