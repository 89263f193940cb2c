"""Keyset pages: `{"items": […], "next_cursor": …}` with a `Link` header; never an offset, never a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from adapters.http import fields
from adapters.http.cursors import Cursors
from adapters.http.schema import QuerySchema

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


class PageQuery(QuerySchema):
    """What every list accepts."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=ma.validate.Range(1, MAX_LIMIT),
        metadata={"description": "How many items at most.", "example": 50},
    )
    cursor = fields.String(
        load_default=None,
        validate=ma.validate.Length(1, 2048),
        metadata={"description": "`next_cursor` of the page before.", "example": None},
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page asked for. after: the key values of the last item already seen, None for the first page."""

    limit: int
    after: tuple[Any, ...] | None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than shown, to know whether there is a next page."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Page:
    """Items to show, and the key values of the last one when there are more."""

    items: Sequence[Any]
    last: tuple[Any, ...] | None


def page_of(rows: Sequence[Any], request: PageRequest, *keys: str) -> Page:
    """Cut the extra row off. rows: at most `request.fetch`, in key order; keys: the columns that order them, unique together."""
    if len(rows) <= request.limit:
        return Page(rows, None)
    shown = rows[: request.limit]
    last = shown[-1]
    return Page(shown, tuple(last[key] if isinstance(last, dict) else getattr(last, key) for key in keys))


def read_page(query: dict[str, Any], cursors: Cursors, workspace: Any, fingerprint: str) -> PageRequest:
    """Take `limit` and `cursor` out of a loaded query. Raises Malformed for a cursor that is not ours, or of another list or filter."""
    limit, cursor = query.pop("limit"), query.pop("cursor")
    if cursor is None:
        return PageRequest(limit, None)
    return PageRequest(limit, tuple(cursors.decode(cursor, workspace=workspace, fingerprint=fingerprint)))
