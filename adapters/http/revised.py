"""Files that are made anew only when what they are made of has changed."""

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
