"""People whom an outside issuer knows: who they are here, and their sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from kernel.errors import Conflict, Forbidden, Unauthenticated
from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, Consent, Person, Purpose
from plugins.accounts.ports import Consents, Links, Outsiders, People, Session, Transactions
from ports.clock import Clock
from ports.federation import IdentityProvider, Outsider
from ports.identity import Principal

Address: TypeAlias = Callable[[str], str | None]
"""The compared form of an address, None for what is none."""
T = TypeVar("T")
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When an outside session ends is its issuer's to say. The row stays for good: were it swept, a session ended here would begin again."""


class _Store(Transactions, Outsiders, People, Links, Consents, Protocol):
    """Outsiders, and what they agree to."""


class OutsidersService:
    """First sight of somebody creates them; whoever has their address is them only when both sides are sure of it.

    An address that the issuer did not verify links to nobody. An account whose address nobody ever proved may have been made by somebody who
    waits for its owner to arrive: when the owner comes, verified, the account is theirs and every way in that was made before is closed,
    API keys and secret addresses in their workspaces among them.
    """

    def __init__(self, *, store: _Store, address: Address, confirmed: bool, clock: Clock) -> None:
        self._store = store
        self._confirmed = confirmed
        self._address = address
        self._clock = clock

    def meet(self, outsider: Outsider, *, full_name: str | None = None, locale: str = "en", agreed: Iterable[Purpose] = ()) -> Person:
        """Who they are here. Inside a transaction. full_name, locale, agreed: what a new person says of themselves.

        Raises Conflict `email_taken`, Forbidden `email_required` or `email_not_verified`, Conflict `identity_known` (at the commit at the latest).
        """
        known = self._store.identified(outsider.issuer, outsider.subject)
        if known is not None:
            if outsider.email_verified and outsider.email:
                self._store.verified(known.id, self._address(outsider.email) or "", self._clock.now())
            return known
        email = self._address(outsider.email) if outsider.email else None
        if email is None:
            raise Forbidden("An account here needs an e-mail address, and the one you sign in with has none.", code="email_required")
        if self._confirmed and not outsider.email_verified:
            raise Forbidden("Have your e-mail address confirmed where you sign in with it; then come back.", code="email_not_verified")
        now = self._clock.now()
        found = self._store.addressed(email)
        if found is None:
            person = self._welcomed(email, full_name, locale, now, outsider.email_verified)
            for purpose in agreed:
                self._store.record(Consent(new_id(), person.id, purpose, DOCUMENTS[purpose], True, now))
        elif not outsider.email_verified:
            raise Conflict("An account with this e-mail address exists already; sign in to it the way you did before.", code="email_taken")
        else:
            person = found.person
            if not found.proved:
                self._store.evict(person.id, now)
                self._store.distrust(person.id, now)
                self._store.void(person.id, now)
                for purpose in Purpose:  # what another agreed to in their name does not bind them
                    self._store.record(Consent(new_id(), person.id, purpose, DOCUMENTS[purpose], False, now))
        self._store.introduce(outsider, person.id, now)
        return person

    def admit(
        self, outsider: Outsider, who: Principal, *, full_name: str | None = None, locale: str = "en", agreed: Iterable[Purpose] = ()
    ) -> tuple[Person, Principal]:
        """Host the outside session of a token that was verified. Outside a transaction. Raises Unauthenticated when the session was ended here."""
        if (who.issuer, str(who.user_id)) != (outsider.issuer, outsider.subject):
            raise Unauthenticated(code="invalid_token")
        session_id = session_of(who)

        def host() -> Person:
            with self._store.transaction():
                if self._store.acquaintance(session_id, outsider.issuer, outsider.subject).revoked:
                    raise Unauthenticated("This session was ended; sign in again.", code="session_revoked")
                person = self.meet(outsider, full_name=full_name, locale=locale, agreed=agreed)
                self._open(session_id, person.id, who)
                return person

        person = again(host)
        return person, replace(who, user_id=person.id, session_id=session_id)

    def recognise(self, bearer: str, who: Principal, provider: IdentityProvider) -> Principal:
        """Whom a verified outside token means here, in our ids. Outside a transaction; one query, unless it is the first sight of the session.

        Whether the session was ended here is the gate's to say. Raises what `meet` and the provider raise.
        """
        session_id, subject = session_of(who), str(who.user_id)
        with self._store.transaction():
            found = self._store.acquaintance(session_id, who.issuer, subject)
            if found.holder is None and found.known is not None:
                self._open(session_id, found.known, who)
        user_id = found.holder or found.known
        if user_id is not None:
            return replace(who, user_id=user_id, session_id=session_id)
        return self.admit(provider.outsider(bearer), who)[1]

    # -- inside ------------------------------------------------------------------------------------------------------
    def _welcomed(self, email: str, full_name: str | None, locale: str, now: datetime, verified: bool) -> Person:
        # Until they say otherwise; what an issuer lets people write about themselves is not asked.
        person = Person(new_id(), email, full_name or email.partition("@")[0][:200], locale, 1, now, now)
        self._store.welcome(person, now if verified else None)
        return person

    def _open(self, session_id: UUID, user_id: UUID, who: Principal) -> None:
        now = self._clock.now()
        proved = datetime.fromtimestamp(who.authenticated_at, UTC)
        self._store.host(Session(session_id, user_id, now, _NEVER), proved)


def session_of(who: Principal) -> UUID:
    """The id under which an outside session is known here: its own would be the issuer's to choose."""
    said = "\n".join((who.issuer, str(who.user_id), str(who.session_id)))
    return UUID(bytes=hashlib.sha256(said.encode()).digest()[:16], version=5)


def again(work: Callable[[], T]) -> T:
    """Do it once more when another request met the same person at the same moment: now they are known."""
    try:
        return work()
    except Conflict as conflict:
        if conflict.code not in ("identity_known", "email_taken"):
            raise
        return work()
