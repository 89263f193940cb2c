"""Joining a workspace with the link of an invitation.

The link went to one address, so whoever holds it reads that address's mail: it is proof enough of the address, for this invitation, and only
together with an account that bears the same address. An account somebody else opened in that name first cannot accept, because its owner has
no link; the link alone cannot either, because another account's address differs. Nothing here marks the address as verified elsewhere: that
stays with the accounts, whose links live minutes, not days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from plugins.workspaces import events
from plugins.workspaces.ports import Invitations
from plugins.workspaces.service.invitations import digest_of
from ports.clock import Clock
from ports.persistence import Row

_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")


class JoiningService:
    """What the holder of a link may see and do. Runs outside any workspace; the token says which it is."""

    def __init__(self, *, store: Invitations, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def preview(self, token: str) -> Mapping[str, Any]:
        """What the link offers, to anybody who holds it. Raises as `accept`."""
        offer = self._offer(token, take=False)
        shown = {name: offer[name] for name in ("email", "full_name", "role", "expires_at")}
        return {**shown, "workspace": {"id": offer["workspace_id"], "name": offer["workspace"]}}

    def accept(self, token: str, user_id: UUID) -> Mapping[str, Any]:
        """Join; the actor is a member from the next request on, or a member again.

        Raises NotFound invitation_unknown, Conflict invitation_used, invitation_revoked, invitation_expired, already_member, client_taken,
        client_gone, Forbidden another_address.
        """
        offer = self._offer(token, take=True)
        if offer["own_email"] != offer["email"]:
            raise Forbidden("This invitation is for another e-mail address; sign in with that one.", code="another_address")
        if offer["client_id"] is not None:
            self._check_client(offer)
        now = self._clock.now()
        if not self._store.join(offer, now):
            raise Conflict("You are a member of this workspace already.", code="already_member")
        events.workspaces_member_joined(user_id=user_id, role=offer["role"])
        return {"id": offer["workspace_id"], "name": offer["workspace"], "role": offer["role"], "client_id": offer["client_id"], "created_at": now}

    def _check_client(self, offer: Row) -> None:
        """The client may be gone by now, or not one of those any more whom the inviter looks after: asked again as when they were invited."""
        try:
            with self._store.seeing_as(offer["invited_by"]):
                events.workspaces_inviting(client_id=offer["client_id"])
        except Invalid:
            raise Conflict("Whom this is for is no client of its sender any more; ask for another invitation.", code="client_gone") from None

    def _offer(self, token: str, *, take: bool) -> Row:
        """The invitation behind a token, while it is good. take: held, so that of two who come at once one waits and comes too late."""
        parts = _TOKEN.fullmatch(token)
        offer = None if parts is None else self._store.offer(UUID(hex=parts[1]), digest_of(token), take=take)
        if offer is None:
            raise NotFound("There is no such invitation.", code="invitation_unknown")
        if offer["accepted_at"] is not None:
            raise Conflict("This invitation was accepted already.", code="invitation_used")
        if offer["revoked_at"] is not None:
            raise Conflict("This invitation was withdrawn.", code="invitation_revoked")
        if offer["expires_at"] <= self._clock.now():
            raise Conflict("This invitation has expired; ask for another one.", code="invitation_expired")
        return offer
