"""The twin of the DNS: a file of TXT records and addresses, for tests and for trying it out without a domain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kernel.context import outbound
from ports.dns import DnsDown


class ZoneFile:
    """Implements ports.dns.Dns. Each line is a name, a space and a text, or @ and an address; no file is an empty zone; `name !` is a server
    that is down."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def texts(self, name: str) -> Sequence[str]:
        return tuple(text for text in self._lines(name) if not text.startswith("@"))

    def addresses(self, name: str) -> Sequence[str]:
        return tuple(text[1:].strip() for text in self._lines(name) if text.startswith("@"))

    def _lines(self, name: str) -> Sequence[str]:
        outbound("DNS")
        try:
            lines = self._path.read_text().splitlines()
        except FileNotFoundError:
            return ()
        found = tuple(text for owner, _, text in (line.partition(" ") for line in lines) if owner == name)
        if "!" in found:
            raise DnsDown("down")
        return found
