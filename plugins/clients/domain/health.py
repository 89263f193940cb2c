"""Rules about health data: what a record holds, and on whose word it may be kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from kernel.errors import Fault

PURPOSE: Final = "health"
SCOPE: Final = "clients:health"
"""What an API key needs for it."""
_TO_COME: Final = "May not be in the future."


class GivenBy(StrEnum):
    """Who consented: the client in person, or a member of staff who says the client did."""

    SELF = "self"
    STAFF_ATTESTED = "staff_attested"


class WithdrawnBy(StrEnum):
    """Who took a consent back; `merge`: two records became one, and another consent of the same person decides."""

    SELF = "self"
    STAFF = "staff"
    MERGE = "merge"


def decisive(consents: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the last word in each of several records of one person, the one that goes on deciding: the strictest. What was taken back stays so,
    before all by the client; the client's own consent goes before what staff attested; of equals the newest."""

    def strictness(consent: Mapping[str, Any]) -> tuple[bool, bool, UUID]:
        withdrawn = consent["withdrawn_at"] is not None
        own = consent["withdrawn_by"] == WithdrawnBy.SELF if withdrawn else consent["given_by"] == GivenBy.SELF
        return withdrawn, own, consent["id"]

    return max(consents, key=strictness)


EMPTY: Final[Mapping[str, Any]] = {
    "conditions": [], "injuries": [], "medication": [], "allergies": [], "emergency_contact": None, "baseline": None, "notes": None,
}  # fmt: skip
"""What is known of somebody nobody wrote about."""


def impossible_dates(health: Mapping[str, Any], today: date) -> list[Fault]:
    """What ends before it began, and what would have been seen or measured on a day still to come."""
    faults = []
    for n, injury in enumerate(health["injuries"]):
        since, until = injury["since"], injury["until"]
        if since is not None and since > today:
            faults.append(Fault(f"/injuries/{n}/since", _TO_COME))
        if since is not None and until is not None and until < since:
            faults.append(Fault(f"/injuries/{n}/until", "May not be before it began."))
    measured = (health["baseline"] or {}).get("measured_on")
    if measured is not None and measured > today:
        faults.append(Fault("/baseline/measured_on", _TO_COME))
    return faults


def packed(health: Mapping[str, Any]) -> bytes:
    """One record as the bytes that are sealed."""
    return json.dumps({name: health[name] for name in EMPTY}, default=_plain, ensure_ascii=False).encode()


def unpacked(plain: bytes) -> dict[str, Any]:
    """The record again; what an older version did not know is empty."""
    found: dict[str, Any] = {**EMPTY, **json.loads(plain)}
    for injury in found["injuries"]:
        injury["since"], injury["until"] = _date(injury["since"]), _date(injury["until"])
    if found["baseline"] is not None:
        found["baseline"]["measured_on"] = _date(found["baseline"]["measured_on"])
    return found


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a health record")


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
