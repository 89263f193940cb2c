"""Rules about clients: how names compare, what a client is found by, who sees what."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

MOST_TAGS: Final = 50
MAX_WORDS: Final = 5
"""Words of a search that count; more only narrow what is narrow already."""

WORD, TAG, PHONE, BORN = "w:", "t:", "p:", "b:"

# Letters that Unicode does not decompose, though people type them without their stroke.
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_NATIONAL: Final = 9
_NO_DIGITS: Final = re.compile(r"[^0-9]+")
_INNER_WORD: Final = re.compile(r"(?<=[^\w\s])(?=\w)")


class Status(StrEnum):
    """Where a client stands. Archived ones keep their history and leave the everyday list."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ARCHIVED = "archived"


class Stage(StrEnum):
    """How far a person has come with the workspace, whether or not they are active just now."""

    LEAD = "lead"
    TRIAL = "trial"
    CLIENT = "client"
    FORMER = "former"


class Sort(StrEnum):
    """Orders of the list; `-` is newest or last first."""

    OLDEST = "created_at"
    NEWEST = "-created_at"
    NAME = "full_name"
    NAME_BACKWARDS = "-full_name"

    @property
    def by_name(self) -> bool:
        return self in (Sort.NAME, Sort.NAME_BACKWARDS)

    @property
    def descending(self) -> bool:
        return self.value.startswith("-")


@dataclass(frozen=True, slots=True)
class Search:
    """Which clients to list. status: None is everyone but the archived; tag and words: normalised."""

    status: str | None = None
    lifecycle_stage: str | None = None
    tag: str | None = None
    assigned_to: UUID | None = None
    words: tuple[str, ...] = ()
    sort: Sort = Sort.NEWEST


OWN: Final = ("id", "full_name", "email", "phone", "birth_date", "status", "version", "created_at", "updated_at", "archived_at")
"""What a client sees of their own record: notes, tags, assignment, lifecycle and custom fields are the staff's."""


def normalise(text: str) -> str:
    """The form in which two spellings of a name are equal: no accents, no case, single spaces. Idempotent."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFKC", bare).split())


def words_of(query: str) -> tuple[str, ...]:
    """The words to look for, without repetition, longest first, at most MAX_WORDS."""
    return tuple(sorted(dict.fromkeys(normalise(query).split()), key=len, reverse=True)[:MAX_WORDS])


def phone_key(phone: str | None) -> str:
    """What two spellings of a phone number share: its last nine digits, with or without the country; empty for fewer than six."""
    text = phone or ""
    digits = _NO_DIGITS.sub("", text if text.isascii() else unicodedata.normalize("NFKC", text))
    return digits[-_NATIONAL:] if len(digits) >= 6 else ""


def terms_of(full_name: str, email: str | None, tags: Iterable[str], phone: str | None = None, birth_date: date | None = None) -> list[str]:
    """Everything a client is found by, sorted: each word of the name (`Anne-Marie` also as `marie`), the address, the tags, and what tells
    that two records are the same person."""
    found = {TAG + normalise(tag) for tag in tags}
    for word in normalise(full_name).split():
        found.update(WORD + word[at:] for at in (0, *(match.start() for match in _INNER_WORD.finditer(word))))
    if email:
        found.add(WORD + normalise(email))
    if number := phone_key(phone):
        found.add(PHONE + number)
    if birth_date:
        found.add(f"{BORN}{birth_date.isoformat()} {normalise(full_name)[:200]}")
    return sorted(found)


def unique_tags(tags: Sequence[str]) -> list[str]:
    """Tags in the order given; of those that compare equal, the first."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(normalise(tag), tag)
    return list(found.values())


def own_view(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a record its client may see."""
    return {name: document[name] for name in OWN}
