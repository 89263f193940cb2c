"""What can be booked: open, free, and not too soon. The answer names nobody but the collaborators who offer the service or teach its classes.

What is computed is kept under the revisions of everything it was made from, and depends on no clock: notice and booking window, which do,
are applied to what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Fault, Invalid, NotFound
from kernel.intervals import Interval
from plugins.bookings.domain.hours import Hours, Override, stretches
from plugins.bookings.domain.seats import anyones, seats
from plugins.bookings.domain.slots import Offer, roomless, slots
from plugins.bookings.domain.zones import day_bounds, days_between
from plugins.bookings.ports.free import Free
from ports.cache import Cache
from ports.persistence import Row

LONGEST: Final = 62
"""Days that can be asked for at once."""
MOST: Final = 50_000
"""Free times in an answer: some megabytes, and half a second's work."""
_KEPT_S: Final = 3600
_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=90_000)
"""A clock and a booking window that exclude nothing."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. organizer_id: None for everybody who offers it or teaches it; first, last: days in the zone `tz`, both included."""

    service_id: UUID
    organizer_id: UUID | None
    first: date
    last: date
    tz: str | None


class Availability:
    """Free times of the current workspace. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Free, cache: Cache, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._cache = cache
        self._now = now

    def days(self, asked: Asked) -> list[bytes]:
        """Every day asked for with its slots, each as JSON text: starts and ends with the offset of the zone.

        Raises NotFound for no such service, Invalid for too many days or somebody who neither offers it nor teaches it.
        """
        service = self._service(asked)
        return self._bookable(service, self._kept(service, asked))

    def anyones(self, asked: Asked) -> list[bytes]:
        """The same for strangers: of a public service, one slot for each time, whoever offers it; nobody and no booking is named."""
        service = self._service(asked)
        if not service["public"]:
            raise NotFound()
        return self._bookable(service, self._kept(service, asked, of_anyone=True))

    def offers(
        self, service: Row, organizer_id: UUID, start: datetime, *, besides: UUID | None = None, terms: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether a slot of the service, with this collaborator, starts exactly then, whatever the time is now. besides: a booking or hold
        whose time does not count; terms: those in which what is booked differs from the service, such as `duration_minutes`."""
        if str(organizer_id) not in service["organizer_ids"]:
            return False
        basis = self._stored.basis(service["id"])
        if basis is None:
            return False
        near = Interval(start - _DAY, start + _DAY)
        asked = {**basis, **(terms or {})}
        taken = [row for row in self._taken(asked, [organizer_id], near) if row["id"] != besides]
        return any(start == each for _, starts in self._starts(asked, [organizer_id], near, taken) for each in starts)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _service(self, asked: Asked) -> Row:
        service = self._stored.basis(asked.service_id)
        if service is None or service["archived_at"] is not None:
            raise NotFound()
        return service

    def _kept(self, service: Row, asked: Asked, *, of_anyone: bool = False) -> bytes:
        """Every day as a line, whatever the time is now."""
        people = [UUID(each) for each in service["organizer_ids"]]
        if asked.organizer_id is not None:
            people = [each for each in people if each == asked.organizer_id]
            if not people and not self._stored.teaches(service["id"], asked.organizer_id):
                raise Invalid(errors=[Fault("?organizer", "Neither offers this service nor has a class of it.")])
        if asked.last < asked.first or (asked.last - asked.first).days >= LONGEST:
            raise Invalid(errors=[Fault("?to", f"At least from, and at most {LONGEST} days with it.")])
        zone = ZoneInfo(asked.tz or service["timezone"])

        def make() -> bytes:
            days = self._computed(service, people, zone, asked)
            return b"\n".join(_line({**day, "slots": anyones(day["slots"])} if of_anyone else day) for day in days)

        key = "|".join(
            str(each) for each in (
                service["id"], service["version"], service["timezone"], asked.organizer_id or "", asked.first, asked.last, zone.key,
                service["revisions"] or "", service["holds"] or "", of_anyone,
            )
        )  # fmt: skip
        return self._cache.remember(key, make, ttl_s=_KEPT_S, shared=True)

    def _bookable(self, service: Row, kept: bytes) -> list[bytes]:
        now = self._now()
        earliest, latest = now + timedelta(minutes=service["notice_minutes"]), now + timedelta(days=service["window_days"])
        return [_bounded(line, earliest, latest) for line in kept.split(b"\n")]

    def _computed(self, service: Row, people: Sequence[UUID], zone: ZoneInfo, asked: Asked) -> list[dict[str, Any]]:
        days = [asked.first + n * _DAY for n in range((asked.last - asked.first).days + 1)]
        span = Interval(day_bounds(asked.first, zone).start, day_bounds(asked.last, zone).end)
        # What was booked before the service had another capacity keeps its own: classes stay classes, and appointments are none.
        people = people if service["capacity"] == 1 else []
        taken = self._taken(service, people, span)
        found = [*_classes(taken, asked.organizer_id, span), *self._free(service, people, span, taken)]
        by_day: dict[str, list[dict[str, Any]]] = {day.isoformat(): [] for day in days}
        for slot in sorted(found, key=lambda each: (each["start"], str(each["organizer_id"]))):
            start, end = slot.pop("start").astimezone(zone), slot.pop("end").astimezone(zone)
            shown = {"start_time": start.isoformat(), "end_time": end.isoformat(), **slot}
            by_day.setdefault(start.date().isoformat(), []).append(shown)
        return [{"date": day, "slots": several} for day, several in by_day.items()]

    def _taken(self, service: Row, people: Sequence[UUID], span: Interval) -> Sequence[Row]:
        """What takes these people's time or the service's rooms near the span, and the service's classes."""
        return self._stored.taken(service["id"], people, _rooms(service) if people else [], _around(span))

    def _free(self, service: Row, people: Sequence[UUID], span: Interval, taken: Sequence[Row]) -> Iterable[dict[str, Any]]:
        length = timedelta(minutes=service["duration_minutes"])
        for person, starts in self._starts(service, people, span, taken):
            for start in starts:
                yield {"start": start, "end": start + length, "organizer_id": str(person), "booking_id": None, **seats(1)}

    def _starts(self, service: Row, people: Sequence[UUID], span: Interval, taken: Sequence[Row]) -> list[tuple[UUID, list[datetime]]]:
        """Each of these people's free starts, whatever the time is now: of a service with rooms, where one of them is free."""
        if not people:
            return []
        rooms = _rooms(service)
        if service["room_ids"] and not rooms:
            return []
        duration, before, after, step = (
            timedelta(minutes=service[name]) for name in ("duration_minutes", "buffer_before_minutes", "buffer_after_minutes", "step_minutes")
        )
        offer = Offer(duration, before, after, step, notice=timedelta(), window=_ANY_TIME[1])
        reach = _around(span)
        schedules = {row["user_id"]: row for row in self._stored.schedules(people)}
        away = self._stored.time_off(people, rooms, reach)
        elsewhere = self._stored.external(people, reach)
        home = ZoneInfo(service["timezone"])
        closed = [Interval(row["starts_at"], row["ends_at"]) for row in away if row["user_id"] is None and row["room_id"] is None]
        full = {
            room: [Interval(row["begins"], row["ends"]) for row in taken if row["room_id"] == room]
            + [Interval(row["starts_at"], row["ends_at"]) for row in away if row["room_id"] == room]
            for room in rooms
        }
        without = roomless(offer, full.values()) if full else []
        result, many = [], 0
        for person in people:
            schedule = schedules.get(person)
            if schedule is None:
                continue
            zone = ZoneInfo(schedule["timezone"]) if schedule["timezone"] else home
            open_hours = stretches(*rules_of(schedule), days_between(reach, zone))
            busy = [Interval(row["begins"], row["ends"]) for row in taken if row["organizer_id"] == person]
            busy += closed + [Interval(row["starts_at"], row["ends_at"]) for row in away if row["user_id"] == person]
            busy += [Interval(row["starts_at"], row["ends_at"]) for row in elsewhere if row["user_id"] == person]
            result.append((person, slots(offer, open_hours, busy, now=_ANY_TIME[0], zone=zone, inside=span, without=without)))
            many += len(result[-1][1])
            if many > MOST:
                raise Invalid(errors=[Fault("?to", f"That is more than {MOST} free times: ask for fewer days, or for one organizer at a time.")])
        return result


def _rooms(service: Row) -> list[UUID]:
    return [UUID(each) for each in service["rooms_in_use"]]


def _around(span: Interval) -> Interval:
    return Interval(span.start - _DAY, span.end + _DAY)


def _classes(taken: Iterable[Row], organizer: UUID | None, span: Interval) -> Iterable[dict[str, Any]]:
    for each in taken:
        if each["is_class"] and organizer in (None, each["organizer_id"]) and span.start <= each["starts_at"] < span.end:
            yield {
                "start": each["starts_at"], "end": each["ends_at"], "organizer_id": str(each["organizer_id"]), "booking_id": str(each["id"]),
                **seats(each["seats_left"]),
            }  # fmt: skip


def rules_of(schedule: Mapping[str, Any]) -> tuple[list[Hours], list[Override]]:
    """A schedule as it is stored, as rules."""
    weekly = [
        Hours(each["weekday"], _time(each["opens"]), _time(each["closes"]), _day(each["from"]), _day(each["until"])) for each in schedule["weekly"]
    ]
    overrides = [Override(date.fromisoformat(each["date"]), _maybe(each["opens"]), _maybe(each["closes"])) for each in schedule["overrides"]]
    return weekly, overrides


def _line(day: Mapping[str, Any]) -> bytes:
    """A day as it is kept: its first and its last start, so that it need not be read, and its JSON."""
    starts = [slot["start_time"] for slot in day["slots"]] or [""]
    return f"{starts[0]}\t{starts[-1]}\t{json.dumps(day, separators=(',', ':'))}".encode()


def _bounded(line: bytes, earliest: datetime, latest: datetime) -> bytes:
    """Of a day's slots those that can be booked now, as JSON."""
    first, last, text = line.split(b"\t", 2)
    if not first or (datetime.fromisoformat(first.decode()) >= earliest and datetime.fromisoformat(last.decode()) <= latest):
        return text
    day = json.loads(text)
    day["slots"] = [slot for slot in day["slots"] if earliest <= datetime.fromisoformat(slot["start_time"]) <= latest]
    return json.dumps(day, separators=(",", ":")).encode()


def _time(text: str) -> time:
    return time.fromisoformat(text)


def _maybe(text: str | None) -> time | None:
    return None if text is None else _time(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
