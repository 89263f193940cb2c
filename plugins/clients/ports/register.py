"""What the register needs from storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from plugins.clients.domain.duplicates import Candidate
from plugins.clients.domain.register import Search
from ports.persistence import Document, Row


class Directory(Protocol):
    """Reading clients. For a Cliente only their own record exists."""

    def get(self, client_id: UUID) -> Document | None: ...

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """At most `limit` clients in the search's order; those by name carry their `search_name` as well."""

    def tags(self, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """Tags of the clients who are not archived, with how many carry each."""


class Duplicates(Protocol):
    """Who may be the same person."""

    def check(self, keys: Sequence[str]) -> list[Candidate]:
        """Who has one of these keys, the strongest match first. Asked only when a first attempt failed on it (see Register.add), which costs
        no round trip: the first attempt finds nobody."""

    def others(self, client_id: UUID | None, keys: Sequence[str]) -> list[Candidate]:
        """The same but for this client, who may have them. Of two who take a key at once one waits here."""

    def groups(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """Keys that several clients share: key, clients (id, full_name, status)."""


class Register(Protocol):
    """Changing clients."""

    @property
    def again(self) -> bool:
        """Whether a first attempt failed on what `add` looks at."""

    def stay(self, people: Collection[UUID]) -> None:
        """Queue: who of them is a collaborator is one until the transaction ends. Comes before any client is held."""

    def add(self, client: Mapping[str, object], terms: Sequence[str], keys: Sequence[str]) -> None:
        """Queue a new client; the transaction fails when somebody has one of the keys, or when there are no custom fields though some are
        required. An unknown collaborator surfaces as Invalid
        invalid_reference when it is sent."""

    def lock(self, client_id: UUID) -> Row | None:
        """Hold the client until the transaction ends: version, status, and what they are found by."""

    def change(self, client_id: UUID, named: Collection[str], values: Mapping[str, object], expected: int | None) -> Document | None:
        """Set the named columns and step the version; None when there is no such client at the version expected."""

    def index(self, client_id: UUID, terms: Sequence[str]) -> None:
        """Queue what the client is found by from now on."""
