"""Asking people to join: by address, through a link that only the mail holds, for 72 hours.

What is answered never depends on whether the address has an account: this plugin cannot even ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Stale
from kernel.ids import new_id
from kernel.roles import Role
from plugins.workspaces import events
from plugins.workspaces.domain.members import ALL, OWN, above
from plugins.workspaces.ports import Invitations, Letters, Member, Members, Proved, Workspaces
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.limits import Postage
from ports.persistence import Document, Row

LIFETIME: Final = timedelta(hours=72)


class _Store(Workspaces, Members, Invitations, Protocol):
    """Invitations, and the members who send them."""


class InvitationsService:
    """Invitations of the current workspace. An Owner sees everybody's, a collaborator those they sent."""

    def __init__(self, *, store: _Store, clock: Clock, capabilities: Capabilities, letters: Letters, postage: Postage, app_url: str) -> None:
        self._store = store
        self._clock = clock
        self._capabilities = capabilities
        self._letters = letters
        self._postage = postage
        self._app_url = app_url

    def page(self, status: str | None, after: str | None, limit: int) -> list[Document]:
        return self._store.invitations(status, self._sender(), self._clock.now(), after, limit)

    def read(self, id: UUID) -> Document:
        found = self._store.invitation(id, self._sender(), self._clock.now())
        if found is None:
            raise NotFound()
        return found

    def invite(self, given: Mapping[str, Any], *, proved: Proved) -> dict[str, Any]:
        """Ask somebody to join; their mail is on its way when the transaction commits. proved: asked when they are to be an Owner.

        Raises Forbidden for a role above the actor's, Conflict already_member, already_invited, RateLimited, and what workspaces_inviting says.
        """
        actor = self._actor()
        terms = self._terms(given, actor)
        if terms["role"] == Role.OWNER:
            proved()
        if self._store.is_member(given["email"]):
            raise Conflict("That person is a member already.", code="already_member")
        now, id = self._clock.now(), new_id()
        if self._store.is_invited(given["email"], now):
            raise already_invited()
        self._pay(given["email"])
        asked = {"email": given["email"], **terms, "invited_by": current().scope.user_id, "expires_at": now + LIFETIME}
        self._store.invite({"id": id, **asked, "digest": self._digest(id, 1)}, now)
        self._letters.invitation(id, 1)
        events.workspaces_member_invited(invitation_id=id)
        return {"id": id, **asked, "status": "pending", "accepted_at": None, "version": 1, "created_at": now, "updated_at": now}

    def edit(self, id: UUID, changes: Mapping[str, Any], *, proved: Proved) -> Document:
        """Change what is offered while nobody accepted it; who edits answers for it from now on. Raises as `invite`, and Stale."""
        actor = self._actor()
        held = self._held(id)
        wanted = {name: held[name] for name in ("full_name", "role", "client_id", "client_scope")} | dict(changes)
        if "role" in changes:  # what belongs to another role goes with it, unless it is asked for
            wanted |= {"client_id": changes.get("client_id"), "client_scope": changes.get("client_scope")}
        terms = self._terms(wanted, actor)
        if terms["role"] == Role.OWNER != held["role"]:
            proved()
        edited = self._store.edit_invitation(id, terms, current().expected_version, self._clock.now())
        if edited is None:
            raise Stale()
        return edited

    def resend(self, id: UUID) -> Document:
        """Another mail with another link, good for 72 hours from now; earlier links are dead. Raises RateLimited, Stale."""
        actor = self._actor()
        held = self._held(id)
        if current().expected_version not in (None, -1, held["version"]):
            raise Stale()
        self._terms(held, actor)
        self._pay(held["email"])
        now, mailing = self._clock.now(), held["mailing"] + 1
        sent = self._store.send_again(id, self._digest(id, mailing), now + LIFETIME, now)
        assert sent is not None
        self._letters.invitation(id, mailing)
        return sent

    def revoke(self, id: UUID) -> None:
        """Make its link worthless. Revoking a revoked one changes nothing. Raises Conflict invitation_used."""
        self._store.lock()
        held = self._store.hold_invitation(id, self._sender())
        if held is None:
            raise NotFound()
        if held["accepted_at"] is not None:
            raise _closed(held)
        if current().expected_version not in (None, -1, held["version"]):
            raise Stale()
        self._store.revoke_invitation(id, self._clock.now())

    def letter(self, id: UUID, mailing: int) -> Mapping[str, Any] | None:
        """What the mail says: email, full_name, role, inviter, link; None when it is revoked, accepted, expired or sent anew."""
        found = self._store.invitation_letter(id, mailing, self._clock.now())
        return None if found is None else {**found, "link": f"{self._app_url}/invitation#token={self._token(id, mailing)}"}

    # -- inside ------------------------------------------------------------------------------------------------------
    def _sender(self) -> UUID | None:
        role = current().open_transaction.entered().role
        return None if role == Role.OWNER else current().scope.user_id

    def _actor(self) -> Member:
        """The actor under the workspace's lock: a role lost while the request waited invites nobody."""
        self._store.lock()
        user_id = current().scope.user_id
        found = None if user_id is None else self._store.standing(user_id)
        if found is None or found.role == Role.CLIENTE:
            raise Forbidden()
        return found

    def _pay(self, address: str) -> None:
        """Last of all: what is refused costs nothing."""
        sender = current().scope.user_id
        assert sender is not None
        self._postage.pay(sender, address)

    def _held(self, id: UUID) -> Row:
        held = self._store.hold_invitation(id, self._sender())
        if held is None:
            raise NotFound()
        if held["accepted_at"] is not None or held["revoked_at"] is not None:
            raise _closed(held)
        return held

    def _terms(self, given: Mapping[str, Any], actor: Member) -> dict[str, Any]:
        """What an invitation offers, once it is consistent and within what the actor may give."""
        role, client_id, scope = Role(given["role"]), given.get("client_id"), given.get("client_scope")
        if client_id is not None and role is not Role.CLIENTE:
            raise Invalid(errors=[Fault("/client_id", "Only a Cliente is a client.")])
        if scope == OWN and role is not Role.COLABORADOR:
            raise Invalid(errors=[Fault("/client_scope", "Only a Colaborador is limited to their own clients.")])
        if role in above(actor.role) or (role is Role.COLABORADOR and actor.client_scope == OWN and scope == ALL):
            raise Forbidden("Nobody invites to more than they may do themselves.")
        if client_id is not None:
            events.workspaces_inviting(client_id=client_id)
        scope = scope or (actor.client_scope if role is Role.COLABORADOR else ALL)
        return {"full_name": given.get("full_name"), "role": str(role), "client_id": client_id, "client_scope": scope}

    def _token(self, id: UUID, mailing: int) -> str:
        workspace = current().scope.workspace_id
        assert workspace is not None
        return token_of(self._capabilities, workspace, id, mailing)

    def _digest(self, id: UUID, mailing: int) -> bytes:
        return digest_of(self._token(id, mailing))


def token_of(capabilities: Capabilities, workspace: UUID, id: UUID, mailing: int) -> str:
    """The secret of the link in an invitation's n-th mail."""
    return f"{workspace.hex}.{capabilities.token('invitation', workspace.hex, id.hex, str(mailing))}"


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def already_invited() -> Conflict:
    return Conflict("That address is invited already; send the invitation again instead.", code="already_invited")


def _closed(held: Row) -> Conflict:
    if held["accepted_at"] is not None:
        return Conflict("The invitation was accepted already.", code="invitation_used")
    return Conflict("The invitation was revoked; invite the person again.", code="invitation_revoked")
