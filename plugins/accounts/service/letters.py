"""What the mails of accounts say, asked for when they are about to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import LINK_LIFE, Addressee, Door
from plugins.accounts.ports import Applicants, Links, People
from plugins.accounts.service.links import LinkMaker
from ports.mail import Letter

_DOORS = {
    Door.RESET: ("password_reset", "reset-password"),
    Door.VERIFY: ("verification", "confirm-email"),
    Door.ADDRESS: ("address_confirmation", "confirm-email"),
    Door.STOP: ("address_asked", "stop-email-change"),
}


class _Store(People, Links, Applicants, Protocol):
    """People, those who are about to be, and their links."""


@dataclass(frozen=True, slots=True)
class LettersService:
    """Composes letters; None where there is nothing to say any more. app_url: where the frontend is, whatever host was asked."""

    store: _Store
    links: LinkMaker
    app_url: str

    def follow_link(self, door: Door, link_id: UUID) -> Letter | None:
        """The link. Nobody is written to at an address that no account has, or for a change to one that another account has."""
        to = self.store.bind(link_id)
        if to is None or (door is Door.ADDRESS and self.store.credential(to.email) is not None):
            return None
        template, page = _DOORS[door]
        # In the fragment: no server log, no Referer has it.
        link = f"{self.app_url}/{page}#token={self.links.token(door, link_id)}"
        return _letter(to, template, link=link, minutes=int(LINK_LIFE.total_seconds() // 60))

    def finish_signup(self, applicant_id: UUID) -> Letter | None:
        """The link that finishes an account; who has one with this address already is told so, and gets no link."""
        found = self.store.applied(applicant_id)
        if found is None:
            return None
        to, known = found
        if known is not None:
            return _letter(known, "account_exists", link=f"{self.app_url}/forgot-password")
        link = f"{self.app_url}/finish-signup#token={self.links.of_applicant(applicant_id)}"
        return _letter(to, "signup", link=link, minutes=int(LINK_LIFE.total_seconds() // 60))

    def password_changed(self, user_id: UUID) -> Letter | None:
        to = self.store.addressee(user_id)
        return None if to is None else _letter(to, "password_changed", link=f"{self.app_url}/forgot-password")

    def address_changed(self, link_id: UUID, *, to_old: bool) -> Letter | None:
        """To the old address, which may be somebody's last chance to notice, or to the new one."""
        found = self.store.sent_link(link_id)
        if found is None or found[0].previous_email is None:
            return None
        link, person = found
        at = link.previous_email if to_old else link.email
        assert at is not None
        return _letter(Addressee(at, person.full_name, person.locale), "address_changed_old" if to_old else "address_changed_new")


def _letter(to: Addressee, template: str, **values: object) -> Letter:
    return Letter(to.email, template, {"name": to.full_name, "email": to.email, **values}, to.locale)
