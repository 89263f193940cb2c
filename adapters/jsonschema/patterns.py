"""Patterns that people write, in time that grows with the text alone: RE2, never Python's own engine."""

from __future__ import annotations

from functools import lru_cache

import re2


@lru_cache(512)
def compiled(pattern: str) -> re2.Pattern:
    """Raises ValueError for what RE2 does not take: look-around, references to a group, anything beyond 1 MiB of states."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(str(error)) from None
