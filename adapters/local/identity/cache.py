"""Remembers tokens that were verified, because a signature costs a hundred times a look-up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ports.clock import Clock
from ports.identity import Principal, TokenVerifier


class CachedVerifier:
    """`ports.identity.TokenVerifier` in front of another, keyed by the whole token.

    Only verified tokens enter, and each hit re-checks the end. After it the inner verifier decides again, so leeway
    and errors are always its own. withdrawn: how often a key of ours was found to be gone; with another number than before
    everything is forgotten. max_age_s bounds how long any other withdrawn key can live on here; good_for says how much of
    that is left for keys that come from elsewhere.
    """

    def __init__(
        self,
        inner: TokenVerifier,
        clock: Clock,
        *,
        capacity: int = 4096,
        max_age_s: int = 600,
        good_for: Callable[[], timedelta] | None = None,
        withdrawn: Callable[[], int] = lambda: 0,
    ) -> None:
        self._inner = inner
        self._good_for = good_for
        self._now = clock.now
        self._capacity = capacity
        self._max_age = timedelta(seconds=max_age_s)
        self._withdrawn = withdrawn
        self._known_withdrawn = withdrawn()
        self._entries: dict[str, tuple[Principal, datetime]] = {}
        self._writing = threading.Lock()

    def verify(self, bearer: str) -> Principal:
        """The token's holder. Raises what the inner verifier raises."""
        withdrawn = self._withdrawn()
        if withdrawn != self._known_withdrawn:
            self.forget(withdrawn)
        entry = self._entries.get(bearer)
        now = self._now()
        if entry is not None and now < entry[1]:
            return entry[0]
        principal = self._inner.verify(bearer)
        self._remember(bearer, principal, now, withdrawn)
        return principal

    def forget(self, withdrawn: int) -> None:
        """Ask the inner verifier again for everything: after an incident's key change, of which this is the number."""
        with self._writing:
            if withdrawn > self._known_withdrawn:
                self._entries = {}  # another one: a look-up that is under way ends in the old one
                self._known_withdrawn = withdrawn

    def __len__(self) -> int:
        """How many tokens are remembered."""
        return len(self._entries)

    def _remember(self, bearer: str, principal: Principal, now: datetime, withdrawn: int) -> None:
        age = self._max_age if self._good_for is None else min(self._max_age, self._good_for())
        until = min(datetime.fromtimestamp(principal.expires_at, UTC), now + age)
        with self._writing:
            self._entries.pop(bearer, None)
            if now >= until or withdrawn != self._known_withdrawn:  # its key may have gone while it was verified
                return
            while len(self._entries) >= self._capacity:
                del self._entries[next(iter(self._entries))]  # the oldest: dicts keep their order
            self._entries[bearer] = (principal, until)
