"""Somebody else's signing keys: fetched, kept, and asked for again only as often as is polite."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from adapters.outbound.keyset import Keys, PublicKey, parsed
from kernel.errors import DomainError, Unavailable
from ports.outbound import Outbound

log = logging.getLogger(__name__)

FRESH_S = 600.0
"""A key that left the set is dead after this long."""
EARLY_S = 480.0
"""From here on the set is fetched again in the background, so that a busy process never waits for it."""
APART_S = 60.0
"""Between two fetches, whatever anybody sends us."""
STALE_S = 86_400.0
"""So long known keys stay good while the issuer does not answer."""


class RemoteKeys:
    """The key set at one URL, for one issuer. Thread-safe.

    A key that is not in it may be new: the first unknown kid fetches at once, later ones once a minute.
    """

    def __init__(self, url: str, http: Outbound, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._http = http
        self._now = monotonic
        self._keys: Keys | None = None
        self._read_at = self._tried_at = self._searched_at = float("-inf")
        self._not_before = float("-inf")
        self._failed = False
        self._fetching = threading.Lock()

    def key(self, kid: str) -> PublicKey | None:
        """The key of this name, None for a name the issuer does not know.

        Raises `Unavailable` while no key set was read within a day: nobody can say then whether a token is good.
        """
        self._keep_up()
        keys = self._usable()
        if keys is None or (kid not in keys and self._now() - self._searched_at >= APART_S):
            self._search(kid)
            keys = self._usable()
        if keys is None:
            raise Unavailable("The issuer of this token does not answer at this moment; try again.", retry_after_s=5)
        return keys.get(kid)

    def good_for(self) -> timedelta:
        """How long an answer given now may be relied on: until the set is due again, or the next attempt after a failed one."""
        due = self._tried_at + APART_S if self._failed else self._read_at + FRESH_S
        return timedelta(seconds=max(0.0, due - self._now()))

    # -- inside ------------------------------------------------------------------------------------------------------
    def _usable(self) -> Keys | None:
        return self._keys if self._now() - self._read_at < STALE_S else None

    def _due(self) -> bool:
        now = self._now()
        return self._keys is not None and now - self._read_at >= EARLY_S and now - self._tried_at >= APART_S and now >= self._not_before

    def _keep_up(self) -> None:
        """Read the set again when it is time: in the background while the old one is fresh or the issuer is away."""
        if not self._due():
            return
        at_once = self._now() - self._read_at >= FRESH_S and not self._failed
        if not self._fetching.acquire(blocking=at_once):
            return
        if not self._due():  # somebody else just did
            self._fetching.release()
        elif at_once:
            self._read_and_release()
        else:
            threading.Thread(target=self._read_and_release, name="jwks", daemon=True).start()

    def _read_and_release(self) -> None:
        try:
            self._read()
        finally:
            self._fetching.release()

    def _search(self, kid: str) -> None:
        """Look for a key we do not have. One looks, the others wait and find what it found."""
        with self._fetching:
            now, keys = self._now(), self._usable()
            if now < self._not_before or (keys is not None and kid in keys):
                return
            if keys is None:
                if not self._failed or now - self._tried_at >= APART_S:
                    self._read()
            elif now - self._searched_at >= APART_S:
                self._searched_at = now
                self._read()

    def _read(self) -> None:
        """One attempt. A failed one leaves what we had."""
        self._tried_at = started = self._now()
        try:
            answer = self._http.request("GET", self._url)
            if answer.status == 429:
                self._not_before = started + _seconds(answer.headers.get("retry-after"))
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            self._keys, self._read_at, self._failed = parsed(answer.body), started, False
        except (DomainError, ValueError) as error:
            self._failed = True
            log.warning("the key set of an issuer could not be read", extra={"url": self._url, "error": str(error)})


def _seconds(retry_after: str | None) -> float:
    text = retry_after or ""
    return min(float(text), FRESH_S) if text.isascii() and text.isdigit() else APART_S
