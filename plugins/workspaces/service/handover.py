"""What a member is responsible for, and who takes it over when they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid, Unavailable
from kernel.roles import Role
from plugins.workspaces import events
from plugins.workspaces.ports import Members


class Handover:
    """Nothing is left with somebody who is not there to look after it."""

    def __init__(self, *, store: Members) -> None:
        self._store = store

    def pass_on(self, user_id: UUID, reassign_to: UUID | None, becomes: Role | None = None) -> None:
        """Give everything of a member to another, in this transaction; the actor's authority was checked before. becomes: None when they go.

        Raises Conflict owns_things (extra `owned`) without an heir, Invalid ?reassign_to for one who cannot be, Unavailable when a plugin
        cannot tell what is theirs, or does not hand it over.
        """
        self._store.unlimited()
        self.check_heir(user_id, reassign_to)
        # First, so that what is owned is asked of a member to whom nothing more can come meanwhile.
        events.workspaces_leaving(user_id=user_id, reassign_to=reassign_to, becomes=None if becomes is None else str(becomes))
        owned = self._owned(user_id)
        if owned and reassign_to is None:
            raise Conflict("They look after things; say who takes them over with ?reassign_to=.", code="owns_things", extra={"owned": owned})
        if reassign_to is None:
            return
        events.workspaces_reassigning(user_id=user_id, reassign_to=reassign_to)
        if left := self._owned(user_id):
            raise Unavailable("Not everything could be handed over.", code="not_reassigned", extra={"owned": left})

    def check_heir(self, user_id: UUID, reassign_to: UUID | None) -> None:
        """Raises Invalid ?reassign_to."""
        if reassign_to is None:
            return
        heir = self._store.standing(reassign_to)
        if heir is None or heir.role == Role.CLIENTE or reassign_to == user_id:
            raise Invalid(code="invalid_reference", errors=[Fault("?reassign_to", "Another Owner or Colaborador of this workspace.")])

    @staticmethod
    def _owned(user_id: UUID) -> list[Mapping[str, Any]]:
        answers: Sequence[tuple[str, Sequence[events.Owned]]] = events.workspaces_owned(user_id=user_id)
        return [{"plugin": plugin, **each} for plugin, several in answers for each in several if each["count"]]
