"""What opens a workspace in somebody's name can end when the person they are taken for arrives, or comes back; and who left is not told of."""

from __future__ import annotations

from alembic import op

revision = "platform_0019"
down_revision = "platform_0018"
branch_labels = None
depends_on = None

_UPGRADE = """
-- Secret addresses in a member's name that were made before open nothing: each plugin compares its own, whether it is on or off.
alter table user_roles add column trusted_from timestamptz;
grant select (ended_at), update (trusted_from) on user_roles to fitpro_auth;
create policy own on api_keys for update to fitpro_auth using (user_id = (select app.usr())) with check (user_id = (select app.usr()));
grant update (revoked_at, version, updated_at) on api_keys to fitpro_auth;
"""
_DOWNGRADE = """
revoke update (revoked_at, version, updated_at) on api_keys from fitpro_auth;
drop policy own on api_keys;
revoke select (ended_at) on user_roles from fitpro_auth;
alter table user_roles drop column trusted_from;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_DOWNGRADE)
