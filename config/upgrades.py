"""Bringing the database up to date, and comparing it with the models."""

from __future__ import annotations

from adapters.postgres import migrate
from adapters.postgres.migrate import PLATFORM
from config import plugins
from config.databases import connections
from config.settings import Settings
from kernel.registry import Registry


def upgrade(settings: Settings, *, database: str | None = None, registry: Registry | None = None) -> dict[str, str]:
    """Run every pending migration, platform first; id → reason for plugins whose own failed and were rolled back."""
    loaded = registry or _load(settings)
    found = connections(settings, database) if database else connections(settings)
    return migrate.upgrade(found.owner, plugins.branches(loaded), requires=lambda id: () if id == PLATFORM else loaded.plugins[id].requires)


def status(settings: Settings) -> dict[str, str]:
    """id → what is pending; empty when everything is at its head."""
    return migrate.pending(connections(settings).owner, plugins.branches(_load(settings)))


def differences(settings: Settings, *, database: str | None = None) -> dict[str, list[str]]:
    """id → what autogenerate would still change; empty when migrations match models."""
    found = connections(settings, database) if database else connections(settings)
    result = {branch.id: migrate.differences(found.owner, branch) for branch in plugins.branches(_load(settings))}
    return {id: changes for id, changes in result.items() if changes}


def _load(settings: Settings) -> Registry:
    return plugins.load_all(only=settings.plugins_only, blocked=settings.plugins_block)
