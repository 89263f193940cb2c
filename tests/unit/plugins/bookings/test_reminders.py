"""Reminders on a clock that is moved: each is told once, whatever is set, switched and moved meanwhile."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from plugins.bookings.service.reminders import Reminders

MINUTE = timedelta(minutes=1)
BEGIN = datetime(2031, 3, 1, tzinfo=UTC)
CLIENT = UUID(int=1)
OFFSETS = (5, 10, 20, 40, 80)


@pytest.mark.parametrize("seed", range(60))
def test_each_is_told_once_and_what_was_missed_by_its_last(seed: int) -> None:
    chance, studio = random.Random(seed), Studio()
    for _ in range(600):
        studio.pass_a_minute()
        if chance.random() < 0.1 and studio.on:
            studio.book(studio.now + chance.randrange(1, 150) * MINUTE)
        if chance.random() < 0.03 and studio.on and studio.rows:
            studio.move(chance.choice(list(studio.rows)), studio.now + chance.randrange(1, 150) * MINUTE)
        if chance.random() < 0.04:
            studio.set(chance.sample(OFFSETS, chance.randrange(4)))
        if chance.random() < 0.03:
            studio.switch()
    assert studio.letters == studio.expected
    assert studio.letters


@dataclass
class Studio:
    """Storage, a worker and an oracle that looks every minute. unheard: timers that rang, or were skipped while the module was off."""

    now: datetime = BEGIN
    on: bool = True
    offsets: list[int] = field(default_factory=lambda: [40, 10])
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    timers: dict[tuple[UUID, datetime, int], datetime] = field(default_factory=dict)
    unheard: set[tuple[UUID, datetime, int]] = field(default_factory=set)
    letters: Counter[tuple[UUID, datetime, int]] = field(default_factory=Counter)
    expected: Counter[tuple[UUID, datetime, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.reminders = Reminders(stored=self, later=self, settings=self._settings, now=lambda: self.now)

    def pass_a_minute(self) -> None:
        self.now += MINUTE
        if self.on:
            for id, row in self.rows.items():
                for minutes in self.offsets:
                    if row["updated_at"] < self.now == row["start_time"] - minutes * MINUTE:
                        self._expect(id, minutes)
        for key in [key for key, at in self.timers.items() if at <= self.now and key not in self.unheard]:
            self.unheard.add(key)
            if self.on:
                self.reminders.ring(*key)

    def book(self, start: datetime) -> None:
        id = uuid.uuid4()
        self.rows[id] = {"id": id, "status": "booked", "start_time": start, "updated_at": self.now, "over": None}
        self.reminders.plan(id)

    def move(self, id: UUID, start: datetime) -> None:
        if self.rows[id]["start_time"] > self.now:
            self.rows[id] |= {"start_time": start, "updated_at": self.now, "over": None}
            self.reminders.plan(id)

    def set(self, offsets: list[int]) -> None:
        self.offsets = offsets
        if self.on:
            list(self.reminders.renew(missed=False))

    def switch(self) -> None:
        self.on = not self.on
        if self.on:
            for id, row in self.rows.items():
                due = [each for each in self.offsets if row["updated_at"] < row["start_time"] - each * MINUTE <= self.now]
                if row["start_time"] > self.now and due:
                    self._expect(id, min(due))
            list(self.reminders.renew(missed=True))

    def _expect(self, id: UUID, minutes: int) -> None:
        start = self.rows[id]["start_time"]
        if not any(self.expected[id, start, less] for less in range(minutes + 1)):
            self.expected[id, start, minutes] += 1

    def _settings(self) -> dict[str, Any]:
        return {"reminders": self.offsets, "remind_organizer": False}

    # -- plugins.bookings.ports.reminders ------------------------------------------------------------------------------
    def standing(self, booking_id: UUID) -> dict[str, Any]:
        return dict(self.rows[booking_id])

    def upcoming(self, since: datetime, after: tuple[datetime, UUID] | None, limit: int) -> list[dict[str, Any]]:
        rows = sorted(self.rows.values(), key=lambda row: (row["start_time"], row["id"]))
        found = [dict(row) for row in rows if row["start_time"] > since and (after is None or (row["start_time"], row["id"]) > after)]
        return found[: min(limit, 2)]

    def pass_over(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        assert self.rows[booking_id]["start_time"] == start
        self.rows[booking_id]["over"] = minutes

    def reachable(self, booking_id: UUID) -> Sequence[dict[str, Any]]:
        return [{"client_id": CLIENT}]

    def client(self, booking_id: UUID, client_id: UUID) -> None: ...

    def organizer(self, booking_id: UUID) -> None: ...

    def remind(self, booking_id: UUID, start: datetime, minutes: int, at: datetime) -> None:
        self.timers.setdefault((booking_id, start, minutes), at)

    def letter(self, booking_id: UUID, start: datetime, minutes: int, client_id: UUID | None) -> None:
        assert client_id == CLIENT
        self.letters[booking_id, start, minutes] += 1
