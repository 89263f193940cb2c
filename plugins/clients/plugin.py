"""The clients plugin."""

from __future__ import annotations

from plugins.clients import events
from plugins.clients.service import Clients
from plugins.sdk import EVERYONE, STAFF, Plugin, Provided

plugin = Plugin(
    "clients",
    api=1,
    title="Clients",
    description="The people you work for: contact details, notes, tags, who looks after them.",
    permissions={"read": EVERYONE, "write": STAFF},
    hooks=(
        events.clients_created, events.clients_updated, events.clients_archived, events.clients_restored,
        events.clients_archiving, events.clients_timeline,
    ),
    tables=("clients",),
    default=True,
)  # fmt: skip


def build(ports: Provided) -> Clients:
    """The service on the adapters chosen by configuration."""
    return Clients(directory=ports.repository, register=ports.repository, now=ports.clock.now)
