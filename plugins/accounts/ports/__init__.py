"""What accounts need from storage, by use-case family."""

from __future__ import annotations

from typing import Protocol

from plugins.accounts.ports.applicants import Applicants
from plugins.accounts.ports.attempts import Attempts
from plugins.accounts.ports.consents import Consents
from plugins.accounts.ports.letters import Post
from plugins.accounts.ports.links import Links
from plugins.accounts.ports.outsiders import Acquaintance, Addressed, Outsiders
from plugins.accounts.ports.people import Credential, Membership, People, Profile
from plugins.accounts.ports.sessions import Presented, Session, Sessions
from plugins.accounts.ports.transactions import Transactions

__all__ = [
    "Acquaintance", "Addressed", "Applicants", "Attempts", "Consents", "Credential", "Links", "Membership", "Outsiders", "People", "Post",
    "Presented", "Profile", "Session", "Sessions", "Store", "Transactions",
]  # fmt: skip


class Store(Transactions, People, Sessions, Consents, Outsiders, Links, Attempts, Applicants, Protocol):
    """Everything accounts keep."""
