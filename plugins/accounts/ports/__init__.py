"""What accounts need from storage, by use-case family."""

from __future__ import annotations

from typing import Protocol

from plugins.accounts.ports.consents import Consents
from plugins.accounts.ports.outsiders import Acquaintance, Addressed, Outsiders
from plugins.accounts.ports.people import Credential, Membership, People, Profile
from plugins.accounts.ports.sessions import Presented, Session, Sessions
from plugins.accounts.ports.transactions import Transactions

__all__ = [
    "Acquaintance", "Addressed", "Consents", "Credential", "Membership", "Outsiders", "People", "Presented", "Profile", "Session", "Sessions",
    "Store", "Transactions",
]  # fmt: skip


class Store(Transactions, People, Sessions, Consents, Outsiders, Protocol):
    """Everything accounts keep."""
