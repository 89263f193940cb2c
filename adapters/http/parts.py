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

    part = fields.String(load_default=None, min_length=1, max_length=2048)


@dataclass(frozen=True, slots=True)
class Part:
    """The part asked for. after: what the part before ended with, as it was given to `next`; None for the first."""

    after: Sequence[Value] | None
    _next: Callable[[Sequence[Value]], str] = field(repr=False)

    def next(self, *last: Value) -> Header:
        """The header that leads to the part after this one. last: the key values of the last record in it."""
        return "Link", f'<{self._next(last)}>; rel="next"'


def read_part(text: str | None, cursors: Cursors, environ: Environ, scope: Scope, question: str) -> Part:
    """Which part. question: the operation and its filters. Raises Malformed for one of another download or person, or one that is over."""
    now = dt.datetime.now(dt.UTC)
    mine = f"{question}\0{scope.user_id or UUID(int=0)}"
    begun, after = now, None
    if text is not None:
        try:
            begun, *after = cursors.decode(text, workspace=scope.workspace_id, fingerprint=mine)  # type: ignore[assignment]
        except Malformed:
            raise _invalid("This is no part of the same download that you began; begin again without it.") from None
        if now - begun > LASTS:
            raise _invalid("This download was begun more than an hour ago; begin again without it.")

    def target(last: Sequence[Value]) -> str:
        place = cursors.encode((begun, *last), workspace=scope.workspace_id, fingerprint=mine)
        others = [each for each in environ.get("QUERY_STRING", "").split("&") if each and not each.startswith("part=")]
        path: str = environ.get("PATH_INFO", "")
        return path + "?" + "&".join([*others, f"part={place}"])

    return Part(after, target)


def _invalid(detail: str) -> Malformed:
    return Malformed(detail, code="invalid_part", errors=[Fault("?part", "Not a part that follows.")])


def with_part(function: F) -> F:
    """Pass the `Part` asked for to the view after its other arguments. Beside `@metered` the first counts for all that follow within an hour."""
    found = marks(function)
    found.arguments.append("part")
    found.parted = True
    return function
