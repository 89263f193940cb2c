"""Logos that are sent here: kept under keys of our own, given out to whoever has the address."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from kernel.context import current
from kernel.errors import Fault, Invalid, NotFound, Stale, TooLarge
from plugins.workspaces.domain.branding import LOGOS, PUBLISHED, address_fault, sent_logo
from plugins.workspaces.domain.pictures import MAX_BYTES, NoPicture, Picture, picture
from plugins.workspaces.ports import Later, Transaction, Workspaces
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.persistence import Row
from ports.storage import Storage, StorageKey, StoredFile

EXTENSIONS: Final[Mapping[str, str]] = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""What is given out, and what a file of it is called."""
LEFT_BEHIND: Final = timedelta(hours=1)
"""When to look whether a file that was stored became a logo."""


class LogosService:
    """The address of a logo is a capability: with it nobody need look up whose it is, and no other file of the store has one."""

    def __init__(
        self, *, store: Workspaces, storage: Storage, capabilities: Capabilities, clock: Clock, transaction: Transaction, later: Later, own_url: str
    ) -> None:
        self._store = store
        self._storage = storage
        self._capabilities = capabilities
        self._clock = clock
        self._transaction = transaction
        self._later = later
        self._own_url = own_url

    def put(self, theme: str, content: bytes, media: str) -> Row:
        """Store a picture and make it the logo. Outside a transaction. Raises TooLarge, Invalid, Stale."""
        found = _checked(content, media)
        key = StorageKey.new(_workspace())
        with self._transaction():
            # First, so that no file is left behind wherever this ends.
            self._later("forget_logo", self._clock.now() + LEFT_BEHIND, file_id=key.id)
        self._storage.put(key, found.content, content_type=found.media)
        return self._set(LOGOS[theme], f"{self._own_url}{PUBLISHED}{key.workspace_id}/{key.id}/{self._token(key)}")

    def take_away(self, theme: str) -> None:
        """No logo any more, wherever it was. Outside a transaction. Raises Stale."""
        self._set(LOGOS[theme], None)

    def published(self, workspace_id: UUID, file_id: UUID, token: str) -> StoredFile:
        """A logo, for anybody. Outside a transaction. Raises NotFound."""
        key = StorageKey(workspace_id, file_id)
        if not hmac.compare_digest(token.encode(), self._token(key).encode()):
            raise NotFound()
        found = self._storage.get(key)
        if found.content_type not in EXTENSIONS:
            raise NotFound()
        return found

    def forget(self, file_id: UUID) -> None:
        """Delete a file unless it is a logo. Outside a transaction."""
        key = StorageKey(_workspace(), file_id)
        with self._transaction():
            found = self._store.workspace()
        if found is None or key not in self._files(found["branding"]).values():
            self._storage.delete(key)

    def check(self, branding: Mapping[str, Any]) -> None:
        """Raises Invalid for an address that looks like one of ours, is not, and would not do otherwise either."""
        foreign = {field: str(branding[field]) for field in LOGOS.values() if self._foreign(branding.get(field))}
        if faults := [Fault(f"/branding/{field}", why) for field, text in foreign.items() if (why := address_fault(text)) is not None]:
            raise Invalid(errors=faults)

    def forget_replaced(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Have the files deleted, after the commit, of logos that are none any more."""
        kept = self._files(after).values()
        for key in self._files(before).values():
            if key not in kept:
                self._later("forget_logo", self._clock.now(), file_id=key.id)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _set(self, field: str, address: str | None) -> Row:
        with self._transaction():
            self._store.lock()
            before = self._store.workspace()
            changed = self._store.change(current().expected_version, self._clock.now(), branding={field: address})
            if before is None or changed is None:
                raise Stale()
            self.forget_replaced(before["branding"], changed["branding"])
            return changed

    def _files(self, branding: Mapping[str, Any]) -> dict[str, StorageKey]:
        """Where the logos lie that were sent here. An address with another token names no file: anybody may write one down."""
        keys = {field: self._key(branding.get(field)) for field in LOGOS.values()}
        return {field: key for field, key in keys.items() if key is not None}

    def _foreign(self, text: object) -> bool:
        return sent_logo(text) is not None and (self._key(text) is None or not str(text).startswith(self._own_url + PUBLISHED))

    def _key(self, text: object) -> StorageKey | None:
        said = sent_logo(text)
        if said is None or said.workspace_id != current().scope.workspace_id:
            return None
        key = StorageKey(said.workspace_id, said.file_id)
        return key if hmac.compare_digest(said.token, self._token(key)) else None

    def _token(self, key: StorageKey) -> str:
        return self._capabilities.token("logo", key.workspace_id.hex, key.id.hex)


def _checked(content: bytes, media: str) -> Picture:
    if len(content) > MAX_BYTES:
        raise TooLarge(f"A logo may have {MAX_BYTES} bytes at most.")
    try:
        found = picture(content)
    except NoPicture as error:
        raise Invalid(errors=[Fault("", str(error))]) from None
    if found.media != media:
        raise Invalid(errors=[Fault("Content-Type:", f"These are the bytes of {found.media}.")])
    return found


def _workspace() -> UUID:
    found = current().scope.workspace_id
    assert found is not None, "a logo belongs to a workspace"
    return found
