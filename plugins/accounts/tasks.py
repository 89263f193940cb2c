"""Mails of accounts, and the broom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from uuid import UUID

from plugins.accounts.domain import Door
from plugins.accounts.plugin import plugin
from plugins.accounts.service import Accounts
from plugins.sdk import Letter


def _accounts() -> Accounts:
    return cast("Accounts", plugin.service)


@plugin.mail
def follow_link(link_id: UUID, door: str) -> Letter | None:
    return _accounts().letters.follow_link(Door(door), link_id)


@plugin.mail
def finish_signup(applicant_id: UUID) -> Letter | None:
    return _accounts().letters.finish_signup(applicant_id)


@plugin.mail
def password_changed(user_id: UUID) -> Letter | None:
    return _accounts().letters.password_changed(user_id)


@plugin.mail
def address_changed(link_id: UUID, to_old: bool) -> Letter | None:
    return _accounts().letters.address_changed(link_id, to_old=to_old)


@plugin.task(cron="17 * * * *")
def sweep() -> Iterator[None]:
    """Delete sessions, tokens and counters that are over, a batch at a time."""
    while _accounts().sessions.sweep():
        yield
