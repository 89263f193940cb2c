"""Becoming somebody here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, Consent, Person, Visit, agreed
from plugins.accounts.ports import Consents, People, Transactions
from plugins.accounts.service.addresses import AddressesService
from plugins.accounts.service.sessions import SessionsService, SignedIn
from ports.clock import Clock
from ports.identity import Passwords

_NOWHERE = Visit()


class _Store(Transactions, People, Consents, Protocol):
    """People, and what they agree to."""


class SignupsService:
    """New accounts."""

    def __init__(self, *, store: _Store, passwords: Passwords, sessions: SessionsService, addresses: AddressesService, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._addresses = addresses
        self._clock = clock

    def sign_up(self, *, email: str, password: str, full_name: str, consents: Mapping[str, bool], visit: Visit = _NOWHERE) -> SignedIn:
        """Create an account and its first session. Outside a transaction. Raises Conflict `email_taken`, Invalid."""
        purposes = agreed(consents)
        self._passwords.check(password)
        hashed = self._passwords.hash(password)
        now = self._clock.now()
        person = Person(new_id(), email, full_name, "en", 1, now, now)
        with self._store.transaction():
            self._store.add(person, hashed)
            for purpose in purposes:
                self._store.record(Consent(new_id(), person.id, purpose, DOCUMENTS[purpose], True, now))
            opened = self._sessions.open(person, now, visit.user_agent)
            self._addresses.ask(person.id, email)
        return self._sessions.signed_in(person, opened, visit)
