"""Links that open one door: who holds the token may do the one thing it was made for."""

from __future__ import annotations

from typing import Protocol


class Capabilities(Protocol):
    """Makes the secret part of links."""

    def token(self, purpose: str, *parts: str) -> str:
        """43 URL-safe characters, 256 bits, the same for the same arguments: a job can make it again, so it is stored nowhere.

        Keep `sha256` of it beside what it opens. parts: what tells one door from another, such as a row's id.
        """
        ...
