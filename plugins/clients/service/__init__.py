"""The use cases of clients, by family."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.clients.ports.many import Exports
from plugins.clients.service.bulk import Bulk
from plugins.clients.service.collaborators import Collaborators
from plugins.clients.service.consents import Consents
from plugins.clients.service.duplicates import Duplicates
from plugins.clients.service.exclusions import Exclusions
from plugins.clients.service.filters import Filters
from plugins.clients.service.health import Health
from plugins.clients.service.imports import Imports
from plugins.clients.service.merging import Merging
from plugins.clients.service.notes import Notes
from plugins.clients.service.personal import Personal
from plugins.clients.service.register import Clients
from plugins.clients.service.resealing import Resealing
from plugins.clients.service.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    clients: Clients
    collaborators: Collaborators
    duplicates: Duplicates
    health: Health
    consents: Consents
    imports: Imports
    notes: Notes
    exclusions: Exclusions
    resealing: Resealing
    merging: Merging
    bulk: Bulk
    timeline: Timeline
    filters: Filters
    exports: Exports
    personal: Personal
