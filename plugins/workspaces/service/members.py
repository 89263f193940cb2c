"""Who belongs to a workspace, and as what. An Owner always remains."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Stale
from kernel.roles import Role
from plugins.workspaces import events
from plugins.workspaces.ports import Member, Members, Workspaces
from ports.clock import Clock
from ports.persistence import Document


class _Store(Workspaces, Members, Protocol):
    """Members, and the lock of their workspace."""


class MembersService:
    """Memberships; they end, they are never deleted."""

    def __init__(self, *, store: _Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def page(self, role: str | None, after: str | None, limit: int) -> list[Document]:
        """Present members by id; a Cliente is shown only themselves."""
        return self._store.members(role, after, limit)

    def read(self, user_id: UUID) -> Document:
        found = self._store.member(user_id)
        if found is None:
            raise NotFound()
        return found

    def set_role(self, user_id: UUID, role: Role, client_id: UUID | None) -> Document:
        """Give a member a role. client_id: the client a Cliente is, whose records they will see.

        Raises Conflict last_owner, Stale when If-Match named another version.
        """
        if client_id is not None and role is not Role.CLIENTE:
            raise Invalid(errors=[Fault("/client_id", "Only a Cliente is a client.")])
        member = self._locked(user_id)
        if member.acting != Role.OWNER:
            raise Forbidden()
        if role is not Role.OWNER:
            self._keep_an_owner(member)
        changed = self._store.set_role(user_id, role, client_id, current().expected_version, self._clock.now())
        if changed is None:
            raise Stale()
        events.workspaces_role_changed(user_id=user_id, role=str(role))
        return changed

    def remove(self, user_id: UUID) -> None:
        """End a membership: an Owner ends anyone's, everybody their own. Raises as `set_role`."""
        own = user_id == current().scope.user_id
        if not own and current().open_transaction.entered().role != Role.OWNER:
            raise Forbidden()
        member = self._locked(user_id)
        if not own and member.acting != Role.OWNER:
            raise Forbidden()
        self._keep_an_owner(member)
        if not self._store.end(user_id, current().expected_version, self._clock.now()):
            raise Stale()
        events.workspaces_member_removed(user_id=user_id)

    def _locked(self, user_id: UUID) -> Member:
        """The member under the workspace's lock: what was true when the request entered may have changed while it waited."""
        self._store.lock()
        member = self._store.standing(user_id)
        if member is None:
            raise NotFound()
        return member

    @staticmethod
    def _keep_an_owner(member: Member) -> None:
        if member.role == Role.OWNER and member.owners <= 1:
            raise Conflict("A workspace keeps at least one Owner; make somebody else Owner first.", code="last_owner")
