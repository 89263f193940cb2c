"""Answers that were computed once and need not be again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Protocol, cast

from kernel.context import Current, NoContext, current
from ports.persistence import UnitOfWork

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of an answer that is kept; a larger one is made each time."""
LONGEST_S: Final = 86_400


class Kept(NamedTuple):
    """An answer, and for how many seconds it may still be given."""

    value: bytes
    left_s: float


class Shelf(Protocol):
    """A place where answers are kept. It may forget at any time; one that is out of reach is empty. Neither method raises for that."""

    def get(self, name: str) -> Kept | None: ...

    def put(self, name: str, value: bytes, ttl_s: float) -> None: ...


class Store(Protocol):
    """Finds answers on its shelves, or has them made."""

    def remember(self, name: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        """What is kept under the name, else what `make` returns. Of several threads that miss at once one makes it, and the others wait a
        while for it; what it raises is raised to that one alone, and nothing is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Cache:
    """Keeps a plugin's answers for the workspace of the current request; no other workspace or plugin finds them, whatever the key.

    A kept answer is never told that it went out of date. So its key says all that it was made from: the revisions of the rows, which are
    read before anything else and are written in the transaction that changes the rows; the filters; the zone; and not the time of day. What
    names a person or was sealed is not kept: it would outlive its erasure.
    """

    store: Store
    plugin: str
    version: str = ""

    def remember(self, key: str, make: Callable[[], bytes], *, ttl_s: int, shared: bool = False) -> bytes:
        """What is kept under the key, else what `make` returns, kept from now on for `ttl_s` seconds at most.

        shared: one answer for every member of the workspace. Otherwise each has their own, for rows are hidden from some roles.
        Nothing is looked up or kept, and `make` is called, where the request says `Cache-Control: no-cache`, and in a transaction that may
        write (a job's, or any but a GET's): its revisions may never be committed, and come again with other rows.

        A store that is out of reach costs a fifth of a second once, and never an answer. Raises NoContext without a workspace.
        """
        here = current()
        if here.scope.workspace_id is None:
            raise NoContext("what is cached belongs to a workspace, and this operation has none")
        if not 1 <= ttl_s <= LONGEST_S:
            raise ValueError(f"an answer is kept from 1 to {LONGEST_S} seconds")
        if here.uncached or _writing(here):
            return make()
        whole = "\0".join((self.version, "" if shared else _whose(here), key))
        return self.store.remember(f"{here.scope.workspace_id}:{self.plugin}:{sha256(whole.encode()).hexdigest()}", make, ttl_s=ttl_s)


def _writing(here: Current) -> bool:
    return here.transaction is not None and not cast("UnitOfWork", here.transaction).reading


def _whose(here: Current) -> str:
    """The person and what decides which rows they see."""
    entered = here.open_transaction.entered()
    return f"{here.scope.user_id} {entered.role} {entered.client_id} {entered.limited}"
