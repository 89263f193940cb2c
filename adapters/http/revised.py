"""Files that are made anew only when what they are made of has changed, and those that never change."""

from __future__ import annotations

from collections.abc import Callable

from adapters.http import conditional, headers
from adapters.http.exchange import Answer, RequestHeaders


def revised(make: Callable[[], bytes], revision: str, asked: RequestHeaders, *, media: str, name: str) -> Answer:
    """The download, for a view marked `@blp.file` and `@headed` to return. revision: hexadecimal, of everything the file is made of, and so its
    ETag: whoever holds that gets 304, and `make` is not called. name: of the file."""
    kept = [("ETag", f'"{revision[:40]}"'), headers.REVALIDATE]
    if conditional.not_modified(asked.get("If-None-Match"), kept[0][1]):
        return Answer(304, kept)
    return Answer(200, [("Content-Type", media), ("Content-Disposition", f'attachment; filename="{name}"'), *kept], make())


def published(content: bytes, revision: str, asked: RequestHeaders, *, media: str, name: str) -> Answer:
    """A file that anybody may keep for good, since other bytes have another address, for a view marked `@blp.file` and `@headed` to return.
    Pages of other sites may show it, and nothing in it runs. revision, name: as above."""
    kept = [
        ("ETag", f'"{revision[:40]}"'),
        ("Cache-Control", "public, max-age=31536000, immutable"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
    ]
    if conditional.not_modified(asked.get("If-None-Match"), kept[0][1]):
        return Answer(304, kept)
    return Answer(200, [("Content-Type", media), ("Content-Disposition", f'inline; filename="{name}"'), *kept], content)
