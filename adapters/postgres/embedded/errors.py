"""Its one error."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded server cannot do what it was asked: one sentence for people, with what to do about it."""
