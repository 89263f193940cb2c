"""Settings of modules that are taken and never given back: sealed, beside the others, and masked in the audit."""

from __future__ import annotations

from alembic import op

revision = "platform_0015"
down_revision = "platform_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table workspace_modules add column secrets jsonb")
    op.execute("select app.audit_by('workspace_modules', '{secrets}', 'workspace_id', 'module')")


def downgrade() -> None:
    op.execute("select app.audit_by('workspace_modules', '{}', 'workspace_id', 'module')")
    op.execute("alter table workspace_modules drop column secrets")
