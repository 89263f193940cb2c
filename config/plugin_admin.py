"""What operators do to plugins: look at them, switch them for a workspace, purge their rows, take their tables away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from adapters.postgres import installed, migrate, purge
from adapters.postgres.migrate import PLATFORM, Branch
from config import plugins
from config.bootstrap import Installation, NotMigrated, install
from config.databases import connections
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from kernel.errors import NotFound
from kernel.hooks import Hook
from kernel.manifest import Manifest
from kernel.registry import Registry
from plugins.workspaces.service import Service


@dataclass(frozen=True, slots=True)
class Status:
    """A plugin as it stands in this installation. schema: `at head`, `behind` or `no tables`; workspaces: how many have it on."""

    id: str
    version: str
    api: int | None
    state: str
    reason: str | None
    core: bool
    workspaces: int
    schema: str
    offers: tuple[str, ...]
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """A hook of the catalogue. listeners: the plugins that use it."""

    name: str
    kind: str
    signature: str
    doc: str
    plugin: str
    listeners: tuple[str, ...]


def load(settings: Settings) -> Registry:
    """Every plugin the settings do not block, the broken ones among the failed."""
    return plugins.load_all(only=settings.plugins_only, blocked=settings.plugins_block)


def statuses(settings: Settings) -> list[Status]:
    """Every plugin by id. Raises NotMigrated when the platform's own tables are missing or old."""
    registry = load(settings)
    manifests = dict(registry.plugins)
    branches = {branch.id: branch for branch in plugins.branches(registry)}
    owner = connections(settings).owner
    behind = migrate.pending(owner, list(branches.values()))
    if PLATFORM in behind:
        raise NotMigrated(f"the platform has a {behind[PLATFORM]}")
    for id, reason in behind.items():
        registry.fail(id, reason)
    counts = installed.workspaces_with(owner)
    return [
        _status(id, manifests.get(id), registry, counts.get(id, 0), _schema(branches.get(id), id in behind))
        for id in sorted({*manifests, *registry.failed})
    ]


def _status(id: str, manifest: Manifest | None, registry: Registry, count: int, schema: str) -> Status:
    reason = registry.failed.get(id)
    state = "failed" if reason is not None else "ready"
    if manifest is None:
        return Status(id, "", None, state, reason, False, count, schema, (), ())
    uses = tuple(sorted({listener.hook for listener in manifest.listeners}))
    return Status(
        id, manifest.version, manifest.api, state, reason, manifest.core, count, schema, tuple(sorted(manifest.hooks)), uses
    )  # fmt: skip


def _schema(branch: Branch | None, behind: bool) -> str:
    if branch is None:
        return "unknown"
    return "behind" if behind else "no tables" if branch.folder is None else "at head"


def catalogue(registry: Registry) -> list[Offered]:
    """Every hook that a usable plugin offers, by name."""
    found = []
    for name, (owner, hook) in sorted(registry.hooks.items()):
        listeners = tuple(subscription.plugin for subscription in registry.subscriptions.get(name, ()))
        kind = f"{'exhaustive ' if hook.exhaustive else ''}{hook.kind.name.lower()}"
        found.append(Offered(name, kind, _signature(name, hook), hook.doc, owner, listeners))
    return found


def _signature(name: str, hook: Hook[..., object]) -> str:
    shown = [parameter.replace(annotation=_short(parameter.annotation)) for parameter in hook.signature.parameters.values()]
    return f"{name}({', '.join(str(parameter) for parameter in shown)})".replace("'", "")


def _short(annotation: object) -> str:
    """`uuid.UUID` and UUID alike are shown as UUID."""
    return annotation.rpartition(".")[2] if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def switch(settings: Settings, plugin: str, workspace: UUID, *, enabled: bool, with_dependencies: bool = False) -> tuple[str, ...]:
    """Switch a plugin for a workspace as the system, by the same rules as its Owner; the ids switched, requirements first.

    Raises ValueError for an unknown plugin or workspace, and what the workspaces plugin raises: Conflict missing_requirements,
    required_by_others, module_core, Unavailable.
    """
    with installation(settings) as running:
        if plugin not in {*running.registry.plugins, *running.registry.failed}:
            raise ValueError(f"There is no plugin {plugin} here.")
        database = running.container.app_database()
        scope = Scope(Kind.JOB, "operator", workspace_id=workspace)
        try:
            with database.open(scope) as work:
                current = Current(scope, running.hub, database.modules(work, workspace), work)
                with serving(current):
                    modules = cast("Service", running.hub.services["workspaces"]).modules
                    change = modules.change(
                        plugin, enabled=enabled, settings=None, with_dependencies=with_dependencies, preview=False, proved=_by_the_operator
                    ).change  # fmt: skip
                work.commit()
        except NotFound:
            raise ValueError(f"There is no workspace {workspace}.") from None
    assert change is not None, "a change answers with what it did"
    return change.enables if enabled else change.disables


def _by_the_operator() -> None:
    """Who is at the machine needs no password."""


@contextmanager
def installation(settings: Settings) -> Iterator[Installation]:
    """An installation whose connections are closed after the block."""
    made = install(settings)
    try:
        yield made
    finally:
        for pool in (made.container.app_pool, made.container.auth_pool, made.container.relay_pool):
            pool().close()


def purge_rows(settings: Settings, plugin: str, workspace: UUID, *, dry_run: bool = False) -> dict[str, int]:
    """Delete a plugin's rows of a workspace; table → rows. Raises ValueError while it is on there, or while another plugin's rows depend on them."""
    registry = load(settings)
    manifest = _usable(registry, plugin)
    if manifest.core:
        raise ValueError(f"{plugin} is part of every workspace; only privacy erases its rows.")
    owner = connections(settings).owner
    for id in registry.dependents(plugin):
        held = purge.purge(owner, id, plugins.table_names(registry.plugins[id]), workspace, dry_run=True)
        if not dry_run and any(held.values()):
            raise ValueError(f"rows of {id} depend on those of {plugin}: purge {id} first")
    return purge.purge(owner, plugin, plugins.table_names(manifest), workspace, dry_run=dry_run)


def uninstall(settings: Settings, plugin: str) -> str:
    """Undo every migration of a plugin and forget its history; the name of its distribution.

    Raises ValueError for a plugin of the platform, while a workspace has it on, and while an installed plugin requires it.
    """
    registry = load(settings)
    _usable(registry, plugin)
    distribution = plugins.distribution_of(plugin)
    if distribution is None:
        raise ValueError(f"{plugin} is part of the platform; FITPRO_PLUGINS_BLOCK={plugin} keeps it from loading.")
    owner = connections(settings).owner
    if count := installed.workspaces_with(owner).get(plugin, 0):
        raise ValueError(f"{plugin} is on in {count} workspace{'s' if count > 1 else ''}: disable it there first.")
    if dependents := registry.dependents(plugin):
        raise ValueError(f"{', '.join(dependents)} requires {plugin}: uninstall that first.")
    branch = next(branch for branch in plugins.branches(registry) if branch.id == plugin)
    migrate.downgrade(owner, branch)
    installed.forget(owner, plugin)
    return distribution


def _usable(registry: Registry, plugin: str) -> Manifest:
    if reason := registry.failed.get(plugin):
        raise ValueError(f"{plugin} cannot be used: {reason}")
    if plugin not in registry.plugins:
        raise ValueError(f"There is no plugin {plugin} here; its package must be installed, also to take its tables away.")
    return registry.plugins[plugin]
