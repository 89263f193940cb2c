"""What is counted before a password is checked: a guesser stops, and whose account it is still gets in from a device they used before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from kernel.errors import RateLimited
from plugins.accounts.domain import Budget, Visit
from plugins.accounts.ports import Attempts, Transactions
from ports.clock import Clock
from ports.identity import Allowances, Devices, Passwords

T = TypeVar("T")
_HOUR_S = 3600


class _Store(Transactions, Attempts, Protocol):
    """Counters, and transactions of their own for them."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Counts attempts. Soft: nothing is locked for good, and every window ends by itself."""

    store: _Store
    devices: Devices
    passwords: Passwords
    allowances: Allowances
    clock: Clock

    def sign_in(self, email: str, visit: Visit, user_id: UUID | None) -> tuple[Budget, ...]:
        """What a sign-in counts against: the device where it is known, else the account and the network address, known or not."""
        device = self.device(visit, user_id)
        allowed = self.allowances
        if device is not None:
            return (Budget("device", str(device), allowed.account, allowed.window_s),)
        return (
            Budget("account", email, allowed.account, allowed.window_s),
            Budget("address", visit.address, allowed.address, allowed.window_s),
        )

    def proof(self, session_id: UUID) -> tuple[Budget, ...]:
        """Proving once more who is in a session counts for that session."""
        return (Budget("session", str(session_id), self.allowances.account, self.allowances.window_s),)

    def sign_up(self, visit: Visit) -> Budget:
        """Accounts asked for from one network address, whatever came of it."""
        return Budget("signups", visit.address, self.allowances.signups_from_address, _HOUR_S)

    def application(self, id: UUID) -> tuple[Budget, ...]:
        """Giving the password of a sign-up once more counts for that sign-up."""
        return (Budget("signup", str(id), self.allowances.account, self.allowances.window_s),)

    def device(self, visit: Visit, user_id: UUID | None) -> UUID | None:
        return None if user_id is None else self.devices.recognise(visit.device, user_id)

    def mail_to(self, subject: str) -> Budget:
        """Letters that somebody may have sent to one address, or a signed-in person to anyone."""
        return Budget("letters", subject, self.allowances.letters, _HOUR_S)

    def mail_from(self, visit: Visit) -> Budget:
        return Budget("letters_from", visit.address, self.allowances.letters_from_address, _HOUR_S)

    @contextmanager
    def paid(self, read: Callable[[], tuple[T, tuple[Budget, ...]]]) -> Iterator[tuple[T, tuple[Budget, ...]]]:
        """One check of a password: read, count and commit before the block, which verifies. Raises RateLimited instead of running it.

        Room for the hash comes first: what cannot be checked neither counts nor costs. Raises Unavailable.
        """
        with self.passwords.turn():
            yield self._counted(read)

    def _counted(self, read: Callable[[], tuple[T, tuple[Budget, ...]]]) -> tuple[T, tuple[Budget, ...]]:
        with self.store.transaction():
            found, budgets = read()
            wait_s = self.store.attempt(*budgets, now=self.clock.now())
        refuse(wait_s)
        return found, budgets


def refuse(wait_s: int | None, detail: str = "Too many attempts; wait a little, or use a device you signed in from before.") -> None:
    """Raises RateLimited when there is something to wait for."""
    if wait_s is not None:
        raise RateLimited(detail, code="too_many_attempts", retry_after_s=wait_s)
