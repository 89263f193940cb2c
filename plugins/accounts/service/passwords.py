"""Forgotten, reset and changed passwords."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kernel.errors import Unauthenticated
from plugins.accounts.domain import Door, Visit
from plugins.accounts.ports import Attempts, Links, People, Post, Sessions, Transactions
from plugins.accounts.service.guard import Guard, refuse
from plugins.accounts.service.links import LinkMaker, digest, spent
from ports.clock import Clock
from ports.identity import Passwords


class _Store(Transactions, People, Sessions, Links, Attempts, Protocol):
    """People, their sessions and what they were sent."""


class PasswordsService:
    """Setting another password. Each ends every session that it could have been taken over by, and every link that one of them asked for."""

    def __init__(self, *, store: _Store, guard: Guard, links: LinkMaker, passwords: Passwords, post: Post, clock: Clock) -> None:
        self._store = store
        self._guard = guard
        self._links = links
        self._passwords = passwords
        self._post = post
        self._clock = clock

    def forgot(self, *, email: str, visit: Visit) -> None:
        """Have a link sent, if there is such an account: that is looked up when the mail is written, so that neither answer nor time tells.

        Raises RateLimited by the network address alone; too many letters to one address are left out without a word. Outside a transaction.
        """
        now = self._clock.now()
        with self._store.transaction():
            wait_s = self._store.attempt(self._guard.mail_from(visit), now=now)
            if wait_s is None and self._store.attempt(self._guard.mail_to(email), now=now) is None:
                self._post.follow_link(self._links.hand_out(Door.RESET, email))
        refuse(wait_s)

    def reset(self, *, token: str, password: str) -> str:
        """Set a password by a link that was sent, and sign out everywhere; a token to remember this device by. Outside a transaction.

        When it is the first proof of the address, API keys and secret addresses made before are dead too. Raises Invalid.
        """
        self._passwords.check(password)
        key = digest(token)
        with self._store.transaction():
            usable = self._store.usable(key, (Door.RESET,), self._clock.now())
        if not usable:
            raise spent()
        hashed = self._passwords.hash(password)
        now = self._clock.now()
        with self._store.transaction():
            link = self._store.use(key, (Door.RESET,), now)
            if link is None or link.user_id is None:
                raise spent()
            self._store.set_password(link.user_id, hashed, now)
            first = self._store.verified(link.user_id, link.email, now)
            self._store.end_all(link.user_id, now)
            if first:  # whoever opened the account may have been somebody else
                self._store.distrust(link.user_id, now)
            self._store.void(link.user_id, now)
            self._store.settle(*self._guard.sign_in(link.email, Visit(), None)[:1])
            self._post.password_changed(link.user_id)
        return self._guard.devices.remember(link.user_id)

    def change(self, *, user_id: UUID, session_id: UUID | None, password: str) -> None:
        """Set the signed-in person's password, end their other sessions and every link. Outside a transaction. Raises Invalid."""
        self._passwords.check(password)
        hashed = self._passwords.hash(password)
        now = self._clock.now()
        with self._store.transaction():
            if self._store.addressee(user_id) is None:
                raise Unauthenticated()
            self._store.void(user_id, now)
            self._store.set_password(user_id, hashed, now)
            self._store.end_all(user_id, now, but=session_id)
            self._post.password_changed(user_id)
