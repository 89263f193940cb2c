"""Storage of accounts: statements compiled once, run as the auth identity."""

from __future__ import annotations

from contextlib import AbstractContextManager

from plugins.accounts.repository.applicants import Applicants
from plugins.accounts.repository.attempts import Attempts
from plugins.accounts.repository.consents import Consents
from plugins.accounts.repository.links import Links
from plugins.accounts.repository.outsiders import Outsiders
from plugins.accounts.repository.people import People
from plugins.accounts.repository.sessions import Sessions
from plugins.sdk import work


class Repository(People, Sessions, Consents, Outsiders, Links, Attempts, Applicants):
    """Implements plugins.accounts.ports.Store."""

    def transaction(self) -> AbstractContextManager[object]:
        return work()
