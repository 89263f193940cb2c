"""The use cases of workspaces, by family."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.registry import Registry
from plugins.workspaces.ports import Settings, Store
from plugins.workspaces.service.members import MembersService
from plugins.workspaces.service.modules import ModulesService
from plugins.workspaces.service.workspaces import WorkspacesService
from ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    workspaces: WorkspacesService
    members: MembersService
    modules: ModulesService

    @classmethod
    def of(cls, *, store: Store, settings: Settings, registry: Registry, clock: Clock) -> Service:
        return cls(
            WorkspacesService(store=store, registry=registry, clock=clock),
            MembersService(store=store, clock=clock),
            ModulesService(store=store, settings=settings, registry=registry, clock=clock),
        )
