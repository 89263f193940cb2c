"""What is said and done later, and answers to other plugins' hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from plugins.bookings.plugin import plugin
from plugins.bookings.service import Service
from plugins.sdk import Letter, Unavailable, ctx, work

_SPREAD_S: Final = 3000


@plugin.task
def pass_on(booking_id: UUID, until: datetime | None = None) -> None:
    """An offer may be over, as it lasted until then: the next in the queue gets it."""
    _service().turns.settle(booking_id, since=until)


@plugin.mail
def place_offered(place_id: UUID) -> Letter | None:
    """To whom a seat is offered; nothing when it is not any more."""
    said = _service().queue.letter(place_id)
    return None if said is None else Letter(said["email"], "place_offered", {name: value for name, value in said.items() if name != "email"})


@plugin.task(cron="41 */6 * * *")
def look_ahead() -> Iterator[None]:
    """Four times a day: timers for the reminders of half a day, and what a worker that was away did not tell."""
    yield from _service().reminders.renew(missed=True)


@plugin.hook(optional=True)
def workspaces_module_configured(module: str, changed: Sequence[str] = ("reminders",)) -> None:
    """Other reminders may be next now."""
    if module == plugin.id and "reminders" in changed:
        renew_reminders.schedule({"missed": False}, key="reminders")


@plugin.hook(optional=True)
def workspaces_module_enabled(module: str) -> None:
    """Timers that rang meanwhile were not heard, and what was queued was not done."""
    if module == plugin.id:
        renew_reminders.schedule({"missed": True}, key="reminders")
        catch_up()


@plugin.task
def renew_reminders(missed: bool) -> Iterator[None]:
    """Set the timers of what is near."""
    yield from _service().reminders.renew(missed=missed)
    if missed:
        plugin.resume("reminder")  # now that it is known which of them a later one took the place of


@plugin.task
def catch_up() -> Iterator[None]:
    """Offers that ended while the module was off are passed on, who has one that stands is told, and merges are followed to their end."""
    yield from _service().turns.catch_up()
    plugin.resume("place_offered", "clients_merged")


@plugin.task
def remind(booking_id: UUID, start: datetime, minutes: int) -> None:
    """So many minutes before the start: letters to everybody who comes."""
    _service().reminders.ring(booking_id, start, minutes)


@plugin.mail
def reminder(booking_id: UUID, start: datetime, client_id: UUID | None, minutes: int = 0) -> Letter | None:
    """To one of them, or to whose time it is; nothing when it was moved or called off meanwhile, or a later one said as much."""
    said = _service().reminders.letter(booking_id, start, client_id, minutes)
    return None if said is None else Letter(said["email"], "reminder", {name: value for name, value in said.items() if name != "email"})


@plugin.hook
def clients_timeline(client_id: UUID, until: datetime | None, limit: int) -> Sequence[Mapping[str, Any]]:
    """What a client booked, left, came to and missed."""
    return _service().people.past(client_id, until, limit)


@plugin.hook
def clients_archiving(client_id: UUID) -> None:
    """Not while they have bookings to come."""
    _service().people.check_archiving(client_id)


@plugin.hook
def clients_merging(client_id: UUID, from_id: UUID) -> None:
    """Two who are one have one seat."""
    _service().people.merge(client_id, from_id)


@plugin.hook(optional=True)
def privacy_export(client_id: UUID) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What they booked, left, came to, missed and owe, and where they wait."""
    return _service().personal.held(client_id)


@plugin.hook(optional=True)
def reports_kpis(first: date, last: date, tz: str | None) -> Mapping[str, Any]:
    """What the calendar comes to in a period, in total and for each collaborator."""
    return _service().kpis.of(first, last, None, tz)


@plugin.hook(optional=True)
def workspaces_leaving(user_id: UUID, reassign_to: UUID | None, becomes: str | None) -> None:
    """Nobody books with who goes, and their hours, calendars and feeds end."""
    _service().leaving.prepare(user_id, reassign_to, gone=becomes is None)


@plugin.hook(optional=True)
def workspaces_owned(user_id: UUID) -> Sequence[Mapping[str, Any]]:
    """Bookings to come, series and services that somebody must take over."""
    return _service().leaving.owned(user_id)


@plugin.hook(optional=True)
def workspaces_reassigning(user_id: UUID, reassign_to: UUID) -> None:
    """Another takes them over, as long as they have the time."""
    _service().leaving.hand_over(user_id, reassign_to)


@plugin.hook
def clients_merged(client_id: UUID, from_id: UUID) -> None:
    """Also in what was booked while they became one."""
    _service().people.follow(client_id, from_id)


@plugin.task(cron="23 * * * *")
def refresh_calendars() -> None:
    """Every hour: read people's calendars elsewhere, each in a job of its own at a minute of its own."""
    for id in _service().imports.due():
        read_calendar.schedule({"calendar_id": id}, at=ctx.now + timedelta(seconds=id.int % _SPREAD_S))


@plugin.task(retries=3, outside=True)
def read_calendar(calendar_id: UUID) -> None:
    """One of them; later, while as many strangers as may be are talked to already: a thread is for others."""
    try:
        _service().imports.read_again(calendar_id)
    except Unavailable:
        with work():
            read_calendar.schedule({"calendar_id": calendar_id}, at=ctx.now + timedelta(seconds=20 + calendar_id.int % 60))


@plugin.task
def reseal() -> Iterator[Mapping[str, object]]:
    """Seal anew what an earlier key sealed (`fitpro data reseal`)."""
    yield from _service().imports.reseal()


def _service() -> Service:
    return cast("Service", plugin.service)
