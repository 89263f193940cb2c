"""What falls into the hands of members: the secrets of links that mails and answers carry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from adapters.local.clock import SystemClock
from adapters.local.storage import DiskStorage, SignedLinks
from config.secrets import derive_key
from config.settings import Settings
from ports.storage import StorageKey
from tests.invited import planted
from tests.links import application, link
from tests.security.studios import Studio
from tests.servers import Person

KIND = "text/plain"
_DOORS = {"/auth/password/reset": "reset", "/auth/email/confirm": "verify", "/auth/email/stop": "stop"}


def files_of(settings: Settings) -> tuple[DiskStorage, SignedLinks]:
    """The installation's files and what signs links to them."""
    disk = DiskStorage(settings.home / "files")
    return disk, SignedLinks(disk, derive_key(settings.secret_key or b"", "file links"), SystemClock(), base="")


def stored(settings: Settings, studio: Studio) -> str:
    """A file of the studio, just stored."""
    key = StorageKey.new(UUID(studio.id))
    files_of(settings)[0].put(key, studio.canary("w").encode(), content_type=KIND)
    return str(key.id)


@dataclass(frozen=True)
class Letters:
    """What one member of a studio is sent. connection: a superuser's."""

    settings: Settings
    connection: psycopg.Connection[Any]
    studio: Studio
    person: Person

    def token(self, path: str) -> str:
        """A fresh one that the operation takes. Whoever is to accept an invitation is no member meanwhile."""
        if path in _DOORS:
            return link(self.settings, self.person, _DOORS[path])
        if path == "/auth/signup/finish":
            return application(self.settings, f"{uuid.uuid4().hex}@example.com", "a long enough secret")
        assert self.studio.further is not None
        if path.endswith("/accept"):
            with self.connection.transaction():
                self.connection.execute("set local session_replication_role = replica")
                ended = "update user_roles set ended_at = now() where workspace_id = %s and user_id = %s"
                self.connection.execute(ended, (self.studio.id, self.person.id))
        return planted(self.connection, self.studio.id, self.studio.further.id, self.person.email, "Cliente")[1]

    @property
    def content(self) -> bytes:
        """Of the studio's file."""
        return self.studio.canary("w").encode()

    def query(self, method: str, file: str) -> str:
        """What follows the path in a link to a file of the studio."""
        _, links = files_of(self.settings)
        key = StorageKey(UUID(self.studio.id), UUID(file))
        made = (
            links.download(key, name="plan.txt", content_type=KIND)
            if method == "GET"
            else links.upload(key, content_type=KIND, size=len(self.content)).url
        )
        return urlsplit(made).query
