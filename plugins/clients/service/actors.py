"""Who acts: staff, or the client the record is about."""

from __future__ import annotations

from uuid import UUID

from kernel.context import current
from kernel.roles import Role


def is_cliente() -> bool:
    """Whether the actor is a Cliente, who sees and writes only what is theirs."""
    return current().open_transaction.entered().role == Role.CLIENTE


def workspace() -> UUID:
    """The workspace of the request or job."""
    found = current().scope.workspace_id
    if found is None:
        raise LookupError("this happens in a workspace")
    return found
