"""Switching modules: what a change would do and what stands in its way, without doing it."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kernel.errors import Conflict, DomainError, Fault, Unavailable
from kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Blocker:
    """A reason why a change cannot be made now. modules: those it is about, at least one."""

    code: str
    detail: str
    modules: tuple[str, ...]

    def error(self) -> DomainError:
        """The refusal this becomes when the change is tried."""
        kind = Unavailable if self.code == "module_failed" else Conflict
        listed = {"missing_requirements": "missing", "required_by_others": "required_by"}.get(self.code)
        return kind(self.detail, code=self.code, extra={listed: list(self.modules)} if listed else {"module": self.modules[0]})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does, in the order of doing it."""

    enables: tuple[str, ...] = ()
    disables: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it was made (applied) or would be (a preview). faults: what is wrong with the settings sent."""

    applied: bool
    enables: tuple[str, ...]
    disables: tuple[str, ...]
    faults: tuple[Fault, ...]
    blockers: tuple[Blocker, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """A plugin as one workspace sees it. release: the plugin's own version; version: of the workspace and what is installed."""

    name: str
    title: str
    description: str
    release: str
    enabled: bool
    core: bool
    requires: tuple[str, ...]
    required_by: tuple[str, ...]
    settings: Mapping[str, object]
    secrets: Mapping[str, bool]
    settings_schema: Mapping[str, object] | None
    state: str
    reason: str | None
    version: int
    change: Change | None = None


def plan(registry: Registry, on: Collection[str], name: str, enabled: bool, with_dependencies: bool) -> Plan:
    """What switching a known module would do. on: the modules the workspace has on, core ones not among them."""
    if name in registry.failed:
        reason = "This module is out of order; the operator has been told why."
        return Plan(blockers=(Blocker("module_failed", reason, (name,)),))
    if registry.plugins[name].core:
        refusal = Blocker("module_core", f"{name} is part of every workspace; it cannot be switched off.", (name,))
        return Plan() if enabled else Plan(blockers=(refusal,))
    if not enabled:
        holders = tuple(id for id in registry.dependents(name) if id in on)
        refusal = Blocker("required_by_others", f"Switch these off first: {', '.join(holders)}.", holders)
        return Plan(disables=(name,) if name in on else (), blockers=(refusal,) if holders else ())
    missing = tuple(id for id in registry.requirements(name) if id not in on and not registry.plugins[id].core)
    refusal = Blocker("missing_requirements", f"{name} needs {', '.join(missing)}.", missing)
    blocked = missing and not with_dependencies
    return Plan(enables=(*missing, *(() if name in on else (name,))), blockers=(refusal,) if blocked else ())


def initial_modules(registry: Registry) -> list[str]:
    """What a new workspace has on: every default plugin with all it requires, in the order of switching on."""
    wanted: set[str] = set()
    for id, manifest in registry.plugins.items():
        if manifest.default and not manifest.core:
            wanted.update((id, *registry.requirements(id)))
    return [id for id, manifest in registry.plugins.items() if id in wanted and not manifest.core]


def switched(on: Sequence[str], change: Plan) -> list[str]:
    """The workspace's modules after a change; names of plugins not installed right now are kept."""
    return [*(id for id in on if id not in change.disables), *(id for id in change.enables if id not in on)]


def page_version(registry: Registry, workspace_version: int) -> int:
    """The version of the settings page: it moves with the workspace and with what is installed, so no ETag outlives a deployment."""
    installed = sorted((id, manifest.version) for id, manifest in registry.plugins.items())
    return workspace_version * 1_000_000 + zlib.crc32(repr((installed, sorted(registry.failed.items()))).encode()) % 1_000_000
