"""API keys of a workspace: made by an Owner, shown once, replaced with an overlap, revoked at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale, Unauthenticated
from kernel.ids import new_id
from kernel.registry import Registry
from plugins.workspaces.ports import Key, Keys, Members
from ports.clock import Clock
from ports.persistence import Document

UNGRANTABLE: Final = frozenset({"workspaces:manage_keys"})
"""Only people make keys: a stolen one must not be able to make itself a successor."""


class _Store(Members, Keys, Protocol):
    """Keys, and the membership of who makes them."""


class KeysService:
    """The keys of the current workspace. Whoever makes one is held as the member they are: one that is made while they go would outlive that."""

    def __init__(self, *, store: _Store, registry: Registry, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock

    def scopes(self, after: str | None, limit: int) -> list[dict[str, str]]:
        """What a key of the actor may be given, by name."""
        grantable = sorted(scope for scope in self._grantable() if after is None or scope > after)
        return [{"scope": scope, "module": scope.partition(":")[0]} for scope in grantable[:limit]]

    def page(self, after: str | None, limit: int) -> list[Document]:
        """Every key by age, those that are over included."""
        return self._store.keys(after, limit)

    def read(self, id: UUID) -> Document:
        found = self._store.key(id)
        if found is None:
            raise NotFound()
        return found

    def create(self, *, name: str, scopes: Sequence[str], expires_at: datetime | None) -> Mapping[str, Any]:
        """A new key, acting as the actor. Raises Invalid for a scope the actor's role does not hold, or an end that is past."""
        self._store.hold_actor()
        grantable = self._grantable()
        faults = [
            Fault(f"/scopes/{place}", "Your role holds no such permission, or keys cannot have it.")
            for place, scope in enumerate(scopes)
            if scope not in grantable
        ]
        now = self._clock.now()
        faults += _end_faults(expires_at, now)
        if faults:
            raise Invalid(errors=faults)
        return self._add(Key(new_id(), _actor(), name, "", tuple(dict.fromkeys(scopes)), expires_at, now))

    def rotate(self, id: UUID, *, grace_s: int, expires_at: datetime | None) -> Mapping[str, Any]:
        """Its successor, with the same name and scopes, acting as the actor; the old key lives on for grace_s.

        Raises Conflict key_over when it was revoked, has expired or was rotated before, Stale when If-Match named another version.
        """
        self._store.hold_actor()
        now = self._clock.now()
        if faults := _end_faults(expires_at, now):
            raise Invalid(errors=faults)
        expected = current().expected_version
        old = self._store.end_key_after(id, expected, now, now + timedelta(seconds=grace_s))
        if old is None:
            if expected not in (None, -1, self.read(id)["version"]):
                raise Stale()
            raise Conflict("This key is over, or it was rotated before.", code="key_over")
        scopes = [scope for scope in old["scopes"] if scope in self._grantable()]
        if not scopes:
            raise Conflict("Nothing this key may do is there any more.", code="key_over")
        return self._add(Key(new_id(), _actor(), old["name"], "", scopes, expires_at, now, replaces=id))

    def revoke(self, id: UUID) -> None:
        """Effective with the key's next request. Raises Stale when If-Match named another version."""
        self.read(id)
        if not self._store.revoke_key(id, current().expected_version, self._clock.now()):
            raise Stale()

    def _grantable(self) -> frozenset[str]:
        role = current().open_transaction.entered().role
        held = (
            f"{id}:{permission}"
            for id, manifest in self._registry.plugins.items()
            for permission, roles in manifest.permissions.items()
            if role in roles
        )
        return frozenset(held) - UNGRANTABLE

    def _add(self, key: Key) -> Mapping[str, Any]:
        secret = secrets.token_urlsafe(32)
        text = f"fp_{key.id.hex}_{secret}"
        key = replace(key, hint=secret[-4:])
        self._store.add_key(key, hashlib.sha256(text.encode()).digest())
        nothing_yet = {"rotated_at": None, "revoked_at": None, "last_used_at": None}
        return {**asdict(key), **nothing_yet, "version": 1, "updated_at": key.created_at, "key": text}


def _actor() -> UUID:
    actor = current().scope.user_id
    if actor is None:
        raise Unauthenticated()
    return actor


def _end_faults(expires_at: datetime | None, now: datetime) -> list[Fault]:
    return [Fault("/expires_at", "Must be in the future.")] if expires_at is not None and expires_at <= now else []
