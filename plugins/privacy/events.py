"""What others are asked about a person's data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel.hooks import collect, exhaustive


@exhaustive
@collect
def privacy_export(client_id: UUID) -> dict[str, list[dict[str, Any]]]:  # type: ignore[empty-body]
    """All you hold about this client, by kind, as JSON values in the names of your API: for the client themself (who sees through you what
    they may see, and no more) or an Owner who answers for it. One that fails keeps the export from being made, for half of one would pass
    for all."""
