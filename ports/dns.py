"""What somebody says about a domain in the public DNS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class DnsDown(Exception):
    """Nobody answered in time, or the servers of the domain are broken: nothing is known."""


class Dns(Protocol):
    """Outside: never inside a transaction."""

    def texts(self, name: str) -> Sequence[str]:
        """The TXT records of a name, each as one text; empty when there are none. Raises DnsDown."""
        ...

    def addresses(self, name: str) -> Sequence[str]:
        """Its IPv4 and IPv6 addresses, all of them; empty when there are none. Raises DnsDown when either kind is not known."""
        ...
