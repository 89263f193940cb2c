"""When two records may be the same person: the same e-mail address, phone number, or name and birth date, however they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from plugins.clients.domain.register import BORN, PHONE, WORD, normalise, phone_key

MOST: Final = 10
"""Candidates named in a refusal."""


class Match(StrEnum):
    """What two records have in common."""

    EMAIL = "email"
    PHONE = "phone"
    NAME_AND_BIRTH_DATE = "name_and_birth_date"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be meant."""

    id: UUID
    full_name: str
    matched: Match


def match_of(term: str) -> Match:
    """What a term that two records share says."""
    return {PHONE: Match.PHONE, BORN: Match.NAME_AND_BIRTH_DATE}.get(term[:2], Match.EMAIL)


def keys_of(client: Mapping[str, Any]) -> list[str]:
    """The terms no two people share, the strongest first; empty when only a name is known."""
    keys = []
    if client.get("email"):
        keys.append(WORD + normalise(client["email"]))
    if phone := phone_key(client.get("phone")):
        keys.append(PHONE + phone)
    if born := client.get("birth_date"):
        keys.append(f"{BORN}{born.isoformat()} {normalise(client['full_name'])[:200]}")
    return keys


def row_key(client: Mapping[str, Any], occurrence: int) -> str:
    """What makes a row of a file the same row in another upload: who it names, and how many of the same came before it."""
    said = (normalise(client["full_name"]), client.get("email") or "", phone_key(client.get("phone")), client.get("birth_date") or "", occurrence)
    return hashlib.sha256("\0".join(map(str, said)).encode()).hexdigest()
