"""Signing up, in and out where an outside service keeps the passwords: asked outside any transaction, its words passed on.

Sessions of our own (sign-in with an OpenID provider, or from before the service was put in charge) go on beside its.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from kernel.errors import DomainError, Forbidden, Refused, Unauthenticated
from plugins.accounts.domain import Budget, Purpose, Visit, agreed
from plugins.accounts.service.guard import refuse
from plugins.accounts.service.links import spent
from plugins.accounts.service.outsiders import OutsidersService, again
from plugins.accounts.service.passwords import PasswordsService
from plugins.accounts.service.sessions import SessionsService, SignedIn
from plugins.accounts.service.signups import NOWHERE, SignupsService
from ports.federation import Grant, IdentityProvider
from ports.identity import TokenVerifier


class ForwardedSessions(SessionsService):
    """Sessions at the outside service, hosted here so that they can be ended here."""

    def __init__(self, *, provider: IdentityProvider, outside: TokenVerifier, outsiders: OutsidersService, **own: Any) -> None:
        super().__init__(**own)
        self._provider = provider
        self._outside = outside
        self._outsiders = outsiders

    def log_in(self, *, email: str, password: str, visit: Visit = NOWHERE) -> SignedIn:
        """Open a session there. Counted here as well: to the service every attempt comes from us."""

        def read() -> tuple[None, tuple[Budget, ...]]:
            user_id, _ = self._store.hash_or("", email)  # nobody's where there is nobody, in the same time
            return None, self._guard.sign_in(email, visit, user_id)

        with self._guard.paid(read) as (_, budgets):
            grant = self._provider.log_in(email, password)
        signed_in = self.admitted(grant, visit)
        with self._store.transaction():
            self._store.give_back(*budgets)
        return signed_in

    def refresh(self, token: str) -> SignedIn:
        """Our own token is exchanged here, any other there. A session that was ended here is not prolonged: it is ended there too."""
        if self._is_ours(token):
            return super().refresh(token)
        grant = self._provider.refresh(token)
        try:
            return self.admitted(grant)
        except Unauthenticated:
            self._provider.log_out(grant.access_token)
            raise _wrong_refresh_token() from None

    def log_out(self, *, bearer: str | None, refresh_token: str | None) -> None:
        """End the sessions here first, so that they are over even while the service is away."""
        ours = refresh_token is not None and self._is_ours(refresh_token)
        if refresh_token is not None and not ours and bearer is None:
            bearer = self._provider.refresh(refresh_token).access_token
        super().log_out(bearer=bearer, refresh_token=refresh_token if ours else None)
        if bearer is not None and self._outside.verify(bearer).issuer == self._provider.issuer:
            self._provider.log_out(bearer)

    def admitted(
        self, grant: Grant, visit: Visit | None = None, *, full_name: str | None = None, locale: str = "en", consents: Iterable[Purpose] = ()
    ) -> SignedIn:
        """Somebody with a grant of the service. Outside a transaction."""
        who = self._outside.verify(grant.access_token)
        person, _ = self._outsiders.admit(grant.outsider, who, full_name=full_name, locale=locale, agreed=tuple(consents))
        remembered = "" if visit is None else self._guard.devices.remember(person.id, self._guard.device(visit, person.id))
        return SignedIn(person, grant.access_token, grant.refresh_token, grant.expires_in_s, device_token=remembered)

    def _is_ours(self, token: str) -> bool:
        try:
            digest = self._refresh_tokens.digest(token)
        except Unauthenticated:
            return False
        with self._store.transaction():
            return self._store.presented(digest) is not None


class ForwardedSignups(SignupsService):
    """New accounts at the outside service."""

    def __init__(self, *, provider: IdentityProvider, outsiders: OutsidersService, sessions: ForwardedSessions, **own: Any) -> None:
        super().__init__(sessions=sessions, **own)
        self._provider = provider
        self._outsiders = outsiders
        self._hosted = sessions

    def sign_up(
        self, *, email: str, password: str, full_name: str, consents: Mapping[str, bool], locale: str = "en", visit: Visit = NOWHERE
    ) -> SignedIn:
        """Create an account there and a session. Raises Forbidden `email_not_verified` where the address must be confirmed first, RateLimited by
        the network address: to the service every attempt comes from us.

        What the new person agreed to is kept either way; whether the address was taken is not told where the service does not tell. Nor is the
        service asked for more letters to one address than may be, without a word.
        """
        purposes = agreed(consents)
        self._passwords.check(password)
        self._count(visit)
        letter = self._guard.mail_to(email)
        with self._store.transaction():
            writes = self._store.attempt(letter, now=self._clock.now()) is None
        try:
            made = self._provider.sign_up(email, password) if writes else None
        except DomainError:
            self._not_written(letter)
            raise
        if isinstance(made, Grant):
            self._not_written(letter)
            return self._hosted.admitted(made, visit, full_name=full_name, locale=locale, consents=purposes)
        if made is not None:
            outsider = made

            def meet() -> None:
                with self._store.transaction():
                    self._outsiders.meet(outsider, full_name=full_name, locale=locale, agreed=purposes)

            again(meet)
        raise Forbidden("Confirm your e-mail address: a link is on its way to you. Then sign in.", code="email_not_verified")

    def finish(self, *, token: str, password: str, visit: Visit = NOWHERE) -> SignedIn:
        """Its letter leads there."""
        raise spent()

    def _not_written(self, letter: Budget) -> None:
        with self._store.transaction():
            self._store.give_back(letter)


class ForwardedPasswords(PasswordsService):
    """Passwords that are not ours to set."""

    def __init__(self, *, provider: IdentityProvider, **own: Any) -> None:
        super().__init__(**own)
        self._provider = provider

    def forgot(self, *, email: str, visit: Visit) -> None:
        """Have the service send its own letter. Raises RateLimited by the network address alone."""
        now = self._clock.now()
        with self._store.transaction():
            wait_s = self._store.attempt(self._guard.mail_from(visit), now=now)
            writes = wait_s is None and self._store.attempt(self._guard.mail_to(email), now=now) is None
        refuse(wait_s)
        if writes:
            self._provider.send_reset(email)

    def reset(self, *, token: str, password: str) -> str:
        """Its letter leads there."""
        raise _elsewhere()

    def change(self, *, user_id: UUID, session_id: UUID | None, password: str) -> None:
        """Only by its letter."""
        raise _elsewhere()


def _elsewhere() -> Refused:
    return Refused("The sign-in service keeps your password: have it send you a link to set another.", code="password_elsewhere")


def _wrong_refresh_token() -> Unauthenticated:
    return Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")
