"""What happens every minute where something was done, and what privacy itself holds about a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from plugins.privacy.plugin import plugin
from plugins.privacy.service import Service
from plugins.sdk import work


@plugin.hook
def privacy_export(client_id: UUID) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Who signs in as them, and who read their sensitive data."""
    service: Service = plugin.service
    return service.personal.own(client_id)


@plugin.task(cron="* * * * *", retries=2, outside=True)
def seal() -> None:
    """Seal what was done since the last minute, and anchor the chain's head. The clock calls it only where there is something to seal."""
    service: Service = plugin.service
    with work():
        receipt = service.sealing.newest()
    if receipt is not None:
        service.sealing.anchor(receipt)
    while True:
        with work():
            receipt = service.sealing.seal()
        if receipt is None:
            return
        service.sealing.anchor(receipt)
