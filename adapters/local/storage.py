"""Files on disk, and links to them that our own web server honours (implements ports.storage)."""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

from kernel.context import outbound
from kernel.errors import Fault, Forbidden, Invalid, NotFound
from ports.clock import Clock
from ports.storage import StorageKey, StoredFile, UploadLink, checked

_TYPE: Final = ".type"


class DiskStorage:
    """One file per key below `folder`, its type beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: StorageKey, content: bytes, *, content_type: str) -> None:
        outbound("storage")
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path.with_suffix(_TYPE), content_type.encode())
        _replace(path, content)  # last: a file that is there has its type

    def get(self, key: StorageKey) -> StoredFile:
        outbound("storage")
        path = self._path(key)
        try:
            return StoredFile(path.read_bytes(), path.with_suffix(_TYPE).read_text())
        except FileNotFoundError:
            raise NotFound from None

    def delete(self, key: StorageKey) -> None:
        outbound("storage")
        path = self._path(key)
        path.unlink(missing_ok=True)
        path.with_suffix(_TYPE).unlink(missing_ok=True)

    def _path(self, key: StorageKey) -> Path:
        return self._folder / str(key.workspace_id) / str(key.id)


class SignedLinks:
    """Links below `<base>/files/`, signed by our own key (implements ports.storage.Links and LinkedFiles).

    base: the URL of this server. Every parameter is under the signature: method, key, end, type, and the name or the size.
    """

    def __init__(self, storage: DiskStorage, key: bytes, clock: Clock, *, base: str) -> None:
        self._storage = storage
        self._key = key
        self._clock = clock
        self._base = base

    def download(self, key: StorageKey, *, name: str, content_type: str, lifetime_s: int = 300) -> str:
        return self._link("GET", key, [("type", content_type), ("name", name)], lifetime_s)

    def upload(self, key: StorageKey, *, content_type: str, size: int, lifetime_s: int = 300) -> UploadLink:
        return UploadLink(self._link("PUT", key, [("type", content_type), ("size", str(size))], lifetime_s), {"Content-Type": content_type})

    def fetch(self, key: StorageKey, query: str) -> tuple[StoredFile, str]:
        told = self._read("GET", key, query)
        return StoredFile(self._storage.get(key).content, told["type"]), told["name"]

    def receive(self, key: StorageKey, query: str, content_type: str, content: bytes) -> None:
        told = self._read("PUT", key, query)
        if content_type != told["type"]:
            raise Invalid(errors=[Fault("Content-Type:", f"This link takes {told['type']}.")])
        if len(content) != int(told["size"]):
            raise Invalid(errors=[Fault("", f"This link takes {told['size']} bytes.")])
        self._storage.put(key, content, content_type=content_type)

    def _link(self, method: str, key: StorageKey, told: list[tuple[str, str]], lifetime_s: int) -> str:
        pairs = [("until", str(int(self._clock.now().timestamp()) + checked(lifetime_s))), *told]
        return f"{self._base}/files/{key.workspace_id}/{key.id}?{urlencode([*pairs, ('signature', self._sign(method, key, pairs))])}"

    def _read(self, method: str, key: StorageKey, query: str) -> dict[str, str]:
        """What a link says, once its signature and its end hold."""
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=4)
        except ValueError:
            pairs = []
        if len(pairs) != 4 or pairs[-1][0] != "signature":
            raise _invalid()
        signature = pairs.pop()[1]
        if not hmac.compare_digest(signature.encode(), self._sign(method, key, pairs).encode()):
            raise _invalid()
        told = dict(pairs)
        if int(told["until"]) < self._clock.now().timestamp():
            raise Forbidden("This link has ended; ask for a new one.", code="link_expired")
        return told

    def _sign(self, method: str, key: StorageKey, pairs: list[tuple[str, str]]) -> str:
        said = urlencode([("method", method), ("key", str(key)), *pairs])
        return hmac.digest(self._key, said.encode(), hashlib.sha256).hex()


def _invalid() -> Forbidden:
    return Forbidden("This is not a link of ours.", code="invalid_link")


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk when it returns."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
