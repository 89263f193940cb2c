"""The use cases of workspaces, by family."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.registry import Registry
from plugins.workspaces.ports import Later, Settings, Store
from plugins.workspaces.service.branding import BrandingService
from plugins.workspaces.service.domains import DomainsService, Transaction
from plugins.workspaces.service.members import MembersService
from plugins.workspaces.service.modules import ModulesService
from plugins.workspaces.service.workspaces import WorkspacesService
from ports.clock import Clock
from ports.dns import Dns
from ports.hosts import Hosts


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    workspaces: WorkspacesService
    members: MembersService
    modules: ModulesService
    domains: DomainsService
    branding: BrandingService

    @classmethod
    def of(
        cls, *, store: Store, settings: Settings, registry: Registry, clock: Clock, dns: Dns, hosts: Hosts, own_hosts: frozenset[str],
        transaction: Transaction, later: Later,
    ) -> Service:  # fmt: skip
        return cls(
            WorkspacesService(store=store, registry=registry, clock=clock),
            MembersService(store=store, clock=clock),
            ModulesService(store=store, settings=settings, registry=registry, clock=clock),
            DomainsService(store=store, dns=dns, clock=clock, own_hosts=own_hosts, transaction=transaction, later=later),
            BrandingService(hosts=hosts),
        )
