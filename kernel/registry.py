"""Loading plugins: one by one, in order of their requirements, each in quarantine. A broken one says why; the rest serves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any

import pluggy

from kernel.hooks import Hook, HookKind
from kernel.manifest import API, ID, Listener, Manifest

log = logging.getLogger(__name__)
PROJECT = "fitpro"
MOUNT = "/api/v1"
"""Where a plugin's routes live: `/api/v1/<id>`, unless it is bundled and names its own mounts."""
_spec = pluggy.HookspecMarker(PROJECT)
_impl = pluggy.HookimplMarker(PROJECT)

Validator = Callable[[Manifest], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin found but not yet imported. load: imports it and returns its manifest, or raises. bundled: ships with the platform."""

    id: str
    origin: str
    load: Callable[[], Manifest]
    bundled: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One plugin's listener to one hook."""

    plugin: str
    listener: Listener


class BrokenPlugin(Exception):
    """Raised in strict mode instead of quarantining. The message names the plugin and its reason."""


@dataclass(slots=True)
class Registry:
    """The plugins of this process. plugins: usable, in topological order; failed: id → reason; mounts: URL prefix → id, all known ones."""

    plugins: dict[str, Manifest] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    hooks: dict[str, tuple[str, Hook[..., Any]]] = field(default_factory=dict)
    subscriptions: dict[str, tuple[Subscription, ...]] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)

    def mounted(self, path: str) -> str | None:
        """The plugin that owns a path, by the longest mount that is a whole-segment prefix of it."""
        probe = path.rstrip("/")
        while probe:
            if owner := self.mounts.get(probe):
                return owner
            probe = probe.rpartition("/")[0]
        return None

    def dependents(self, plugin: str) -> tuple[str, ...]:
        """Plugins that need this one, directly or through others, nearest last (safe order of switching off)."""
        found: list[str] = []
        for id, manifest in self.plugins.items():
            if any(needed == plugin or needed in found for needed in manifest.requires):
                found.append(id)
        return tuple(reversed(found))

    def requirements(self, plugin: str) -> tuple[str, ...]:
        """Everything a plugin needs, in the order of switching on."""
        wanted: set[str] = set()
        for id, manifest in reversed(self.plugins.items()):
            if id == plugin or id in wanted:
                wanted.update(manifest.requires)
        return tuple(id for id in self.plugins if id in wanted)

    def fail(self, plugin: str, reason: str) -> None:
        """Quarantine a plugin and everything that needs it."""
        for id in (*self.dependents(plugin), plugin):
            if self.plugins.pop(id, None) is not None or id == plugin:
                self.failed[id] = reason if id == plugin else f"requires {plugin}, which failed"
        self._resolve()

    def _resolve(self) -> None:
        """Listeners of the usable plugins, through pluggy, in topological order (pluggy's own order is last registered first)."""
        manager = pluggy.PluginManager(PROJECT)
        specs = ModuleType("hooks")
        self.hooks = {}
        names: list[str] = []
        for manifest in self.plugins.values():
            for name, hook in manifest.hooks.items():
                self.hooks[name] = (manifest.id, hook)
                if hook.kind is not HookKind.COMMAND:
                    setattr(specs, name, _spec(hook.function))
                    names.append(name)
        if names:
            manager.add_hookspecs(specs)
        for id, manifest in list(self.plugins.items()):
            namespace = ModuleType(id)
            for listener in manifest.listeners:
                if listener.hook in names:
                    setattr(namespace, listener.hook, _impl(listener.function, optionalhook=listener.optional))
            manager.register(namespace, name=id)
        order = list(self.plugins)
        self.subscriptions = {}
        for name in names:
            callers = sorted((impl.plugin_name for impl in getattr(manager.hook, name).get_hookimpls()), key=order.index)
            self.subscriptions[name] = tuple(Subscription(id, next(li for li in self.plugins[id].listeners if li.hook == name)) for id in callers)


def load(
    candidates: Iterable[Candidate],
    *,
    validators: Sequence[Validator] = (),
    strict: bool = False,
    only: frozenset[str] | None = None,
    blocked: frozenset[str] = frozenset(),
) -> Registry:
    """Import, validate and order the candidates. only: load this subset; blocked: never load these. Raises BrokenPlugin when strict."""
    registry = Registry()
    bundled: set[str] = set()
    manifests: dict[str, tuple[Candidate, Manifest]] = {}
    for candidate in candidates:
        if candidate.id in blocked or (only is not None and candidate.id not in only):
            continue
        if candidate.id in bundled:  # nobody takes the place of what ships with the platform
            log.warning("a package offers the id of a bundled plugin and is ignored", extra={"plugin": candidate.id, "origin": candidate.origin})
            continue
        if candidate.bundled:
            bundled.add(candidate.id)
        if candidate.id in manifests or candidate.id in registry.failed:
            registry.failed[candidate.id] = f"two packages offer this plugin ({candidate.origin})"
            manifests.pop(candidate.id, None)
            continue
        try:
            manifest = candidate.load()
        except Exception as error:  # noqa: BLE001 - a plugin's import may raise anything, and must not stop the others
            registry.failed[candidate.id] = f"import failed: {type(error).__name__}: {error}"
            continue
        manifest.version = manifest.version or candidate.version
        manifests[candidate.id] = (candidate, manifest)
    # Only now, when every plugin is imported: a table may refer to one of a plugin that was found later.
    imported = dict(manifests)
    for candidate, manifest in imported.values():
        if problems := _problems(candidate, manifest, validators):
            registry.failed[candidate.id] = "; ".join(problems)
            del manifests[candidate.id]
    _admit(registry, manifests)
    for id in [*registry.plugins, *registry.failed]:
        prefixes = imported[id][1].mounts if id in imported else ()
        registry.mounts.update(dict.fromkeys((f"{MOUNT}/{id}", *prefixes), id))
    if strict and registry.failed:
        raise BrokenPlugin("; ".join(f"{id}: {reason}" for id, reason in registry.failed.items()))
    return registry


def _admit(registry: Registry, manifests: Mapping[str, tuple[Candidate, Manifest]]) -> None:
    graph = {id: [r for r in manifest.requires if r in manifests] for id, (_, manifest) in manifests.items()}
    try:
        order = list(TopologicalSorter({id: graph[id] for id in sorted(graph)}).static_order())
    except CycleError as error:
        cycle = list(error.args[1])
        registry.failed.update(dict.fromkeys(cycle, f"requires itself: {' > '.join(cycle)}"))
        _admit(registry, {id: pair for id, pair in manifests.items() if id not in cycle})
        return
    offered = {name: (id, hook) for id, (_, manifest) in manifests.items() for name, hook in manifest.hooks.items()}
    for id in order:
        manifest = manifests[id][1]
        missing = [r for r in manifest.requires if r not in registry.plugins]
        problems = [f"requires {r}, which {'failed' if r in registry.failed else 'is not installed'}" for r in missing]
        problems += [p for listener in manifest.listeners for p in _listener_problems(manifest, listener, offered)]
        if problems:
            registry.failed[id] = "; ".join(problems)
        else:
            registry.plugins[id] = manifest
    registry._resolve()


def _problems(candidate: Candidate, manifest: Manifest, validators: Sequence[Validator]) -> list[str]:
    found = []
    if not ID.match(manifest.id):
        found.append(f"id {manifest.id!r} must match {ID.pattern}")
    if manifest.id != candidate.id:
        found.append(f"the entry point is named {candidate.id!r} but the plugin's id is {manifest.id!r}")
    if manifest.api != API:
        found.append(f"speaks plugin api {manifest.api}, this platform serves {API}")
    if not candidate.bundled and (manifest.mounts or manifest.tables or manifest.core):
        found.append("mounts, tables and core are for bundled plugins only")
    for name, hook in manifest.hooks.items():
        if not name.startswith(f"{manifest.id}_"):
            found.append(f"hook {name} must start with {manifest.id}_")
        if hook.permission is not None and hook.permission not in manifest.permissions:
            found.append(f"command {name} asks for an undeclared permission {hook.permission!r}")
        found.extend(hook.problems())
    if found:
        return found
    try:
        return [problem for validate in validators for problem in validate(manifest)]
    except Exception as error:  # noqa: BLE001 - validation walks the plugin's own objects
        return [f"cannot be validated: {type(error).__name__}: {error}"]


def _listener_problems(manifest: Manifest, listener: Listener, offered: Mapping[str, tuple[str, Hook[..., Any]]]) -> list[str]:
    if listener.hook not in offered:
        return [] if listener.optional else [f"listens to {listener.hook}, which nobody offers"]
    owner, hook = offered[listener.hook]
    found = []
    if hook.kind is HookKind.COMMAND:
        found.append(f"{listener.hook} is a command of {owner}; commands have one provider")
    if owner != manifest.id and owner not in manifest.requires and not listener.optional:
        found.append(f"listens to {listener.hook} of {owner}, which is not in requires (or mark the hook optional)")
    if unknown := [name for name in listener.accepts if name not in hook.arguments]:
        found.append(f"{listener.hook} has no argument {', '.join(unknown)}; it offers {', '.join(hook.arguments) or 'none'}")
    return found
