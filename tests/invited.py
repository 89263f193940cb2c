"""Invitations as tests need them: the link's secret, which only a mail holds otherwise."""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg

from adapters.local.capabilities import DerivedCapabilities
from config.secrets import derive_key
from config.settings import Settings
from kernel.ids import new_id
from tests.servers import Api, Person, owner_of


def token_of(settings: Settings, invitation: str, mailing: int | None = None) -> str:
    """The token of an invitation's newest mail, or of an earlier one."""
    with owner_of(settings) as connection:
        row = connection.execute("select workspace_id, id, mailing from workspaces_invitation where id = %s", (invitation,)).fetchone()
    assert row is not None
    capabilities = DerivedCapabilities(derive_key(settings.secret_key or b"", "capabilities"))
    return f"{row[0].hex}.{capabilities.token('invitation', row[0].hex, row[1].hex, str(mailing or row[2]))}"


def invite(api: Api, who: Person, email: str, role: str = "Colaborador", workspace: str | None = None, **more: Any) -> str:
    """Invite somebody; the invitation's id."""
    reply = api.post("/api/v1/users", json={"email": email, "role": role, **more}, who=who, workspace=workspace)
    assert reply.status == 201, reply.body
    return str(reply.json["id"])


def planted(connection: psycopg.Connection[Any], workspace: str, by: str, email: str, role: str = "Colaborador") -> tuple[str, str]:
    """An invitation written past the product, for whoever only needs one: its id and a token that opens it."""
    id, token = new_id(), f"{workspace.replace('-', '')}.{hashlib.sha256(email.encode()).hexdigest()[:43]}"
    connection.execute("delete from workspaces_invitation where workspace_id = %s and email = %s", (workspace, email))
    connection.execute(
        "insert into workspaces_invitation (workspace_id, id, email, role, digest, invited_by, expires_at)"
        " values (%s, %s, %s, %s, %s, %s, now() + interval '1 hour')",
        (workspace, id, email, role, hashlib.sha256(token.encode()).digest(), by),
    )
    return str(id), token
