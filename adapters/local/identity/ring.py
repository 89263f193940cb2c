"""The keys in use at one moment, and how they follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import ECKey

from adapters.local.identity.keys import KeyState, SigningKey, new_key

PUBLISH_BEFORE_USE = timedelta(minutes=20)
"""Verifiers elsewhere cache our key set for 10 minutes, their caches for 10 more."""
KEEP_AFTER_EXPIRY = timedelta(minutes=15)
YEARLY = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """One key signs, the others only verify. A value: every change gives another ring to store and to share."""

    current: SigningKey
    standby: SigningKey | None = None
    previous: tuple[SigningKey, ...] = ()

    @classmethod
    def of(cls, keys: Iterable[SigningKey]) -> KeyRing:
        """The ring of stored keys. Raises `ValueError` unless exactly one is current and at most one on standby."""
        by_state: dict[KeyState, list[SigningKey]] = {state: [] for state in KeyState}
        for key in keys:
            by_state[key.state].append(key)
        current, standby = by_state[KeyState.CURRENT], by_state[KeyState.STANDBY]
        if len(current) != 1 or len(standby) > 1:
            raise ValueError(f"A key ring has one current key and at most one on standby, not {len(current)} and {len(standby)}.")
        previous = sorted(by_state[KeyState.PREVIOUS], key=lambda key: key.since, reverse=True)
        return cls(current[0], standby[0] if standby else None, tuple(previous))

    @classmethod
    def start(cls, at: datetime) -> KeyRing:
        """A first ring of random keys: one that signs and one on standby."""
        return cls(new_key(at, KeyState.CURRENT), new_key(at, KeyState.STANDBY))

    def all_keys(self) -> tuple[SigningKey, ...]:
        """Every key, the signing one first."""
        standby = (self.standby,) if self.standby else ()
        return (self.current, *standby, *self.previous)

    def verification_key(self, kid: str) -> ECKey | None:
        """The key that a token names, if it is ours. A standby counts: another process may have switched already."""
        return next((key.pair for key in self.all_keys() if key.kid == kid), None)

    def rotated(self, at: datetime, *, at_once: bool = False) -> KeyRing:
        """The standby signs from now on, and a new standby is published.

        Raises `ValueError` while the standby is younger than 20 minutes. at_once: after an incident: forget every older
        key too, so that all access tokens die.
        """
        fresh = new_key(at, KeyState.STANDBY)
        if at_once:
            return KeyRing(new_key(at, KeyState.CURRENT), fresh)
        if self.standby is None or at - self.standby.since < PUBLISH_BEFORE_USE:
            raise ValueError("The next signing key must be published for 20 minutes before it signs.")
        successor = self.standby.moved(KeyState.CURRENT, at)
        return KeyRing(successor, fresh, (self.current.moved(KeyState.PREVIOUS, at), *self.previous))

    def pruned(self, at: datetime, token_lifetime: timedelta) -> KeyRing:
        """Without the previous keys whose last token ended 15 minutes ago."""
        keep = token_lifetime + KEEP_AFTER_EXPIRY
        return KeyRing(self.current, self.standby, tuple(key for key in self.previous if at - key.since < keep))

    def due(self, at: datetime, token_lifetime: timedelta) -> KeyRing:
        """The ring as it should be by now: rotated once a year, and pruned. The same one when there is nothing to do."""
        ring = self
        if at - self.current.since >= YEARLY and self.standby is not None and at - self.standby.since >= PUBLISH_BEFORE_USE:
            ring = self.rotated(at)
        pruned = ring.pruned(at, token_lifetime)
        return self if pruned.all_keys() == self.all_keys() else pruned

    def jwks(self) -> Mapping[str, object]:
        """The public halves as an RFC 7517 key set."""
        return {"keys": [{**key.pair.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": "ES256"} for key in self.all_keys()]}
