"""A person's e-mail address: shown to be theirs, and changed."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kernel.errors import Refused, Unauthenticated
from plugins.accounts.domain import Door
from plugins.accounts.ports import Attempts, Links, People, Post, Sessions, Transactions
from plugins.accounts.service.guard import Guard, refuse
from plugins.accounts.service.links import LinkMaker, digest, spent
from ports.clock import Clock


class _Store(Transactions, People, Sessions, Links, Attempts, Protocol):
    """People, their sessions and what they were sent."""


class AddressesService:
    """Both ways end with a link that only who reads the mail can follow."""

    def __init__(self, *, store: _Store, guard: Guard, links: LinkMaker, post: Post, clock: Clock) -> None:
        self._store = store
        self._guard = guard
        self._links = links
        self._post = post
        self._clock = clock

    def ask(self, user_id: UUID, email: str) -> None:
        """Have somebody show that their address is theirs. Inside a transaction."""
        self._post.follow_link(self._links.hand_out(Door.VERIFY, email, user_id))

    def ask_again(self) -> None:
        """The same for the signed-in person. Outside a transaction. Raises Refused when it was shown before, RateLimited."""
        with self._store.transaction():
            found = self._store.profile()
            if found is None:
                raise Unauthenticated()
            if found.email_verified:
                raise Refused("This address was confirmed before.", code="already_verified")
            wait_s = self._store.attempt(self._guard.mail_to(str(found.person.id)), now=self._clock.now())
            if wait_s is None:
                self.ask(found.person.id, found.person.email)
        refuse(wait_s)

    def change(self, email: str, session_id: UUID | None) -> None:
        """Have the new address of the signed-in person confirmed by who reads mail there, while the session they ask in lives.

        The old address is told at once, and can stop it. Whether another account has the new one is not told here: its owner gets no mail,
        and nothing happens. Nor are more letters sent to one address than may be, whoever asks for them, without a word. Outside a transaction.
        Raises RateLimited by the person.
        """
        now = self._clock.now()
        with self._store.transaction():
            found = self._store.profile()
            if found is None:
                raise Unauthenticated()
            person = found.person
            wait_s = self._store.attempt(self._guard.mail_to(str(person.id)), now=now)
            if wait_s is None and email != person.email and self._store.attempt(self._guard.mail_to(email), now=now) is None:
                self._post.follow_link(self._links.hand_out(Door.ADDRESS, email, person.id, previous_email=person.email, session_id=session_id))
                self._post.follow_link(self._links.hand_out(Door.STOP, person.email, person.id))
        refuse(wait_s)

    def stop(self, token: str) -> None:
        """Follow the link of the old address: nothing that was asked for happens any more, and nobody stays signed in.

        Outside a transaction. Raises Invalid.
        """
        now = self._clock.now()
        with self._store.transaction():
            link = self._store.use(digest(token), (Door.STOP,), now)
            if link is None or link.user_id is None:
                raise spent()
            self._store.end_all(link.user_id, now)
            self._store.void(link.user_id, now)

    def confirm(self, token: str) -> None:
        """Follow a link: the address is confirmed, or replaced. Outside a transaction. Raises Invalid, Conflict `email_taken`."""
        now = self._clock.now()
        with self._store.transaction():
            link = self._store.use(digest(token), (Door.VERIFY, Door.ADDRESS), now)
            if link is None or link.user_id is None:
                raise spent()
            if link.previous_email is None:
                self._store.verified(link.user_id, link.email, now)
                return
            if not self._store.move(link.user_id, link.previous_email, link.email, now):
                raise spent()
            self._store.void(link.user_id, now)
            self._post.address_changed(link.id)
