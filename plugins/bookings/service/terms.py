"""From what was asked for, and the service it is asked of, to what is booked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid, Refused
from kernel.money import Money
from plugins.bookings.domain.booking import Status, check_times, joined
from plugins.bookings.domain.place import Place
from plugins.bookings.domain.policy import NoShow, Policy
from ports.persistence import Row

_STAFF_ONLY: Final = ("end_time", "title", "room_id", "location_kind", "location", "capacity", "notes")
_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)


def completed(given: Mapping[str, Any], service: Row | None, organizer: UUID) -> dict[str, Any]:
    """Every term of a new booking: what is given, else the service's. Raises Invalid for what neither says."""
    faults = []
    start, end = given["start_time"], given["end_time"]
    if end is None and service is None:
        faults.append(Fault("/end_time", "Say when it ends, or which service it is."))
    if given["title"] is None and service is None:
        faults.append(Fault("/title", "Say what it is called, or which service it is."))
    if faults:
        raise Invalid(errors=faults)
    if service is not None and service["archived_at"] is not None:
        raise Conflict("That service is not offered any more.", code="service_archived")
    if end is None and service is not None:
        end = start + timedelta(minutes=service["duration_minutes"])
    check_times(start, end)
    of = service or {}
    if faults := location_faults(given):
        raise Invalid(errors=faults)
    located = given if given["location_kind"] is not None or given["location"] is not None else of
    price, late, missed = (_money(of.get(name)) for name in ("price", "late_fee", "no_show_fee"))
    either = late or missed
    return {
        "organizer_id": organizer, "service_id": given["service_id"], "room_id": given["room_id"], "title": given["title"] or of["name"],
        "start_time": start, "end_time": end, "location_kind": located.get("location_kind"), "location": located.get("location"),
        "capacity": given["capacity"] or of.get("capacity", max(1, len(set(given["client_ids"])))), "notes": given["notes"],
        "buffer_before_minutes": of.get("buffer_before_minutes", 0), "buffer_after_minutes": of.get("buffer_after_minutes", 0),
        "price_amount": price and price.amount, "price_currency": price and price.currency,
        "free_until_minutes": of.get("free_until_minutes"), "late_fee_amount": late and late.amount, "no_show_fee_amount": missed and missed.amount,
        "fee_currency": either and either.currency,
    }  # fmt: skip


def place_of(booking: Mapping[str, Any]) -> Place:
    """The time a booking takes."""
    return Place(
        booking["organizer_id"], booking["room_id"], booking["start_time"], booking["end_time"], booking["buffer_before_minutes"],
        booking["buffer_after_minutes"], booking["service_id"], booking["capacity"],
    )  # fmt: skip


def rooms_of(service: Row | None) -> list[UUID]:
    """Where it may take place; none for what needs none."""
    return [] if service is None else [UUID(each) for each in service["room_ids"]]


def policy_of(booking: Mapping[str, Any]) -> Policy:
    """What calling it off late, or not coming, costs: as it was when it was booked."""
    late, missed = (
        None if not booking[amount] else Money(booking[amount], booking["fee_currency"]) for amount in ("late_fee_amount", "no_show_fee_amount")
    )
    until = timedelta(minutes=booking["free_until_minutes"] or 0)
    return Policy(until, late, NoShow.FORGIVE if missed is None else NoShow.CHARGE, missed)


def location_faults(place: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with where something takes place."""
    kind, location = place.get("location_kind"), place.get("location")
    if location is None:
        return []
    if kind is None:
        return [Fault("/location_kind", "Say whether that is in_person or online.")]
    if kind == "online" and not _LINK.fullmatch(location):
        return [Fault("/location", "Online takes place at a link that begins with https:// or http://.")]
    return []


def check_moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raises Invalid for another location that is none."""
    if any(after[name] != before[name] for name in ("location_kind", "location")) and (faults := location_faults(after)):
        raise Invalid(errors=faults)


def check_capacity(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raises Refused not_approved for a class of what one client asked for: nobody said yes to it."""
    if after["capacity"] > 1 and after["capacity"] != before["capacity"]:
        joined(Status(before["status"]))


def check_seats(clients: int, capacity: int) -> None:
    """Raises Invalid when there are more clients than seats."""
    if clients > capacity:
        raise Invalid(errors=[Fault("/client_ids", f"There is room for {capacity}." if capacity > 1 else "There is room for one.")])


def check_in_time(service: Mapping[str, Any], start: datetime, now: datetime) -> None:
    """That a client books neither too late nor too soon. Raises Conflict slot_unavailable, which names the limit."""
    if start <= now:
        raise Conflict("That time has passed.", code="slot_unavailable")
    if start < now + timedelta(minutes=service["notice_minutes"]):
        raise Conflict(f"Book {service['notice_minutes']} minutes before it starts at the latest; ask the staff.", code="slot_unavailable")
    if start > now + timedelta(days=service["window_days"]):
        raise Conflict(f"It can be booked {service['window_days']} days before it starts at the earliest.", code="slot_unavailable")


def check_asked_by_client(given: Mapping[str, Any]) -> None:
    """Raises Invalid for what only the staff may say, and for no service or organizer."""
    faults = [Fault(f"/{name}", "Only the staff says that.") for name in _STAFF_ONLY if given[name] is not None]
    faults += [Fault(f"/{name}", "Required.") for name in ("service_id", "organizer_id") if given[name] is None]
    if faults:
        raise Invalid(errors=faults)


def _money(shown: Any) -> Money | None:
    return None if shown is None else Money(shown["amount"], shown["currency"])


def price_of(terms: Mapping[str, Any]) -> dict[str, Any] | None:
    """As the API shows it."""
    return None if terms["price_amount"] is None else {"amount": terms["price_amount"], "currency": terms["price_currency"]}


def check_left(left: int, went: int) -> None:
    """That everybody left whom it was said of. Raises Refused noted_missing."""
    if left != went:
        raise Refused("Who was noted as missing stays noted: say who came when it is over, and complete it.", code="noted_missing")


def missed_in_vain(before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> bool:
    """Whether it moves to a time to come, so that who is noted as missing has missed nothing. Some are only of what has begun or is a class, and
    still moves."""
    return noting(before, now) and bool(now < after["start_time"] != before["start_time"])


def noting(booking: Mapping[str, Any], now: datetime) -> bool:
    """Whether somebody may be noted as missing in what still stands: an appointment that one misses does not."""
    return bool(booking["capacity"] > 1 or booking["start_time"] <= now)
