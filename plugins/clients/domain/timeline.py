"""What of a client's past is told, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

_LONGEST: Final = 80


class Moment(StrEnum):
    """What is written down when it happens, because nothing else keeps it."""

    STAGE = "clients.stage"
    ARCHIVED = "clients.archived"
    RESTORED = "clients.restored"
    HEALTH = "clients.health"
    MERGED = "clients.merged"


_TITLES: Final[Mapping[str, str]] = {
    "clients.created": "Added",
    "clients.imported": "Imported from a file",
    "clients.note": "Note",
    "clients.shared_note": "Shared note",
    "clients.exclusion": "Excused",
    "clients.consent_given": "Consent given",
    "clients.consent_attested": "Consent attested by staff",
    "clients.consent_withdrawn": "Consent taken back",
    "clients.consent_ended": "Consent ended by a merge",
    Moment.STAGE: "Stage",
    Moment.ARCHIVED: "Archived",
    Moment.RESTORED: "Brought back",
    Moment.HEALTH: "Health data changed",
    Moment.MERGED: "Another record became part of this one",
}


def title_of(kind: str, detail: str | None) -> str:
    """One line; of a long text its beginning."""
    if not detail:
        return _TITLES[kind]
    text = " ".join(detail.split())
    return f"{_TITLES[kind]}: {text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + '…'}"
