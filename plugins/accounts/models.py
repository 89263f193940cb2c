"""Tables of people, not of workspaces: the auth identity's alone. `users` and `sessions` are the platform's."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import JSONB

from plugins.sdk import metadata, sa

credentials = sa.Table(
    "accounts_credential",
    metadata,
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_accounts_credential_user"), primary_key=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
)

refresh_tokens = sa.Table(
    "accounts_refresh_token",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column(
        "session_id",
        sa.Uuid,
        sa.ForeignKey("sessions.id", name="fk_accounts_refresh_token_session", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True)),
    sa.Index("ix_accounts_refresh_token_session", "session_id"),
    sa.Index("ix_accounts_refresh_token_expires", "expires_at"),
    # One head per family, whatever the code believes.
    sa.Index("uq_accounts_refresh_token_head", "session_id", unique=True, postgresql_where=sa.text("used_at is null")),
)

tokens = sa.Table(
    "accounts_token",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("previous_email", sa.Text),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_accounts_token_user")),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True)),
    sa.Column("session_id", sa.Uuid, sa.ForeignKey("sessions.id", name="fk_accounts_token_session", ondelete="CASCADE")),
    sa.CheckConstraint("purpose in ('reset', 'verify', 'address', 'stop')", name="purpose"),
    sa.Index("uq_accounts_token_digest", "digest", unique=True),
    sa.Index("ix_accounts_token_user", "user_id"),
    sa.Index("ix_accounts_token_unbound", "email", postgresql_where=sa.text("user_id is null")),
    sa.Index("ix_accounts_token_session", "session_id", postgresql_where=sa.text("session_id is not null")),
    sa.Index("ix_accounts_token_expires", "expires_at"),
)

applicants = sa.Table(
    "accounts_applicant",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("full_name", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("agreed", JSONB, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("uq_accounts_applicant_digest", "digest", unique=True),
    sa.Index("ix_accounts_applicant_email", "email"),
    sa.Index("ix_accounts_applicant_expires", "expires_at"),
)
"""People whose address is to be confirmed before there is an account."""

attempts = sa.Table(
    "accounts_attempt",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.LargeBinary, primary_key=True),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Index("ix_accounts_attempt_until", "until"),
)

consents = sa.Table(
    "accounts_consent",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_accounts_consent_user"), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("document_version", sa.Text, nullable=False),
    sa.Column("granted", sa.Boolean, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("purpose in ('terms', 'privacy', 'marketing')", name="purpose"),
    sa.Index("ix_accounts_consent_user", "user_id", "id"),
)

signing_keys = sa.Table(
    "accounts_signing_key",
    metadata,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state in ('standby', 'current', 'previous')", name="state"),
)

identities = sa.Table(
    "accounts_identity",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_accounts_identity_user"), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_accounts_identity_user", "user_id"),
)
"""Whom an outside issuer's subjects mean here."""

sign_ins = sa.Table(
    "accounts_sign_in",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_accounts_sign_in_expires", "expires_at"),
)
"""Sign-ins with an outside provider that came back, so that none comes back twice."""
