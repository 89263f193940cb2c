"""Reminders on a clock that is moved: each is told once, whatever is set, switched and moved meanwhile, and whenever a worker comes."""

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
STEP = 15 * MINUTE
BEGIN = datetime(2031, 3, 1, tzinfo=UTC)
CLIENT = UUID(int=1)
OFFSETS = (15, 60, 300, 900, 1800)
LOOKS_AHEAD = 6 * 60 * MINUTE


@pytest.mark.parametrize("seed", range(60))
def test_each_is_told_once_and_what_was_missed_by_its_last(seed: int) -> None:
    chance, studio = random.Random(seed), Studio()
    for _ in range(600):
        studio.pass_a_while(chance)
        if chance.random() < 0.1 and studio.on:
            studio.book(studio.now + chance.randrange(1, 300) * STEP)
        if chance.random() < 0.03 and studio.on and studio.rows:
            studio.move(chance.choice(list(studio.rows)), studio.now + chance.randrange(1, 300) * STEP)
        if chance.random() < 0.04 and studio.away is None:
            studio.set(chance.sample(OFFSETS, chance.randrange(4)))
        if chance.random() < 0.03 and studio.away is None:
            studio.switch()
        if chance.random() < 0.02:
            studio.away = studio.away or studio.now + chance.randrange(1, 120) * STEP
    assert studio.letters == studio.expected
    assert studio.letters


def test_what_is_far_has_no_timer_until_a_look_ahead_sees_it() -> None:
    studio = Studio(offsets=[60])
    studio.book(studio.now + 14 * 60 * MINUTE)
    studio.book(studio.now + 13 * 60 * MINUTE)
    assert len(studio.timers) == 1
    studio.now += MINUTE * 60
    for _ in range(2):
        list(studio.reminders.renew(missed=True))
        assert len(studio.timers) == 2


def test_one_that_rings_late_says_what_is_next_by_now() -> None:
    studio = Studio(offsets=[300, 60])
    studio.book(studio.now + 301 * MINUTE)
    (id, start, minutes) = next(iter(studio.timers))
    studio.now = start - 30 * MINUTE
    studio.reminders.ring(id, start, minutes)
    list(studio.reminders.renew(missed=True))
    assert dict(studio.letters) == {(id, start, 60): 1}


def test_what_is_set_later_is_no_reason_to_write_of_what_would_have_been() -> None:
    studio = Studio(offsets=[60])
    studio.book(studio.now + 20 * 60 * MINUTE)
    studio.now += 10 * 60 * MINUTE
    studio.set([900, 60])
    list(studio.reminders.renew(missed=True))
    assert not studio.letters
    assert [minutes for _, _, minutes in studio.timers] == [60]


def test_what_was_told_stays_told_whatever_is_set_in_between() -> None:
    studio = Studio(offsets=[900, 60])
    studio.book(studio.now + 16 * 60 * MINUTE)
    for _ in range(62):
        studio.pass_a_while(random.Random(1))
    told = dict(studio.letters)
    assert len(told) == 2
    studio.set([900])
    studio.switch()
    studio.set([900, 60])
    studio.switch()
    assert studio.letters == told


@dataclass
class Studio:
    """Storage, a worker and an oracle that looks every quarter of an hour. unheard: timers that rang, or were skipped while the module was off;
    away: until when no worker is there; said: the last that was told, or need not be, of a booking and start."""

    now: datetime = BEGIN
    on: bool = True
    away: datetime | None = None
    looked: datetime = BEGIN
    offsets: list[int] = field(default_factory=lambda: [900, 60])
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    timers: dict[tuple[UUID, datetime, int], datetime] = field(default_factory=dict)
    unheard: set[tuple[UUID, datetime, int]] = field(default_factory=set)
    letters: Counter[tuple[UUID, datetime, int]] = field(default_factory=Counter)
    expected: Counter[tuple[UUID, datetime, int]] = field(default_factory=Counter)
    said: dict[tuple[UUID, datetime], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reminders = Reminders(stored=self, later=self, settings=self._settings, now=lambda: self.now)

    def pass_a_while(self, chance: random.Random) -> None:
        self.now += STEP
        if self.away is not None and self.now < self.away:
            return
        if self.on:
            self._expect_what_is_due()
        self.away = None
        jobs = [self._ring, self._look_ahead]
        for each in chance.sample(jobs, 2):  # who comes late finds both
            each()

    def book(self, start: datetime) -> None:
        id = uuid.uuid4()
        self.rows[id] = {"id": id, "status": "booked", "start_time": start, "settled_at": self.now, "over": None}
        self.reminders.plan([self.rows[id]])

    def move(self, id: UUID, start: datetime) -> None:
        if self.rows[id]["start_time"] > self.now:
            self.rows[id] |= {"start_time": start, "settled_at": self.now, "over": None}
            self.reminders.plan([self.rows[id]])

    def set(self, offsets: list[int]) -> None:
        self.offsets = offsets
        if self.on:
            for key, minutes in self._due():
                self.said[key] = min(minutes, self.said.get(key, minutes))
            list(self.reminders.renew(missed=False))

    def switch(self) -> None:
        self.on = not self.on
        if self.on:
            self._expect_what_is_due()
            list(self.reminders.renew(missed=True))

    def _ring(self) -> None:
        for key in [key for key, at in self.timers.items() if at <= self.now and key not in self.unheard]:
            self.unheard.add(key)
            if self.on:
                self.reminders.ring(*key)

    def _look_ahead(self) -> None:
        if self.now >= self.looked + LOOKS_AHEAD:
            self.looked = self.now
            if self.on:
                list(self.reminders.renew(missed=True))

    def _expect_what_is_due(self) -> None:
        for key, minutes in self._due():
            if key not in self.said or minutes < self.said[key]:
                self.said[key] = minutes
                self.expected[*key, minutes] += 1

    def _due(self) -> list[tuple[tuple[UUID, datetime], int]]:
        """The last reminder that became due of everything that is to come, since it is known when that is."""
        found = []
        for id, row in self.rows.items():
            start = row["start_time"]
            due = [each for each in self.offsets if row["settled_at"] < start - each * MINUTE <= self.now]
            if start > self.now and due:
                found.append(((id, start), min(due)))
        return found

    def _settings(self) -> dict[str, Any]:
        return {"reminders": self.offsets, "remind_organizer": False}

    # -- plugins.bookings.ports.reminders ------------------------------------------------------------------------------
    def standing(self, booking_id: UUID) -> dict[str, Any]:
        return dict(self.rows[booking_id])

    def upcoming(self, since: datetime, until: datetime, after: tuple[datetime, UUID] | None, limit: int) -> list[dict[str, Any]]:
        rows = sorted((row for row in self.rows.values() if since < row["start_time"] <= until), key=lambda row: (row["start_time"], row["id"]))
        found = [dict(row) for row in rows if after is None or (row["start_time"], row["id"]) > after]
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
