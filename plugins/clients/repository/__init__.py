"""Storage in PostgreSQL, by family."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.clients.repository.collaborators import Assignments
from plugins.clients.repository.duplicates import Duplicates
from plugins.clients.repository.exclusions import Exclusions
from plugins.clients.repository.health import Consents, HealthRecords
from plugins.clients.repository.imports import Imports
from plugins.clients.repository.many import Filters, Many
from plugins.clients.repository.notes import Notes
from plugins.clients.repository.personal import Personal
from plugins.clients.repository.register import Register
from plugins.clients.repository.resealing import SealedRows
from plugins.clients.repository.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything stored by this plugin."""

    register: Register = field(default_factory=Register)
    assignments: Assignments = field(default_factory=Assignments)
    duplicates: Duplicates = field(default_factory=Duplicates)
    health: HealthRecords = field(default_factory=HealthRecords)
    consents: Consents = field(default_factory=Consents)
    imports: Imports = field(default_factory=Imports)
    notes: Notes = field(default_factory=Notes)
    exclusions: Exclusions = field(default_factory=Exclusions)
    resealing: SealedRows = field(default_factory=SealedRows)
    timeline: Timeline = field(default_factory=Timeline)
    many: Many = field(default_factory=Many)
    filters: Filters = field(default_factory=Filters)
    personal: Personal = field(default_factory=Personal)
