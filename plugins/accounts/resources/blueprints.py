"""The two places accounts are mounted at, and the service behind them."""

from __future__ import annotations

from typing import cast

from plugins.accounts.plugin import plugin
from plugins.accounts.service import Accounts

auth = plugin.blueprint("/auth")
own = plugin.blueprint("/api/v1/me")


def accounts() -> Accounts:
    """The service of the installation that serves this request."""
    return cast("Accounts", plugin.service)
