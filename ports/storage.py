"""Files: bytes under keys that the server makes, fetched and sent by links that end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, Self
from urllib.parse import quote
from uuid import UUID

from kernel.ids import new_id

LONGEST_LINK_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class StorageKey:
    """Where a file lies. Nothing a person chose is part of it, so no name can lead elsewhere."""

    workspace_id: UUID
    id: UUID

    @classmethod
    def new(cls, workspace_id: UUID) -> Self:
        return cls(workspace_id, new_id())

    def __str__(self) -> str:
        return f"ws/{self.workspace_id}/{self.id}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes. content_type: as whoever stored it said."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class UploadLink:
    """Where to PUT a file; headers: to be sent along, unchanged."""

    url: str
    headers: dict[str, str]


class Storage(Protocol):
    """Keeps files. Each method raises Unavailable when the store cannot be reached, and RuntimeError inside a transaction."""

    def put(self, key: StorageKey, content: bytes, *, content_type: str) -> None:
        """Store or replace; whole or not at all."""
        ...

    def get(self, key: StorageKey) -> StoredFile:
        """Raises NotFound."""
        ...

    def delete(self, key: StorageKey) -> None:
        """Idempotent."""
        ...


class Links(Protocol):
    """Makes links to files. Nothing is asked of the store: a link to a file that is not there answers 404."""

    def download(self, key: StorageKey, *, name: str, content_type: str, lifetime_s: int = 300) -> str:
        """A URL that answers GET with the file as an attachment called `name`, for 1 to LONGEST_LINK_S seconds."""
        ...

    def upload(self, key: StorageKey, *, content_type: str, size: int, lifetime_s: int = 300) -> UploadLink:
        """A URL that takes exactly `size` bytes of this type by PUT."""
        ...


class LinkedFiles(Protocol):
    """What our own web server does with links of the embedded store; other stores answer by themselves."""

    def fetch(self, key: StorageKey, query: str) -> tuple[StoredFile, str]:
        """The file and the name it is given out under. Raises Forbidden `invalid_link` or `link_expired`, NotFound."""
        ...

    def receive(self, key: StorageKey, query: str, content_type: str, content: bytes) -> None:
        """Store what somebody sent to an upload link. Raises Forbidden as above, Invalid for another type or size."""
        ...


def checked(lifetime_s: int) -> int:
    """A link's lifetime. Raises ValueError outside 1 to LONGEST_LINK_S."""
    if not 1 <= lifetime_s <= LONGEST_LINK_S:
        raise ValueError(f"a link lives from 1 to {LONGEST_LINK_S} seconds")
    return lifetime_s


def disposition(name: str) -> str:
    """Content-Disposition of an attachment (RFC 6266): a plain name for old readers, the whole one percent-encoded (RFC 8187)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)[:100] or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:255], safe='', errors='replace')}"
