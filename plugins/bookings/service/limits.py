"""What a collaborator who is limited to their own clients does not decide: what becomes of others whom they do not see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kernel.context import current
from kernel.errors import Refused
from plugins.bookings.domain.booking import GIVEN_AWAY, TIMES
from plugins.bookings.ports.bookings import Bookings
from plugins.bookings.service.actors import actor
from ports.persistence import Row

_NOT_YOURS: Final = "Others take part whom you do not see, and it is not yours: you change the seats of your clients; the rest does who sees all."
_SERIES: Final = "You do not see the whole series: change its bookings one by one, or ask who sees all."
_OVER: Final = "Others take part whom you do not see: say who of yours did not come; the rest says who sees all."


def is_limited() -> bool:
    """Whether the actor sees their own clients alone."""
    return current().open_transaction.entered().limited


def is_seen(row: Row) -> bool:
    """Whether the actor may know of this: a limited one if it is theirs, one of their clients takes part, or they booked it and nobody does."""
    return not is_limited() or row["organizer_id"] == actor() or bool(row["client_ids"]) or (row["booked_by"] == actor() and not row["attending"])


def some_unseen(stored: Bookings, rows: Sequence[Row]) -> bool:
    """Whether clients take part in one of these whom the actor does not see."""
    return is_limited() and bool(rows) and stored.some_unseen([row["id"] for row in rows])


def check_theirs(stored: Bookings, rows: Sequence[Row]) -> None:
    """That of these, which change for all who take part, each is the actor's, or they see everybody in it. Raises Refused own_clients_only."""
    if is_limited() and some_unseen(stored, [row for row in rows if row["organizer_id"] != actor()]):
        raise refused(_NOT_YOURS)


def check_outcome(stored: Bookings, rows: Sequence[Row], now: datetime) -> None:
    """The same of these, which do not take place; what is over tells of each who came, whosever it was. Raises Refused own_clients_only."""
    check_theirs(stored, rows)
    if some_unseen(stored, [row for row in rows if row["end_time"] <= now]):
        raise refused(_OVER)


def check_change(stored: Bookings, rows: Sequence[Row], changing: Collection[str], now: datetime) -> None:
    """That these may change so, other than in who comes; what is over and moves would be to come, and theirs again. Raises Refused
    own_clients_only."""
    if not TIMES.isdisjoint(changing):
        check_outcome(stored, rows, now)
    elif changing:
        check_theirs(stored, rows)


def check_kept(before: Row, after: Mapping[str, Any]) -> None:
    """That nobody gives away what they would not see any more. after: `client_ids` None for the same. Raises Refused own_clients_only."""
    clients = before["client_ids"] if after["client_ids"] is None else after["client_ids"]
    attending = {*before["attending"]} - {*before["client_ids"]} | {*clients}  # those whom the actor does not see stay
    if after["organizer_id"] != before["organizer_id"] and not is_seen({**after, "client_ids": clients, "attending": attending}):
        raise refused(GIVEN_AWAY)


def check_series(*, whole: bool) -> None:
    """Before more of a series than one booking changes. whole: whether the actor sees it, and all of it that would change. Raises Refused
    own_clients_only."""
    if not whole and is_limited():
        raise refused(_SERIES)


def refused(detail: str = _OVER) -> Refused:
    """The refusal to who does not see all."""
    return Refused(detail, code="own_clients_only")
