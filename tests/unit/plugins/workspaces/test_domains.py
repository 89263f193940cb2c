"""The daily look at every claim."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from adapters.local.clock import SystemClock
from plugins.workspaces.domain.hosts import State
from plugins.workspaces.service.domains import DomainsService

NAMES = ("a.example.com", "b.example.com", "c.example.com")


class Claims:
    """Three claims that wait, one of which is let go before its turn comes. when: before it is read, or between reading and writing."""

    def __init__(self, gone: str, when: str) -> None:
        now = datetime.now(UTC)
        each = {"token": "t", "state": State.PENDING, "reason": None, "since": now, "verified_at": None}
        self.rows = {name: {"id": uuid4(), "domain": name, **each} for name in NAMES}
        self.gone, self.when = gone, when
        self.judged: list[str] = []

    def domains(self, _last: str | None, _limit: int) -> Sequence[dict[str, Any]]:
        return list(self.rows.values())

    def domain(self, name: str) -> dict[str, Any] | None:
        return None if (name, "read") == (self.gone, self.when) else self.rows[name]

    def lock_domain(self, id: object) -> dict[str, Any] | None:
        row = next(row for row in self.rows.values() if row["id"] == id)
        return None if (row["domain"], "written") == (self.gone, self.when) else row

    def judge_domain(self, id: object, **_judged: Any) -> dict[str, Any]:
        row = next(row for row in self.rows.values() if row["id"] == id)
        self.judged.append(row["domain"])
        return row


class Silent:
    """A DNS without records."""

    def texts(self, _name: str) -> tuple[str, ...]:
        return ()


@pytest.mark.parametrize("when", ["read", "written"])
@pytest.mark.parametrize("gone", NAMES)
def test_a_claim_that_was_let_go_meanwhile_keeps_no_other_from_being_looked_at(gone: str, when: str) -> None:
    claims: Any = Claims(gone, when)
    service = DomainsService(
        store=claims, dns=Silent(), clock=SystemClock(), own_hosts=frozenset(), transaction=nullcontext, later=lambda *_, **__: None
    )
    service.check_all()
    assert claims.judged == [name for name in NAMES if name != gone]
