"""The use cases of accounts, by family.

Signing up and in hash a password, which takes 50 ms and may wait for its turn: never inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from plugins.accounts.ports import Store
from plugins.accounts.service.people import PeopleService
from plugins.accounts.service.sessions import SessionsService, SignedIn
from plugins.accounts.service.signups import SignupsService
from ports.clock import Clock
from ports.identity import Passwords, RefreshTokens, TokenIssuer

__all__ = ["Accounts", "SignedIn"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everything this plugin can do."""

    signups: SignupsService
    sessions: SessionsService
    people: PeopleService

    @classmethod
    def of(cls, *, store: Store, passwords: Passwords, tokens: TokenIssuer, refresh_tokens: RefreshTokens, clock: Clock) -> Accounts:
        sessions = SessionsService(store=store, passwords=passwords, tokens=tokens, refresh_tokens=refresh_tokens, clock=clock)
        return cls(
            SignupsService(store=store, passwords=passwords, sessions=sessions, clock=clock), sessions, PeopleService(store=store, clock=clock)
        )
