"""The demo's calendar: what is offered and when, last week, this one and the next. Every step only when it was not taken before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from config.demo.api import Api

_ZONE: Final = ZoneInfo("Europe/Lisbon")
_BOOKINGS: Final = "/api/v1/bookings"
_ASKED_FOR: Final = "First consultation"
_CLASS, _GROUP = "Pilates", "Strength in a small group"


def _euros(amount: int) -> dict[str, Any]:
    return {"amount": amount * 100, "currency": "EUR"}


_SERVICES: Final[Sequence[dict[str, Any]]] = (
    {
        "name": "Personal training", "duration_minutes": 60, "buffer_after_minutes": 10, "price": _euros(45), "free_until_minutes": 24 * 60,
        "late_fee": _euros(15), "no_show_fee": _euros(30), "location_kind": "in_person", "location": "Rua Augusta 1, Lisboa",
    },
    {"name": _ASKED_FOR, "duration_minutes": 30, "needs_approval": True, "price": _euros(20), "public": True},
    {"name": "Online coaching", "duration_minutes": 45, "price": _euros(30), "location_kind": "online", "location": "https://meet.example.org/north"},
    {"name": _CLASS, "duration_minutes": 60, "capacity": 4, "price": _euros(12), "public": True},
    {"name": _GROUP, "duration_minutes": 60, "capacity": 6, "price": _euros(15), "public": True, "free_until_minutes": 120, "late_fee": _euros(5)},
)  # fmt: skip
_ROOMS: Final = {_CLASS: "Hall", _GROUP: "Studio 1"}
_OWNER, _COLLABORATOR = 0, 1
_WEEK: Final = (
    # days after last week's Monday, hour, minute, whose, service, client, what becomes of it
    (0, 9, 0, _COLLABORATOR, "Personal training", 1, "completed"),
    (0, 10, 30, _OWNER, "Personal training", 2, "completed"),
    (1, 8, 30, _COLLABORATOR, "Personal training", 3, "no_show"),
    (1, 15, 0, _OWNER, "Online coaching", 4, "completed"),
    (2, 11, 0, _COLLABORATOR, "Personal training", 5, "late"),
    (3, 9, 0, _OWNER, "Personal training", 0, "completed"),
    (3, 16, 0, _COLLABORATOR, "Personal training", 6, "completed"),
    (4, 10, 0, _COLLABORATOR, "Personal training", 8, "booked"),  # nobody has said yet what became of it
    (7, 9, 0, _COLLABORATOR, "Personal training", 1, "kept"),
    (7, 10, 30, _COLLABORATOR, "Personal training", 8, "kept"),
    (7, 11, 0, _OWNER, "Personal training", 2, "kept"),
    (7, 14, 0, _COLLABORATOR, "Online coaching", 10, "kept"),
    (7, 14, 0, _OWNER, "Personal training", 3, "kept"),
    (8, 8, 30, _COLLABORATOR, "Personal training", 11, "kept"),
    (8, 9, 30, _OWNER, "Personal training", 6, "kept"),
    (8, 10, 0, _COLLABORATOR, "Personal training", 3, "cancelled"),
    (8, 15, 0, _OWNER, "Online coaching", 8, "kept"),
    (9, 9, 0, _OWNER, "Online coaching", 4, "kept"),
    (9, 10, 30, _COLLABORATOR, "Personal training", 2, "kept"),
    (9, 11, 0, _OWNER, "Personal training", 1, "kept"),
    (9, 15, 0, _COLLABORATOR, "Personal training", 5, "kept"),
    (10, 9, 0, _COLLABORATOR, "Personal training", 9, "kept"),
    (10, 10, 0, _OWNER, "Personal training", 0, "kept"),
    (10, 14, 0, _COLLABORATOR, "Personal training", 4, "kept"),
    (10, 15, 30, _OWNER, "Personal training", 5, "kept"),
    (11, 9, 30, _COLLABORATOR, "Personal training", 10, "kept"),
    (11, 11, 0, _COLLABORATOR, "Online coaching", 2, "kept"),
    (11, 16, 0, _COLLABORATOR, "Personal training", 6, "kept"),
    (14, 9, 0, _COLLABORATOR, "Personal training", 1, "kept"),
    (14, 11, 0, _OWNER, "Personal training", 2, "kept"),
    (15, 9, 30, _OWNER, "Online coaching", 4, "kept"),
    (15, 10, 0, _COLLABORATOR, "Personal training", 3, "kept"),
    (16, 10, 0, _OWNER, "Personal training", 6, "kept"),
    (16, 15, 0, _COLLABORATOR, "Personal training", 5, "kept"),
    (17, 10, 0, _OWNER, "Personal training", 0, "kept"),
    (17, 14, 0, _COLLABORATOR, "Personal training", 8, "kept"),
)
_CLASSES: Final = (
    # days after last week's Monday, hour, whose, service, clients
    (0, 18, _COLLABORATOR, _CLASS, (1, 2, 3, 5)),
    (3, 12, _OWNER, _GROUP, (2, 4, 9, 10)),
    (7, 18, _COLLABORATOR, _CLASS, (1, 3, 5)),
    (8, 12, _OWNER, _GROUP, (2, 4, 9, 10, 11)),
    (9, 18, _COLLABORATOR, _CLASS, (0, 2, 4, 6)),
    (10, 12, _OWNER, _GROUP, (1, 3, 6, 8)),
    (11, 18, _COLLABORATOR, _CLASS, (5, 8)),
    (12, 10, _OWNER, _GROUP, (0, 2, 3, 9, 10, 11)),
    (14, 18, _COLLABORATOR, _CLASS, (3, 5)),
    (15, 12, _OWNER, _GROUP, (2, 4, 10)),
    (16, 18, _COLLABORATOR, _CLASS, (0, 1)),
    (17, 12, _OWNER, _GROUP, (9, 11)),
    (19, 10, _OWNER, _GROUP, (2,)),
)
_EVENING: Final = time(19, 30)
"""When the class begins that everybody wants to come to, and no other."""


def fill(api: Api, staff: tuple[str, str], clients: Sequence[str]) -> None:
    """Rooms, services, hours, absences, bookings, classes, a series, a full class with a queue. clients: the first dozen."""
    rooms = _named(api, "rooms", [{"name": "Studio 1"}, {"name": "Hall"}])
    services = _named(api, "services", [{**each, **_with_whom(each["name"], staff, rooms)} for each in _SERVICES])
    _open(api, staff)
    monday = _monday()
    known = _known(api, monday)
    for days, hour, minute, whose, service, client, outcome in _WEEK:
        start = _at(monday + timedelta(days), hour, minute)
        made = known.get((staff[whose], start)) or _book(api, services[service], staff[whose], start, [clients[client]])
        _settle(api, made, outcome)
    for days, hour, whose, service, those in _CLASSES:
        start = _at(monday + timedelta(days), hour)
        made = known.get((staff[whose], start)) or _book(api, services[service], staff[whose], start, [clients[n] for n in those])
        _settle(api, made, "kept")
    if not api.made("GET", f"{_BOOKINGS}/series")["items"]:
        again = {
            "service_id": services["Personal training"], "organizer_id": staff[_COLLABORATOR], "client_ids": [clients[9]],
            "start_time": _at(monday + timedelta(1), 17, 30).isoformat(), "rrule": "FREQ=WEEKLY;COUNT=8", "on_conflict": "skip",
        }  # fmt: skip
        api.made("POST", f"{_BOOKINGS}/series", again)
    _crowd(api, services[_CLASS], staff[_COLLABORATOR], clients)


def ask_for_approval(api: Api, organizer: str) -> None:
    """The client asks for the first time that is offered: the last step of all."""
    if has_asked(api):
        return
    service = next(each["id"] for each in api.made("GET", f"{_BOOKINGS}/services")["items"] if each["name"] == _ASKED_FOR)
    asked = {"service": service, "organizer": organizer, "from": today() + timedelta(1), "to": today() + timedelta(14)}
    days = api.made("GET", f"{_BOOKINGS}/availability?{urlencode(asked)}")["items"]
    first = next(slot["start_time"] for day in days for slot in day["slots"])
    api.made("POST", _BOOKINGS, {"service_id": service, "organizer_id": organizer, "start_time": first})


def today() -> date:
    """Where the studio is."""
    return datetime.now(_ZONE).date()


def has_asked(api: Api) -> bool:
    """Whether the client ever asked for a booking, whatever became of it; yes where the module is off, for then nothing can be done."""
    for status in ("", "?status=cancelled"):
        found = api.ask("GET", f"{_BOOKINGS}{status}", refused=403)
        if found is None or any(each["title"] == _ASKED_FOR for each in found["items"]):
            return True
    return False


def _with_whom(name: str, staff: tuple[str, str], rooms: dict[str, str]) -> dict[str, Any]:
    together = list(staff) if name in ("Personal training", "Online coaching") else [staff[_OWNER if name == _GROUP else _COLLABORATOR]]
    return {"organizer_ids": together, "room_ids": [rooms[_ROOMS[name]]] if name in _ROOMS else []}


def _named(api: Api, kind: str, wanted: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Ids of what there is by now, by name."""
    found = {each["name"]: each["id"] for each in api.made("GET", f"{_BOOKINGS}/{kind}?limit=200")["items"]}
    for each in wanted:
        if each["name"] not in found:
            found[each["name"]] = api.made("POST", f"{_BOOKINGS}/{kind}", each)["id"]
    return found


def _open(api: Api, staff: tuple[str, str]) -> None:
    """Hours with a lunch break, a day off, a day the studio is closed."""
    week = {
        staff[_OWNER]: [(day, *hours) for day in (1, 2, 3, 4) for hours in (("09:00", "13:00"), ("14:00", "17:00"))] + [(6, "09:00", "12:00")],
        staff[_COLLABORATOR]: [(day, *hours) for day in range(1, 6) for hours in (("08:00", "12:30"), ("13:30", "19:00"))],
    }
    for person, rules in week.items():
        path = f"{_BOOKINGS}/schedules/{person}"
        if api.made("GET", path)["version"] == 0:
            weekly = [{"weekday": day, "opens": opens, "closes": closes} for day, opens, closes in rules]
            api.made("PUT", path, {"weekly": weekly, "overrides": []}, fresh=True)
    if not api.made("GET", f"{_BOOKINGS}/time-off")["items"]:
        course, closed = _monday() + timedelta(18), _monday() + timedelta(20)
        away = {"user_id": staff[_COLLABORATOR], "starts_at": _at(course, 8).isoformat(), "ends_at": _at(course, 19).isoformat(), "reason": "Course"}
        api.made(
            "POST", f"{_BOOKINGS}/time-off", {"starts_at": _at(closed, 0).isoformat(), "ends_at": _at(closed, 23).isoformat(), "reason": "Works"}
        )
        api.made("POST", f"{_BOOKINGS}/time-off", away)


def _crowd(api: Api, service: str, organizer: str, clients: Sequence[str]) -> None:
    """A class to come with every place taken and two who wait."""
    asked = urlencode({"service": service, "start_from": datetime.now(UTC).isoformat()})
    found = (each for each in api.made("GET", f"{_BOOKINGS}?{asked}")["items"] if _wall(each) == _EVENING)
    start = _at(today() + timedelta(2), _EVENING.hour, _EVENING.minute)
    made = next(found, None) or _book(api, service, organizer, start, list(clients[1:5]))
    queue = f"{_BOOKINGS}/{made['id']}/queue"
    waiting = {each["client_id"] for each in api.made("GET", queue)["items"]}
    for client in (clients[6], clients[8]):
        if client not in waiting:
            api.made("POST", queue, {"client_id": client})


def _known(api: Api, monday: date) -> dict[tuple[str, datetime], dict[str, Any]]:
    """What is booked in these three weeks, by whose it is and when."""
    found: dict[tuple[str, datetime], dict[str, Any]] = {}
    for more in ({"status": "cancelled"}, {}):
        span = {"start_from": _at(monday, 0).isoformat(), "start_until": _at(monday + timedelta(21), 0).isoformat(), "limit": 200}
        for each in api.made("GET", f"{_BOOKINGS}?{urlencode({**span, **more})}")["items"]:
            found[each["organizer_id"], datetime.fromisoformat(each["start_time"])] = each
    return found


def _book(api: Api, service: str, organizer: str, start: datetime, clients: list[str]) -> dict[str, Any]:
    return api.made("POST", _BOOKINGS, {"service_id": service, "organizer_id": organizer, "start_time": start.isoformat(), "client_ids": clients})


def _settle(api: Api, booking: dict[str, Any], outcome: str) -> None:
    """Make of it what becomes of it, unless something has. kept: it takes place, once it is over."""
    if outcome == "kept":
        outcome = "completed" if datetime.fromisoformat(booking["end_time"]) <= datetime.now(UTC) else "booked"
    if outcome == "booked" or booking["status"] != "booked":
        return
    verb, body = {
        "completed": ("complete", None),
        "no_show": ("no-show", {}),
        "cancelled": ("cancel", {"reason": "The trainer is ill."}),
        "late": ("cancel", {"requested_by": "client", "reason": "Something came up."}),
    }[outcome]
    api.made("POST", f"{_BOOKINGS}/{booking['id']}/{verb}", body)


def _monday() -> date:
    """Last week's."""
    return today() - timedelta(today().weekday() + 7)


def _wall(booking: dict[str, Any]) -> time:
    return datetime.fromisoformat(booking["start_time"]).astimezone(_ZONE).time()


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), _ZONE).astimezone(UTC)
