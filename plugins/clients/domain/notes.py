"""Rules about notes."""

from __future__ import annotations

from enum import StrEnum


class Visibility(StrEnum):
    """Who reads a note: private ones are the staff's, shared ones the client's as well."""

    PRIVATE = "private"
    SHARED = "shared"
