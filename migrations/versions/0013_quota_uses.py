"""How much of what is metered somebody has used: the auth identity's alone, and the same for every process."""

from __future__ import annotations

from alembic import op

revision = "platform_0013"
down_revision = "platform_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table quota_uses (
          quota text not null,
          subject bigint not null,
          free_at timestamptz not null,
          taken boolean not null,
          constraint pk_quota_uses primary key (quota, subject)
        );
        create index ix_quota_uses_free_at on quota_uses (free_at);
        grant select, insert, update, delete on quota_uses to fitpro_auth;
        grant select on quota_uses to fitpro_backup;
    """)


def downgrade() -> None:
    op.execute("drop table quota_uses")
