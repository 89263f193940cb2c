"""A person's own record and consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from kernel.errors import NotFound, Stale
from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, Consent, Purpose, differs
from plugins.accounts.ports import Consents, People, Profile
from ports.clock import Clock
from ports.persistence import Document


class _Store(People, Consents, Protocol):
    """People, and what they said."""


class PeopleService:
    """The signed-in person."""

    def __init__(self, *, store: _Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def profile(self) -> Profile:
        """The signed-in person. Raises NotFound for one that was erased."""
        found = self._store.profile()
        if found is None:
            raise NotFound()
        return found

    def change(
        self,
        *,
        full_name: str | None = None,
        locale: str | None = None,
        consents: Mapping[str, bool] | None = None,
        expected: int | None = None,
    ) -> Profile:
        """Change what is given; what is so already is not written again. expected: the version it was read at; None or -1 for any.

        Raises NotFound, Stale."""
        held = self._store.hold()
        if held is None:
            raise NotFound()
        if expected not in (None, -1, held.version):
            raise Stale()
        # The person's row is locked now, so two answers about the same consent come one after another.
        given = {Purpose(name): granted for name, granted in (consents or {}).items()}
        answers = {purpose: granted for purpose, granted in given.items() if differs(self._store.standing(purpose), purpose, granted)}
        if answers or full_name not in (None, held.full_name) or locale not in (None, held.locale):
            now = self._clock.now()
            self._store.change(full_name=full_name, locale=locale, now=now)
            for purpose, granted in answers.items():
                self._store.record(Consent(new_id(), held.id, purpose, DOCUMENTS[purpose], granted, now))
        return self.profile()

    def consents(self, limit: int, before: UUID | None) -> Sequence[Document]:
        """Every grant and withdrawal of the signed-in person, newest first."""
        return self._store.history(limit, before)
