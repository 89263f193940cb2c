"""The worker: Huey's tables, what may be claimed and swept, periodic ticks."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0002"
down_revision = "platform_0001"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    for name in ("huey", "worker"):
        op.get_bind().exec_driver_sql((_SQL / f"0002_{name}.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    for statement in _UNDO:
        op.execute(statement)


_UNDO = (
    "set local role fitpro_guard",
    "drop function app.fan_out",
    "reset role",
    "drop policy guard on outbox_deliveries",
    "drop policy sweep on outbox_deliveries",
    "drop policy sweep on outbox",
    "drop policy relay on workspaces",
    "revoke insert on outbox_deliveries from fitpro_guard",
    "revoke delete on outbox_deliveries, outbox from fitpro_relay",
    "revoke select (workspace_id, id, created_at) on outbox from fitpro_relay",
    "revoke select (request_id, progress) on outbox_deliveries from fitpro_relay",
    "revoke select (timezone) on workspaces from fitpro_relay",
    "drop table outbox_ticks, huey_kv, huey_schedule, huey_task, huey_counter",
    "drop index ix_outbox_created, ix_outbox_deliveries_due, ix_outbox_deliveries_ready",
    "drop index ix_outbox_deliveries_done, ix_outbox_deliveries_dead",
    "create index ix_outbox_deliveries_due on outbox_deliveries (available_at, id) where done_at is null and dead_at is null and skipped_at is null",
)
