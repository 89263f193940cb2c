"""`fitpro data`: which keys sealed the data, and sealing it anew with the current one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing

import sqlalchemy as sa

from adapters.local.encryption import AesGcmEncryption
from adapters.postgres.migrate import owner
from adapters.postgres.model import metadata, sealed_columns
from adapters.postgres.outbox import OutboxClockwork
from adapters.postgres.pool import Pool
from config import plugins
from config.databases import connections, existing
from config.secrets import data_keys
from config.settings import Settings
from ports.tasks import Periodic

Command = Callable[[Settings, argparse.Namespace], int]
Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str, Command], argparse.ArgumentParser]

_SECRETS = "select split_part(s.value, '.', 2), count(*) from workspace_modules m, jsonb_each_text(m.secrets) s group by 1 order by 1"
TASK = "reseal"
"""By this name a plugin with sealed columns offers to seal them anew."""


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """Declare the actions of `fitpro data`."""
    add(actions, "keys", "how many values each key sealed; 1 while some need another key than the current one", _keys)
    add(actions, "reseal", "have the workers seal anew, in every workspace, what the current key did not seal", _reseal)


def _keys(settings: Settings, _: argparse.Namespace) -> int:
    with existing(settings):
        found = counts(settings)
    current = _current(settings)
    for (table, column, key), count in found.items():
        print(f"{table}.{column}  key {key}{' (current)' if key == current else ''}  {count}")
    if not found:
        print("nothing is sealed yet")
    return 1 if any(key != current for _, _, key in found) else 0


def _reseal(settings: Settings, _: argparse.Namespace) -> int:
    with existing(settings):
        made = reseal(settings)
    print(f"{made} jobs are queued; `fitpro data keys` shows what is left")
    return 0


def counts(settings: Settings) -> dict[tuple[str, str, str], int]:
    """(table, column, key id) → values of it, over all workspaces."""
    plugins.load_all()
    found = {}
    with owner(connections(settings).owner) as connection:
        for table, column in sealed_columns():
            sealed = metadata.tables[table].c[column]
            key = sa.func.split_part(sealed, ".", 2)
            for row in connection.execute(sa.select(key, sa.func.count()).where(sealed.is_not(None)).group_by(key).order_by(key)):
                found[table, column, row[0]] = row[1]
        for key_id, count in connection.exec_driver_sql(_SECRETS):
            found["workspace_modules", "secrets", key_id] = count
    return found


def reseal(settings: Settings) -> int:
    """Queue a job per workspace and plugin, modules that are off included: their data outlive the old key as well."""
    owners = [manifest for manifest in plugins.load_all().plugins.values() if TASK in manifest.tasks]
    pool = Pool(connections(settings).relay, size=1, prepare=False, name="relay")
    pool.open()
    made = 0
    with closing(pool):
        clockwork = OutboxClockwork(pool)
        now, zones = clockwork.zones()
        for manifest in owners:
            task = manifest.tasks[TASK]
            job = Periodic("", f"{manifest.id}:{TASK}", task.queue, task.retries + 1, "")
            made += sum(clockwork.fan_out(job, zone, now, f"{now.isoformat()} {_current(settings)}") for zone in zones)
    return made


def _current(settings: Settings) -> str:
    keys = data_keys(settings.secret_key, settings.data_key, settings.known_data_keys)
    return AesGcmEncryption(keys).prefix.split(".")[1]
