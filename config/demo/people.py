"""The demo's people: each is invited, and comes with the link of their letter, as anybody does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from adapters.local.capabilities import DerivedCapabilities
from config.demo.api import Api
from config.secrets import derive_key
from config.settings import Settings
from plugins.workspaces.service.invitations import token_of

OpenLetter = Callable[[UUID, UUID], str]
"""The secret of the link in an invitation's first mail: workspace, invitation."""


def letters(settings: Settings) -> OpenLetter:
    """Nobody reads the mail of addresses that do not exist, and none is sent: who accepted needs no letter. Its link is made as the sender does."""
    capabilities = DerivedCapabilities(derive_key(settings.secret_key, "capabilities"))
    return lambda workspace, invitation: token_of(capabilities, workspace, invitation, 1)


def admit(api: Api, person: dict[str, Any], open_letter: OpenLetter, **offered: str) -> None:
    """Invite somebody who has signed in, and have them accept, unless they are a member. api: an Owner's. offered: role and what belongs to it."""
    email, name = person["user"]["email"], person["user"]["full_name"]
    if any(each["email"] == email for each in api.made("GET", "/api/v1/users?limit=200")["items"]):
        return
    for asked in api.made("GET", "/api/v1/invitations?status=pending&limit=200")["items"]:
        if asked["email"] == email:  # cut short between the two: who knows how often it was sent since
            api.made("DELETE", f"/api/v1/invitations/{asked['id']}")
    invitation = api.made("POST", "/api/v1/users", {"email": email, "full_name": name, **offered})
    link = open_letter(UUID(api.workspace), UUID(invitation["id"]))
    api.as_(person).made("POST", "/api/v1/invitations/accept", {"token": link})
