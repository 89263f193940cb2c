"""What strangers see of a workspace under its verified domain: its public services and when they are free. It names nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from kernel.context import current, serving
from kernel.errors import NotFound
from plugins.bookings.ports.page import Page as Stored
from plugins.bookings.service.availability import Asked, Availability
from ports.hosts import Hosts
from ports.persistence import Row

Settings = Mapping[str, Any]


class BookingPage:
    """Reads of whoever asks at a domain. filled: the module's stored settings with the defaults of those that were never set.

    Every method raises NotFound, always the same, unless a workspace verified the domain, has the module on and opened its page.
    """

    def __init__(self, *, stored: Stored, hosts: Hosts, availability: Availability, filled: Callable[[Settings], Settings]) -> None:
        self._stored = stored
        self._hosts = hosts
        self._availability = availability
        self._filled = filled

    def services(self, domain: str | None, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """A page of public services, by name."""
        with self._opened(domain) as settings:
            return [_shown(row, settings) for row in self._stored.services(limit, after)]

    def days(self, domain: str | None, asked: Asked) -> list[bytes]:
        """When a public service is free, a day at a time, whoever offers it. Raises as `Availability.days`."""
        with self._opened(domain):
            return self._availability.anyones(asked)

    # -- inside ------------------------------------------------------------------------------------------------------
    @contextmanager
    def _opened(self, domain: str | None) -> Iterator[Settings]:
        workspace = None if domain is None else self._hosts.workspace(domain.lower())
        settings = None if workspace is None else self._settings(workspace)
        if settings is None or not settings["public_page"]:
            raise NotFound()
        here = current()
        # Nobody signed in, so the request itself is in no workspace; what is kept is this one's.
        with serving(replace(here, scope=replace(here.scope, workspace_id=workspace))):
            yield settings

    def _settings(self, workspace_id: UUID) -> Settings | None:
        found = self._stored.opened(workspace_id)
        return None if found is None else self._filled(found["settings"] or {})


def _shown(row: Row, settings: Settings) -> dict[str, Any]:
    terms = {name: row[name] for name in ("free_until_minutes", "late_fee", "no_show_fee")}
    return {**row, "self_service": row["self_service"] and settings["self_service"], "cancellation": terms}
