"""Storage in PostgreSQL, by family."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.privacy.repository.personal import Personal
from plugins.privacy.repository.seals import Seals
from plugins.privacy.repository.trail import Entries


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything this plugin reads and writes."""

    trail: Entries = field(default_factory=Entries)
    chain: Seals = field(default_factory=Seals)
    personal: Personal = field(default_factory=Personal)
