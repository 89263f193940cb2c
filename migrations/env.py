"""Run by Alembic for one branch at a time. The caller (adapters.postgres.migrate) owns the connection and its transaction."""

from __future__ import annotations

from alembic import context

options = context.config.attributes

context.configure(
    connection=options["connection"],
    target_metadata=options["metadata"],
    version_table=options["version_table"],
    include_name=options["include_name"],
    include_object=options["include_object"],
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
