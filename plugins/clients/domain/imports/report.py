"""What becomes of each row, before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from plugins.clients.domain.duplicates import Match, match_of
from plugins.clients.domain.imports.rows import Problem

MOST: Final = 1_000
"""Problems that are listed; the rest is counted."""


@dataclass(slots=True)
class Arrival:
    """A row ready to be sorted. key: what makes it the same row in another upload, empty where that cannot be told; terms: what no two people
    share; first: the row of this file that says the same, when there is one before."""

    row: int
    client: dict[str, Any]
    key: str
    terms: Sequence[str]
    first: int | None
    problems: Sequence[Problem]


@dataclass(slots=True)
class Sorted:
    """Rows by what becomes of them."""

    new: list[Arrival] = field(default_factory=list)
    present: int = 0
    duplicates: int = 0
    invalid: int = 0
    problems: list[dict[str, object]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        done = len(self.new) + self.present + self.duplicates + self.invalid
        return {"done": done, "added": len(self.new), "present": self.present, "duplicates": self.duplicates, "invalid": self.invalid}


def sort(arrivals: Sequence[Arrival], known: Collection[str], holders: Mapping[str, UUID], seen: dict[str, int], *, allow_duplicate: bool) -> Sorted:
    """known: keys imported before; holders: who has a term; seen: term → row of this file, filled here for the rows that come after."""
    found = Sorted()
    for each in arrivals:
        if each.key in known:
            found.present += 1
            continue
        if each.problems:
            found.invalid += 1
            found.problems += [{**asdict(problem), "matched": None, "client_id": None} for problem in each.problems]
            continue
        told = None if allow_duplicate else _twin(each, holders, seen)
        if told is not None:
            found.duplicates += 1
            found.problems.append(told)
            continue
        for term in each.terms:
            seen.setdefault(term, each.row)
        found.new.append(each)
    return found


def _twin(arrival: Arrival, holders: Mapping[str, UUID], seen: Mapping[str, int]) -> dict[str, object] | None:
    for term in arrival.terms:
        if term in seen:
            return _told(arrival, f"Is the same person as row {seen[term]}.", match_of(term), None)
        if term in holders:
            return _told(arrival, "Is here already.", match_of(term), holders[term])
    if arrival.first is not None:
        return _told(arrival, f"Says the same as row {arrival.first}.", None, None)
    return None


def _told(arrival: Arrival, message: str, matched: Match | None, client: UUID | None) -> dict[str, object]:
    return {
        "row": arrival.row, "column": None, "message": message, "matched": matched.value if matched else None,
        "client_id": str(client) if client else None,
    }  # fmt: skip
