"""Who belongs to a workspace, and as what. An Owner always remains."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Stale
from kernel.roles import Role
from plugins.workspaces import events
from plugins.workspaces.domain.members import ALL, OWN, above
from plugins.workspaces.ports import Invitations, Keys, Letters, Member, Members, Proved, Workspaces
from plugins.workspaces.service.handover import Handover
from ports.clock import Clock
from ports.persistence import Document, Row

_TOLD_EVERY_S: Final = 600
"""A role that goes to and fro is one letter in ten minutes, and none is lost: it tells the last one."""
_COMMITTED_S: Final = 60
"""When a change that was asked for is there, or never will be."""


class _Store(Workspaces, Members, Invitations, Keys, Protocol):
    """Members, the lock of their workspace, the invitations they sent and the keys they made."""


class MembersService:
    """Memberships; they end, they are never deleted."""

    def __init__(self, *, store: _Store, clock: Clock, handover: Handover, letters: Letters) -> None:
        self._store = store
        self._clock = clock
        self._handover = handover
        self._letters = letters

    def page(self, role: str | None, after: str | None, limit: int) -> list[Document]:
        """Present members by id; a Cliente is shown only themselves."""
        return self._store.members(role, after, limit)

    def read(self, user_id: UUID) -> Document:
        found = self._store.member(user_id)
        if found is None:
            raise NotFound()
        return found

    def set_role(
        self, user_id: UUID, role: Role, client_id: UUID | None, client_scope: str | None, reassign_to: UUID | None, *, proved: Proved
    ) -> Document:
        """Give a member a role. client_id: the client a Cliente is, whose records they will see. client_scope: None keeps what it was.
        proved: asked when somebody becomes Owner or is one no longer.

        Raises what workspaces_inviting says, Conflict last_owner, owns_things (somebody of the staff becomes a Cliente without an heir), Stale
        when If-Match named another version.
        """
        if client_id is not None and role is not Role.CLIENTE:
            raise Invalid(errors=[Fault("/client_id", "Only a Cliente is a client.")])
        if client_scope == OWN and role is not Role.COLABORADOR:
            raise Invalid(errors=[Fault("/client_scope", "Only a Colaborador is limited to their own clients.")])
        member = self._locked(user_id)
        if member.acting != Role.OWNER:
            raise Forbidden()
        if role != member.role and Role.OWNER in (role, member.role):
            proved()
        if role is not Role.OWNER:
            self._keep_an_owner(member)
        self._handover.check_heir(user_id, reassign_to)
        if client_id not in (None, member.client_id):
            events.workspaces_inviting(client_id=client_id)
        if role is Role.CLIENTE and member.role != Role.CLIENTE:
            self._handover.pass_on(user_id, reassign_to, role)
        scope = client_scope or (member.client_scope if role is Role.COLABORADOR else ALL)
        changed = self._store.set_role(user_id, role, client_id, scope, current().expected_version, self._clock.now())
        if changed is None:
            raise Stale()
        # Nobody's invitation offers more than they may do now.
        self._store.revoke_invitations_of(user_id, [str(each) for each in above(role)], self._clock.now(), unlimited=scope == OWN)
        if role is Role.CLIENTE:  # who could not revoke them any more, nor be seen to have them
            self._store.revoke_keys_of(user_id, self._clock.now())
        if role != member.role:
            self._letters.role_changed(user_id, _next_telling(self._clock.now()))
        events.workspaces_role_changed(user_id=user_id, role=str(role))
        return changed

    def remove(self, user_id: UUID, reassign_to: UUID | None, *, proved: Proved) -> None:
        """End a membership: an Owner ends anyone's, everybody their own. What they look after goes to `reassign_to`. proved: asked when it is an
        Owner's. Raises as `set_role`."""
        own = user_id == current().scope.user_id
        if not own and current().open_transaction.entered().role != Role.OWNER:
            raise Forbidden()
        member = self._locked(user_id)
        if not own and member.acting != Role.OWNER:
            raise Forbidden()
        if member.role == Role.OWNER:
            proved()
        self._keep_an_owner(member)
        self._handover.pass_on(user_id, reassign_to)
        now = self._clock.now()
        if not self._store.end(user_id, current().expected_version, now):
            raise Stale()
        self._store.revoke_invitations_of(user_id, [str(each) for each in Role], now)
        self._store.revoke_keys_of(user_id, now)
        if not own:
            self._letters.removed(user_id)
        events.workspaces_member_removed(user_id=user_id)

    def letter(self, user_id: UUID, *, present: bool) -> Row | None:
        """Whom to write about a membership: email, full_name, role; None when they have come back, or are gone again."""
        return self._store.addressee(user_id, present)

    def _locked(self, user_id: UUID) -> Member:
        """The member under the workspace's lock: what was true when the request entered may have changed while it waited.

        Raises Stale before anything else is said of it: whoever read another version would not understand why.
        """
        self._store.lock()
        member = self._store.standing(user_id)
        if member is None:
            raise NotFound()
        if current().expected_version not in (None, -1, member.version):
            raise Stale()
        return member

    @staticmethod
    def _keep_an_owner(member: Member) -> None:
        if member.role == Role.OWNER and member.owners <= 1:
            raise Conflict("A workspace keeps at least one Owner; make somebody else Owner first.", code="last_owner")


def _next_telling(now: datetime) -> datetime:
    return datetime.fromtimestamp((now.timestamp() // _TOLD_EVERY_S + 1) * _TOLD_EVERY_S + _COMMITTED_S, UTC)
