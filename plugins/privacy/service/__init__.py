"""The use cases of privacy, by family."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.privacy.service.erasing import Erasing
from plugins.privacy.service.personal import Personal
from plugins.privacy.service.sealing import Sealing
from plugins.privacy.service.trail import AuditService
from plugins.privacy.service.verification import Verification

__all__ = ["AuditService", "Erasing", "Personal", "Sealing", "Service", "Verification"]


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    trail: AuditService
    sealing: Sealing
    erasing: Erasing
    verification: Verification
    personal: Personal
