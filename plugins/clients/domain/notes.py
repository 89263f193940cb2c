"""Rules about notes."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID


class Visibility(StrEnum):
    """Who reads a note: private ones are the staff's, shared ones the client's as well."""

    PRIVATE = "private"
    SHARED = "shared"


def may_change(author: UUID, visibility: str, actor: UUID | None, *, owner: bool, gone: bool) -> bool:
    """Whether the actor, an Owner or another of the staff, may change or take away a note: its author; an Owner too, when the client reads it
    or its author is not of the staff any more."""
    return author == actor or (owner and (gone or visibility == Visibility.SHARED))
