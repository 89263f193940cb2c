"""Bookings that repeat: all of them are made in one request, and each knows which occurrence it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Fault, Invalid, NotFound
from kernel.ids import new_id
from plugins.bookings import events
from plugins.bookings.domain.booking import Status
from plugins.bookings.domain.repeating import Plan, check_minutes
from plugins.bookings.domain.series import parse
from plugins.bookings.domain.zones import wall_time
from plugins.bookings.ports.calendar import Calendar
from plugins.bookings.ports.offering import Catalogue
from plugins.bookings.ports.series import Series as Stored
from plugins.bookings.service.actors import actor
from plugins.bookings.service.clashes import UNUSABLE, Wanted, clashes, in_the_way, refused, with_each_other
from plugins.bookings.service.limits import is_limited
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.terms import check_seats, completed, place_of, rooms_of
from ports.persistence import Document, Row


class Series:
    """The series of the current workspace. now: the time, aware, in UTC."""

    def __init__(
        self, *, stored: Stored, placing: Placing, catalogue: Catalogue, calendar: Calendar, reminders: Reminders, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._stored = stored
        self._placing = placing
        self._catalogue = catalogue
        self._calendar = calendar
        self._reminders = reminders
        self._now = now

    def page(self, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """A page of series."""
        return self._stored.page(limit, after, everybody=not is_limited())

    def read(self, series_id: UUID) -> Document:
        """One series. Raises NotFound."""
        found = self._stored.get(series_id, everybody=not is_limited())
        if found is None:
            raise NotFound()
        return found

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Book every occurrence, or (on_conflict skip) every one whose time is free and at which nothing is closed.

        Raises Invalid for a rule that says too much or nothing and for exdates that leave nothing out, Conflict series_conflicts with all the
        others, and Refused by whoever answers bookings_validate.
        """
        service = None if given["service_id"] is None else self._service(given["service_id"])
        organizer = given["organizer_id"] or actor()
        if organizer is None:
            raise Invalid(errors=[Fault("/organizer_id", "Required.")])
        terms = completed(given, service, organizer)
        clients = sorted(set(given["client_ids"]))
        check_seats(len(clients), terms["capacity"])
        length: timedelta = terms["end_time"] - terms["start_time"]
        check_minutes(terms["start_time"], length)
        plan = self._plan(given, terms["start_time"])
        wanted = [
            Wanted(each, replace(place_of(terms), start=plan.at(each), end=plan.at(each) + length)) for each in plan.occurrences()
        ]  # fmt: skip
        strays = plan.strays()
        faults = [
            Fault(f"/exdates/{n}", "No occurrence starts then.") for n, each in enumerate(given["exdates"]) if wall_time(each, plan.zone) in strays
        ]
        if faults:
            raise Invalid(errors=faults)
        wanted, taken = self._placed(wanted, rooms_of(service) if terms["room_id"] is None else [])
        if taken and (given["on_conflict"] == "refuse" or len(taken) == len(wanted)):
            raise refused(taken.values())
        made = [(new_id(), each) for n, each in enumerate(wanted) if n not in taken]
        plan = plan.without([wanted[n].occurrence for n in taken])
        series = self._write(plan, terms, length, clients, made)
        shown = [
            {"id": id, "occurrence": each.occurrence.isoformat(), "start_time": each.place.start, "end_time": each.place.end} for id, each in made
        ]
        return {**series, "bookings": shown, "conflicts": list(taken.values())}

    # -- inside ------------------------------------------------------------------------------------------------------
    def _plan(self, given: Mapping[str, Any], start: datetime) -> Plan:
        zone = ZoneInfo(given["timezone"] or self._calendar.calendar()["timezone"])
        plan = Plan(parse(given["rrule"]), wall_time(start, zone), zone, frozenset(wall_time(each, zone) for each in given["exdates"]))
        if plan.at(plan.first) != start:
            raise Invalid(errors=[Fault("/start_time", "Of an hour that the clocks repeat, a series has the first.")])
        return plan

    def _placed(self, wanted: list[Wanted], rooms: list[UUID]) -> tuple[list[Wanted], dict[int, dict[str, Any]]]:
        """In the first of these rooms in which all are free, else each in the room that most are free in or, when that one is taken, in another;
        and those that have no free room."""
        self._placing.begin({*wanted[0].place.subjects, *rooms})
        if not rooms:
            return wanted, clashes(self._stored, wanted, ())
        choices = []
        for room in rooms:
            choice = [Wanted(each.occurrence, replace(each.place, room_id=room), UNUSABLE) for each in wanted]
            choices.append((choice, in_the_way(self._stored, choice)))
            if not choices[-1][1]:
                break
        choices.sort(key=lambda each: len(each[1]))
        first, taken = choices[0]
        placed = [next((choice[n] for choice, full in choices if n not in full), each) for n, each in enumerate(first)]
        return placed, with_each_other(placed, {n: each for n, each in taken.items() if placed[n] is first[n]})

    def _write(
        self, plan: Plan, terms: Mapping[str, Any], length: timedelta, clients: list[UUID], made: list[tuple[UUID, Wanted]]
    ) -> dict[str, Any]:  # fmt: skip
        now, id = self._now(), new_id()
        for booking_id, each in made:
            events.bookings_validate(
                booking_id=booking_id, client_ids=clients, organizer_id=terms["organizer_id"], service_id=terms["service_id"],
                start_time=each.place.start, end_time=each.place.end,
            )  # fmt: skip
        of_series = {
            "id": id, "timezone": plan.zone.key, "minutes": length // timedelta(minutes=1), "title": terms["title"],
            "organizer_id": terms["organizer_id"], "service_id": terms["service_id"], "booked_by": actor(), "status": "active",
        }  # fmt: skip
        self._stored.add({**of_series, "rule": str(plan.rule), "first_wall": plan.first, "exdates": sorted(plan.exdates), "now": now})
        rows = [(booking_id, each.occurrence, each.place) for booking_id, each in made]
        self._stored.book({**terms, "status": Status.BOOKED, "booked_by": actor(), "series_id": id, "now": now}, clients, rows)
        self._stored.take([(booking_id, each.place, len(clients)) for booking_id, each in made])
        self._reminders.plan({"id": booking_id, "status": Status.BOOKED, "start_time": each.place.start} for booking_id, each in made)
        for booking_id, _ in made:
            events.bookings_created(booking_id=booking_id)
        shown = {"rrule": str(plan.rule), "first_wall": plan.first.isoformat(), "exdates": [each.isoformat() for each in sorted(plan.exdates)]}
        return {**of_series, **shown, "version": 1, "created_at": now, "updated_at": now}

    def _service(self, service_id: UUID) -> Row:
        found = self._catalogue.service(service_id)
        if found is None:
            raise Invalid(code="invalid_reference", errors=[Fault("/service_id", "No such service in this workspace.")])
        return found
