"""The use cases of accounts, by family.

Signing up and in hash a password, which takes 50 ms and may wait for its turn: never inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from plugins.accounts.ports import Post, Store
from plugins.accounts.service.addresses import AddressesService
from plugins.accounts.service.guard import Guard
from plugins.accounts.service.letters import LettersService
from plugins.accounts.service.links import LinkMaker
from plugins.accounts.service.passwords import PasswordsService
from plugins.accounts.service.people import PeopleService
from plugins.accounts.service.sessions import SessionsService, SignedIn
from plugins.accounts.service.signups import SignupsService
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.identity import Allowances, Devices, Passwords, RefreshTokens, TokenIssuer, TokenVerifier

__all__ = ["Accounts", "SignedIn"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everything this plugin can do."""

    signups: SignupsService
    sessions: SessionsService
    people: PeopleService
    passwords: PasswordsService
    addresses: AddressesService
    letters: LettersService

    @classmethod
    def of(
        cls, *, store: Store, passwords: Passwords, tokens: TokenIssuer, verifier: TokenVerifier, refresh_tokens: RefreshTokens,
        devices: Devices, allowances: Allowances, capabilities: Capabilities, post: Post, app_url: str, clock: Clock,
    ) -> Accounts:  # fmt: skip
        guard = Guard(store, devices, allowances, clock)
        links = LinkMaker(store, capabilities, clock)
        addresses = AddressesService(store=store, guard=guard, links=links, post=post, clock=clock)
        sessions = SessionsService(
            store=store, guard=guard, passwords=passwords, tokens=tokens, verifier=verifier, refresh_tokens=refresh_tokens, clock=clock
        )
        return cls(
            signups=SignupsService(store=store, passwords=passwords, sessions=sessions, addresses=addresses, clock=clock),
            sessions=sessions,
            people=PeopleService(store=store, clock=clock),
            passwords=PasswordsService(store=store, guard=guard, links=links, passwords=passwords, post=post, clock=clock),
            addresses=addresses,
            letters=LettersService(store, links, app_url),
        )
