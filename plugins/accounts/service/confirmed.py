"""Becoming somebody here where nobody is told who has an account: the address is confirmed first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, LINK_LIFE, Applicant, Visit, agreed
from plugins.accounts.ports import Post
from plugins.accounts.service.links import LinkMaker, digest
from plugins.accounts.service.signups import NOWHERE, SignupsService


class ConfirmedSignups(SignupsService):
    """New accounts for whoever reads mail at their address."""

    def __init__(self, *, links: LinkMaker, post: Post, **own: Any) -> None:
        super().__init__(**own)
        self._links = links
        self._post = post

    def sign_up(self, *, email: str, password: str, full_name: str, consents: Mapping[str, bool], locale: str = "en", visit: Visit = NOWHERE) -> None:
        """Keep what was said, and have a letter sent. Whether somebody has the address is looked up when it is written, so that neither answer nor
        time tells; too many letters to one address are left out without a word. Outside a transaction. Raises Invalid, RateLimited by the
        network address alone.
        """
        purposes = agreed(consents)
        hashed = self._hashed(password, visit)
        now = self._clock.now()
        documents = {str(purpose): DOCUMENTS[purpose] for purpose in purposes}
        applicant = Applicant(new_id(), email, full_name, locale, hashed, documents, now, now + LINK_LIFE)
        with self._store.transaction():
            if self._store.attempt(self._guard.mail_to(email), now=now) is None:
                self._store.apply(applicant, digest(self._links.of_applicant(applicant.id)))
                self._post.finish_signup(applicant.id)
