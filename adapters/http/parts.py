"""Downloads in parts: whoever began one goes on with it, and it is counted once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

from adapters.http import fields
from adapters.http.cursors import Cursors, Value
from adapters.http.exchange import Environ
from adapters.http.headers import Header
from adapters.http.operation import marks
from adapters.http.schema import QuerySchema
from kernel.context import Scope
from kernel.errors import Fault, Malformed

F = TypeVar("F", bound=Callable[..., Any])
LASTS: Final = dt.timedelta(hours=1)
"""How long a download that was begun may go on."""


class PartQuery(QuerySchema):
    """What every download in parts accepts."""

    cursor = fields.String(load_default=None, min_length=1, max_length=2048)


@dataclass(frozen=True, slots=True)
class Part:
    """The part asked for. after: what the part before ended with, as it was given to `next`; None for the first."""

    after: Sequence[Value] | None
    _next: Callable[[Sequence[Value]], str] = field(repr=False)

    def next(self, *last: Value) -> Header:
        """The header that leads to the part after this one. last: the key values of the last record in it."""
        return "Link", f'<{self._next(last)}>; rel="next"'


def read_part(cursor: str | None, cursors: Cursors, environ: Environ, scope: Scope, question: str) -> Part:
    """Which part. question: the operation and its filters. Raises Malformed for a cursor of another download or person, or one that is over."""
    now = dt.datetime.now(dt.UTC)
    mine = f"{question}\0{scope.user_id or UUID(int=0)}"
    begun, after = now, None
    if cursor is not None:
        begun, *after = cursors.decode(cursor, workspace=scope.workspace_id, fingerprint=mine)  # type: ignore[assignment]
        if now - begun > LASTS:
            detail = "This download was begun more than an hour ago; begin again without the cursor."
            raise Malformed(detail, code="invalid_cursor", errors=[Fault("?cursor", "Is over.")])

    def target(last: Sequence[Value]) -> str:
        text = cursors.encode((begun, *last), workspace=scope.workspace_id, fingerprint=mine)
        others = [part for part in environ.get("QUERY_STRING", "").split("&") if part and not part.startswith("cursor=")]
        path: str = environ.get("PATH_INFO", "")
        return path + "?" + "&".join([*others, f"cursor={text}"])

    return Part(after, target)


def with_part(function: F) -> F:
    """Pass the `Part` asked for to the view after its other arguments. Beside `@metered` the first counts for all that follow within an hour."""
    found = marks(function)
    found.arguments.append("part")
    found.parted = True
    return function
