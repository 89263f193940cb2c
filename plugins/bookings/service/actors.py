"""Who acts: staff, or a client for themselves; and what such a client sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from kernel.context import current
from kernel.errors import Forbidden
from kernel.roles import Role
from plugins.bookings.domain.booking import Status

_HIDDEN: Final = ("notes", "booked_by")


def is_cliente() -> bool:
    """Whether the actor is a Cliente, who books for themselves within the rules."""
    return current().open_transaction.entered().role == Role.CLIENTE


def own_client() -> UUID:
    """The client the actor is. Raises Forbidden for a Cliente without a record."""
    found = current().open_transaction.entered().client_id
    if found is None:
        raise Forbidden("You are not linked to a client of this workspace yet.", code="no_client_record")
    return found


def actor() -> UUID | None:
    """The person acting; None for the system."""
    return current().scope.user_id


def own_view(booking: Mapping[str, Any]) -> dict[str, Any]:
    """As a Cliente sees it: the link to where it is online comes with the yes, and goes when it is called off."""
    stands = booking["status"] not in (Status.PENDING, Status.CANCELLED) or booking["location_kind"] != "online"
    return {name: value for name, value in booking.items() if name not in _HIDDEN} | ({} if stands else {"location": None})
