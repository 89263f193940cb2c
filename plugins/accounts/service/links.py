"""Links that open one door once: made, recognised, refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from kernel.errors import Fault, Invalid
from kernel.ids import new_id
from plugins.accounts.domain import LINK_LIFE, Door, Link
from plugins.accounts.ports import Links
from ports.capabilities import Capabilities
from ports.clock import Clock


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes links. The token is derived from the link's id by a key of ours, so that the job that writes the mail can make it again."""

    store: Links
    capabilities: Capabilities
    clock: Clock

    def hand_out(
        self, door: Door, email: str, user_id: UUID | None = None, *, previous_email: str | None = None, session_id: UUID | None = None
    ) -> Link:
        """A link for whoever reads mail at this address, kept by the digest of its token. Inside a transaction."""
        now = self.clock.now()
        link = Link(new_id(), door, email, user_id, previous_email, now, now + LINK_LIFE, session_id)
        self.store.hand_out(link, digest(self.token(door, link.id)))
        return link

    def of_applicant(self, id: UUID) -> str:
        """The token that finishes an account."""
        return self.capabilities.token("accounts signup", id.hex)

    def token(self, door: Door, link_id: UUID) -> str:
        return self.capabilities.token(f"accounts {door}", link_id.hex)


def digest(token: str) -> bytes:
    """The stored form: random input needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def spent() -> Invalid:
    """The same for a link that was used, is too old, or never was."""
    return Invalid(code="invalid_link", errors=[Fault("/token", "This link does not hold any more; ask for another.")])
