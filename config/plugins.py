"""Finding plugins: the bundled folders first, then installed packages; and what every one of them must satisfy."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from pathlib import Path
from types import ModuleType
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

import plugins
from adapters.postgres.migrate import PLATFORM, Branch
from adapters.postgres.model import metadata, owners
from adapters.postgres.tables import PLATFORM as PLATFORM_TABLES
from adapters.worker import periodic
from kernel.manifest import Manifest
from kernel.registry import Candidate, Registry, load
from plugins.sdk import Plugin, fields

GROUP = "fitpro.plugins"
EDGES = ("models", "schemas", "repository", "resources", "tasks")
AUTH_PLUGINS = frozenset({"accounts"})
"""Reviewed: plugins whose operations may run as the auth identity."""


def discover() -> Iterator[Candidate]:
    """Every plugin there is, not yet imported."""
    ours = _version("fitpro-hub")
    for module in pkgutil.iter_modules(plugins.__path__):
        if module.ispkg:
            yield Candidate(module.name, f"plugins/{module.name}", partial(_load_bundled, module.name), bundled=True, version=ours)
    for point in entry_points(group=GROUP):
        yield candidate(point, point.dist.version if point.dist else "")


def candidate(point: EntryPoint, version: str) -> Candidate:
    """The plugin an entry point names."""
    return Candidate(point.name, f"package {point.dist.name if point.dist else point.value}", partial(_load_installed, point), version=version)


def distribution_of(id: str) -> str | None:
    """The package that brought a plugin; None for one that ships with the platform."""
    return next((point.dist.name for point in entry_points(group=GROUP) if point.name == id and point.dist), None)


def load_all(
    *, only: tuple[str, ...] = (), blocked: tuple[str, ...] = (), strict: bool = False, found: Iterator[Candidate] | None = None
) -> Registry:
    """The registry of this process."""
    validators = (_blueprints, _tables, _settings, periodic.problems)
    return load(found or discover(), validators=validators, strict=strict, only=frozenset(only) or None, blocked=frozenset(blocked))


def folder_of(manifest: Manifest) -> Path | None:
    """Where a plugin's migrations are: `migrations/` beside the module that made it; None without."""
    module = manifest.source
    if module is None or module.__file__ is None:
        return None
    beside = Path(module.__file__).parent
    # A one-file plugin keeps its migrations in `<module>_migrations/`, because a bare `migrations/` would belong to nobody.
    for candidate in (beside / "migrations", beside / f"{module.__name__.rpartition('.')[2]}_migrations"):
        if candidate.is_dir() and (candidate.name != "migrations" or module.__file__.endswith(("__init__.py", "plugin.py"))):
            return candidate
    return None


def branches(registry: Registry) -> list[Branch]:
    """The histories to bring up to date, in order: the platform's, then each plugin's."""
    base = Path(__file__).parent.parent / "migrations" / "versions"
    found = [Branch(PLATFORM, base, PLATFORM_TABLES - {"outbox", "outbox_deliveries"})]
    found += [Branch(manifest.id, folder_of(manifest), table_names(manifest)) for manifest in registry.plugins.values()]
    return found


def table_names(manifest: Manifest) -> frozenset[str]:
    """Every table of a plugin: what was declared while it was imported, and what carries its name; the platform's stay the platform's."""
    ours = (n for n in metadata.tables if owners.get(n) == manifest.id or n in manifest.tables or _named_after(n, manifest.id))
    return frozenset(ours) - PLATFORM_TABLES


def _named_after(table: str, plugin: str) -> bool:
    """`bookings` itself and `bookings_…` belong to the plugin `bookings`."""
    return table == plugin or table.startswith(f"{plugin}_")


@contextmanager
def _importing(id: str) -> Iterator[None]:
    """Tables that appear meanwhile are this plugin's, also those made without its base class."""
    known = set(metadata.tables)
    try:
        yield
    finally:
        for name in set(metadata.tables) - known:
            owners.setdefault(name, id)


def _load_bundled(id: str) -> Manifest:
    with _importing(id):
        module = importlib.import_module(f"plugins.{id}.plugin")
        for edge in EDGES:
            if importlib.util.find_spec(f"plugins.{id}.{edge}") is not None:
                importlib.import_module(f"plugins.{id}.{edge}")
    manifest: Manifest = module.plugin
    manifest.source = module
    return manifest


def _load_installed(point: EntryPoint) -> Manifest:
    with _importing(point.name):
        loaded = point.load()
    manifest = loaded.plugin if isinstance(loaded, ModuleType) else loaded
    if not isinstance(manifest, Manifest):
        raise TypeError(f"{point.value} holds no Plugin")
    manifest.source = importlib.import_module(point.module)
    return manifest


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0"


def _blueprints(manifest: Manifest) -> list[str]:
    if not isinstance(manifest, Plugin):
        return []
    found = [problem for blueprint in manifest.blueprints for problem in blueprint.problems]
    if manifest.database != "app" and manifest.id not in AUTH_PLUGINS:
        found.append(f"may not run as the {manifest.database} identity")
    return found


def _settings(manifest: Manifest) -> list[str]:
    """A secret inside another value would be neither sealed nor masked."""
    if manifest.settings is None:
        return []
    found = (name for name, field in manifest.settings().fields.items() if _holds_secret(field, set()))
    return [f"settings hold a Secret inside {name}: it can only stand at their top" for name in found]


def _holds_secret(field: ma.fields.Field[Any], seen: set[type[ma.Schema]]) -> bool:
    """Whether there is one below this field."""
    inner: list[ma.fields.Field[Any]] = []
    if isinstance(field, ma.fields.Nested):
        if type(field.schema) in seen:
            return False
        seen.add(type(field.schema))
        inner = list(field.schema.fields.values())
    elif isinstance(field, ma.fields.List):
        inner = [field.inner]
    elif isinstance(field, ma.fields.Mapping):
        inner = [each for each in (field.key_field, field.value_field) if each is not None]
    return any(isinstance(each, fields.Secret) or _holds_secret(each, seen) for each in inner)


def _tables(manifest: Manifest) -> list[str]:
    found = []
    for name in sorted(table_names(manifest)):
        table = metadata.tables[name]
        if name not in manifest.tables and not _named_after(name, manifest.id):
            found.append(f"table {name} does not start with {manifest.id}_")
        if "workspace_id" not in table.columns and manifest.id not in AUTH_PLUGINS:
            found.append(f"table {name} has no workspace_id")
        found += _references(manifest, table)
    return found


def _references(manifest: Manifest, table: sa.Table) -> list[str]:
    found = []
    for key in table.foreign_key_constraints:
        target = key.elements[0].target_fullname.split(".")[0]
        owner = owners.get(target)
        if target not in PLATFORM_TABLES and owner != manifest.id and owner not in manifest.requires and not _named_after(target, manifest.id):
            found.append(f"table {table.name} refers to {target} of {owner or 'nobody loaded'}, which is not in requires")
    return found


def version_of_platform() -> str:
    return _version("fitpro-hub")
