"""Who acts: staff, or a client for themselves."""

from __future__ import annotations

from uuid import UUID

from kernel.context import current
from kernel.errors import Forbidden
from kernel.roles import Role


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
