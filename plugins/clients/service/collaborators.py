"""Who looks after which clients, when members come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid
from plugins.clients import events
from plugins.clients.ports.collaborators import Assignments

_NAMED: Final = 50


class Collaborators:
    """What other plugins ask about the people of the workspace. now: the time, aware, in UTC."""

    def __init__(self, *, assignments: Assignments, now: Callable[[], datetime]) -> None:
        self._assignments = assignments
        self._now = now

    def hold_still(self, user_id: UUID) -> None:
        """No client becomes theirs from here on: whoever gives them one waits, and then finds no such collaborator."""
        self._assignments.leave(user_id)

    def looked_after_by(self, user_id: UUID) -> Mapping[str, Any]:
        """How many clients somebody looks after, archived ones included, and the first of them."""
        count, named = self._assignments.of(user_id, _NAMED)
        return {"kind": "client", "count": count, "items": [dict(each) for each in named]}

    def hand_over(self, user_id: UUID, to: UUID) -> None:
        """Give every client of one to another."""
        if moved := self._assignments.move(user_id, to, self._now()):
            events.clients_reassigned(from_user=user_id, to_user=to, clients=moved)

    def check_active(self, client_ids: Sequence[UUID]) -> None:
        """Raises Conflict client_archived when one of them is: now, or with whatever the transaction sends next."""
        if client_ids and self._assignments.archived(client_ids):
            raise Conflict("An archived client cannot be booked; restore them first.", code="client_archived")

    def check_client(self, client_id: UUID) -> None:
        """Raises Invalid at /client_id when there is no such client, or one that is archived."""
        if not self._assignments.is_client(client_id):
            raise Invalid(code="invalid_reference", errors=[Fault("/client_id", "No such client in this workspace.")])
