"""The privacy plugin: part of every installation, never switched off."""

from __future__ import annotations

from plugins.privacy import events
from plugins.privacy.service import AuditService, Erasing, Personal, Sealing, Service, Verification
from plugins.sdk import EVERYONE, Plugin, Provided, Role

plugin = Plugin(
    "privacy",
    api=1,
    title="Privacy",
    description="The audit trail: who changed what, when. Personal data to take along.",
    core=True,
    mounts=("/api/v1/audit", "/api/v1/privacy"),
    permissions={"audit": (Role.OWNER,), "reads": EVERYONE, "export": (Role.OWNER, Role.CLIENTE)},
    hooks=(events.privacy_export,),
)


def build(ports: Provided) -> Service:
    """The service, on the platform's adapters."""
    stored, notary, anchors = ports.repository, ports.notary, ports.anchors
    return Service(
        trail=AuditService(trail=stored.trail),
        sealing=Sealing(chain=stored.chain, notary=notary, anchors=anchors, now=ports.clock.now),
        erasing=Erasing(notary=notary),
        verification=Verification(chain=stored.chain, notary=notary, anchors=anchors),
        personal=Personal(stored=stored.personal, now=ports.clock.now),
    )
