"""Roles of a workspace, and what an operation may ask for instead of one."""

from __future__ import annotations

from enum import Enum, StrEnum


class Role(StrEnum):
    """What a member is in a workspace. Spelled as the public API spells it."""

    OWNER = "Owner"
    COLABORADOR = "Colaborador"
    CLIENTE = "Cliente"


EVERYONE = (Role.OWNER, Role.COLABORADOR, Role.CLIENTE)
STAFF = (Role.OWNER, Role.COLABORADOR)


class Access(Enum):
    """Audiences that are not a role in a workspace."""

    PUBLIC = "anyone, signed in or not"
    SIGNED_IN = "any signed-in person, outside a workspace"
