"""Outside tokens in our ids: whoever is seen for the first time is introduced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from kernel.context import Current, Dispatcher, Kind, Modules, Scope, Transaction, serving
from plugins.accounts.service.outsiders import OutsidersService
from ports.clock import Clock
from ports.federation import IdentityProvider
from ports.identity import Principal, TokenVerifier

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase


class KnownHere:
    """`ports.identity.TokenVerifier` behind the cache: our own tokens pass; another issuer's cost a query, once each.

    own: our own issuer's name.
    """

    def __init__(self, inner: TokenVerifier, provider: IdentityProvider, database: PostgresDatabase, clock: Clock, *, own: str) -> None:
        from plugins.accounts.plugin import compared
        from plugins.accounts.repository import Repository

        self._inner = inner
        self._provider = provider
        self._database = database
        self._own = own
        self._outsiders = OutsidersService(store=Repository(), address=compared, confirmed=False, clock=clock)

    def verify(self, bearer: str) -> Principal:
        """The token's holder, as the platform knows them."""
        who = self._inner.verify(bearer)
        if who.issuer == self._own:
            return who
        with self._transactions():
            return self._outsiders.recognise(bearer, who, self._provider)

    @contextmanager
    def _transactions(self) -> Iterator[None]:
        """What the store needs: short transactions as the auth identity, for nobody in particular yet. Nothing in them fires a hook."""
        scope = Scope(Kind.PUBLIC, "sign-in")
        current = Current(scope, cast("Dispatcher", None), cast("Modules", None))

        @contextmanager
        def opened(_phase: str | None) -> Iterator[Transaction]:
            with self._database.open(scope) as work:
                current.transaction = work
                try:
                    yield work
                    work.commit()
                finally:
                    current.transaction = None

        current.transactions = opened
        with serving(current):
            yield
