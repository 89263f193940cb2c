"""The use cases of accounts, by family.

Signing up and in hash a password, which takes 50 ms and may wait for its turn: never inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from plugins.accounts.ports import Post, Store
from plugins.accounts.service.addresses import AddressesService
from plugins.accounts.service.confirmed import ConfirmedSignups
from plugins.accounts.service.forwarded import ForwardedPasswords, ForwardedSessions, ForwardedSignups
from plugins.accounts.service.guard import Guard
from plugins.accounts.service.letters import LettersService
from plugins.accounts.service.links import LinkMaker
from plugins.accounts.service.openid import OpenIdService
from plugins.accounts.service.outsiders import Address, OutsidersService
from plugins.accounts.service.passwords import PasswordsService
from plugins.accounts.service.people import PeopleService
from plugins.accounts.service.sessions import SessionsService, SignedIn
from plugins.accounts.service.signups import SignupsService
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.federation import Federation
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
    openid: OpenIdService
    refresh_lifetime: timedelta
    """How long a refresh token is good that nobody exchanges."""

    @classmethod
    def of(
        cls, *, store: Store, passwords: Passwords, tokens: TokenIssuer, verifier: TokenVerifier, refresh_tokens: RefreshTokens,
        devices: Devices, allowances: Allowances, capabilities: Capabilities, post: Post, federation: Federation, address: Address,
        refresh_lifetime: timedelta, confirmed: bool, app_url: str, own_url: str, clock: Clock,
    ) -> Accounts:  # fmt: skip
        """Put the families together. federation: where a provider keeps the passwords, signing up, in and out is forwarded to it.

        confirmed: nobody has an account before they have shown that the address is theirs, and nobody is told who has one.
        """
        guard = Guard(store, devices, passwords, allowances, clock)
        links = LinkMaker(store, capabilities, clock)
        addresses = AddressesService(store=store, guard=guard, links=links, post=post, clock=clock)
        outsiders = OutsidersService(store=store, address=address, confirmed=confirmed, clock=clock)
        of_sessions: dict[str, Any] = {
            "store": store, "guard": guard, "passwords": passwords, "tokens": tokens, "verifier": verifier, "refresh_tokens": refresh_tokens,
            "clock": clock,
        }  # fmt: skip
        of_signups: dict[str, Any] = {"store": store, "guard": guard, "passwords": passwords, "addresses": addresses, "clock": clock}
        of_passwords: dict[str, Any] = {"store": store, "guard": guard, "links": links, "passwords": passwords, "post": post, "clock": clock}
        signups: SignupsService
        sessions: SessionsService
        if (provider := federation.provider) is None:
            sessions = SessionsService(**of_sessions)
            kept = PasswordsService(**of_passwords)
            of_signups["sessions"] = sessions
            signups = ConfirmedSignups(links=links, post=post, **of_signups) if confirmed else SignupsService(**of_signups)
        else:
            sessions = hosted = ForwardedSessions(provider=provider, outside=federation.tokens, outsiders=outsiders, **of_sessions)
            signups = ForwardedSignups(provider=provider, outsiders=outsiders, sessions=hosted, **of_signups)
            kept = ForwardedPasswords(provider=provider, **of_passwords)
        return cls(
            signups=signups,
            sessions=sessions,
            people=PeopleService(store=store, clock=clock),
            passwords=kept,
            addresses=addresses,
            letters=LettersService(store, links, app_url),
            openid=OpenIdService(
                store=store, providers=federation.openid, outsiders=outsiders, sessions=sessions, capabilities=capabilities, clock=clock,
                own_url=own_url, app_url=app_url,
            ),
            refresh_lifetime=refresh_lifetime,
        )  # fmt: skip
