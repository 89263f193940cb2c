"""What strangers see of a workspace under its own domain."""

from __future__ import annotations

from typing import Any

from kernel.errors import Fault, Invalid, NotFound
from plugins.workspaces.domain.hosts import parse
from ports.hosts import Hosts

_SHOWN = ("logo", "logo_dark", "colors", "colors_dark")


class BrandingService:
    """Reads without a workspace: there is nobody yet."""

    def __init__(self, *, hosts: Hosts) -> None:
        self._hosts = hosts

    def face(self, domain: str | None, host: str | None) -> dict[str, Any]:
        """Of the domain named, else of the host asked. Raises Invalid (`?domain`), NotFound unless some workspace verified it."""
        name = host if domain is None else _named(domain)
        found = None if name is None else self._hosts.face(name)
        if found is None:
            raise NotFound()
        branding = found["branding"]
        shown = {field: branding.get(field) for field in _SHOWN}
        return {"name": branding.get("display_name") or found["name"], "locale": found["locale"], **shown}


def _named(domain: str) -> str:
    try:
        return parse(domain)
    except ValueError as error:
        raise Invalid(errors=[Fault("?domain", str(error))]) from None
