"""The use cases of workspaces, by family."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.registry import Registry
from plugins.workspaces.ports import Later, Letters, Settings, Store, Transaction
from plugins.workspaces.service.branding import BrandingService
from plugins.workspaces.service.domains import DomainsService
from plugins.workspaces.service.handover import Handover
from plugins.workspaces.service.invitations import InvitationsService
from plugins.workspaces.service.joining import JoiningService
from plugins.workspaces.service.keys import KeysService
from plugins.workspaces.service.logos import LogosService
from plugins.workspaces.service.members import MembersService
from plugins.workspaces.service.modules import ModulesService
from plugins.workspaces.service.vault import Vault
from plugins.workspaces.service.workspaces import WorkspacesService
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.dns import Dns
from ports.encryption import Encryption
from ports.hosts import Hosts
from ports.limits import Postage
from ports.storage import Storage


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    workspaces: WorkspacesService
    members: MembersService
    modules: ModulesService
    domains: DomainsService
    branding: BrandingService
    logos: LogosService
    invitations: InvitationsService
    joining: JoiningService
    keys: KeysService

    @classmethod
    def of(
        cls, *, store: Store, settings: Settings, registry: Registry, clock: Clock, dns: Dns, hosts: Hosts, own_hosts: frozenset[str],
        transaction: Transaction, later: Later, capabilities: Capabilities, letters: Letters, app_url: str,
        own_url: str, encryption: Encryption, storage: Storage, postage: Postage,
    ) -> Service:  # fmt: skip
        logos = LogosService(
            store=store, storage=storage, capabilities=capabilities, clock=clock, transaction=transaction, later=later, own_url=own_url
        )
        return cls(
            WorkspacesService(store=store, registry=registry, clock=clock, logos=logos),
            MembersService(store=store, clock=clock, handover=Handover(store=store), letters=letters),
            ModulesService(store=store, settings=settings, registry=registry, vault=Vault(encryption), clock=clock),
            DomainsService(store=store, dns=dns, clock=clock, own_hosts=own_hosts, transaction=transaction, later=later),
            BrandingService(hosts=hosts),
            logos,
            InvitationsService(store=store, clock=clock, capabilities=capabilities, letters=letters, postage=postage, app_url=app_url),
            JoiningService(store=store, clock=clock),
            KeysService(store=store, registry=registry, clock=clock),
        )
