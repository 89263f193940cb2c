"""Becoming somebody here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, Applicant, Budget, Consent, Person, Purpose, Visit, agreed
from plugins.accounts.ports import Applicants, Attempts, Consents, People, Transactions
from plugins.accounts.service.addresses import AddressesService
from plugins.accounts.service.guard import Guard, refuse
from plugins.accounts.service.links import digest, spent
from plugins.accounts.service.sessions import Opened, SessionsService, SignedIn, wrong_password
from ports.clock import Clock
from ports.identity import Passwords

NOWHERE = Visit()


class _Store(Transactions, People, Consents, Attempts, Applicants, Protocol):
    """People, what they agree to, and those who have yet to confirm their address."""


class SignupsService:
    """New accounts."""

    def __init__(
        self, *, store: _Store, guard: Guard, passwords: Passwords, sessions: SessionsService, addresses: AddressesService, clock: Clock
    ) -> None:
        self._store = store
        self._guard = guard
        self._passwords = passwords
        self._sessions = sessions
        self._addresses = addresses
        self._clock = clock

    def sign_up(
        self, *, email: str, password: str, full_name: str, consents: Mapping[str, bool], locale: str = "en", visit: Visit = NOWHERE
    ) -> SignedIn | None:
        """Create an account and its first session. Outside a transaction. None: a link by mail leads on.

        Raises Conflict `email_taken`, Invalid, RateLimited by the network address.
        """
        purposes = agreed(consents)
        hashed = self._hashed(password, visit)
        now = self._clock.now()
        person = Person(new_id(), email, full_name, locale, 1, now, now)
        with self._store.transaction():
            opened = self._admitted(person, hashed, {purpose: DOCUMENTS[purpose] for purpose in purposes}, now, visit)
            self._addresses.ask(person.id, email)
        return self._sessions.signed_in(person, opened, visit)

    def finish(self, *, token: str, password: str, visit: Visit = NOWHERE) -> SignedIn:
        """Create the account that a link was sent for, and its first session. Outside a transaction.

        password: the one of the sign-up. Whoever reads the mail may never have signed up, and must not get an account that somebody else can
        enter. Raises Invalid `invalid_link` or `wrong_password`, RateLimited, Conflict `email_taken`.
        """
        key = digest(token)

        def read() -> tuple[Applicant, tuple[Budget, ...]]:
            found = self._store.applicant(key, self._clock.now())
            if found is None:
                raise spent()
            return found, self._guard.application(found.id)

        with self._guard.paid(read) as (found, _):
            if not self._passwords.verify(found.password_hash, password):
                raise wrong_password()
        now = self._clock.now()
        person = Person(new_id(), found.email, found.full_name, found.locale, 1, now, now)
        with self._store.transaction():
            if self._store.admit(key, now) is None:
                raise spent()
            opened = self._admitted(person, found.password_hash, found.agreed, found.created_at, visit, verified_at=now)
        return self._sessions.signed_in(person, opened, visit)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _hashed(self, password: str, visit: Visit) -> str:
        """The password's hash, counted for the network address whatever comes of it."""
        self._passwords.check(password)
        with self._passwords.turn():
            self._count(visit)
            return self._passwords.hash(password)

    def _count(self, visit: Visit) -> None:
        with self._store.transaction():
            wait_s = self._store.attempt(self._guard.sign_up(visit), now=self._clock.now())
        refuse(wait_s, "Too many people signed up from here; try again later.")

    def _admitted(
        self, person: Person, hashed: str, documents: Mapping[str, str], agreed_at: datetime, visit: Visit, *, verified_at: datetime | None = None
    ) -> Opened:
        """Store a person with what they agreed to, and a session. Inside a transaction."""
        self._store.add(person, hashed, verified_at)
        for purpose, edition in documents.items():
            self._store.record(Consent(new_id(), person.id, Purpose(purpose), edition, True, agreed_at))
        return self._sessions.open(person, person.created_at, visit.user_agent)
