"""The privacy plugin: part of every installation, never switched off."""

from __future__ import annotations

from plugins.privacy.service import AuditService
from plugins.sdk import EVERYONE, Plugin, Provided, Role

plugin = Plugin(
    "privacy",
    api=1,
    title="Privacy",
    description="The audit trail: who changed what, when.",
    core=True,
    mounts=("/api/v1/audit",),
    permissions={"audit": (Role.OWNER,), "reads": EVERYONE},
)


def build(ports: Provided) -> AuditService:
    """The service, on the platform's adapters."""
    return AuditService(trail=ports.repository)
