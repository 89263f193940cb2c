"""Roles, and which clients a collaborator sees."""

from __future__ import annotations

from typing import Final

from kernel.roles import Role

ALL: Final = "all"
OWN: Final = "own"
"""Which clients a collaborator sees: everybody's, or those they look after."""

_RISING: Final = (Role.CLIENTE, Role.COLABORADOR, Role.OWNER)


def above(role: str) -> tuple[Role, ...]:
    """The roles that may do more than this one."""
    return _RISING[_RISING.index(Role(role)) + 1 :]
