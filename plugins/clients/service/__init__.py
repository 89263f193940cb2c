"""The use cases of clients, by family."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.clients.service.collaborators import Collaborators
from plugins.clients.service.consents import Consents
from plugins.clients.service.duplicates import Duplicates
from plugins.clients.service.exclusions import Exclusions
from plugins.clients.service.health import Health
from plugins.clients.service.imports import Imports
from plugins.clients.service.notes import Notes
from plugins.clients.service.register import Clients
from plugins.clients.service.resealing import Resealing


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
