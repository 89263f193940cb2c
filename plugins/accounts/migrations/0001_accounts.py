"""Credentials, refresh tokens, consents, signing keys: the auth identity's alone."""

from __future__ import annotations

from alembic import op

revision = "accounts_0001"
down_revision = None
branch_labels = ("accounts",)
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table accounts_credential (
          user_id uuid not null constraint fk_accounts_credential_user references users,
          password_hash text not null,
          changed_at timestamptz not null,
          constraint pk_accounts_credential primary key (user_id)
        )""")
    op.execute("""
        create table accounts_refresh_token (
          digest bytea not null,
          session_id uuid not null constraint fk_accounts_refresh_token_session references sessions on delete cascade,
          created_at timestamptz not null,
          expires_at timestamptz not null,
          used_at timestamptz,
          constraint pk_accounts_refresh_token primary key (digest)
        )""")
    op.execute("create index ix_accounts_refresh_token_session on accounts_refresh_token (session_id)")
    op.execute("""
        create unique index uq_accounts_refresh_token_head on accounts_refresh_token (session_id) where used_at is null
        """)
    op.execute("""
        create table accounts_consent (
          id uuid not null,
          user_id uuid not null constraint fk_accounts_consent_user references users,
          purpose text not null
            constraint ck_accounts_consent_purpose check (purpose in ('terms', 'privacy', 'marketing')),
          document_version text not null,
          granted boolean not null,
          recorded_at timestamptz not null,
          constraint pk_accounts_consent primary key (id)
        )""")
    op.execute("create index ix_accounts_consent_user on accounts_consent (user_id, id)")
    op.execute("""
        create table accounts_signing_key (
          kid text not null,
          sealed bytea not null,
          created_at timestamptz not null,
          state text not null
            constraint ck_accounts_signing_key_state check (state in ('standby', 'current', 'previous')),
          since timestamptz not null,
          constraint pk_accounts_signing_key primary key (kid)
        )""")
    op.execute("""
        grant select, insert, update, delete on accounts_credential, accounts_refresh_token, accounts_signing_key
           to fitpro_auth""")
    # What somebody agreed to is never rewritten.
    op.execute("grant select, insert on accounts_consent to fitpro_auth")
    op.execute("""
        grant select on accounts_credential, accounts_refresh_token, accounts_consent, accounts_signing_key
           to fitpro_backup""")


def downgrade() -> None:
    op.execute("drop table accounts_signing_key, accounts_consent, accounts_refresh_token, accounts_credential")
